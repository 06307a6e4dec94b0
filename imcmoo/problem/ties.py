"""The one order of designs with equal scores; searches, enumerations and proofs take its first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.problem.scale import RATIO, Scale
from imcmoo.problem.scores import Costs
from imcmoo.space.design_space import Ranks

DECIMALS = 12
"""Decimals of the logarithms of costs that order designs with equal scores."""

EQUAL = 10.0**-DECIMALS
"""Relative difference up to which scores are equal."""

COSTS = {
    "energy": "mean logarithm of energy",
    "latency": "mean logarithm of latency",
    "area": "area",
}
"""Costs that order designs with equal scores, the first one first, and how the rule names them."""

Place = tuple[float, ...]
"""Place of a design among designs with equal scores: rounded logarithms, then its rank."""


class Scored(Protocol):
    """Part of a `Criterion` that the rule reads."""

    @property
    def is_own(self) -> bool:
        """True if the score runs a user's code."""

    @property
    def score_scale(self) -> Scale:
        """Scale on which scores compare."""


@dataclass(frozen=True)
class TieRule:
    """Which of several designs with equal scores is chosen.

    `AcceleratorProblem.ties` returns the rule of a criterion. The design with the smallest mean
    logarithm of energy over the networks comes first, then that of latency, then the smallest area,
    then the lowest rank.

    Args:
        quantities: costs that order designs; none of them for a user's criterion, or for a cost
            model without energy, where rank alone decides.
        scale: how scores compare.
    """

    quantities: tuple[str, ...] = ()
    scale: Scale = RATIO

    @classmethod
    def of(cls, names: Collection[str], criterion: Scored | None) -> TieRule:
        """The rule for quantities `names` and a criterion; None for scores that are costs."""
        is_own = criterion is not None and criterion.is_own
        by_cost = "energy" in names and not is_own
        quantities = tuple(q for q in COSTS if q in names and by_cost)
        if criterion is None:
            return cls(quantities)
        return cls(quantities, criterion.score_scale)

    def __str__(self) -> str:
        return ", then ".join([*(COSTS[quantity] for quantity in self.quantities), "rank"])

    def limit(self, best: float) -> float:
        """Largest score that is equal to the smallest one."""
        return self.scale.limit(best, EQUAL)

    def tied(self, scores: Floats) -> Ints:
        """Indices of the designs with the smallest score; NaN is ignored."""
        best = float(np.fmin.reduce(scores, initial=np.inf))
        return np.flatnonzero(scores <= self.limit(best))

    def best(self, scores: Floats, costs: Costs, ranks: Ranks) -> int:
        """Index of the design with the smallest score, the first of equal ones.

        Args:
            scores: scores of the designs, shape (n,).
            costs: their costs.
            ranks: their ranks, shape (n,).
        """
        tied = self.tied(scores)
        return int(tied[self.first(costs.take(tied), ranks[tied])[1]])

    def order(self, scores: Sequence[float], costs: Sequence[Costs]) -> list[int]:
        """Indices of designs of several problems, the best first.

        Among equal scores and costs the order of the designs decides in place of their ranks.

        Args:
            scores: score of each design.
            costs: costs of each design, of length 1.
        """
        keys = [self.keys(of_design)[0].tolist() for of_design in costs]
        left, order = [*range(len(scores))], []
        while left:
            limit = self.limit(min(scores[at] for at in left))
            first = min((at for at in left if scores[at] <= limit), key=lambda at: (keys[at], at))
            left.remove(first)
            order.append(first)
        return order

    def first(self, costs: Costs, ranks: Ranks) -> tuple[Place, int]:
        """Place and index of the first of some designs with equal scores.

        Args:
            costs: costs of the designs.
            ranks: their ranks, shape (n,).
        """
        keys = self.keys(costs)
        left = np.arange(len(ranks))
        for key in keys.T:
            left = left[key[left] == key[left].min()]
        first = int(left[ranks[left].argmin()])
        return (*keys[first].tolist(), int(ranks[first])), first

    def keys(self, costs: Costs) -> Floats:
        """Means of logarithms by which designs are ordered, shape (n, n_quantities)."""
        # Summed column by column, which gives the same digits in any batch.
        logs = [np.log(np.ascontiguousarray(costs[quantity])) for quantity in self.quantities]
        means = [sum(log.T) / log.shape[1] if log.ndim > 1 else log for log in logs]
        return np.round(np.column_stack([np.empty((len(costs), 0)), *means]), DECIMALS)
