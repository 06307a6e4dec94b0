"""Window and step of an ADC, chosen from the statistics of the sums it converts.

The cost model and the exact simulation follow the same rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import erfc

from imcmoo.model.metrics import Floats

AdcWindow = Literal["sigma", "range", "least_error"]
"""Width of the window: a number of standard deviations, all sums that are possible, or the number
of standard deviations with the least mean square error."""

CANDIDATE_SIGMAS = (1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0)
"""Half widths among which "least_error" chooses, in standard deviations."""

LARGE_VARIANCE = 2.0
"""Variance v of errors above which rounding to whole units leaves v + 1/12, within 10⁻¹⁶."""

TAIL_SIGMAS = 9.0
"""Standard deviations beyond which a Gaussian has no weight: 10⁻¹⁸."""


@dataclass(frozen=True, eq=False)
class Sums:
    """Statistics of the sums of a row block, arrays of shape (input slices, weight slices).

    Args:
        mean: over columns and samples.
        variance: likewise, without cell errors.
        error_variance: variance that cell and read errors add.
        lowest, highest: smallest and largest possible sum.
    """

    mean: Floats
    variance: Floats
    error_variance: Floats
    lowest: Floats
    highest: Floats


@dataclass(frozen=True, eq=False)
class Adcs:
    """Conversion of sums to low + step · code, arrays of shape (input slices, weight slices)."""

    low: Floats
    step: Floats


def choose_adcs(sums: Sums, bits: int, sigmas: Floats | float | None) -> Adcs:
    """Windows and steps of ADCs.

    A window spans `sigmas` standard deviations on both sides of the mean, and no more than all
    possible sums. The step is one unit where that resolves the sums and costs no more than the
    finer step: on whole units small cell errors are rounded away.

    Args:
        sums: values at the ADC.
        bits: resolution, codes = 2^bits.
        sigmas: half the width; None for all possible sums.
    """
    width = sums.highest - sums.lowest
    if sigmas is not None:
        spread = np.sqrt(sums.variance + sums.error_variance)
        width = np.minimum(width, 2 * sigmas * spread)
    half = 2.0 ** (bits - 1)
    step = width / (2 * half)
    # Beyond, rounding to units costs more than steps of 0.9 units: R(0.25) - 0.25 > 0.9^2 / 12.
    whole = (step <= 1) & ((step > 0.9) | (sums.error_variance < 0.25))
    error = sums.error_variance[whole]
    whole[whole] = rounded_error(error) <= error + step[whole] ** 2 / 12
    step = np.where(whole, 1.0, step)
    centre = np.where(whole, np.rint(sums.mean), sums.mean)
    ends = np.stack([sums.lowest + step * half, sums.highest - step * (half - 1)])
    centre = np.clip(centre, ends.min(axis=0), ends.max(axis=0))
    return Adcs(centre - step * half, step)


def rounded_error(variance: Floats) -> Floats:
    """Mean square error left after Gaussian errors are rounded to whole units.

    R(v) = 2 Σ_{k≥1} (2k − 1) Q((k − ½)/√v), and v + 1/12 for large v.

    Args:
        variance: v, in squares of a unit, of any shape.
    """
    left = np.where(variance > LARGE_VARIANCE, variance + 1 / 12, 0.0)
    k, nearest = 1, 0.5
    some = np.flatnonzero(variance <= LARGE_VARIANCE)
    spread = np.sqrt(variance.ravel()[some])
    while (near := spread > nearest / TAIL_SIGMAS).any():
        some, spread = some[near], spread[near]
        left.flat[some] += (2 * k - 1) * erfc(nearest / (np.sqrt(2) * spread))
        k, nearest = k + 1, nearest + 1
    return left
