"""Comparing stochastic methods over seeds: how large a difference is, and whether it is chance.

All functions raise ValueError for samples that are not of shape (n,), empty, or contain NaN.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import mannwhitneyu

from imcmoo.arrays import Floats


def median_interval(
    values: Floats, rng: np.random.Generator, level: float = 0.95, resamples: int = 2000
) -> tuple[float, float, float]:
    """Median of a sample, with its percentile-bootstrap interval.

    Args:
        values: one per run, finite, shape (n,).
        rng: what draws the resamples.
        level: probability the interval is to cover the true median with.
        resamples: samples of the same size drawn with replacement.

    Returns:
        Lower end, median, upper end.

    Raises:
        ValueError: also for infinite values, or a level outside 0..1.

    Source: Efron & Tibshirani, An introduction to the bootstrap, 1993, chapter 13.
    """
    _check(values=values)
    if np.isinf(values).any():
        raise ValueError("values must be finite: there is no interval between infinite medians")
    medians = np.median(rng.choice(values, size=(resamples, len(values))), axis=1)
    low, high = np.quantile(medians, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(np.median(values)), float(high)


def mann_whitney(a: Floats, b: Floats) -> float:
    """Two-sided p-value of the rank-sum test that two independent samples are alike.

    Use it for runs of two methods: a common seed, or a common start, makes no pair of them.

    Args:
        a: one value per run, shape (n,); infinite where a run never got there.
        b: the same of another method, shape (k,).

    Source: Mann & Whitney, Annals of Mathematical Statistics 18(1), 1947.
    """
    _check(a=a, b=b)
    return float(mannwhitneyu(a, b, alternative="two-sided").pvalue)


def holm(p_values: Floats) -> Floats:
    """P-values of a family of tests, adjusted so that the level holds for all of them together.

    Args:
        p_values: shape (n,).

    Returns:
        Shape (n,), in the same order: never smaller than before, at most 1, and ranked alike.

    Raises:
        ValueError: also for a p-value outside 0..1.

    Source: Holm, A simple sequentially rejective multiple test procedure, Scandinavian J.
    Statistics 6, 1979.
    """
    _check(p_values=p_values)
    if p_values.min() < 0 or p_values.max() > 1:
        raise ValueError(f"p_values must lie in 0..1, got {p_values}")
    order = np.argsort(p_values)
    scaled = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted


def vargha_delaney(a: Floats, b: Floats) -> float:
    """A12: the probability that a value of `a` is smaller than one of `b`, ties counting half.

    0.5 means that neither is better; 1, that every value of `a` is smaller. (The original asks for
    larger values; here smaller ones are better.)

    Args:
        a: shape (n,).
        b: shape (k,); samples need not be paired or of equal size.

    Source: Vargha & Delaney, A critique and improvement of the CL common language effect size
    statistics of McGraw and Wong, J. Educational and Behavioral Statistics 25(2), 2000.
    """
    _check(a=a, b=b)
    return float(mannwhitneyu(b, a).statistic / (len(a) * len(b)))


def ecdf(evaluations: Floats, at: Floats) -> Floats:
    """Share of runs that had reached their target after each number of evaluations.

    Args:
        evaluations: what each run needed to reach its target, shape (n_runs,); infinite where it
            never did.
        at: finite numbers of evaluations to look at, shape (k,).

    Returns:
        Shape (k,).

    Raises:
        ValueError: also for an infinite number in `at`.

    Source: run-time distributions as in Hansen et al., COCO, Optimization Methods and Software
    36(1), 2021.
    """
    _check(evaluations=evaluations, at=at)
    if np.isinf(at).any():
        raise ValueError("at must be finite: an infinite number would count runs that never end")
    return np.asarray((evaluations[:, None] <= at).mean(axis=0))


def _check(**samples: Floats) -> None:
    for name, values in samples.items():
        if values.ndim != 1 or not len(values):
            raise ValueError(f"{name} must be one or more values in a row, got {values.shape}")
        if np.isnan(values).any():
            raise ValueError(f"{name} must not contain NaN")
