"""The studies and spaces that commands know by name: shipped ones, and those of other packages.

An installed package offers studies by an entry point of the group `imcmoo.studies`, and the spaces
that `imcmoo evaluate` knows by one of the group `imcmoo.spaces`; each names a dictionary.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from imcmoo.io.errors import InputError, did_you_mean
from imcmoo.space.design_space import DesignSpace
from imcmoo.study import shipped
from imcmoo.study.study import Study
from imcmoo.study.study_file import read_study


def studies() -> dict[str, Study]:
    """Every study that can be run, by name."""
    return {**shipped.studies(), **_offered("imcmoo.studies")}


def names() -> list[str]:
    """Names of the studies that can be run."""
    return list(dict.fromkeys([*shipped.study_names(), *_offered("imcmoo.studies")]))


def spaces() -> dict[str, DesignSpace]:
    """The widest space of each device, by name."""
    return {**shipped.device_spaces(), **_offered("imcmoo.spaces")}


def base_spaces() -> dict[str, DesignSpace]:
    """The spaces a study file may begin with, by their own names."""
    all_spaces = (*spaces().values(), *(study.space for study in studies().values()))
    return {space.name: space for space in all_spaces}


def find_study(name: str) -> Study:
    """The study of this name, or of this file.

    Args:
        name: a name, or the path of a study file, which ends in .toml or has a folder.

    Raises:
        InputError: an unknown name, with the closest and the known ones; or what is wrong with the
            file, a line for each fault.
        OSError: the file cannot be read.
    """
    path = Path(name)
    if name not in names() and (path.suffix == ".toml" or path.name != name):
        return read_study(path, base_spaces())
    return named_study(name, "the path of a .toml file")


def named_study(name: str, otherwise: str = "its file by --study FILE.toml") -> Study:
    """The study of this name, for names that stand in files of results: reads no study file.

    A study file can run code, and whoever gave a folder of results did not give that.

    Raises:
        InputError: an unknown name, with the closest and the known ones, and `otherwise`: what else
            the user can give.
    """
    offered = _offered("imcmoo.studies")
    if name in offered:
        study: Study = offered[name]
        return study
    if name in shipped.study_names():
        return shipped.study(name)
    catalogue = names()
    hint = did_you_mean(name, catalogue, most=3)
    raise InputError(f"unknown study '{name}'; {hint}known: {', '.join(catalogue)}, or {otherwise}")


def _offered(group: str) -> dict[str, Any]:
    objects: dict[str, Any] = {}
    for entry in entry_points(group=group):
        objects |= entry.load()
    return objects
