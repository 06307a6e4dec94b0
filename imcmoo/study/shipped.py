"""The spaces and studies that come with the package, read from `problems/`.

A checkout reads its folder `problems/`; the wheel carries the same files as package data.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from imcmoo.io.errors import InputError
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.space_file import read_spaces
from imcmoo.study.study import Study
from imcmoo.study.study_file import read_study

_PACKAGE = Path(__file__).parents[1]

WIDEST_SPACES = {"rram": "rram", "sram": "sram_large", "sram_technology": "sram_technology"}
"""The widest space of each device of the reference model. `imcmoo evaluate --device` takes these
names for both models."""


def folder() -> Path:
    """The folder of `spaces/` and `studies/`: of the wheel, or else of the checkout.

    Raises:
        InputError: there is neither.
    """
    for place in (_PACKAGE / "problem_files", _PACKAGE.parent / "problems"):
        if (place / "studies").is_dir():
            return place
    raise InputError("the files of the shipped studies are missing: install imcmoo again")


@cache
def spaces() -> dict[str, DesignSpace]:
    """Every shipped space by name."""
    return read_spaces(sorted((folder() / "spaces").glob("*.toml")))


def study_names() -> list[str]:
    """Names of the shipped studies, which are those of their files, in alphabetical order."""
    return sorted(path.stem for path in (folder() / "studies").glob("*.toml"))


@cache
def study(name: str) -> Study:
    """The shipped study of a name; the others are not read, nor their cost models imported."""
    return read_study(folder() / "studies" / f"{name}.toml", spaces(), shipped=True)


def studies() -> dict[str, Study]:
    """Every shipped study by name, in alphabetical order."""
    return {name: study(name) for name in study_names()}


def device_spaces() -> dict[str, DesignSpace]:
    """The widest space of each device by the names in `WIDEST_SPACES`."""
    return {device: spaces()[name] for device, name in WIDEST_SPACES.items()}
