"""The offspring of one generation, as they are collected."""

from __future__ import annotations

import numpy as np

from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.archive import Archive
from imcmoo.search.repair import repair
from imcmoo.search.sampling import unseen
from imcmoo.space.design_space import Levels


class OffspringBuilder:
    """Collects designs that are feasible, new, and no more than wanted.

    Feasibility checks can cost as much as evaluations, so no more designs are checked than needed.

    Args:
        problem: whose constraints are to be met.
        archive: what was evaluated.
        wanted: how many designs.

    Attributes:
        levels: what was collected, shape (n, n_parameters).
        refused: what did not pass the screen since the last `repair`.
        seen: ranks of what was evaluated, collected or found infeasible.
    """

    def __init__(self, problem: AcceleratorProblem, archive: Archive, wanted: int) -> None:
        self.problem = problem
        self.wanted = wanted
        self.levels: Levels = archive.levels[:0]
        self.refused: Levels = archive.levels[:0]
        self.seen = set(archive.seen)

    @property
    def missing(self) -> int:
        """Number of designs still to collect."""
        return self.wanted - len(self.levels)

    def add(self, candidates: Levels, limit: int) -> int:
        """Append at most `limit` new feasible designs, the first ones; returns how many."""
        candidates = unseen(self.problem.space, candidates, self.seen)
        limit = min(limit, self.missing)
        n_before, at, step = len(self.levels), 0, limit
        while limit > 0 and at < len(candidates):
            chunk = candidates[at : at + step]
            passes = self.problem.feasibility.screened(chunk) <= 0
            self.refused = np.concatenate([self.refused, chunk[~passes]])
            new = chunk[passes]
            feasible = self.problem.feasibility.violation(new) <= 0
            self.seen.update(self.problem.space.rank(new[~feasible]).tolist())
            self.append(new[feasible][:limit])
            limit -= int(feasible.sum())
            at, step = at + step, 2 * step  # few pass: a handful at a time would take long
        return len(self.levels) - n_before

    def repair(self) -> None:
        """Walk refused designs to feasibility, the least violated first, for what is missing."""
        violation = self.problem.feasibility.screened(self.refused)
        nearest = np.argsort(violation, kind="stable")[: self.missing]
        repaired, violation = repair(self.problem, self.refused[nearest])
        self.refused = self.refused[:0]
        self.add(repaired[violation <= 0], self.missing)

    def append(self, levels: Levels) -> None:
        """Append new feasible designs without a check."""
        self.levels = np.concatenate([self.levels, levels])
        self.seen.update(self.problem.space.rank(levels).tolist())
