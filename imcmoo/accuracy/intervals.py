"""Confidence intervals of accuracies and of yields."""

from __future__ import annotations

import math

import numpy as np

from imcmoo.arrays import Floats

RESAMPLES = 1000
"""Bootstrap draws per interval."""


def interval(scores: Floats, samples: int) -> tuple[float, float]:
    """95 % interval, over samples, of the mean score.

    Args:
        scores: scores of each chip and sample, 0 to 1, shape (chips, samples), or one per chip,
            shape (chips, 1).
        samples: number of samples.

    Returns:
        Wilson's interval if all scores are 0 or 1, else a bootstrap interval. NaN if there is one
        score for several samples, or a single sample.
    """
    mean = float(scores.mean())
    if scores.shape[1] != samples:
        return math.nan, math.nan
    if np.isin(scores, (0.0, 1.0)).all():
        return wilson(mean, samples)
    if samples == 1:
        return math.nan, math.nan
    of_samples = scores.mean(axis=0)
    rng = np.random.default_rng(0)
    means = [of_samples[rng.integers(0, samples, samples)].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, (2.5, 97.5))
    return min(float(low), mean), max(float(high), mean)


def wilson(share: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, the mean of n scores between 0 and 1."""
    z = 1.96
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    inside = max(share * (1 - share), 0) / n + z**2 / (4 * n**2)
    half = z * math.sqrt(inside) / (1 + z**2 / n)
    # Rounding may move an end at 0 or 1 past the share.
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))
