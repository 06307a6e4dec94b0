"""The studies of the project by name, and the search space of each device.

A new study is one file in `studies/`; a new space is one module here. The package finds both
through the entry points in `pyproject.toml`.
"""

from __future__ import annotations

from importlib.resources import as_file, files

from imcmoo.space.design_space import DesignSpace
from imcmoo.study.study import Study
from imcmoo.study.study_file import read_study
from problems.physical import (
    RRAM_PHYSICAL,
    RRAM_PHYSICAL_ATTENTION,
    SRAM_PHYSICAL,
    SRAM_PHYSICAL_ATTENTION,
)
from problems.physical_extended import EXTENDED
from problems.rram import RRAM
from problems.sram import SRAM, SRAM_LARGE, SRAM_TECHNOLOGY

SPACES: dict[str, DesignSpace] = {
    "rram": RRAM,
    "sram": SRAM_LARGE,
    "sram_technology": SRAM_TECHNOLOGY,
}
"""The widest space of each device: what `imcmoo evaluate --device` accepts."""

_EVERY = (
    RRAM,
    SRAM,
    SRAM_LARGE,
    SRAM_TECHNOLOGY,
    RRAM_PHYSICAL,
    RRAM_PHYSICAL_ATTENTION,
    SRAM_PHYSICAL,
    SRAM_PHYSICAL_ATTENTION,
    *EXTENDED,
)


def _studies() -> list[Study]:
    spaces = {space.name: space for space in _EVERY}
    with as_file(files("problems") / "studies") as folder:
        return [read_study(p, spaces, shipped=True) for p in sorted(folder.glob("*.toml"))]


STUDIES: dict[str, Study] = {study.name: study for study in _studies()}
"""Every study by name, in alphabetical order."""
