"""Partial designs that wait to be taken further, the most promising first."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from imcmoo.model.metrics import Floats, Ints
from imcmoo.space.design_space import Levels


class NodeQueue:
    """Partial designs of one stage, least bound first: a heap of chunks.

    A chunk is put in order when it is first taken from, and refers to the rows it is of: of a
    million nodes that wait for many criteria few are ever asked for.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, _NodeBatch]] = []
        self._serial = count()

    @property
    def least(self) -> float:
        """The smallest bound; infinite if nothing waits."""
        return self._heap[0][0] if self._heap else np.inf

    def push(self, rows: Levels, some: Ints, bounds: Floats) -> None:
        """Let some of the rows wait, which have these bounds, shape (len(some),)."""
        if len(some):
            self._push(_NodeBatch(rows, some, bounds, in_order=False))

    def _push(self, chunk: _NodeBatch) -> None:
        heapq.heappush(self._heap, (chunk.least, next(self._serial), chunk))

    def pop(self, n: int, below: float) -> Levels:
        """About the n rows of least bound, all of them below some value."""
        taken: list[Levels] = []
        while n > 0 and self.least < below:
            chunk = heapq.heappop(self._heap)[-1].ordered()
            size = min(n, int(np.searchsorted(chunk.bounds, below)))
            taken.append(chunk.taken(slice(size)).waiting)
            n -= size
            if size < len(chunk.queued):
                self._push(chunk.taken(slice(size, None)))
        return np.concatenate(taken)

    def first(self, n: int) -> Levels:
        """At the most n rows of the chunk that begins with the least bound; something must wait."""
        chunk = self._heap[0][-1]
        if n < len(chunk.queued) and not chunk.in_order:
            nearest = np.argpartition(chunk.bounds, n)[:n]
            chunk = chunk.taken(np.sort(nearest))
        return chunk.ordered().taken(slice(n)).waiting

    def clear(self) -> list[Levels]:
        """All that waits, which waits no longer."""
        rows = [chunk.waiting for *_, chunk in self._heap]
        self._heap = []
        return rows


@dataclass(frozen=True, eq=False)
class _NodeBatch:
    """Some rows and their bounds.

    Args:
        rows: shape (n, n_columns).
        queued: indices of those that wait.
        bounds: of those.
        in_order: whether the least comes first.
    """

    rows: Levels
    queued: Ints
    bounds: Floats
    in_order: bool

    @property
    def least(self) -> float:
        return float(self.bounds[0] if self.in_order else self.bounds.min())

    @property
    def waiting(self) -> Levels:
        """Rows of the nodes in the chunk."""
        return self.rows[self.queued]

    def ordered(self) -> _NodeBatch:
        """The chunk with its nodes sorted by bound."""
        if self.in_order:
            return self
        order = np.argsort(self.bounds, kind="stable")
        return replace(self, queued=self.queued[order], bounds=self.bounds[order], in_order=True)

    def taken(self, which: slice | Ints) -> _NodeBatch:
        """A part, in the order it is in."""
        return replace(self, queued=self.queued[which], bounds=self.bounds[which])
