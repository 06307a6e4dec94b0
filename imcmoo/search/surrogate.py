"""Surrogate model: predicts coordinates of objectives from evaluated designs."""

from __future__ import annotations

from itertools import islice

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.moves import steps

REACH = 3.0
"""Steps over which the correlation of residuals falls by a factor of e."""

RIDGE = 1e-3
"""Penalty on the coefficients of the trend, which may exceed the designs in number."""

NOISE = 1e-4
"""Noise variance relative to that of the residuals."""

REMEMBERED = 1000
"""Refused designs, the last ones, from which violations are learnt."""

LARGEST_VIOLATION = 2.0
"""Octaves to which violations are cut: beyond, a design is merely infeasible."""

DECIMALS = 6
"""Decimals of predictions; further digits depend on the machine."""


class Surrogate:
    """Quadratic trend of the coordinates of objectives, plus interpolated residuals.

    Energy, latency and area are nearly products of powers of parameters, so their logarithms are
    nearly sums.

    Args:
        space: the design space.
        levels: distinct designs, shape (n, n_parameters).
        values: their values, such as `AcceleratorProblem.coordinates`, shape (n, n_values).

    Source: universal kriging with an exponential kernel (Sacks et al., Design and analysis of
        computer experiments, Statistical Science 4, 1989), with fixed settings.
    """

    def __init__(self, space: DesignSpace, levels: Levels, values: Floats) -> None:
        self.space = space
        self._levels = levels
        self._mean = values.mean(axis=0)
        trend = self._trend(levels)
        gram = trend.T @ trend
        np.fill_diagonal(gram, gram.diagonal() + RIDGE)
        self._coefficients = np.linalg.solve(gram, trend.T @ (values - self._mean))
        residuals = values - self._mean - trend @ self._coefficients
        kernel = self._kernel(levels)
        np.fill_diagonal(kernel, kernel.diagonal() + NOISE)
        self._weights = np.linalg.solve(kernel, residuals)

    @classmethod
    def near(
        cls, problem: AcceleratorProblem, archive: Evaluations, incumbents: Ints, n: int
    ) -> Surrogate:
        """Fit coordinates of the `n` designs nearest to any incumbent that run, good or bad.

        Fitted only to the best designs, a surrogate could not predict values that none of them has.

        Args:
            problem: the design problem.
            archive: evaluated designs.
            incumbents: indices of designs in the archive.
            n: number of designs, at least 1; the time to fit grows with their cube.
        """
        runs = np.flatnonzero((archive.G[:, : len(problem.feasibility.names)] <= 0).all(axis=1))
        nearest = runs[_nearest(problem.space, archive.levels[incumbents], archive.levels[runs], n)]
        points = problem.coordinates(archive.F[nearest])
        return cls(problem.space, archive.levels[nearest], points)

    @classmethod
    def fit_violations(
        cls, archive: Evaluations, refused: dict[int, float], incumbents: Ints, n: int
    ) -> Surrogate | None:
        """Fit violations of the `n` known designs, evaluated or refused, nearest to any incumbent;
        None if all known ones are feasible."""
        last = [*islice(reversed(refused.items()), REMEMBERED)][::-1]
        levels = np.concatenate([archive.levels, archive.space.unrank([r for r, _ in last])])
        violation = np.concatenate([archive.violation, [v for _, v in last]])
        violation = np.minimum(violation, LARGEST_VIOLATION)
        if not violation.any():
            return None
        nearest = _nearest(archive.space, archive.levels[incumbents], levels, n)
        return cls(archive.space, levels[nearest], violation[nearest, None])

    def predict(self, levels: Levels) -> Floats:
        """Predicted values of designs (n, n_parameters), shape (n, n_values)."""
        trend = self._mean + self._trend(levels) @ self._coefficients
        return np.round(trend + self._kernel(levels) @ self._weights, DECIMALS)

    def _trend(self, levels: Levels) -> Floats:
        """Constant, linear and quadratic terms, shape (n, n_terms)."""
        sizes, ordered = np.array(self.space.shape), self.space.is_ordered
        scaled = (2 * levels / np.maximum(sizes - 1, 1) - 1)[:, ordered]
        # An unordered parameter has one axis per value.
        others = [np.eye(sizes[i])[levels[:, i]] for i in np.flatnonzero(~ordered)]
        z = np.concatenate([scaled, *others], axis=1)
        n, k = z.shape
        terms = np.ones((n, 1 + k + k * (k + 1) // 2))
        terms[:, 1 : 1 + k] = z
        end = 1 + k
        for at in range(k):
            start, end = end, end + k - at
            np.multiply(z[:, at, None], z[:, at:], out=terms[:, start:end])
        return terms

    def _kernel(self, levels: Levels) -> Floats:
        """Correlation with the fitted designs, shape (n, n_fitted)."""
        correlation = np.exp(np.arange(sum(self.space.shape)) / -REACH)
        # No index is clipped: that mode takes half the time.
        return correlation.take(steps(self.space, levels, self._levels), mode="clip")


def _nearest(space: DesignSpace, incumbents: Levels, levels: Levels, n: int) -> Ints:
    """Indices of the `n` designs nearest to any incumbent."""
    # The other order of the arguments takes twice as long.
    distance = steps(space, levels, incumbents).min(axis=1)
    return np.argsort(distance, kind="stable")[:n]
