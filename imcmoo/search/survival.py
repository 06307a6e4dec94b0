"""Survival: the best by rank, and a spread of the last rank."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.problem.dominance import unique_rank
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scalarisation import span_scaled
from imcmoo.search.sampling import spread_out

Survival = Callable[[AcceleratorProblem, Floats, Floats, int], Ints]
"""Takes the problem, F, G and n; returns indices of at most n survivors; see `survivors`."""


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
    return pool[spread_out(scaled, n, chosen=first, hamming=False)]


def best_in_turn(scores: Floats) -> Ints:
    """Order designs: the best by each criterion in turn, then the second best by each, and so on.

    Args:
        scores: smaller is better, shape (n_designs, n_criteria).

    Returns:
        Indices of all designs, shape (n_designs,).
    """
    in_turn = np.argsort(scores, axis=0, kind="stable").ravel()
    first = np.empty(len(scores), dtype=np.int64)
    first[in_turn[::-1]] = np.arange(len(in_turn))[::-1]  # of equal indices the last one counts
    return in_turn[np.sort(first)]
