"""Keyed rows found by direct indexing: for models that look up millions of keys a second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imcmoo.hardware.lookup import KEY_SCALE, TOLERANCE, Floats, Integers, KeyedRows

_UNKNOWN = -(1 << 40)
"""Position of a key that is not in the table: makes any cell negative."""
_BEYOND = 1 << 40


class Found(Mapping[str, Floats]):
    """Quantities of found rows, gathered when they are asked for.

    Args:
        rows: the table.
        at: which rows.
    """

    def __init__(self, rows: KeyedRows, at: Integers) -> None:
        self._rows = rows
        self._at = at

    def __getitem__(self, quantity: str) -> Floats:
        found: Floats = self._rows.values[self._rows.quantities.index(quantity)][self._at]
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows.quantities)

    def __len__(self) -> int:
        return len(self._rows.quantities)


class IndexedRows:
    """A table with a position for every whole number up to its largest key.

    Args:
        rows: the table; its keys are small whole numbers.
    """

    def __init__(self, rows: KeyedRows) -> None:
        self._rows = rows
        self._positions = []
        stride = 1
        cell = np.zeros(len(rows.keys), np.int64)
        for column in reversed(rows.keys.T):
            axis, place = np.unique(column, return_inverse=True)
            # One more than the largest key: whatever lies beyond is clipped to it, and unknown.
            position = np.full(int(axis[-1]) + 2, _UNKNOWN, np.int64)
            position[axis] = np.arange(len(axis)) * stride
            self._positions.append(position)
            cell += place.reshape(-1) * stride
            stride *= len(axis)
        self._positions.reverse()
        self._row_of = np.full(stride, -1, np.int64)
        self._row_of[cell] = np.arange(len(rows.keys))

    def look_up(self, **keys: ArrayLike) -> Found:
        """Find one row per key combination.

        Args:
            keys: as `KeyedRows.look_up`.

        Raises:
            ValueError: a combination is not in the table; names the first one and what is.
        """
        cell = np.zeros((), np.int64)
        for name, position in zip(self._rows.key_names, self._positions, strict=True):
            whole = _whole(np.asarray(keys[name]), KEY_SCALE.get(name, 1))
            cell = cell + position.take(whole, mode="clip")
        if cell.size and cell.min() < 0:
            self._rows.look_up(**keys)  # says which is missing
        row = self._row_of.take(cell)
        if row.size and row.min() < 0:
            self._rows.look_up(**keys)
        return Found(self._rows, row)


def _whole(values: NDArray[Any], scale: int) -> Integers:
    """Keys as whole numbers; what is none, or negative, becomes one beyond every table."""
    if values.dtype.kind in "iu" and scale == 1:
        negative = values.size and values.min() < 0
        return np.where(values < 0, _BEYOND, values) if negative else values
    wanted = values * float(scale)
    whole = np.rint(wanted)
    good = (np.abs(whole - wanted) < TOLERANCE) & (whole >= 0)
    return (whole if good.all() else np.where(good, whole, _BEYOND)).astype(np.int64)
