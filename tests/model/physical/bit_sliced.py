"""Products as an analog array makes them: slices, blocks of active rows, converters, cell errors.

Ground truth for the signal-to-noise proxy, in integers and random numbers, nothing of the proxy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOW_SIGMAS = 4.0


@dataclass(frozen=True)
class Array:
    """Parameters of an array; 8-bit inputs and weights."""

    active_rows: int
    input_slice_bits: int
    bits_per_cell: int
    differential: bool
    adc_bits: int
    sigma: float = 0.0


def cut(codes, bits, width):
    """Place, largest value and digits of each slice, least significant first."""
    return [
        (low, 2 ** min(width, bits - low) - 1, (codes >> low) & (2 ** min(width, bits - low) - 1))
        for low in range(0, bits, width)
    ]


def product(x, w, array, rng, *, calibrate=True):
    """x @ w as the array gives it.

    Args:
        x: unsigned input codes, shape (n, K).
        w: weights, −127 to 127, shape (K, M).
        array: its parameters.
        rng: draws the errors of the cells, once.
        calibrate: whether constant errors of a column are taken off.
    """
    n_rows = len(w)
    total = np.zeros((len(x), w.shape[1]))
    planes = []
    if array.differential:
        for low, top, digits in cut(np.abs(w), 7, array.bits_per_cell):
            plus, minus = digits * (w > 0), digits * (w < 0)
            noisy = [p + array.sigma * top * rng.standard_normal(w.shape) for p in (plus, minus)]
            planes.append((low, top, noisy[0] - noisy[1]))
    else:
        for low, top, digits in cut(w + 128, 8, array.bits_per_cell):
            planes.append((low, top, digits + array.sigma * top * rng.standard_normal(w.shape)))
    for x_low, x_top, x_digits in cut(x, 8, array.input_slice_bits):
        for w_low, w_top, cells in planes:
            spread = float((x_digits[:, : array.active_rows] @ cells[: array.active_rows]).std())
            for at in range(0, n_rows, array.active_rows):
                rows = slice(at, at + array.active_rows)
                sums = x_digits[:, rows] @ cells[rows]
                read = convert(sums, min(array.active_rows, n_rows) * x_top * w_top, spread, array)
                total += 2.0 ** (x_low + w_low) * read
    if not array.differential:
        total -= 128.0 * x.sum(axis=1, keepdims=True)
    if calibrate:
        total -= (total - x @ w).mean(axis=0)
    return total


def convert(sums, full, spread, array):
    """A column's values after its converter: 2^bits steps over a window about their mean.

    The window is that of a full block of rows, as a converter has one for all blocks.
    """
    low, high = (-full, full) if array.differential else (0.0, full)
    mean = float(sums.mean())
    window = min(high - low, 2 * WINDOW_SIGMAS * spread)
    step = window / 2**array.adc_bits
    if step <= 1:
        return sums
    start = min(max(mean - window / 2, low), high - window)
    codes = np.clip(np.floor((sums - start) / step), 0, 2**array.adc_bits - 1)
    converted: Floats = start + (codes + 0.5) * step
    return converted
