"""Pareto dominance for any number of objectives.

Points are minimised and finite, shape (n, m).
"""

from __future__ import annotations

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints

MAX_COLUMNS = 255
"""Largest number of objectives that moocore compares."""

FEW_COLUMNS = 8
"""Objectives compared first; they distinguish most points."""


def is_nondominated(points: Floats) -> Bools:
    """True for non-dominated points, shape (n,); equal points do not dominate each other."""
    if points.shape[1] <= MAX_COLUMNS:
        # Imported here and below: certificates compare no fronts, and it delays their start.
        import moocore

        return np.asarray(moocore.is_nondominated(points, keep_weakly=True), dtype=bool)
    distinct, place = np.unique(points, axis=0, return_inverse=True)
    # Sorted by sum, then by column: only an earlier row can dominate a row.
    left = np.argsort(distinct.sum(axis=1), kind="stable")
    # Spread columns: neighbouring ones are of one quantity and often similar.
    few = distinct[left][:, :: -(-points.shape[1] // FEW_COLUMNS)].copy()
    front = np.zeros(len(distinct), dtype=bool)
    while len(left):
        point = distinct[left[0]]
        front[left[0]] = True
        better = (few < few[0]).any(axis=1)
        unsure = np.flatnonzero(~better)
        better[unsure] = (distinct[left[unsure]] < point).any(axis=1)
        left, few = left[better], few[better]
    return front[place.ravel()]


def mutually_dominated(points: Floats, others: Floats) -> tuple[Bools, Bools]:
    """True for points (n, m) dominated by others, shape (n,), and for others (k, m) dominated by
    points, (k,)."""
    better, worse = np.ones((2, len(points), len(others)), dtype=bool)
    for column, other in zip(points.T, others.T, strict=True):
        better &= column[:, None] <= other
        worse &= column[:, None] >= other
    return np.asarray((worse & ~better).any(axis=1)), np.asarray((better & ~worse).any(axis=0))


def pareto_rank(points: Floats) -> Ints:
    """Rank of each point, shape (n,): 0 if non-dominated, 1 if non-dominated without rank 0, ..."""
    if points.shape[1] <= MAX_COLUMNS:
        import moocore

        return np.asarray(moocore.pareto_rank(points), dtype=np.int64)
    rank = np.zeros(len(points), dtype=np.int64)
    left = np.arange(len(points))
    while len(left):
        left = left[~is_nondominated(points[left])]
        rank[left] += 1
    return rank


def unique_rank(points: Floats) -> Ints:
    """Rank of each point, shape (n,), 0 if non-dominated; repeated points come last."""
    rank = pareto_rank(points)
    repeated = np.ones(len(points), dtype=bool)
    repeated[np.unique(points, axis=0, return_index=True)[1]] = False
    rank[repeated] += rank.max() + 1
    return rank


def distinct_front(points: Floats) -> Floats:
    """Distinct non-dominated points, in order, shape (k, m)."""
    front = points[is_nondominated(points)]
    return front[np.sort(np.unique(front, axis=0, return_index=True)[1])]
