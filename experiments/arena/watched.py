"""A problem that remembers which designs it was asked about: what checking constraints costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Floats, Metrics
from imcmoo.problem.feasibility import Feasibility
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels


class Asked:
    """Counts designs; each counts once.

    Args:
        size: of the space.
    """

    def __init__(self, size: int) -> None:
        self._asked = np.zeros(size, dtype=bool)
        self.count = 0

    def about(self, ranks: NDArray[np.int64]) -> None:
        """Some designs were asked about."""
        new = np.unique(ranks)
        self.count += int((~self._asked[new]).sum())
        self._asked[new] = True


class _WatchedFeasibility(Feasibility):
    """As the one of the problem, but tells which designs it is asked about."""

    def __init__(self, problem: AcceleratorProblem) -> None:
        super().__init__(problem.model, problem.area_limit_m2)
        self.space, self.asked = problem.space, Asked(problem.space.size)

    def violation(self, levels: Levels) -> Floats:
        self.asked.about(self.space.rank(levels))
        return super().violation(levels)

    def screened(self, levels: Levels) -> Floats:
        self.asked.about(self.space.rank(levels))
        return super().screened(levels)


class WatchedProblem(AcceleratorProblem):
    """As the problem it is made of, but counts designs.

    A design counts once, whether its constraints were screened, checked exactly, or came with its
    evaluation. What the problem looks at in advance for its own tables does not count.
    """

    def __init__(self, problem: AcceleratorProblem) -> None:
        super().__init__(
            problem.model,
            area_limit_m2=problem.area_limit_m2,
            cost_per_cm2=problem.cost_per_cm2,
            guidance=problem.guidance,
        )
        self.feasibility = self._watch = _WatchedFeasibility(self)
        self._first: dict[int, int] = {}

    def forget(self) -> None:
        """Begin to count anew."""
        self._watch.asked = Asked(self.space.size)
        self._first = {}

    def counts(self, levels: Levels) -> NDArray[np.int64]:
        """How many designs had been asked about when each of these was first evaluated, (n,)."""
        ranks = self.space.rank(levels).tolist()
        return np.array([self._first[rank] for rank in ranks], dtype=np.int64)

    def score(self, levels: Levels, metrics: Metrics) -> tuple[Floats, Floats]:
        """As that of the problem; designs that are scored were asked about."""
        for rank in self.space.rank(levels).tolist():
            self._watch.asked.about(np.array([rank]))
            self._first.setdefault(rank, self._watch.asked.count)
        return super().score(levels, metrics)
