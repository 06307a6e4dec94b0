"""The studies and spaces that commands know: by name, by file, and by the folder of a run.

An installed package offers studies by an entry point of the group `imcmoo.studies`, and the spaces
that `imcmoo evaluate` knows by one of the group `imcmoo.spaces`; each names a dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imcmoo.io.errors import InputError, did_you_mean, input_errors
from imcmoo.io.stamp import Stamp
from imcmoo.space.design_space import DesignSpace
from imcmoo.study import shipped
from imcmoo.study.provenance import config as config_of
from imcmoo.study.provenance import stamp_in
from imcmoo.study.spaces import device_spaces, offered
from imcmoo.study.study import Study, read_study


def studies() -> dict[str, Study]:
    """Every study that can be run, by name."""
    return {**shipped.studies(), **offered("imcmoo.studies")}


def names() -> list[str]:
    """Names of the studies that can be run."""
    return list(dict.fromkeys([*shipped.study_names(), *offered("imcmoo.studies")]))


def spaces() -> dict[str, DesignSpace]:
    """The widest space of each device, by name."""
    return {**device_spaces(), **offered("imcmoo.spaces")}


def find_study(name: str) -> Study:
    """The study of this name, or of this file, whose path ends in .toml or has a folder.

    Raises:
        InputError: an unknown name, with the closest and the known ones; or what is wrong with the
            file, a line for each fault.
    """
    path = Path(name)
    if name not in names() and (path.suffix == ".toml" or path.name != name):
        return read_study(path)
    return named_study(name, "the path of a .toml file")


def named_study(name: str, otherwise: str = "its file by --study FILE.toml") -> Study:
    """The study of this name, for names that stand in files of results: reads no study file.

    A study file can run code, and whoever gave a folder of results did not give that.

    Raises:
        InputError: an unknown name, with the closest and the known ones, and `otherwise`: what else
            the user can give.
    """
    others = offered("imcmoo.studies")
    if name in others:
        study: Study = others[name]
        return study
    if name in shipped.study_names():
        return shipped.study(name)
    listed = names()
    hint = did_you_mean(name, listed, most=3)
    raise InputError(f"unknown study '{name}'; {hint}known: {', '.join(listed)}, or {otherwise}")


SETTINGS = ("criterion", "deployment", "baselines", "seed", "budget")
"""What a command line may have changed of a study, beside the area limit."""

OF_A_STUDY = ("settings", "networks", "data", "space", "question", "own code")
"""Parts of the stamp of a run that its study must have to explain it."""


def study_of_run(folder: Path, config: Mapping[str, Any], name: str | None) -> Study:
    """The study a run was of, by its name or file or by default as its config names it, with the
    run's settings.

    Raises:
        InputError: there is no such study, it asks something else today, or the folder names a
            criterion in a module that the study does not.
    """
    if name is not None:
        ordinary = find_study(name)
    else:
        with input_errors(f"{folder}: ", InputError):
            ordinary = named_study(str(config["study"]))
    check_trusted(str(config.get("criterion")), ordinary, folder)
    damaged = f"{folder}/config.json is not the config of a run: "
    with input_errors(damaged, (KeyError, TypeError, ValueError)):
        study = ordinary.with_settings(config, SETTINGS)
    stamp = Stamp(stamp_in(config_of(study))).only(*OF_A_STUDY)
    if differs := stamp.difference(stamp_in(config)):
        raise InputError(f"{folder} does not fit the study {ordinary.name}: it is of {differs}")
    return study


def check_trusted(criterion: str, study: Study, path: Path) -> None:
    """Check that no module is imported because a file of results names it.

    Raises:
        InputError: the criterion of the file at `path` is `module:name`, and not that of the study
            the user named.
    """
    if ":" in criterion and criterion != study.criterion:
        raise InputError(
            f"{path} names the criterion {criterion}, whose module would run code: give --study, a "
            "file with this criterion, if you trust it"
        )
