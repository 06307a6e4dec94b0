"""Fast approximate Gaussian noise for large arrays."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from imcmoo.accuracy.compiled import compiled
from imcmoo.arrays import Values


def standard_normal(shape: tuple[int, ...], rng: np.random.Generator) -> Values:
    """Approximate N(0, 1) in float32, in a fifth of the time of numpy.

    Each value is the median of one of 65,536 equally likely intervals, at most ±4.33.
    """
    drawn = np.empty(math.prod(shape), np.float32)
    _look_up(_parts(drawn.size, rng), _medians(), drawn)
    return drawn.reshape(shape)


def with_noise(values: Values, spread: float, rng: np.random.Generator) -> Values:
    """Values of any shape plus `spread` times `standard_normal`, in their precision."""
    noisy = np.empty(values.size, values.dtype)
    kind = values.dtype.type
    _add(values.ravel(), kind(spread), _parts(values.size, rng), _medians(), noisy)
    return noisy.reshape(values.shape)


def _parts(count: int, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Random 16-bit numbers."""
    words = rng.integers(0, 1 << 64, -(-count // 4), dtype=np.uint64)
    return words.view(np.uint16)[:count]


@cache
def _medians() -> Values:
    """Medians of equally likely parts of N(0, 1), by 16-bit number."""
    parts = 1 << 16
    medians: Values = ndtri((np.arange(parts) + 0.5) / parts).astype(np.float32)
    return medians


@compiled
def _look_up(parts, medians, out):  # type: ignore[no-untyped-def]
    for at in range(len(out)):
        out[at] = medians[parts[at]]


@compiled
def _add(values, spread, parts, medians, out):  # type: ignore[no-untyped-def]
    for at in range(len(out)):
        out[at] = values[at] + spread * medians[parts[at]]
