"""A problem that counts the designs whose constraints were evaluated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Floats, Metrics
from imcmoo.problem.feasibility import Feasibility
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels, Ranks


class _CountingFeasibility(Feasibility):
    """Feasibility of a problem that counts constraint evaluations.

    A design counts once, whether it is screened, checked exactly or evaluated. Designs that agree
    in the parameters the screen depends on are one question to it; it counts until one of them is
    checked or evaluated, which answers it as well.
    """

    def __init__(self, problem: AcceleratorProblem) -> None:
        super().__init__(problem.model, problem.area_limit_m2)
        self.space = problem.space
        self.reset()

    def reset(self) -> None:
        """Restart the count."""
        self._checked, self._asked, self._answered = (_Seen() for _ in range(3))
        self.count = 0

    def record(self, levels: Levels) -> None:
        """Count designs that are checked exactly or evaluated."""
        new = self._checked.first(self.space.rank(levels))
        questions = self._answered.first(self._questions(levels))
        self.count += len(new) - self._asked.count(questions)

    def violation(self, levels: Levels) -> Floats:
        self.record(levels)
        return super().violation(levels)

    def screened(self, levels: Levels) -> Floats:
        if self.screened_by.any():
            new = self._asked.first(self._questions(levels))
            self.count += len(new) - self._answered.count(new)
        return super().screened(levels)

    def _questions(self, levels: Levels) -> Ranks:
        """Rank of a design that represents all with the same screening result."""
        return self.space.rank(np.where(self.screened_by, levels, 0))


class _Seen:
    """Set of ranks that were seen."""

    def __init__(self) -> None:
        self._ranks: set[int] = set()

    def first(self, ranks: Ranks) -> list[int]:
        """Add ranks; returns those seen for the first time, each once."""
        new = set(ranks.tolist()) - self._ranks
        self._ranks |= new
        return list(new)

    def count(self, ranks: list[int]) -> int:
        """Count the ranks that were seen."""
        return len(self._ranks.intersection(ranks))


class CountingProblem(AcceleratorProblem):
    """A problem that counts the constraint evaluations of another; those of its own tables do not
    count."""

    def __init__(self, problem: AcceleratorProblem) -> None:
        super().__init__(
            problem.model,
            area_limit_m2=problem.area_limit_m2,
            cost_per_cm2=problem.cost_per_cm2,
            guidance=problem.guidance,
            limits=problem.limits.given,
        )
        self.feasibility = self._counter = _CountingFeasibility(self)
        self._first: dict[int, int] = {}

    def reset(self) -> None:
        """Restart the count."""
        self._counter.reset()
        self._first = {}

    def counts(self, levels: Levels) -> NDArray[np.int64]:
        """Return the count when each design was first evaluated, shape (n,)."""
        ranks = self.space.rank(levels).tolist()
        return np.array([self._first[rank] for rank in ranks], dtype=np.int64)

    def score(self, levels: Levels, metrics: Metrics) -> tuple[Floats, Floats]:
        """Score designs, which counts as an evaluation of their constraints."""
        for rank, design in zip(self.space.rank(levels).tolist(), levels, strict=True):
            self._counter.record(design[None])
            self._first.setdefault(rank, self._counter.count)
        return super().score(levels, metrics)
