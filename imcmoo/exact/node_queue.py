"""Priority queue of partial designs, which branch and bound takes in batches."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.space.design_space import Levels


class NodeQueue:
    """Nodes of one stage, smallest bound first: a heap of batches of nodes.

    A batch is sorted when its first node is popped, since few queued nodes ever are.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, _NodeBatch]] = []
        self._serial = count()

    @property
    def least(self) -> float:
        """Smallest bound; infinite if the queue is empty."""
        return self._heap[0][0] if self._heap else np.inf

    def push(self, rows: Levels, some: Ints, bounds: Floats) -> None:
        """Queue the rows of indices `some` with their bounds, shape (len(some),)."""
        if len(some):
            self._push(_NodeBatch(rows, some, bounds, in_order=False))

    def _push(self, chunk: _NodeBatch) -> None:
        heapq.heappush(self._heap, (chunk.least, next(self._serial), chunk))

    def pop(self, n: int, below: float) -> Levels:
        """Remove about n rows of smallest bound, all below `below`."""
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
        """At most n rows of the batch with the smallest bound; the queue must not be empty."""
        chunk = self._heap[0][-1]
        if n < len(chunk.queued) and not chunk.in_order:
            nearest = np.argpartition(chunk.bounds, n)[:n]
            chunk = chunk.taken(np.sort(nearest))
        return chunk.ordered().taken(slice(n)).waiting

    def clear(self) -> list[Levels]:
        """Remove and return all rows."""
        rows = [chunk.waiting for *_, chunk in self._heap]
        self._heap = []
        return rows


@dataclass(frozen=True, eq=False)
class _NodeBatch:
    """Rows, indices of queued ones, and their bounds, ascending if `in_order`."""

    rows: Levels
    queued: Ints
    bounds: Floats
    in_order: bool

    @property
    def least(self) -> float:
        return float(self.bounds[0] if self.in_order else self.bounds.min())

    @property
    def waiting(self) -> Levels:
        """Rows of the queued nodes."""
        return self.rows[self.queued]

    def ordered(self) -> _NodeBatch:
        """The batch sorted by bound."""
        if self.in_order:
            return self
        order = np.argsort(self.bounds, kind="stable")
        return replace(self, queued=self.queued[order], bounds=self.bounds[order], in_order=True)

    def taken(self, which: slice | Ints) -> _NodeBatch:
        """A part, in the same order."""
        return replace(self, queued=self.queued[which], bounds=self.bounds[which])
