"""Surrogate model: predicts coordinates of objectives from evaluated designs."""

from __future__ import annotations

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.space.design_space import DesignSpace, Levels

REACH = 3.0
"""Steps over which the correlation of residuals falls by a factor of e."""

RIDGE = 1e-3
"""Penalty on the coefficients of the trend, which may exceed the designs in number."""

NOISE = 1e-4
"""Noise variance relative to that of the residuals."""

DECIMALS = 6
"""Decimals of predictions; further digits depend on the machine."""


class Surrogate:
    """Quadratic trend of the coordinates of objectives, plus interpolated residuals.

    Energy, latency and area are nearly products of powers of parameters, so their logarithms are
    nearly sums.

    Args:
        space: the design space.
        levels: distinct evaluated designs, shape (n, n_parameters).
        points: their `AcceleratorProblem.coordinates`, shape (n, n_objectives).
        excess: their constraints that require an evaluation, octaves, shape (n, n_limits). A
            predicted excess of one octave makes all coordinates worse by 1, at most.

    Source: universal kriging with an exponential kernel (Sacks et al., Design and analysis of
        computer experiments, Statistical Science 4, 1989), with fixed settings.
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

        Fitted only to the best designs, a surrogate could not predict values that none of them has.

        Args:
            problem: the design problem.
            archive: evaluated designs.
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
        """Predicted coordinates of designs (n, n_parameters), shape (n, n_objectives)."""
        trend = self._mean + self._trend(levels) @ self._coefficients
        predicted = np.round(trend + self._kernel(levels) @ self._weights, DECIMALS)
        points, excess = np.split(predicted, [self._n_objectives], axis=1)
        return points + np.clip(excess, 0, 1).sum(axis=1, keepdims=True)

    def _trend(self, levels: Levels) -> Floats:
        """Constant, linear and quadratic terms, shape (n, n_terms)."""
        sizes = np.array(self.space.shape)
        z = _axes(self.space, 2 * levels / np.maximum(sizes - 1, 1) - 1, levels)
        first, second = np.triu_indices(z.shape[1])
        return np.concatenate([np.ones((len(z), 1)), z, z[:, first] * z[:, second]], axis=1)

    def _kernel(self, levels: Levels) -> Floats:
        """Correlation with the fitted designs, shape (n, n_fitted)."""
        correlation = np.exp(np.arange(sum(self.space.shape)) / -REACH)
        return correlation[steps(self.space, levels, self._levels)]


def steps(space: DesignSpace, levels: Levels, others: Levels) -> Ints:
    """Number of steps from designs to others, shape (n, n_others)."""
    # Adds rows of a small byte table; much faster than all differences.
    small = np.min_scalar_type(sum(space.shape))
    total = np.zeros((len(levels), len(others)), dtype=small)
    columns = zip(space.shape, space.is_ordered, levels.T, others.T, strict=True)
    for size, is_ordered, ours, theirs in columns:
        difference = np.arange(size)[:, None] - theirs
        table = (np.abs(difference) if is_ordered else difference != 0).astype(small)
        total += table.take(ours, axis=0)
    return total


def _axes(space: DesignSpace, scaled: Floats, levels: Levels) -> Floats:
    """Ordered parameters `scaled`, others with one axis per value, (n, n_axes)."""
    ordered = space.is_ordered
    categorical = [np.eye(space.shape[i])[levels[:, i]] for i in np.flatnonzero(~ordered)]
    return np.concatenate([scaled[:, ordered], *categorical], axis=1, dtype=float)
