"""Statistics of chips and devices over draws of uncertain costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.exact.regret import ROUNDING
from imcmoo.exact.robust_criteria import place
from imcmoo.problem.scale import RATIO

LEVEL = 0.95
"""Level of the interval of a share, and of random splits."""

PARTS = 3
"""Parts of the range of an entry whose knowledge is valued."""

SPLITS = 200
"""Random splits of the draws into parts."""

DRAWS_PER_COLUMN = 3
"""Draws that a regression needs for each of its columns."""


def order_statistic(values: Floats, q: float) -> Floats:
    """The ⌈q n⌉-th smallest of n values, at least the first, along the last axis.

    Not interpolated, since values may be infinite.

    Args:
        values: shape (..., n), n at least 1.
        q: quantile, 0 to 1.
    """
    return np.sort(values, axis=-1)[..., place(q, values.shape[-1]) - 1]


def regrets(scores: Floats, best: Floats) -> Floats:
    """Excess of scores over the best of each draw as a share; infinite where infeasible.

    Args:
        scores: shape (n_chips, n_draws), infinite where a chip is infeasible.
        best: least score of each draw, positive, shape (n_draws,).
    """
    excess = RATIO.excess(scores, best)
    return np.where(excess < ROUNDING, 0.0, excess)


def mean_log(scores: Floats) -> Floats:
    """Mean logarithm of scores over draws, infinite if one is; shape (n_chips,)."""
    return np.asarray(np.log(scores).mean(axis=-1))


def clopper_pearson(k: int, n: int) -> tuple[float, float]:
    """Ends of the interval of a share of k of n draws, at `LEVEL`.

    Source: Clopper and Pearson, Biometrika 1934.
    """
    from scipy.special import betaincinv  # only answers with draws need it

    tail = (1 - LEVEL) / 2
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail))
    return low, high


@dataclass(frozen=True)
class Saving:
    """Mean regret that a measurement of an entry would save.

    Args:
        before: least mean regret of any chip.
        after: mean over the parts of the entry's range of the least mean regret in each.
        random_95: saving that 95 % of random splits of the draws stay below.
    """

    before: float
    after: float
    random_95: float

    @property
    def saving(self) -> float:
        """Mean regret saved."""
        return self.before - self.after

    @property
    def counts(self) -> bool:
        """True if the saving is above that of random splits, by more than rounding makes."""
        return self.saving > self.random_95 + ROUNDING


def savings(regret: Floats, u: Floats, rng: np.random.Generator) -> list[Saving] | None:
    """Mean regret saved by knowing in which third of its range an entry is, for each entry.

    Args:
        regret: of all candidates, shape (n_chips, n_draws); infinite where infeasible.
        u: random numbers of the entries, shape (n_draws, n_entries).
        rng: makes the random splits.

    Returns:
        A saving per entry; None if each chip is infeasible in some draw.
    """
    n = regret.shape[1]
    regret = regret[np.isfinite(regret).any(axis=1)]
    before = float(_least_means(regret, np.ones((n, 1), bool))[0]) if len(regret) else math.inf
    if not math.isfinite(before):
        return None
    thirds = np.minimum((PARTS * u).astype(np.int64), PARTS - 1)
    random = np.stack([rng.permutation(n) * PARTS // n for _ in range(SPLITS)], axis=1)
    saved = before - _after(regret, random)
    limit = float(order_statistic(saved, LEVEL))
    return [Saving(before, float(after), limit) for after in _after(regret, thirds)]


def _after(regret: Floats, parts: Ints) -> Floats:
    """Mean least regret if the part of each draw is known, by column of `parts`, (n_columns,)."""
    n, columns = parts.shape
    among = parts[:, :, None] == np.arange(PARTS)
    least = _least_means(regret, among.reshape(n, -1)).reshape(columns, PARTS)
    share = among.mean(axis=0)
    return np.asarray(np.where(share > 0, share * np.where(share > 0, least, 0.0), 0.0).sum(axis=1))


def _least_means(regret: Floats, among: Bools) -> Floats:
    """Least mean regret over some draws, by column of `among`, shape (n_draws, n_columns)."""
    finite = np.isfinite(regret)
    sums = np.where(finite, regret, 0.0) @ among
    counts = among.sum(axis=0)
    means = sums / np.maximum(counts, 1)
    means[(~finite).astype(float) @ among > 0] = np.inf
    return np.asarray(means.min(axis=0))


@dataclass(frozen=True)
class VarianceShare:
    """Share of the variance of a logarithm that an entry explains, and the sign of its slope."""

    share: float
    sign: int


def variance_shares(log_ratio: Floats, u: Floats) -> tuple[list[VarianceShare], float] | None:
    """Linear regression of a logarithm on entries.

    Args:
        log_ratio: finite values, shape (n_draws,).
        u: random numbers of the entries, shape (n_draws, n_entries).

    Returns:
        The share of each entry, and the share that all explain together (R²). None if there are
        too few draws, or the logarithm is constant.
    """
    variance = float(np.var(log_ratio)) if len(log_ratio) else 0.0
    if len(log_ratio) < DRAWS_PER_COLUMN * u.shape[1] or variance == 0:
        return None
    design = np.column_stack([np.ones(len(u)), u])
    slopes, *_ = np.linalg.lstsq(design, log_ratio, rcond=None)
    left = log_ratio - design @ slopes
    r2 = 1 - float(left @ left) / (variance * len(log_ratio))
    return [
        VarianceShare(float(slope**2 * np.var(column) / variance), int(np.sign(slope)))
        for slope, column in zip(slopes[1:], u.T, strict=True)
    ], r2


@dataclass(frozen=True)
class Ratio:
    """Best scores of a device over those of another one, over draws in which one has a chip.

    Args:
        draws: number of draws.
        median, p05, p95, least, largest: of the ratio; 0 or infinite where one has no chip.
        better: draws in which the first is better.
        low, high: interval of its share, from the sampling of draws only.
        loss_a, loss_b: mean excess of always taking the first, or the second, over draws in which
            both have a chip; NaN without any.
    """

    draws: int
    median: float
    p05: float
    p95: float
    least: float
    largest: float
    better: int
    low: float
    high: float
    loss_a: float
    loss_b: float

    @property
    def share(self) -> float:
        """Share of the draws in which the first device is better."""
        return self.better / self.draws

    @classmethod
    def of(cls, first: Floats, second: Floats) -> Ratio | None:
        """The ratio of best scores by draw, NaN without a chip, shape (n_draws,) each.

        None if no draw has a chip.
        """
        ratio = ratios(first, second)
        ratio = ratio[~np.isnan(ratio)]
        if not len(ratio):
            return None
        both = np.isfinite(first) & np.isfinite(second)
        best = np.minimum(first, second)[both]
        losses = [float(RATIO.excess(one[both], best).mean()) if len(best) else math.nan
                  for one in (first, second)]  # fmt: skip
        better = int((ratio < 1).sum())
        low, high = clopper_pearson(better, len(ratio))
        return cls(
            draws=len(ratio),
            median=float(order_statistic(ratio, 0.5)),
            p05=float(order_statistic(ratio, 0.05)),
            p95=float(order_statistic(ratio, 0.95)),
            least=float(ratio.min()),
            largest=float(ratio.max()),
            better=better,
            low=low,
            high=high,
            loss_a=losses[0],
            loss_b=losses[1],
        )


def ratios(first: Floats, second: Floats) -> Floats:
    """Ratio by draw: 0 or infinite where one has no chip, NaN where none has; shape (n_draws,)."""
    has_first, has_second = np.isfinite(first), np.isfinite(second)
    ratio = np.divide(first, second, out=np.full(len(first), np.nan), where=has_first & has_second)
    ratio[has_first & ~has_second] = 0.0
    ratio[~has_first & has_second] = np.inf
    return ratio


def elementwise_least(values: Sequence[Floats]) -> Floats:
    """Least value of each draw, NaN where there is none."""
    return np.asarray(np.fmin.reduce(values))
