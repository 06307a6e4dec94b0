"""Weights of networks in aggregated scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imcmoo.arrays import Floats

WEIGHTS = (1e-6, 1e6)
"""Smallest and largest weight of a network."""


def scaled_weights(weights: Sequence[float] | None, n: int) -> Floats:
    """Scale weights of n networks to sum n, shape (n,); all are 1 if None.

    Raises:
        ValueError: there are not n weights, or one is out of range.
    """
    if weights is None:
        return np.ones(n)
    low, high = WEIGHTS
    if len(weights) != n or not all(low <= weight <= high for weight in weights):
        raise ValueError(f"weights must be {n} numbers from {low:g} to {high:g}, got {weights}")
    weight = np.asarray(weights, dtype=float)
    return weight * n / weight.sum()
