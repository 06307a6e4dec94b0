"""Rows of arrays by a whole number, remembered as long as memory allows."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Arrays = tuple[Floats, ...]

ROWS_AT_ONCE = 512
"""Rows worked out at once: what stays in a core's cache."""

GROWTH = 4
"""Rows there is room for by those that are full: copying takes time, what is empty no memory."""


class KeyedMemory:
    """Keeps rows of arrays by whole numbers; forgets all when there are too many.

    Args:
        bytes_at_most: memory for the arrays, roughly.
    """

    def __init__(self, bytes_at_most: int = 1 << 28) -> None:
        self._bytes_at_most = bytes_at_most
        self._lock = Lock()
        self._keys = np.empty(0, np.int64)
        self._places = np.empty(0, np.int64)
        self._store: Arrays | None = None

    def __len__(self) -> int:
        return len(self._keys)

    def of(self, keys: Ints, work_out: Callable[[Ints], Arrays]) -> tuple[Arrays, Ints]:
        """Arrays, and the row of each of `keys` in them, shape (n,).

        Args:
            keys: what rows are known by, shape (n,).
            work_out: arrays for some positions in `keys`, a row for each.
        """
        while True:
            with self._lock:
                places, store = self._find(keys), self._store
            unknown = np.flatnonzero(places < 0)
            if not len(unknown) and store is not None:
                # What is stored is never written again, so that others may go on meanwhile.
                return store, places
            _, first = np.unique(keys[unknown], return_index=True)
            new = unknown[first]
            for at in range(0, max(len(new), 1), ROWS_AT_ONCE):
                some = new[at : at + ROWS_AT_ONCE]
                arrays = work_out(some)
                with self._lock:
                    self._add(keys[some], arrays)

    def _find(self, keys: Ints) -> Ints:
        """Rows of keys, -1 where they are not known."""
        if not len(self._keys):
            return np.full(len(keys), -1)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[at] == keys, self._places[at], -1)

    def _add(self, keys: Ints, arrays: Arrays) -> None:
        """Store what nobody else has stored meanwhile."""
        new = np.flatnonzero(self._find(keys) < 0)
        keys = keys[new]
        n, more = len(self._keys), len(keys)
        each = sum(array[:1].nbytes for array in arrays)
        if (n + more) * each > self._bytes_at_most:
            n, self._store = 0, None
            self._keys = self._places = np.empty(0, np.int64)
        if self._store is None or len(self._store[0]) < n + more:
            size = max(GROWTH * n, n + more, ROWS_AT_ONCE)
            room = tuple(np.empty((size, *array.shape[1:])) for array in arrays)
            for array, old in zip(room, self._store or (), strict=False):
                array[:n] = old[:n]
            self._store = room
        for array, values in zip(self._store, arrays, strict=True):
            array[n : n + more] = values[new]
        order = np.argsort(keys)
        at = np.searchsorted(self._keys, keys[order])
        self._keys = np.insert(self._keys, at, keys[order])
        self._places = np.insert(self._places, at, n + order)
