"""The offspring of one generation, as they are collected."""

from __future__ import annotations

import numpy as np

from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.archive import Archive
from imcmoo.search.repair import repair
from imcmoo.search.sampling import unseen
from imcmoo.space.design_space import Levels

SPARE = 2
"""Designs collected for each that was dropped: where some were, more will be."""


class OffspringBuilder:
    """Collects designs that are feasible, new, and no more than wanted.

    Asks about the constraints of no more designs than it needs: where a check costs as much as an
    evaluation, it is checks that a search spends.

    Args:
        problem: whose constraints are to be met.
        archive: what was evaluated.
        wanted: how many designs.

    Attributes:
        levels: what was collected, shape (n, n_parameters).
        refused: what did not pass the screen since the last `repair`.
        seen: ranks of what was evaluated or collected.
    """

    def __init__(self, problem: AcceleratorProblem, archive: Archive, wanted: int) -> None:
        self.problem = problem
        self.wanted = self._goal = wanted
        self.levels: Levels = archive.levels[:0]
        self.refused: Levels = archive.levels[:0]
        self.seen = set(archive.seen)

    @property
    def missing(self) -> int:
        """Number of designs to collect before infeasible ones are dropped."""
        return self._goal - len(self.levels)

    def add(self, candidates: Levels, limit: int) -> None:
        """Take at most `limit` new designs that pass the screen, the first ones."""
        candidates = unseen(self.problem.space, candidates, self.seen)
        limit = min(limit, self.missing)
        at, step = 0, 2 * limit
        while limit > 0 and at < len(candidates):
            chunk = candidates[at : at + step]
            passes = self.problem.feasibility.screened(chunk) <= 0
            new = chunk[passes][:limit]
            self.append(new)
            limit -= len(new)
            self.refused = np.concatenate([self.refused, chunk[~passes]])
            at, step = at + step, 2 * step  # few pass: a handful at a time would take long

    def repair(self) -> None:
        """Walk what was refused to feasibility, the least violated first, for what is missing."""
        violation = self.problem.feasibility.screened(self.refused)
        nearest = np.argsort(violation, kind="stable")[: self.missing]
        repaired, violation = repair(self.problem, self.refused[nearest])
        self.append(unseen(self.problem.space, repaired[violation <= 0], self.seen))
        self.refused = self.refused[:0]

    def drop_infeasible(self) -> None:
        """Drop what passed the screen but is not feasible after all, and what is too many.

        For all designs in one go: checking many chips costs little more than checking one.
        """
        self.levels = self.levels[self.problem.feasibility.violation(self.levels) <= 0][
            : self.wanted
        ]
        short = self.wanted - len(self.levels)
        self._goal = len(self.levels) + SPARE * short

    def append(self, levels: Levels) -> None:
        """Take new designs as they are."""
        self.levels = np.concatenate([self.levels, levels])
        self.seen.update(self.problem.space.rank(levels).tolist())
