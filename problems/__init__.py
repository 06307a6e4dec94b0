"""The design problems of the project by name, and the search space of each device.

A new problem is one entry in `PROBLEMS`; a new space is one module here.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from imcmoo.space import DesignSpace
from problems.rram import RRAM


@dataclass(frozen=True)
class ProblemSpec:
    """What is to be designed: which chips, for which networks, how large at most.

    Args:
        space: the designs to choose from.
        workloads: names of the networks, in the order of objectives and tables.
        area_limit_m2: largest chip allowed; 800 mm², the reticle limit the paper assumes.
    """

    space: DesignSpace
    workloads: tuple[str, ...]
    area_limit_m2: float = 800e-6


FOUR = ("resnet18", "vgg16", "alexnet", "mobilenet_v3")
"""The paper's four-network set."""

PROBLEMS: dict[str, ProblemSpec] = {
    "four_workload_rram": ProblemSpec(RRAM, FOUR),
}
"""Every problem that can be studied, by name."""

DEVICES: dict[str, DesignSpace] = {
    "rram": RRAM,
}
"""The widest space of each device: what `imcmoo evaluate --device` accepts."""


def get(name: str) -> ProblemSpec:
    """The problem of this name.

    Raises:
        ValueError: unknown name; suggests the closest and lists the known ones.
    """
    if name not in PROBLEMS:
        close = difflib.get_close_matches(name, PROBLEMS, n=1)
        hint = f"did you mean '{close[0]}'? " if close else ""
        raise ValueError(f"unknown study '{name}'; {hint}known: {', '.join(PROBLEMS)}")
    return PROBLEMS[name]
