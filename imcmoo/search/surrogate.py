"""Cheap prediction of the coordinates of designs from those of evaluated ones."""

from __future__ import annotations

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.space.design_space import DesignSpace, Levels

REACH = 3.0
"""Steps over which the correlation of residuals of the trend falls by a factor of e."""

RIDGE = 1e-3
"""Penalty on the coefficients of the trend, which may be more than the designs it is fitted to."""

NOISE = 1e-4
"""Variance of noise relative to that of the residuals of the trend."""

DECIMALS = 6
"""Decimals of predicted coordinates: the last digits differ from machine to machine and must not
decide."""


class Surrogate:
    """A quadratic trend of the objectives' coordinates, and an interpolation of its residuals.

    Energies, latencies and areas are products of powers of what parameters stand for, nearly, so
    their logarithms are nearly sums.

    Args:
        space: of the designs.
        levels: evaluated designs, all different, shape (n, n_parameters).
        points: their `AcceleratorProblem.coordinates`, shape (n, n_objectives).
        excess: their constraints that only an evaluation tells, in octaves, shape (n, n_limits). An
            octave predicted above a limit makes all coordinates worse by 1, more no worse.

    Source: universal kriging with an exponential kernel (Sacks et al., Design and analysis of
    computer experiments, Statistical Science 4, 1989), all its settings fixed.
    """

    def __init__(
        self, space: DesignSpace, levels: Levels, points: Floats, excess: Floats | None = None
    ) -> None:
        self.space, self._n_objectives = space, points.shape[1]
        points = points if excess is None else np.hstack([points, excess])
        self._levels = levels
        self._mean = points.mean(axis=0)
        trend = self._trend(levels)
        gram = trend.T @ trend + RIDGE * np.eye(trend.shape[1])
        self._coefficients = np.linalg.solve(gram, trend.T @ (points - self._mean))
        residuals = points - self._mean - trend @ self._coefficients
        kernel = self._kernel(levels) + NOISE * np.eye(len(levels))
        self._weights = np.linalg.solve(kernel, residuals)

    @classmethod
    def near(
        cls,
        problem: AcceleratorProblem,
        archive: Evaluations,
        incumbents: Ints,
        n: int,
    ) -> Surrogate:
        """Fit to the `n` designs nearest to any incumbent that run, good or bad.

        Fitted to the best designs only, a surrogate cannot predict the effect of a value that
        none of them has.

        Args:
            problem: what is searched.
            archive: what was evaluated.
            incumbents: indices of designs in the archive.
            n: number of designs, at least 1; the time to fit grows with their cube.
        """
        resources, limits = np.split(archive.G, [len(problem.feasibility.names)], axis=1)
        runs = np.flatnonzero((resources <= 0).all(axis=1))
        distance = steps(problem.space, archive.levels[incumbents], archive.levels[runs])
        nearest = runs[np.argsort(distance.min(axis=0), kind="stable")[:n]]
        points = problem.coordinates(archive.F[nearest])
        return cls(problem.space, archive.levels[nearest], points, limits[nearest])

    def predict(self, levels: Levels) -> Floats:
        """Coordinates of designs (n, n_parameters), shape (n, n_objectives)."""
        trend = self._mean + self._trend(levels) @ self._coefficients
        predicted = np.round(trend + self._kernel(levels) @ self._weights, DECIMALS)
        points, excess = np.split(predicted, [self._n_objectives], axis=1)
        return points + np.clip(excess, 0, 1).sum(axis=1, keepdims=True)

    def _trend(self, levels: Levels) -> Floats:
        """A constant, each coordinate, and each product of two, shape (n, n_terms)."""
        sizes = np.array(self.space.shape)
        z = _axes(self.space, 2 * levels / np.maximum(sizes - 1, 1) - 1, levels)
        first, second = np.triu_indices(z.shape[1])
        return np.concatenate([np.ones((len(z), 1)), z, z[:, first] * z[:, second]], axis=1)

    def _kernel(self, levels: Levels) -> Floats:
        """Correlation with the fitted designs, shape (n, n_fitted); it falls with the steps."""
        correlation = np.exp(np.arange(sum(self.space.shape)) / -REACH)
        return correlation[steps(self.space, levels, self._levels)]


def steps(space: DesignSpace, levels: Levels, others: Levels) -> Ints:
    """Number of steps from designs to others, shape (n, n_others)."""
    # Rows of a small table of bytes are added: much quicker than the differences of all designs.
    small = np.min_scalar_type(sum(space.shape))
    total = np.zeros((len(levels), len(others)), dtype=small)
    columns = zip(space.shape, space.is_ordered, levels.T, others.T, strict=True)
    for size, is_ordered, ours, theirs in columns:
        difference = np.arange(size)[:, None] - theirs
        table = (np.abs(difference) if is_ordered else difference != 0).astype(small)
        total += table.take(ours, axis=0)
    return total


def _axes(space: DesignSpace, scaled: Floats, levels: Levels) -> Floats:
    """Ordered parameters as they are `scaled`, others by an axis per value, (n, n_axes)."""
    ordered = space.is_ordered
    categorical = [np.eye(space.shape[i])[levels[:, i]] for i in np.flatnonzero(~ordered)]
    return np.concatenate([scaled[:, ordered], *categorical], axis=1, dtype=float)
