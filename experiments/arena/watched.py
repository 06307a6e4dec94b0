"""A problem that remembers which designs it was asked about: what checking constraints costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Floats, Metrics
from imcmoo.problem.feasibility import Feasibility
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels, Ranks


class _WatchedFeasibility(Feasibility):
    """As the one of the problem, but counts what it is asked.

    A design counts once, whether it is screened, checked exactly or evaluated. Designs that agree
    in the parameters the screen depends on are one question to it: it counts until one of them is
    checked or evaluated, which answers it as well.
    """

    def __init__(self, problem: AcceleratorProblem) -> None:
        super().__init__(problem.model, problem.area_limit_m2)
        self.space = problem.space
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        self._known, self._screened, self._answered = (_Seen() for _ in range(3))
        self.count = 0

    def know(self, levels: Levels) -> None:
        """Some designs were checked exactly or evaluated."""
        new = self._known.first(self.space.rank(levels))
        questions = self._answered.first(self._questions(levels))
        self.count += len(new) - self._screened.count(questions)

    def violation(self, levels: Levels) -> Floats:
        self.know(levels)
        return super().violation(levels)

    def screened(self, levels: Levels) -> Floats:
        if self.screened_by.any():
            new = self._screened.first(self._questions(levels))
            self.count += len(new) - self._answered.count(new)
        return super().screened(levels)

    def _questions(self, levels: Levels) -> Ranks:
        """What a screen of designs asks, as the rank of one design that asks the same."""
        return self.space.rank(np.where(self.screened_by, levels, 0))


class _Seen:
    """Ranks that were seen; as many as are asked about, however large the space."""

    def __init__(self) -> None:
        self._ranks: set[int] = set()

    def first(self, ranks: Ranks) -> list[int]:
        """Those that are seen for the first time, each once; they are seen from now on."""
        new = set(ranks.tolist()) - self._ranks
        self._ranks |= new
        return list(new)

    def count(self, ranks: list[int]) -> int:
        """How many of some were seen."""
        return len(self._ranks.intersection(ranks))


class WatchedProblem(AcceleratorProblem):
    """As the problem it is made of, but counts what it is asked.

    What the problem looks at in advance for its own tables does not count.
    """

    def __init__(self, problem: AcceleratorProblem) -> None:
        super().__init__(
            problem.model,
            area_limit_m2=problem.area_limit_m2,
            cost_per_cm2=problem.cost_per_cm2,
            guidance=problem.guidance,
            limits=problem.limits.given,
        )
        self.feasibility = self._watch = _WatchedFeasibility(self)
        self._first: dict[int, int] = {}

    def forget(self) -> None:
        """Begin to count anew."""
        self._watch.forget()
        self._first = {}

    def counts(self, levels: Levels) -> NDArray[np.int64]:
        """How much had been asked when each of these was first evaluated, shape (n,)."""
        ranks = self.space.rank(levels).tolist()
        return np.array([self._first[rank] for rank in ranks], dtype=np.int64)

    def score(self, levels: Levels, metrics: Metrics) -> tuple[Floats, Floats]:
        """As that of the problem; designs that are scored were asked about."""
        for rank, design in zip(self.space.rank(levels).tolist(), levels, strict=True):
            self._watch.know(design[None])
            self._first.setdefault(rank, self._watch.count)
        return super().score(levels, metrics)
