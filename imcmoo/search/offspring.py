"""Offspring of one generation: collected in chunks, each design checked before it is evaluated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.surrogate import Surrogate
from imcmoo.space.design_space import Levels
from imcmoo.space.moves import nearby_moves, neighbours
from imcmoo.space.sets import are_in, unseen

LARGEST_STEP = 8
"""Most designs checked at once per missing design, where few are feasible."""


@dataclass(eq=False)
class OffspringBuilder:
    """Collects new designs that pass a check, up to a number.

    Few more designs are checked than needed, at most `LARGEST_STEP` at once for each missing one,
    since a check can cost as much as an evaluation.

    Args:
        problem: the design problem.
        archive: evaluated designs.
        refused: violation, octaves, of designs that failed a check, by rank; those that fail here
            are added.
        population: indices of the survivors in the archive.
        wanted: number of designs.
        rng: source of all random choices.
        surrogate: class that predicts coordinates and violations.
        fitted: designs that a surrogate is fitted to, at least 1.
        tolerance: largest predicted violation of designs worth a check or an evaluation, octaves.

    Attributes:
        levels: collected designs, shape (n, n_parameters).
        seen: ranks of evaluated, collected and refused designs.
        moves: single moves, and all moves of up to two steps, shape (n_moves, n_parameters) each.
    """

    problem: AcceleratorProblem
    archive: Evaluations
    refused: dict[int, float]
    population: Ints
    wanted: int
    rng: np.random.Generator
    surrogate: type[Surrogate] = Surrogate
    fitted: int = 200
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        self.moves = nearby_moves(self.problem.space)
        self.levels: Levels = self.archive.levels[:0]
        self.seen = self.archive.seen | self.refused.keys()
        self._violation = self.surrogate.fit_violations(
            self.archive, self.refused, self.population, self.fitted
        )

    @property
    def missing(self) -> int:
        """Number of missing designs."""
        return self.wanted - len(self.levels)

    def is_new(self, levels: Levels) -> Bools:
        """True for designs that were neither evaluated, collected nor refused, shape (n,)."""
        return ~are_in(self.problem.space.rank(levels), self.seen)

    def neighbours(self, rows: Ints, moves: Levels) -> tuple[Levels, Ints]:
        """New designs one of the moves away from evaluated ones, possibly repeated.

        Args:
            rows: indices of evaluated designs, shape (n,).
            moves: shape (n_moves, n_parameters).

        Returns:
            Designs, and the place in `rows` of the origin of each.
        """
        levels, of = neighbours(self.problem.space, self.archive.levels[rows], moves)
        new = self.is_new(levels)
        return levels[new], of[new]

    def predict(self, levels: Levels, near: Ints) -> Floats:
        """Predict coordinates of designs by a surrogate.

        Args:
            levels: shape (n, n_parameters).
            near: indices of evaluated designs; the surrogate is fitted to those nearest to them.

        Returns:
            Shape (n, n_objectives).
        """
        fit = self.surrogate.near(self.problem, self.archive, near, self.fitted)
        return fit.predict(levels)

    def likely(self, levels: Levels) -> Levels:
        """Designs whose predicted violation is within the tolerance, in order."""
        if self._violation is None:
            return levels
        return levels[self._violation.predict(levels)[:, 0] <= self.tolerance]

    def add(self, candidates: Levels, limit: int) -> int:
        """Append the first new designs that pass a check, at most `limit`; returns their number."""
        candidates = unseen(self.problem.space, candidates, self.seen)
        limit = min(limit, self.missing)
        n_before, n_passed, at = len(self.levels), 0, 0
        while n_passed < limit and at < len(candidates):
            missing = limit - n_passed
            expected = missing * (at + 1) // (n_passed + 1)
            step = max(missing, min(expected, LARGEST_STEP * missing))
            chunk = candidates[at : at + step]
            passed = chunk[self._passes(chunk)]
            self.append(passed[:missing])
            n_passed, at = n_passed + len(passed), at + step
        return len(self.levels) - n_before

    def append(self, levels: Levels) -> None:
        """Append new designs without a check."""
        self.levels = np.concatenate([self.levels, levels])
        self.seen.update(self.problem.space.rank(levels).tolist())

    def _passes(self, levels: Levels) -> Bools:
        """True for designs that pass screen and check, shape (n,); the others are refused."""
        feasibility = self.problem.feasibility
        violation = feasibility.screened(levels)
        passes = violation <= 0
        violation[passes] = feasibility.violation(levels[passes])
        failed = violation > 0
        ranks = self.problem.space.rank(levels[failed]).tolist()
        self.refused.update(zip(ranks, violation[failed].tolist(), strict=True))
        self.seen.update(ranks)
        return ~failed
