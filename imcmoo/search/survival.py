"""Survival: the best by rank, and a spread of the last rank."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.problem.dominance import pareto_rank
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scalarisation import span_scaled
from imcmoo.search.sampling import spread_out

Survival = Callable[[AcceleratorProblem, Floats, Floats, int], Ints]
"""Selects at most so many designs, by their objectives and constraints; see `survivors`."""


def survivors(problem: AcceleratorProblem, F: Floats, G: Floats, n: int) -> Ints:
    """Survival by rank, then sequential crowding.

    Of the last rank that fits, the designs farthest from the kept ones are added one by one, in
    logarithmic objectives scaled between ideal and nadir. Repeated objective vectors come last, and
    infeasible designs after them, the least violated first.

    Args:
        problem: the design problem.
        F: objectives, shape (n_designs, n_objectives).
        G: constraints, shape (n_designs, n_constraints).
        n: number of survivors.

    Returns:
        Indices of at most `n` designs.
    """
    violation = np.maximum(G, 0).sum(axis=1)
    order = np.argsort(violation, kind="stable")
    n_feasible = int((violation <= 0).sum())
    feasible, infeasible = order[:n_feasible], order[n_feasible:]
    n_kept = min(n, n_feasible)
    if n_kept:
        feasible = feasible[_spread(problem.coordinates(F[feasible]), n_kept)]
    return np.concatenate([feasible, infeasible[: n - n_kept]])


def _spread(points: Floats, n: int) -> Ints:
    rank = unique_rank(points)
    last = np.sort(rank)[n - 1]
    kept = np.flatnonzero(rank < last)
    pool = np.concatenate([kept, np.flatnonzero(rank == last)])
    scaled = span_scaled(points, points[rank == 0])[pool]
    first = [*range(len(kept))] or [int(scaled.sum(axis=1).argmin())]
    return pool[spread_out(scaled, n, lambda x, y: ((x - y) ** 2).sum(axis=1), chosen=first)]


def best_in_turn(scores: Floats, n: int) -> Ints:
    """Best design of each criterion, then second best of each, up to `n`.

    Args:
        scores: smaller is better, shape (n_designs, n_criteria).
        n: number of designs.

    Returns:
        Distinct indices of at most `n` designs.
    """
    n = min(n, len(scores))
    if not n:
        return np.arange(0)
    depth = min(-(-4 * n // scores.shape[1]), len(scores))  # usually a quarter is distinct
    while True:
        # Partitioning first is several times faster than sorting all.
        last = np.partition(scores, depth - 1, axis=0)[depth - 1]
        rows = np.flatnonzero((scores <= last).any(axis=1))
        order = rows[np.argsort(scores[rows], axis=0, kind="stable")[:depth]].ravel()
        first = np.sort(np.unique(order, return_index=True)[1])
        if len(first) >= n:
            return order[first][:n]
        depth = min(2 * depth, len(scores))


def unique_rank(F: Floats) -> Ints:
    """Rank of each design, 0 if non-dominated; repeated objective vectors come last."""
    rank = pareto_rank(F)
    repeated = np.ones(len(F), dtype=bool)
    repeated[np.unique(F, axis=0, return_index=True)[1]] = False
    rank[repeated] += rank.max() + 1
    return rank
