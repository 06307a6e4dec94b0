"""The design problems of the project by name, and the search space of each device.

A new problem is one entry in `PROBLEMS`; a new space is one module here.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from imcmoo.networks.workloads import SHIPPED
from imcmoo.space.design_space import DesignSpace
from problems.rram import RRAM
from problems.sram import COST_PER_CM2, SRAM, SRAM_LARGE, SRAM_TECHNOLOGY


@dataclass(frozen=True)
class ProblemSpec:
    """What is to be designed: which chips, for which networks, how large at most.

    Args:
        space: the designs to choose from.
        workloads: names of the networks, in the order of objectives and tables.
        area_limit_m2: largest chip allowed; 800 mm², the reticle limit the paper assumes.
        cost_per_cm2: cost of a square centimetre by technology node in nm, if cost is an
            objective.
    """

    space: DesignSpace
    workloads: tuple[str, ...]
    area_limit_m2: float = 800e-6
    cost_per_cm2: Mapping[int, float] | None = None


FOUR = ("resnet18", "vgg16", "alexnet", "mobilenet_v3")
"""The paper's four-network set."""

PROBLEMS: dict[str, ProblemSpec] = {
    "four_workload_rram": ProblemSpec(RRAM, FOUR),
    "four_workload_sram": ProblemSpec(SRAM, FOUR),
    # No RRAM chip of 800 mm² holds GPT-2: the smallest that runs all nine takes 879 mm².
    "nine_workload_rram": ProblemSpec(RRAM, SHIPPED, area_limit_m2=1600e-6),
    "nine_workload_sram": ProblemSpec(SRAM_LARGE, SHIPPED),
    "technology_cost_sram": ProblemSpec(SRAM_TECHNOLOGY, FOUR, cost_per_cm2=COST_PER_CM2),
}
"""Every problem that can be studied, by name."""

DEVICES: dict[str, DesignSpace] = {
    "rram": RRAM,
    "sram": SRAM_LARGE,
    "sram_technology": SRAM_TECHNOLOGY,
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
