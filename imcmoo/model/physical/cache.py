"""Whole numbers that tell bodies apart: designs with equal keys share work.

Rows of arrays by a whole number, remembered as long as memory allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.parameters import Designs

Ints = NDArray[np.int64]

# Bits of each field and its least value; the limits of `parameters` keep the fields within.
_ARRAY = {
    "schedule": (1, 0),
    "rows": (10, 1),
    "cols": (10, 1),
    "active_rows": (10, 1),
    "bits_per_cell": (3, 1),
    "weight_coding": (1, 0),
    "input_slice_bits": (3, 1),
}
_TILING = {
    "input_coding": (1, 0),
    "macros_per_tile": (8, 0),
    "tiles_per_group": (8, 0),
    "router_groups": (8, 0),
}

COSTLY: tuple[str, ...] = (*_ARRAY, *_TILING)
"""Parameters that decide a body, and so the work that is done once for all that share it."""


def copies_keys(designs: Designs) -> Ints:
    """What decides copies: array, slices, rows read at once, schedule and number of macros."""
    return _packed(designs.macros.astype(np.int64), designs, _ARRAY.items())


def body_keys(designs: Designs) -> Ints:
    """What decides features of a body: the above, but how macros are tiled, and input coding.

    Ascending keys are layer by layer first, then pipelined.
    """
    fields = (_ARRAY | _TILING).items()
    return _packed(np.zeros(len(designs), np.int64), designs, fields)


def _packed(key: Ints, designs: Designs, fields: Iterable[tuple[str, tuple[int, int]]]) -> Ints:
    """Fields side by side in one number."""
    for name, (bits, least) in fields:
        key = (key << bits) | (getattr(designs, name).astype(np.int64) - least)
    return key


Floats = NDArray[np.float64]
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
