"""A record of all distinct designs that an algorithm evaluates, in their order."""

from __future__ import annotations

import numpy as np

from imcmoo.model.metrics import Floats
from imcmoo.space.design_space import DesignSpace, Levels


class Record:
    """All distinct designs that were evaluated, in the order of their first evaluation.

    A design that is evaluated again, such as by an algorithm whose numbers are rounded, counts
    once.

    Args:
        space: of the designs.
        n_obj, n_constr: numbers of their objectives and constraints.
    """

    def __init__(self, space: DesignSpace, n_obj: int, n_constr: int) -> None:
        self._space = space
        self._seen: set[int] = set()
        columns = (len(space.shape), np.int64), (n_obj, float), (n_constr, float)
        x, f, g = (np.empty((0, n), dtype) for n, dtype in columns)
        self._rows: list[tuple[Levels, Floats, Floats]] = [(x, f, g)]
        self.n_calls = 0
        """Number of evaluations, repeated ones included."""

    def add(self, levels: Levels, F: Floats, G: Floats) -> None:
        """Record evaluated designs, shapes (n, n_var), (n, n_obj) and (n, n_ieq_constr)."""
        new = []
        for row, rank in enumerate(self._space.rank(levels).tolist()):
            if rank not in self._seen:
                self._seen.add(rank)
                new.append(row)
        self.n_calls += len(levels)
        self._rows.append((levels[new], F[new], G[new]))

    def __len__(self) -> int:
        return len(self._seen)

    @property
    def X(self) -> Levels:
        """Value indices, shape (n, n_var)."""
        return self._joined(0)

    @property
    def F(self) -> Floats:
        """Objectives, shape (n, n_obj)."""
        return self._joined(1)

    @property
    def G(self) -> Floats:
        """Constraints, shape (n, n_ieq_constr)."""
        return self._joined(2)

    def feasible_F(self, budget: int | None = None) -> Floats:
        """Objectives of the feasible designs among the first `budget` ones, all by default."""
        feasible = (self.G[:budget] <= 0).all(axis=1)
        return np.asarray(self.F[:budget][feasible])

    def _joined(self, part: int) -> np.ndarray:
        return np.concatenate([row[part] for row in self._rows])
