"""Criteria of a chip over draws of uncertain costs, from its excess in each draw.

The excess of a chip in a draw is the logarithm of its score over the best score of the draw: ln(1 +
regret), infinite where the chip is infeasible. The *level* of a chip is its criterion on that
scale: the mean excess, or the excess of a quantile. Levels rise with every excess, so lower bounds
of excesses give a lower bound of the level.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.problem.robust_names import ROBUST_CRITERIA

MEAN, QUANTILE, WORST = ROBUST_CRITERIA

TIE = 1e-9
"""Difference of levels up to which chips are equal; smaller regrets count as 0."""

UNBOUNDED = 700.0
"""Level above that of any feasible chip: scores differ by less than a factor of 1e304."""


def place(quantile: float, n: int) -> int:
    """Place of a quantile among n sorted values, 1 to n; q n is rounded to 9 digits before."""
    return max(1, math.ceil(round(quantile * n, 9)))


class RobustCriterion(ABC):
    """A criterion over draws.

    Whether the level of a chip may be at most a limit is decided draw by draw: a chip is above the
    limit once the sum of its `parts` is above `most`.
    """

    name: str

    @abstractmethod
    def level(self, excess: Floats) -> Floats:
        """Level of chips with some excesses, shape (n,) from (n, n_draws)."""

    @abstractmethod
    def parts(self, excess: Floats, limit: float) -> Floats:
        """Contribution of each excess to the decision whether a level is above a limit, shape as
        `excess`; never falls as the excess rises."""

    @abstractmethod
    def most(self, limit: float) -> float:
        """Largest sum of `parts` of a chip whose level is at most a limit."""

    @abstractmethod
    def value(self, level: float) -> float:
        """The value that is stated for a level."""

    @abstractmethod
    def level_of(self, value: float) -> float:
        """Inverse of `value`."""

    def gap(self, value: float, bound: float) -> float:
        """Share by which the score or 1 + regret of a value is above that of a bound."""
        if not math.isfinite(value):
            return math.inf if value > bound else 0.0
        return math.expm1(max(self.level_of(value) - self.level_of(bound), 0.0))


@dataclass(frozen=True)
class MeanCriterion(RobustCriterion):
    """Mean over draws of the logarithm of the score.

    Args:
        n_draws: number of draws.
        best: mean over draws of the logarithm of the best score.
    """

    n_draws: int
    best: float
    name: str = MEAN

    def level(self, excess: Floats) -> Floats:
        """Mean excess."""
        return np.asarray(excess.mean(axis=1))

    def parts(self, excess: Floats, limit: float) -> Floats:
        """The excesses."""
        return excess

    def most(self, limit: float) -> float:
        """Sum of excesses whose mean is the limit."""
        return self.n_draws * limit

    def value(self, level: float) -> float:
        """Mean logarithm of the score."""
        return level + self.best

    def level_of(self, value: float) -> float:
        """Mean excess from mean logarithm."""
        return value - self.best


@dataclass(frozen=True)
class QuantileCriterion(RobustCriterion):
    """The k-th smallest regret of the draws.

    Args:
        n_draws: number of draws.
        k: place of the regret; `n_draws` for the worst one.
        name: of the criterion.
    """

    n_draws: int
    k: int
    name: str = QUANTILE

    def level(self, excess: Floats) -> Floats:
        """The k-th smallest excess."""
        return np.asarray(np.partition(excess, self.k - 1, axis=1)[:, self.k - 1])

    def parts(self, excess: Floats, limit: float) -> Floats:
        """1 where an excess is above the limit, else 0."""
        return (excess > limit).astype(float)

    def most(self, limit: float) -> float:
        """Number of draws that may be above the limit."""
        return float(self.n_draws - self.k)

    def value(self, level: float) -> float:
        """Regret; 0 below `TIE`."""
        regret = math.expm1(level) if level < UNBOUNDED else math.inf
        return regret if regret >= TIE else 0.0

    def level_of(self, value: float) -> float:
        """Excess from regret."""
        return math.log1p(value)


def robust_criterion(name: str, best: Floats, quantile: float = 0.95) -> RobustCriterion:
    """A criterion by name.

    Args:
        name: "robust_mean", "robust_quantile" or "robust_worst".
        best: scores that excesses are against, on their own logarithmic scale, shape (n_draws,).
        quantile: of the regrets, for "robust_quantile".

    Raises:
        ValueError: the name is unknown, or the quantile is not above 0 and at most 1.
    """
    n = len(best)
    if name == MEAN:
        return MeanCriterion(n, float(best.mean()))
    if name == WORST:
        return QuantileCriterion(n, n, name)
    if name != QUANTILE:
        raise ValueError(f"criterion must be one of {', '.join(ROBUST_CRITERIA)}, got {name}")
    if not 0 < quantile <= 1:
        raise ValueError(f"quantile must be above 0 and at most 1, got {quantile:g}")
    return QuantileCriterion(n, place(quantile, n))
