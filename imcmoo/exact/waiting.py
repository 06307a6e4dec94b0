"""Partial designs that wait to be taken further, the most promising first."""

from __future__ import annotations

import heapq
from itertools import count

import numpy as np

from imcmoo.model.metrics import Floats
from imcmoo.space.design_space import Levels


class Waiting:
    """Partial designs of one stage, least bound first: a heap of sorted chunks."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Levels, Floats]] = []
        self._serial = count()

    @property
    def least(self) -> float:
        """The smallest bound; infinite if nothing waits."""
        return self._heap[0][0] if self._heap else np.inf

    def push(self, rows: Levels, bounds: Floats) -> None:
        """Let some rows wait, which have these bounds, shape (n,)."""
        if len(rows):
            order = np.argsort(bounds, kind="stable")
            self._push(rows[order], bounds[order])

    def _push(self, rows: Levels, bounds: Floats) -> None:
        heapq.heappush(self._heap, (float(bounds[0]), next(self._serial), rows, bounds))

    def pop(self, n: int, below: float) -> Levels:
        """About the n rows of least bound, all of them below some value."""
        taken: list[Levels] = []
        while n > 0 and self.least < below:
            _, _, rows, bounds = heapq.heappop(self._heap)
            size = min(n, int(np.searchsorted(bounds, below)))
            taken.append(rows[:size])
            n -= size
            if size < len(rows):
                self._push(rows[size:], bounds[size:])
        return np.concatenate(taken)

    def first(self, n: int) -> Levels:
        """At the most n rows of the chunk that begins with the least bound; something must wait."""
        return self._heap[0][2][:n]

    def clear(self) -> list[Levels]:
        """All that waits, which waits no longer."""
        rows = [chunk[2] for chunk in self._heap]
        self._heap = []
        return rows
