"""Collection of the offspring of one generation, and the designs that failed a check."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.sampling import unseen
from imcmoo.space.design_space import DesignSpace, Levels

LARGEST_STEP = 8
"""Most designs checked at once per missing design, where few are feasible."""


class Refused:
    """Designs that failed a check of constraints: none is checked twice, and surrogates learn them.

    Args:
        space: the design space.

    Attributes:
        levels: value indices, shape (n, n_parameters).
        violation: total violation, octaves, shape (n,).
        seen: their ranks.
    """

    def __init__(self, space: DesignSpace) -> None:
        self.space = space
        self.levels: Levels = np.empty((0, len(space.shape)), dtype=np.int64)
        self.violation: Floats = np.empty(0)
        self.seen: set[int] = set()

    def append(self, levels: Levels, violation: Floats) -> None:
        """Add distinct new designs with their violation."""
        self.levels = np.concatenate([self.levels, levels])
        self.violation = np.concatenate([self.violation, violation])
        self.seen.update(self.space.rank(levels).tolist())


class OffspringBuilder:
    """Collects new designs that pass a check, up to a number.

    Few more designs are checked than needed, at most `LARGEST_STEP` at once for each missing one,
    since a check can cost as much as an evaluation.

    Args:
        problem: the design problem.
        archive: evaluated designs.
        refused: designs that failed a check; those that fail here are added.
        wanted: number of designs.
        predicted: violation of designs (n, n_parameters) as a surrogate predicts it, octaves, shape
            (n, 1). If None, all designs are likely to be feasible.
        tolerance: largest predicted violation of designs worth a check or an evaluation, octaves.

    Attributes:
        levels: collected designs, shape (n, n_parameters).
        seen: ranks of evaluated, collected and refused designs.
    """

    def __init__(
        self,
        problem: AcceleratorProblem,
        archive: Evaluations,
        refused: Refused,
        wanted: int,
        *,
        predicted: Callable[[Levels], Floats] | None = None,
        tolerance: float = 0.0,
    ) -> None:
        self.problem, self.archive, self.refused = problem, archive, refused
        self.wanted = wanted
        self._predicted, self._tolerance = predicted, tolerance
        self.levels: Levels = archive.levels[:0]
        self.seen = archive.seen | refused.seen

    @property
    def missing(self) -> int:
        """Number of missing designs."""
        return self.wanted - len(self.levels)

    def likely(self, levels: Levels) -> Levels:
        """Designs whose predicted violation is within the tolerance, in order."""
        if self._predicted is None:
            return levels
        return levels[self._predicted(levels)[:, 0] <= self._tolerance]

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

    def add_one_of_each(self, candidates: Levels, group: Ints) -> None:
        """Append the first new design of each group that passes a check, as long as any is missing.

        Args:
            candidates: shape (n, n_parameters), the groups mixed or in a row.
            group: number of the group of each, shape (n,).
        """
        while len(candidates) and self.missing:
            ranks = self.problem.space.rank(candidates).tolist()
            new = np.array([rank not in self.seen for rank in ranks])
            candidates, group = candidates[new], group[new]
            first = np.unique(group, return_index=True)[1]
            first = first[np.unique(candidates[first], axis=0, return_index=True)[1]]
            first = np.sort(first)[: self.missing]
            passes = first[self._passes(candidates[first])]
            self.append(candidates[passes])
            left = ~np.isin(group, group[passes])
            candidates, group = candidates[left], group[left]

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
        self.refused.append(levels[failed], violation[failed])
        self.seen |= self.refused.seen
        return ~failed
