"""From an infeasible design to a feasible one nearby."""

from __future__ import annotations

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels
from imcmoo.space.moves import move, pairs, single_moves


def repair(problem: AcceleratorProblem, levels: Levels) -> tuple[Levels, Floats]:
    """Walk infeasible designs down the screened violation, all at once.

    Steepest descent over single moves; where none helps, over pairs of moves (more cells per
    macro against fewer macros, say). Of equally good moves the one that stays nearest to where
    the walk began, then the first. Feasible designs are untouched, and so is what no move
    improves, hence repairing twice is repairing once.

    Args:
        levels: shape (n, n_parameters).

    Returns:
        Designs of the same shape and their screened violation (n,), which is 0 except where a
        walk got stuck in a local minimum.
    """
    single = single_moves(problem.space)
    single = single[(single[:, problem.feasibility.screened_by] != 0).any(axis=1)]
    reaches = (single, pairs(single))
    current = levels.copy()
    violation = problem.feasibility.screened(current)
    walking = np.flatnonzero(violation > 0)
    while walking.size and len(single):
        moved = []
        for moves in reaches:
            designs, least = _best_move(problem, current[walking], levels[walking], moves)
            better = least < violation[walking]
            current[walking[better]] = designs[better]
            violation[walking[better]] = least[better]
            moved.append(walking[better])
            walking = walking[~better]
            if not walking.size:
                break
        walking = np.concatenate(moved)
        walking = walking[violation[walking] > 0]
    return current, violation


def _best_move(
    problem: AcceleratorProblem, here: Levels, start: Levels, moves: Levels
) -> tuple[Levels, Floats]:
    """The least violated design one of `moves` away from each, and its violation."""
    designs, inside = move(problem.space, here, moves)
    violation = np.full(inside.shape, np.inf)
    violation[inside] = problem.feasibility.screened(designs[inside])
    change = np.full(inside.shape, np.inf)
    walk, chosen = np.nonzero(violation <= violation.min(axis=1, keepdims=True))
    gap = np.abs(designs[walk, chosen] - start[walk])
    unordered = ~problem.space.is_ordered
    gap[:, unordered] = gap[:, unordered] > 0
    change[walk, chosen] = gap.sum(axis=-1)
    best = np.arange(len(here)), change.argmin(axis=1)
    return designs[best], violation[best]
