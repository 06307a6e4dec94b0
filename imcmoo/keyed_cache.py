"""Arrays by keys, worked out once for each key."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import numpy as np

from imcmoo.arrays import Ints, Values

Arrays = tuple[Values, ...]
Keys = Values
"""Keys of a cache, all of one type: integers, or strings of bytes of one length."""

ROWS_PER_CACHE_CHUNK = 512
"""Rows worked out at once: what stays in a core's cache."""

GROWTH = 4
"""Rows there is room for by those that are full: copying takes time, unused memory none."""

RECENT = 4096
"""Most recent keys before they are merged into the sorted ones, or an eighth of these if that is
more. A merge copies all keys, so merges must be rare."""

_NONE: tuple[Keys, Ints] = (np.empty(0, np.int64), np.empty(0, np.int64))
"""No keys, and the row of each."""


class KeyedCache:
    """Keeps rows of arrays by keys; forgets the others when a call would make too many.

    The rows of the last call are kept, however many.

    Args:
        bytes_at_most: memory for the rows that are kept from one call to the next.
        rows_at_once: rows worked out in one go.
        n_keys: number of possible keys, which are then integers below it: quicker, for 4 bytes a
            key. None if keys may be any.
    """

    def __init__(
        self,
        bytes_at_most: float = 1 << 28,
        rows_at_once: int = ROWS_PER_CACHE_CHUNK,
        n_keys: int | None = None,
    ) -> None:
        self._bytes_at_most = bytes_at_most
        self._rows_at_once = rows_at_once
        self._n_keys = n_keys
        self._lock = Lock()
        self._n_rows = 0
        self._sorted = self._recent = _NONE
        self._one_more = np.zeros(n_keys or 0, np.int32)
        self._store: Arrays | None = None

    def __reduce__(self) -> tuple[type[KeyedCache], tuple[float, int, int | None]]:
        """Copies, also in other processes, begin empty."""
        return KeyedCache, (self._bytes_at_most, self._rows_at_once, self._n_keys)

    def __len__(self) -> int:
        return self._n_rows

    def look_up(self, keys: Keys, work_out: Callable[[Ints], Arrays]) -> tuple[Arrays, Ints]:
        """Arrays, and the row of each key in them, shape (n,).

        Args:
            keys: of the rows, shape (n,).
            work_out: returns arrays for some positions in `keys`, a row for each.
        """
        store, places = self.known(keys)
        if store is None or (places < 0).any():
            with self._lock:
                new = self._unknown(keys)
            # Without keys the arrays have no rows; other threads may have stored all meanwhile.
            for at in range(0, len(new) if len(keys) else 1, self._rows_at_once):
                chunk = new[at : at + self._rows_at_once]
                arrays = work_out(chunk)
                with self._lock:
                    self._add(keys[chunk], arrays)
            store, places = self.known(keys)
        if store is None or (places < 0).any():
            # Calls of other threads that need much room made the cache forget rows of this one.
            return KeyedCache(np.inf, self._rows_at_once).look_up(keys, work_out)
        # Stored rows are never written again, so that other threads may go on meanwhile.
        return store, places

    def known(self, keys: Keys) -> tuple[Arrays | None, Ints]:
        """The stored arrays or None, and the row of each key in them, shape (n,), -1 if missing."""
        with self._lock:
            return self._store, self._find(keys)

    def rows(self, keys: Keys, work_out: Callable[[Ints], Arrays]) -> Arrays:
        """Rows of each key, shape (n, ...) each; arguments as for `look_up`."""
        store, places = self.look_up(keys, work_out)
        return tuple(array.take(places, axis=0) for array in store)

    def _find(self, keys: Keys) -> Ints:
        """Rows of keys, -1 where they are not known."""
        if self._n_keys is not None:
            return self._one_more[keys].astype(np.int64) - 1
        rows = np.full(len(keys), -1)
        for stored, places in (self._sorted, self._recent):
            if len(stored):
                at = np.minimum(np.searchsorted(stored, keys), len(stored) - 1)
                rows = np.where(stored[at] == keys, places[at], rows)
        return rows

    def _unknown(self, keys: Keys) -> Ints:
        """Positions of missing keys, each key once; forgets all rows if they do not fit."""
        unknown = np.flatnonzero(self._find(keys) < 0)
        _, first = np.unique(keys[unknown], return_index=True)
        each = sum(array[:1].nbytes for array in self._store or ())
        if not self._n_rows or (self._n_rows + len(first)) * each <= self._bytes_at_most:
            return unknown[first]
        self._n_rows, self._store = 0, None
        self._sorted = self._recent = _NONE
        self._one_more = np.zeros_like(self._one_more)
        _, first = np.unique(keys, return_index=True)
        return first

    def _add(self, keys: Keys, arrays: Arrays) -> None:
        """Store rows that no other thread has stored meanwhile."""
        new = np.flatnonzero(self._find(keys) < 0)
        keys = keys[new]
        n, more = self._n_rows, len(keys)
        if self._store is None or len(self._store[0]) < n + more:
            size = max(GROWTH * n, n + more)
            room = tuple(np.empty((size, *array.shape[1:]), array.dtype) for array in arrays)
            for array, old in zip(room, self._store or (), strict=False):
                array[:n] = old[:n]
            self._store = room
        for array, values in zip(self._store, arrays, strict=True):
            array[n : n + more] = values[new]
        self._n_rows = n + more
        if self._n_keys is not None:
            self._one_more[keys] = np.arange(n + 1, n + more + 1)
            return
        order = np.argsort(keys)
        self._recent = _merged(self._recent, (keys[order], n + order))
        if len(self._recent[0]) > max(RECENT, len(self._sorted[0]) // 8):
            self._sorted, self._recent = _merged(self._sorted, self._recent), _NONE


def _merged(stored: tuple[Keys, Ints], new: tuple[Keys, Ints]) -> tuple[Keys, Ints]:
    """Merge two sets of keys that share none: keys in ascending order and the row of each, (n,)."""
    if not len(stored[0]):
        return new
    at = np.searchsorted(stored[0], new[0])
    return np.insert(stored[0], at, new[0]), np.insert(stored[1], at, new[1])
