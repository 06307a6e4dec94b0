"""All designs that a search evaluated, with their metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.model.metrics import Metrics, Resource
from imcmoo.problem.dominance import is_nondominated, mutually_dominated
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels

KINDS = "fiubU"
"""Kinds of arrays that are recorded, as `numpy.dtype.kind`: numbers, truth values and texts."""


class Evaluations:
    """Evaluated designs of a problem, in order of evaluation.

    Create it empty, then `append` each generation with its metrics. Read the attributes and
    `metrics` at any time; nothing is evaluated again. `archive.levels[archive.front]` is the
    Pareto front.

    Args:
        problem: computes objectives and constraints.

    Attributes:
        levels: value indices, shape (n, n_parameters).
        F: objectives, shape (n, n_objectives).
        G: constraints, violated where positive, shape (n, n_constraints).
        generation: generation of each design, shape (n,); 0 for the initial designs.
        seen: ranks of all designs.
    """

    def __init__(self, problem: AcceleratorProblem) -> None:
        self.problem = problem
        self.space = problem.space
        self.levels: Levels = np.empty((0, len(self.space.shape)), dtype=np.int64)
        self.F: Floats = np.empty((0, problem.n_obj))
        self.G: Floats = np.empty((0, problem.n_constr))
        self.generation: Ints = np.empty(0, dtype=np.int64)
        self.seen: set[int] = set()
        self._metrics: list[Metrics] = []
        self._others: list[Metrics] = []
        self._other_rows: dict[int, int] = {}
        self._front: Ints = np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.levels)

    @property
    def metrics(self) -> Metrics:
        """Metrics of all designs, in order.

        Includes each further value that the model gave for every design with one row per design.
        """
        if len(self._metrics) != 1:
            self._metrics = [Metrics.joined(self._metrics)]
        return self._metrics[0]

    @property
    def feasible(self) -> Bools:
        """True for designs that meet all constraints, shape (n,)."""
        return np.asarray((self.G <= 0).all(axis=1))

    @property
    def violation(self) -> Floats:
        """Total violation of each design, octaves, shape (n,); 0 if feasible."""
        return np.asarray(np.maximum(self.G, 0.0).sum(axis=1))

    @property
    def front(self) -> Ints:
        """Indices, ascending, of the non-dominated feasible designs, including ties."""
        return self._front

    def append(self, levels: Levels, metrics: Metrics, *, generation: int) -> None:
        """Add the designs of one generation.

        Args:
            levels: value indices, shape (k, n_parameters).
            metrics: metrics of these designs.
            generation: number of the generation.

        Raises:
            ValueError: a design was evaluated before, or the metrics do not fit the designs or are
                not finite; nothing is added.
        """
        ranks = self.space.rank(levels).tolist()
        if len(self.seen.union(ranks)) != len(self.seen) + len(ranks):
            raise ValueError("a design was evaluated before; a budget counts unique designs")
        F, G = self.problem.score(levels, metrics)
        n_before = len(self)
        self.F = np.concatenate([self.F, F])
        self.G = np.concatenate([self.G, G])
        self.levels = np.concatenate([self.levels, levels])
        self.generation = np.concatenate([self.generation, np.full(len(levels), generation)])
        self.seen.update(ranks)
        self._metrics.append(_copied(metrics, len(levels), self.problem.model.resource_names))
        self._add_to_front(n_before + np.flatnonzero(self.feasible[n_before:]))

    def metrics_of(self, levels: Levels) -> Metrics:
        """Metrics of any designs: recorded ones as stored, others by the model.

        The model evaluates a design once. Further designs are kept apart: they are no part of the
        archive, its front or its metrics.

        Args:
            levels: value indices, shape (k, n_parameters).

        Returns:
            Metrics in the order of `levels`.
        """
        ranks = self.space.rank(levels).tolist()
        evaluated = self.seen | self._other_rows.keys()
        new = {rank: at for at, rank in enumerate(ranks) if rank not in evaluated}
        if new:
            others = self.problem.model.evaluate(levels[[*new.values()]])
            self._others.append(_copied(others, len(new), self.problem.model.resource_names))
            self._other_rows |= {rank: len(self._other_rows) + at for at, rank in enumerate(new)}
        row_of = {rank: row for row, rank in enumerate(self.space.rank(self.levels).tolist())}
        row_of |= {rank: len(self) + row for rank, row in self._other_rows.items()}
        parts = [self.metrics, *self._others] if len(self) else self._others
        return Metrics.joined(parts).take(np.array([row_of[rank] for rank in ranks], int))

    def _add_to_front(self, new: Ints) -> None:
        if not len(new):
            return
        new = new[is_nondominated(self.F[new])]
        # Dominated designs stay dominated, so only the front is compared.
        dominated, dominating = mutually_dominated(self.F[new], self.F[self._front])
        self._front = np.concatenate([self._front[~dominating], new[~dominated]])


def _copied(metrics: Metrics, n: int, resources: Sequence[str]) -> Metrics:
    """A copy of the arrays with one row for each of n designs."""

    def is_kept(value: Any) -> bool:
        is_array = isinstance(value, np.ndarray)
        return is_array and value.dtype.kind in KINDS and value.shape[:1] == (n,)

    values = {name: value.copy() for name, value in metrics.values.items() if is_kept(value)}
    needed = {name: metrics.resources[name] for name in resources}
    return Metrics(
        values, {name: Resource(r.own.copy(), r.missing.copy()) for name, r in needed.items()}
    )
