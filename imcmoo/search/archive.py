"""Everything a search has evaluated, in order."""

from __future__ import annotations

import numpy as np

from imcmoo.model.metrics import Bools, Floats, Ints
from imcmoo.problem.dominance import is_nondominated, mutually_dominated
from imcmoo.space.design_space import DesignSpace, Levels


class Archive:
    """All evaluated designs, unbounded, in order of evaluation.

    Args:
        space: the space the designs are from.
        n_objectives: columns of `F`.
        n_constraints: columns of `G`.

    Attributes:
        levels: shape (n, n_parameters).
        F: objectives, shape (n, n_objectives).
        G: constraints, violated where positive, shape (n, n_constraints).
        generation: when each was evaluated, shape (n,); 0 for the initial designs.
        seen: ranks of all designs in it.
    """

    def __init__(self, space: DesignSpace, *, n_objectives: int, n_constraints: int) -> None:
        self.space = space
        self.levels: Levels = np.empty((0, len(space.shape)), dtype=np.int64)
        self.F: Floats = np.empty((0, n_objectives))
        self.G: Floats = np.empty((0, n_constraints))
        self.generation: Ints = np.empty(0, dtype=np.int64)
        self.seen: set[int] = set()
        self._front: Ints = np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.levels)

    @property
    def feasible(self) -> Bools:
        """True for designs that meet all constraints, shape (n,)."""
        return np.asarray((self.G <= 0).all(axis=1))

    def front(self) -> Ints:
        """Indices, ascending, of the feasible designs no feasible design dominates.

        Designs that tie in every objective are all on it.
        """
        return self._front

    def append(self, levels: Levels, F: Floats, G: Floats, *, generation: int) -> None:
        """Add the designs of one generation.

        Raises:
            ValueError: a design twice, or arrays that do not fit.
        """
        ranks = self.space.rank(levels).tolist()
        if len(self.seen.union(ranks)) != len(self.seen) + len(ranks):
            raise ValueError("a design was evaluated before; a budget counts unique designs")
        n_before = len(self)
        self.F = np.concatenate([self.F, F])
        self.G = np.concatenate([self.G, G])
        self.levels = np.concatenate([self.levels, levels])
        self.generation = np.concatenate([self.generation, np.full(len(levels), generation)])
        self.seen.update(ranks)
        new = n_before + np.flatnonzero(self.feasible[n_before:])
        if len(new):
            new = new[is_nondominated(self.F[new])]
            # What is dominated stays dominated, so only the front competes with the new designs.
            dominated, dominating = mutually_dominated(self.F[new], self.F[self._front])
            self._front = np.concatenate([self._front[~dominating], new[~dominated]])
