"""Points normalised by a Pareto front, and scalarised by weights.

Points are minimised, shape (n, m).
"""

from __future__ import annotations

import numpy as np

from imcmoo.arrays import Floats

TOLERANCE = 1e-9
"""Relative difference below which objectives are equal: above rounding errors of sums over layers,
far below the 0.4 % between the closest points of our fronts.
"""

AUGMENTATION = 0.05
"""Share of the weighted sum in a scalarisation, so that it prefers non-dominated designs."""


def spans(front: Floats) -> Floats:
    """Range of a front (k, m) in each objective, shape (m,); 1 where it is constant."""
    span = np.ptp(front, axis=0)
    # Rounding errors are no variation: scaled to 1 they would dominate.
    return np.where(span > TOLERANCE, span, 1.0)


def span_scaled(points: Floats, front: Floats) -> Floats:
    """Normalise points to 0 at the ideal and 1 at the nadir of a front (k, m), shape (n, m).

    Constant objectives are not scaled.
    """
    return np.asarray((points - front.min(axis=0)) / spans(front))


def tchebycheff(points: Floats, weights: Floats) -> Floats:
    """Augmented weighted Tchebycheff distance from the ideal point 0.

    Args:
        points: shape (n, m).
        weights: shape (n_weights, m).

    Returns:
        Shape (n, n_weights).

    Source: Steuer and Choo, An interactive weighted Tchebycheff procedure for multiple objective
        programming, Mathematical Programming 26, 1983.
    """
    largest = np.full((len(points), len(weights)), -np.inf)
    total = np.zeros_like(largest)
    # By column, so that equal points have identical results on every machine.
    for point, weight in zip(points.T, weights.T, strict=True):
        term = point[:, None] * weight
        np.maximum(largest, term, out=largest)
        total += term
    return largest + AUGMENTATION * total
