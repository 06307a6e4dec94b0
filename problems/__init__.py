"""The studies of the project by name, and the search space of each device.

A new study is one entry in `STUDIES`; a new space is one module here. The package finds both
through the entry points in `pyproject.toml`.
"""

from __future__ import annotations

from imcmoo.networks.workloads import SHIPPED
from imcmoo.space.design_space import DesignSpace
from imcmoo.study.study import Study
from problems.rram import RRAM
from problems.sram import COST_PER_CM2, SRAM, SRAM_LARGE, SRAM_TECHNOLOGY

FOUR = ("resnet18", "vgg16", "alexnet", "mobilenet_v3")
"""The paper's four-network set."""

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        Study("four_workload_rram", RRAM, FOUR),
        Study("four_workload_sram", SRAM, FOUR),
        # No RRAM chip of 800 mm² holds GPT-2: the smallest that runs all nine takes 879 mm².
        Study("nine_workload_rram", RRAM, SHIPPED, area_limit_m2=1600e-6),
        Study("nine_workload_sram", SRAM_LARGE, SHIPPED),
        Study("technology_cost_sram", SRAM_TECHNOLOGY, FOUR, cost_per_cm2=COST_PER_CM2),
    )
}
"""Every study by name."""

SPACES: dict[str, DesignSpace] = {
    "rram": RRAM,
    "sram": SRAM_LARGE,
    "sram_technology": SRAM_TECHNOLOGY,
}
"""The widest space of each device: what `imcmoo evaluate --device` accepts."""
