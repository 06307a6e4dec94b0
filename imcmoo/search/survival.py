"""Who survives a generation: the best by what finally selects, and a spread of the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from pymoo.core.population import Population
from pymoo.core.survival import Survival

from imcmoo.model.metrics import Floats, Ints
from imcmoo.problem.dominance import pareto_rank
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.sampling import spread_out


class CriteriaSurvival(Survival):  # type: ignore[misc]  # pymoo ships no types
    """Elitism by criteria first, then rank, then sequential crowding.

    With 9 objectives and more nearly every design is non-dominated, so rank and crowding alone
    exert little pressure. A share of the population therefore goes to the best designs of every
    criterion, taken in turn. The rest is filled rank by rank; of the last rank that fits, the
    designs farthest from those already kept are added one by one, in logarithmic objectives
    scaled between ideal and nadir. Repeats in objective space come after everything else, and
    infeasible designs after that, the least violated first.

    Args:
        elite_share: share of the survivors chosen by the criteria.

    Raises:
        ValueError: a share outside 0..1.
    """

    def __init__(self, *, elite_share: float) -> None:
        super().__init__(filter_infeasible=False)  # pymoo's own filter costs more than the rest
        if not 0 <= elite_share <= 1:
            raise ValueError(f"elite_share must lie in 0..1, got {elite_share}")
        self.elite_share = elite_share

    def _do(
        self,
        problem: AcceleratorProblem,
        pop: Population,
        *args: Any,
        n_survive: int,
        **kwargs: Any,
    ) -> Population:
        F, G = pop.get("F", "G")
        violation = np.maximum(G, 0).sum(axis=1)
        order = np.argsort(violation, kind="stable")
        n_feasible = int((violation <= 0).sum())
        feasible, infeasible = order[:n_feasible], order[n_feasible:]
        n_kept = min(n_survive, n_feasible)
        if n_kept:
            rank = unique_rank(F[feasible])
            feasible = feasible[self._survivors(problem, F[feasible], rank, n_kept)]
        return pop[np.concatenate([feasible, infeasible[: n_survive - n_kept]])]

    def _survivors(self, problem: AcceleratorProblem, F: Floats, rank: Ints, n: int) -> Ints:
        """Indices of `n` of the feasible designs with objectives `F`."""
        kept = elite(problem.guide_scores(F), max(1, round(self.elite_share * n)))
        points = problem.coordinates(F)
        scaled = span_scaled(points, points[rank == 0])
        for front in range(int(np.max(rank)) + 1):
            added = np.setdiff1d(np.flatnonzero(rank == front), kept)
            pool = np.concatenate([kept, added])
            if len(pool) >= n:
                first = list(range(len(kept)))
                return pool[spread_out(scaled[pool], n, squared_distance, chosen=first)]
            kept = pool
        return kept


def elite(scores: Floats, n: int) -> Ints:
    """Best of each criterion, then second best of each, and so on until `n` are found.

    Args:
        scores: smaller is better, shape (n_designs, n_criteria).

    Returns:
        Indices of at most `n` designs, all different.
    """
    rows = np.arange(len(scores))
    if n < len(scores):
        # Sorting all takes several times as long as finding which are to be sorted.
        rows = np.flatnonzero((scores <= np.partition(scores, n - 1, axis=0)[n - 1]).any(axis=1))
    order = rows[np.argsort(scores[rows], axis=0, kind="stable")].ravel()
    first = np.sort(np.unique(order, return_index=True)[1])
    return order[first][:n]


def unique_rank(F: Floats) -> Ints:
    """Rank of each design, 0 if non-dominated; repeats of an earlier one rank behind all."""
    rank = pareto_rank(F)
    repeated = np.ones(len(F), dtype=bool)
    repeated[np.unique(F, axis=0, return_index=True)[1]] = False
    rank[repeated] += rank.max() + 1
    return rank


def span_scaled(points: Floats, front: Floats) -> Floats:
    """Coordinates (n, m), scaled to 0 at the ideal and 1 at the nadir of a front (k, m)."""
    ideal, nadir = front.min(axis=0), front.max(axis=0)
    return np.asarray((points - ideal) / np.where(nadir > ideal, nadir - ideal, 1.0))


def squared_distance(points: Floats, one: Floats) -> Floats:
    """Euclidean distance squared, shape (n,)."""
    return np.asarray(((points - one) ** 2).sum(axis=1))
