"""A problem that remembers which designs it was asked about: what checking constraints costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imcmoo.model.metrics import Floats
from imcmoo.problem.problem import AcceleratorProblem, as_levels
from imcmoo.space.design_space import Levels


class WatchedProblem(AcceleratorProblem):
    """As the problem it is made of, but counts designs.

    A design counts once, whether its constraints were screened, checked exactly, or came with its
    evaluation. What the problem looks at in advance for its own tables does not count.
    """

    def __init__(self, problem: AcceleratorProblem) -> None:
        super().__init__(
            problem.evaluator,
            area_limit_m2=problem.area_limit_m2,
            cost_per_cm2=problem.cost_per_cm2,
        )
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        self._asked = np.zeros(self.space.size, dtype=bool)
        self._count = 0
        self._first: dict[int, int] = {}

    def counts(self, levels: Levels) -> NDArray[np.int64]:
        """How many designs had been asked about when each of these was first evaluated, (n,)."""
        ranks = self.space.rank(levels).tolist()
        return np.array([self._first[rank] for rank in ranks], dtype=np.int64)

    def violation(self, levels: Levels) -> Floats:
        """As without counting."""
        self._ask(levels)
        return super().violation(levels)

    def screened_violation(self, levels: Levels) -> Floats:
        """As without counting."""
        self._ask(levels)
        return super().screened_violation(levels)

    def _evaluate(self, X: ArrayLike, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        for rank in self.space.rank(as_levels(X)).tolist():
            self._count += not self._asked[rank]
            self._asked[rank] = True
            self._first.setdefault(rank, self._count)
        super()._evaluate(X, out, *args, **kwargs)

    def _ask(self, levels: Levels) -> None:
        ranks = np.unique(self.space.rank(levels))
        self._count += int((~self._asked[ranks]).sum())
        self._asked[ranks] = True
