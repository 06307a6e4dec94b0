"""From infeasible designs to feasible ones."""

from __future__ import annotations

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels

STEPS = 500
"""Most changes that a walk tries."""


def repair(
    problem: AcceleratorProblem,
    levels: Levels,
    rng: np.random.Generator,
    *,
    enough: int | None = None,
) -> tuple[Levels, Floats]:
    """Walk infeasible designs down the screened violation, all side by side.

    A step gives one random parameter of each a random value, and keeps it unless the violation
    grows: one check for each design, where the best of all neighbours would take dozens.

    Args:
        problem: the design problem.
        levels: shape (n, n_parameters); feasible designs and parameters without effect on the
            screen are left alone.
        rng: random generator.
        enough: end once so many designs are feasible. If None, all.

    Returns:
        Designs of the same shape and their screened violation (n,), 0 where a walk has arrived.
    """
    screened, sizes = problem.feasibility.screened, np.array(problem.space.shape)
    free = np.flatnonzero(problem.feasibility.screened_by & (sizes > 1))
    current, violation = levels.copy(), screened(levels)
    for _ in range(STEPS if len(free) else 0):
        walking = np.flatnonzero(violation > 0)
        if len(levels) - len(walking) >= (len(levels) if enough is None else enough):
            break
        changed, at = current[walking], rng.choice(free, len(walking))
        changed[np.arange(len(walking)), at] = rng.integers(sizes[at])
        left = screened(changed)
        kept = left <= violation[walking]
        current[walking[kept]], violation[walking[kept]] = changed[kept], left[kept]
    return current, violation
