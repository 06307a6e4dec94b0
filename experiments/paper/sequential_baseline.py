"""Sequential optimisation: decide one level of design after another, the others frozen."""

from __future__ import annotations

import numpy as np

from imcmoo.problem.criteria import SCORES
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.choices import every_choice
from imcmoo.space.design_space import DesignSpace, Levels

LEVELS_OF_DESIGN = (
    ("bits_per_cell",),
    ("rows", "cols"),
    ("router_groups", "tiles_per_group", "macros_per_tile", "glb_depth"),
    ("voltage_V", "cycle_s"),
)
"""Device, circuit, architecture, system: parameters that the sequential baseline decides together.

Source: released notebooks `HWC_05_dev_circ_arch_sys_search*.ipynb` of Krestinskaya et al."""

MIDDLE = {
    "bits_per_cell": 4,
    "voltage_V": 0.7,
    "cycle_s": 4e-9,
    "rows": 256,
    "cols": 256,
    "router_groups": 8,
    "tiles_per_group": 16,
    "macros_per_tile": 32,
    "glb_depth": 4 * 4096,
}
"""Second starting point of the published sequential baseline; bits are decided first anyway. The
SRAM notebook has 32 tiles instead."""


def largest_design(space: DesignSpace) -> Levels:
    """Return the largest value of every parameter, shape (n_parameters,)."""
    return np.array(space.shape) - 1


def middle_design(space: DesignSpace) -> Levels:
    """Return the design `MIDDLE` by value index, shape (n_parameters,)."""
    return space.levels_of(MIDDLE)[0]


def sequential(problem: AcceleratorProblem, criterion: str, start: Levels) -> Levels:
    """Optimise one level of design after another, the others frozen.

    As in the released notebooks, if no choice is within the area limit, the best of those that run
    all networks is taken whatever its area; if none runs them, the one with the least violation.

    Args:
        problem: of the study.
        criterion: one of `SCORES`.
        start: design to begin with, by value index, shape (n_parameters,).

    Returns:
        The final design, shape (n_parameters,).
    """
    space, design = problem.space, start.copy()
    for names in LEVELS_OF_DESIGN:
        decided = [n for n in names if n in space.names]
        designs, _ = every_choice(space, design[None], decided)
        F, G = problem.evaluate(designs)
        violation = np.maximum(G[:, :-1], 0).sum(axis=1)
        too_large = G[:, -1] > 0
        score = SCORES[criterion](problem.costs(F))
        design = designs[np.lexsort((score, too_large, violation))[0]]
    return design
