"""From a trade-off front to one generalized design, by several criteria side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from pymoo.mcdm.pseudo_weights import PseudoWeights

from imcmoo.model.metrics import Floats
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import SCORES, Score, edap, worst_regret
from imcmoo.space.design_space import DesignSpace, Levels


@dataclass(frozen=True)
class Candidates:
    """Feasible designs to choose from: usually a non-dominated front.

    A front rather than all designs, because under `max` a dominated design can tie with the one
    that dominates it.

    Args:
        space: the space the designs are from.
        levels: shape (n, n_parameters).
        energy_J: shape (n, W).
        latency_s: shape (n, W).
        area_m2: shape (n,).
        own_best_edap: the best EDAP known of each workload, J·s·mm², shape (W,), such as that of a
            search for this workload alone; a candidate that is better still counts instead.

    Raises:
        ValueError: no candidate, or one whose numbers are not all finite (it does not map).
    """

    space: DesignSpace
    levels: Levels
    energy_J: Floats
    latency_s: Floats
    area_m2: Floats
    own_best_edap: Floats | None = None

    def __post_init__(self) -> None:
        if not len(self.levels):
            raise ValueError("no feasible design to select from")
        if not np.isfinite(self.objectives).all():
            raise ValueError("a candidate does not map: its energy, latency or area is not finite")

    @classmethod
    def of(
        cls,
        problem: AcceleratorProblem,
        levels: Levels,
        F: Floats,
        own_best_edap: Floats | None = None,
    ) -> Candidates:
        """Feasible designs of a problem, by their levels and objectives F.

        Raises:
            ValueError: there is none.
        """
        energy, latency, area = problem.split(F)
        return cls(problem.space, levels, energy, latency, area, own_best_edap)

    @property
    def objectives(self) -> Floats:
        """Energy per workload, latency per workload, area: shape (n, 2 W + 1)."""
        return np.column_stack([self.energy_J, self.latency_s, self.area_m2])

    @cached_property
    def edap(self) -> Floats:
        """J·s·mm², shape (n, W)."""
        return edap(self.energy_J, self.latency_s, self.area_m2)

    @cached_property
    def best_edap(self) -> Floats:
        """Best EDAP of each workload among candidates and `own_best_edap`, shape (W,)."""
        found = self.edap.min(axis=0)
        return found if self.own_best_edap is None else np.fmin(found, self.own_best_edap)


Criterion = Callable[[Candidates], Floats]
"""A score per candidate, shape (n,); the smallest is selected."""


def _scored(candidates: Candidates, score: Score) -> Floats:
    return score(candidates.energy_J, candidates.latency_s, candidates.area_m2)


def _minimax_regret(candidates: Candidates) -> Floats:
    return worst_regret(candidates.edap, candidates.best_edap)


def _pseudo_weight_distance(candidates: Candidates) -> Floats:
    """Distance of pymoo's pseudo-weights from equal weights, shape (n,)."""
    F = candidates.objectives
    F = F[:, np.ptp(F, axis=0) > 0]  # pymoo divides by the range of each objective
    if not F.shape[1]:
        return np.zeros(len(candidates.levels))
    equal = np.full(F.shape[1], 1 / F.shape[1])
    _, weights = PseudoWeights(equal).do(F, return_pseudo_weights=True)
    return np.abs(weights - equal).sum(axis=1)


CRITERIA: dict[str, Criterion] = {
    **{name: partial(_scored, score=score) for name, score in SCORES.items()},
    "regret_minimax": _minimax_regret,
    "pseudo_weights": _pseudo_weight_distance,
}
"""Ways to choose, by name: the scores of energy, latency and area, the largest regret over the
workloads, and the distance from equal pseudo-weights. A new criterion is one function and one entry
here."""


@dataclass(frozen=True)
class Selection:
    """What each criterion thinks of each candidate, and which one it selects.

    Args:
        scores: by criterion, shape (n,).
        chosen: by criterion, the index of the selected candidate.
    """

    scores: dict[str, Floats]
    chosen: dict[str, int]


def select(candidates: Candidates) -> Selection:
    """Let every criterion of `CRITERIA` select one design.

    Among equal scores the design of lowest rank wins, so the choice does not depend on the order
    of the candidates.
    """
    ranks = candidates.space.rank(candidates.levels)
    scores = {name: score(candidates) for name, score in CRITERIA.items()}
    chosen = {name: int(np.lexsort((ranks, score))[0]) for name, score in scores.items()}
    return Selection(scores, chosen)
