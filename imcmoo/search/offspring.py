"""Collection of the offspring of one generation."""

from __future__ import annotations

import numpy as np

from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.sampling import unseen
from imcmoo.space.design_space import Levels


class OffspringBuilder:
    """Collects feasible, new designs up to a number.

    No more designs are checked than needed, since a check can cost as much as an evaluation.

    Args:
        problem: the design problem.
        archive: evaluated designs.
        wanted: number of designs.

    Attributes:
        levels: collected designs, shape (n, n_parameters).
        seen: ranks of evaluated, collected and infeasible designs.
    """

    def __init__(self, problem: AcceleratorProblem, archive: Evaluations, wanted: int) -> None:
        self.problem, self.archive = problem, archive
        self.wanted = wanted
        self.levels: Levels = archive.levels[:0]
        self.seen = set(archive.seen)

    @property
    def missing(self) -> int:
        """Number of missing designs."""
        return self.wanted - len(self.levels)

    def add(self, candidates: Levels, limit: int) -> int:
        """Append the first new feasible designs, at most `limit`; returns their number."""
        candidates = unseen(self.problem.space, candidates, self.seen)
        limit = min(limit, self.missing)
        n_before, at, step = len(self.levels), 0, limit
        while limit > 0 and at < len(candidates):
            chunk = candidates[at : at + step]
            new = chunk[self.problem.feasibility.screened(chunk) <= 0]
            feasible = self.problem.feasibility.violation(new) <= 0
            self.seen.update(self.problem.space.rank(new[~feasible]).tolist())
            self.append(new[feasible][:limit])
            limit -= int(feasible.sum())
            at, step = at + step, 2 * step  # few pass: a handful at a time would take long
        return len(self.levels) - n_before

    def append(self, levels: Levels) -> None:
        """Append new feasible designs without a check."""
        self.levels = np.concatenate([self.levels, levels])
        self.seen.update(self.problem.space.rank(levels).tolist())
