"""Macros that weights take if every layer has its own: what "resident" means on a real chip."""

from __future__ import annotations

import numpy as np

from imcmoo.exact.enumeration import Enumeration
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.model.reference.mapping import LEVEL, Ints
from imcmoo.networks.workloads import DIMENSIONS
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels


def macros_of_layers(evaluator: Evaluator, levels: Levels, *, share: bool = True) -> Ints:
    """Macros one copy of each layer takes.

    A layer has K = C·R·S rows per output and a column per output and slice of its weights. Groups
    that fit into one macro several at a time stand on its diagonal, as in ZigZag-IMC.

    Args:
        evaluator: gives the layers.
        levels: designs, shape (n, n_parameters).
        share: whether small groups share macros; else each has one of its own.

    Returns:
        Shape (n, n_layers).
    """
    workloads, sizes = evaluator.workloads, evaluator.chips.sizes(levels)
    layers = workloads.shapes[workloads.shape_index]
    size = dict(zip(DIMENSIONS, layers.T, strict=True))
    rows, cols = (sizes.chips.capacity[:, LEVEL[x], None] for x in ("row", "col"))
    deep = size["C"] * size["R"] * size["S"]
    wide = sizes.slices[:, None] * size["M"]
    together = np.minimum(size["G"], np.minimum(rows // deep, cols // wide)) if share else 1
    per_macro = np.maximum(1, together)
    return -(-size["G"] // per_macro) * -(-deep // rows) * -(-wide // cols)


def bodies_that_run_all(problem: AcceleratorProblem) -> Levels:
    """Chips within the area limit on which all networks run, voltage and cycle time apart.

    Returns:
        Shape (n, n_parameters), at the first voltage and cycle time.
    """
    enumeration = Enumeration(problem)
    ranks = np.concatenate(enumeration.stretches())
    bodies = problem.space.unrank(ranks, enumeration.body_parameters)
    return bodies[problem.feasibility.violation(bodies) <= 0]
