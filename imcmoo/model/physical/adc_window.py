"""Window and step of an ADC, chosen from the statistics of the sums it converts.

Used by the cost model and the exact simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import map_coordinates, spline_filter
from scipy.special import erfc, ndtr

from imcmoo.arrays import Floats, Ints

CANDIDATE_SIGMAS = (1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0)
"""Half widths of the window "least_error", in standard deviations."""

LARGE_VARIANCE = 0.1
"""Variance of errors above which four terms of the faster series of R(v) are exact to 10⁻²⁰."""

NO_POWER = 1e-12
"""Negligible power of errors, in squares of a unit."""

HARMONICS = 32
"""Number of summed harmonics of a step; the others count with the mean of the later half.

Exact to 1 % for steps of 1.05 to 20 units if errors are 0 or their standard deviation is at least
1/70 of a step. Otherwise noise far below D² / 12 can be wrong.
"""

GRID = 128
"""Steps of the table of `share_left` per standard deviation of one unit."""

TAIL_SIGMAS = 9.0
"""Standard deviations beyond which a Gaussian is 0 (10⁻¹⁸)."""


@dataclass(frozen=True, eq=False)
class Sums:
    """Statistics of the sums of a row block, arrays of shape (input slices, weight slices).

    Args:
        mean: mean over columns and samples.
        variance: variance over columns and samples, without cell errors.
        error_variance: variance added by cell and read errors.
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


def choose_adcs(sums: Sums, bits: int | Ints, sigmas: Floats | float | None) -> Adcs:
    """Choose windows and steps of ADCs.

    A window spans `sigmas` standard deviations around the mean, clipped to all possible sums. The
    step is one unit if that resolves the sums and costs no more than the finer step: on whole units
    small cell errors are rounded away.

    Args:
        sums: sums at the ADC.
        bits: resolution (2^bits codes); an array broadcasts to the sums or adds axes.
        sigmas: half the width. If None, the window spans all possible sums.
    """
    width = sums.highest - sums.lowest
    if sigmas is not None:
        spread = np.sqrt(sums.variance + sums.error_variance)
        width = np.minimum(width, 2 * sigmas * spread)
    half = 2.0 ** (bits - 1)
    step = width / (2 * half)
    # Units never win over steps of up to 0.9 if v >= 0.25: R(v) - v >= R(0.25) - 0.25 > 0.9^2 / 12.
    whole = (step <= 1) & ((step > 0.9) | (sums.error_variance < 0.25))
    error = np.broadcast_to(sums.error_variance, step.shape)[whole]
    whole[whole] = rounded_error(error) <= error + step[whole] ** 2 / 12
    step = np.where(whole, 1.0, step)
    centre = np.where(whole, np.rint(sums.mean), sums.mean)
    ends = sums.lowest + step * half, sums.highest - step * (half - 1)
    centre = np.clip(centre, np.minimum(*ends), np.maximum(*ends))
    return Adcs(centre - step * half, step)


def rounded_error(variance: Floats) -> Floats:
    """Mean square error after Gaussian errors are rounded to whole units.

    R(v) = 2 Σ_{k≥1} (2k − 1) Q((k − ½)/√v), or, faster for large v, v + 1/12 + Σ_{k≥1} (−1)^k
    exp(−2π²k²v) (4v + 1/(πk)²).

    Args:
        variance: v, in squares of a unit, any shape.
    """
    v = variance.ravel()
    left = np.zeros(v.size)
    large = np.flatnonzero(v >= LARGE_VARIANCE)
    left[large] = _rounded_large(v[large])
    small = np.flatnonzero(v < LARGE_VARIANCE)
    spread = np.sqrt(v[small])
    k, nearest = 1, 0.5
    while (reached := spread > nearest / TAIL_SIGMAS).any():
        small, spread = small[reached], spread[reached]
        left[small] += (2 * k - 1) * erfc(nearest / (np.sqrt(2) * spread))
        k, nearest = k + 1, nearest + 1
    return left.reshape(variance.shape)


def _rounded_large(variance: Floats) -> Floats:
    """R(v) of v ≥ `LARGE_VARIANCE`."""
    left: Floats = variance + 1 / 12
    first = np.exp(-2 * np.pi**2 * variance)
    for k in range(1, 5):
        left += (-1) ** k * first ** (k * k) * (4 * variance + 1 / (np.pi * k) ** 2)
    return left


def noise_of_steps(step: Floats, variance: Floats, errors: Floats) -> Floats:
    """Variance over samples of the error of rounding sums to steps, mean over offsets of a step.

    With the characteristic function φ of sums and errors of a column it is D² Σ_{k≥1} (1 −
    |φ(2πk/D)|²) / (2π²k²). Sums are modelled as differences of two Poisson variables: |φ(t)|² =
    exp(−2 (1 − cos t) Var(sum) − t² Var(error)).

    Args:
        step: D, in units.
        variance: variance of the sums of a column over samples, in squares of a unit.
        errors: variance of their Gaussian errors over samples, in squares of a unit. All broadcast.
    """
    shape = np.broadcast_shapes(step.shape, variance.shape, errors.shape)
    noise, remaining, tail = np.zeros(shape), 1 / 12, np.zeros(shape)
    for k in range(1, HARMONICS + 1):
        t = 2 * np.pi * k / step
        varied = -np.expm1(-2 * (1 - np.cos(t)) * variance - t**2 * errors)
        noise += varied / (2 * np.pi**2 * k**2)
        remaining -= 1 / (2 * np.pi**2 * k**2)
        if k > HARMONICS // 2:
            tail += varied
    noise += remaining * tail / (HARMONICS - HARMONICS // 2)
    return noise * step**2


def least_noise_of_steps(step: Floats, variance: Floats, errors: Floats) -> Floats:
    """First harmonic of `noise_of_steps`: a lower bound of it for steps of `step` or more.

    It rises with D from one unit on. With t = 2π/D it is proportional to (1 − e^−g) / g · g/t²,
    g = 2 (1 − cos t) Var(sum) + t² Var(error), and for t ≤ π g rises with t and g/t² falls. Up to
    two units 1 − cos t rises with D, and (1 − e^−(c + t² Var(error))) / t² falls with t.

    Args:
        step: D, in units, at least 1.
        variance, errors: as in `noise_of_steps`. All broadcast.
    """
    t = 2 * np.pi / step
    varied = -np.expm1(-2 * (1 - np.cos(t)) * variance - t**2 * errors)
    return np.asarray(varied * step**2 / (2 * np.pi**2))


def share_left(constant: Floats, varying: Floats) -> Floats:
    """Share of R(v) that remains after the mean error of each column is calibrated away.

    The error of the sum of a column is Gaussian with a constant part e₀ and a part e₁ that varies
    over samples, v = Var(e₀) + Var(e₁). Returns E[Var(round(e₀ + e₁) | e₀)] / R(v).

    Args:
        constant: variance of e₀ in squares of a unit, any shape.
        varying: variance of e₁, same shape.
    """
    at = GRID * np.sqrt(np.minimum([constant, varying], 1.0))
    share: Floats = map_coordinates(_shares_left(), at, prefilter=False, mode="mirror")
    # Above one unit all further variance of e₁ remains, and e₀ has no effect.
    within = np.minimum(constant, 1.0) + np.minimum(varying, 1.0)
    beyond = constant + varying - within
    if beyond.any():
        left = share * rounded_error(within) + np.maximum(varying - 1.0, 0.0)
        share = np.where(beyond > 0, left / (constant + varying + 1 / 12), share)
    return share


@cache
def _shares_left() -> Floats:
    """Splines of `share_left` by standard deviations in steps of 1 / `GRID`."""
    deviation = np.arange(GRID + 1) / GRID
    constant = np.arange(4 * GRID) / (4 * GRID)
    reach = int(TAIL_SIGMAS)
    k = np.arange(1 - reach, reach + 1)[:, None]
    above = ndtr((constant - k + 0.5) / np.maximum(deviation, 1e-9)[:, None, None])
    # round(e) = Σ_{k≥1} [e ≥ k − ½] − Σ_{k≤0} [e < k − ½], and likewise its square.
    counted = np.where(k > 0, above, 1 - above)
    mean = (np.sign(k - 0.5) * counted).sum(axis=1)
    square = (np.abs(2 * k - 1) * counted).sum(axis=1)
    harmonics = np.fft.rfft(square - mean**2, axis=1).real / constant.size
    harmonics[:, 1:-1] *= 2
    order = np.arange(harmonics.shape[1])
    variance = deviation**2
    left = np.exp(-2 * np.pi**2 * variance[:, None] * order**2) @ harmonics.T
    uncalibrated = rounded_error(variance[:, None] + variance)
    shares = np.divide(left, uncalibrated, out=np.ones_like(left), where=uncalibrated > NO_POWER)
    splines: Floats = spline_filter(shares)
    return splines


def gain_of_rounding(variance: Floats) -> Floats:
    """Share of a Gaussian error that passes rounding to whole units, by least squares.

    Cov(round(e), e) / v = 1 + 2 Σ_{k≥1} (−1)^k exp(−2π²k²v), the mean density of the thresholds
    (Bussgang's theorem).

    Args:
        variance: v, in squares of a unit, any shape.
    """
    v = np.maximum(variance, 1e-6)
    density = sum(np.exp(-((k - 0.5) ** 2) / (2 * v)) for k in range(1, 4))
    harmonics = sum((-1) ** k * np.exp(-2 * np.pi**2 * k**2 * v) for k in range(1, 4))
    gain: Floats = np.where(
        v < LARGE_VARIANCE, density * np.sqrt(2 / (np.pi * v)), 1 + 2 * harmonics
    )
    return gain
