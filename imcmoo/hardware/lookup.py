"""Tables of numbers with integer keys, looked up vectorised."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from imcmoo.arrays import Floats, Ints, Values

# Keys are whole numbers in the table, so voltages are kept in millivolts.
KEY_SCALE = {"voltage_V": 1000}
# Sums of 0.05 V steps have rounding errors; 0.5004 V must not become 0.5 V.
TOLERANCE = 1e-6

LARGEST_KEY = 1 << 24
"""Largest key; a table has a position for each integer up to its largest key."""

LEAST, LARGEST = 1e-30, 1e12
"""Costs of a component, in SI units: far beyond any, far from where products overflow."""

_ABSENT = -(1 << 40)
"""Position of a missing key; makes the sum of positions negative."""
_TOO_LARGE = 1 << 40


class MissingRow(ValueError):
    """A combination of keys is not in the table."""

    def __init__(self, message: str, index: int, key: str, available: list[float]) -> None:
        super().__init__(message)
        self.index = index  # flat index of the missing combination
        self.key = key  # the first key without such a row
        self.available = available  # values the table has for this key, with the keys before it


Quantities = dict[str, Floats]
"""Quantities of rows by name, all of the same shape."""


@dataclass(frozen=True, eq=False)
class KeyedRows:
    """A table with one row of quantities per combination of keys.

    Args:
        name: name of the table in messages.
        key_names: names of the key columns, length n_keys.
        keys: distinct integers from 0 to `LARGEST_KEY` (voltages in mV), shape (n_rows, n_keys), at
            least one row.
        quantities: names of the quantities, length n_quantities.
        values: SI units, shape (n_quantities, n_rows).

    Raises:
        ValueError: keys are out of range or repeated, or shapes disagree.
    """

    name: str
    key_names: tuple[str, ...]
    keys: Ints
    quantities: tuple[str, ...]
    values: Floats

    def __post_init__(self) -> None:
        n_rows = len(self.keys)
        expected = {"keys": (n_rows, len(self.key_names)), "values": (len(self.quantities), n_rows)}
        for part, shape in expected.items():
            if (stored := getattr(self, part).shape) != shape:
                raise ValueError(f"{self.name}: {part} has shape {stored}, expected {shape}")
        if self.keys.dtype.kind not in "iuf":
            raise ValueError(f"{self.name}: keys are {self.keys.dtype}, not whole numbers")
        within = (self.keys >= 0) & (self.keys <= LARGEST_KEY)
        if not n_rows or not np.all(within & (np.rint(self.keys) == self.keys)):
            raise ValueError(
                f"{self.name}: keys must be whole numbers from 0 to {LARGEST_KEY:,}, in at least "
                "one row"
            )
        object.__setattr__(self, "keys", self.keys.astype(np.int64))
        if np.count_nonzero(self._index[1] >= 0) != n_rows:
            raise ValueError(f"{self.name}: a combination of keys occurs twice")

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle without the large index."""
        return KeyedRows, (self.name, self.key_names, self.keys, self.quantities, self.values)

    def check(self, quantities: Sequence[str], *, may_be_zero: Collection[str] = ()) -> None:
        """Check that quantities are complete and values in range, or 0 if allowed.

        Raises:
            ValueError: a quantity is missing or unknown, or a value is impossible; names the entry.
        """
        lacking = [name for name in quantities if name not in self.quantities]
        other = [name for name in self.quantities if name not in quantities]
        if lacking or other:
            what = f"lacks {', '.join(lacking)}" if lacking else f"has unknown {', '.join(other)}"
            raise ValueError(f"{self.name} {what}")
        if self.values.dtype.kind not in "fiu":
            raise ValueError(f"{self.name}: values are {self.values.dtype}, not numbers")
        for name, values in zip(self.quantities, self.values, strict=True):
            good = (values >= LEAST) & (values <= LARGEST)
            good |= (values == 0) & (name in may_be_zero)
            if not good.all():
                row = int(np.argmin(good))
                bound = f"{'0 or ' if name in may_be_zero else ''}from {LEAST:g} to {LARGEST:g}"
                scales = [KEY_SCALE.get(key, 1) for key in self.key_names]
                entry = f"{self.name} with {self._combination(self.keys[row] / scales)}: {name}"
                raise ValueError(f"{entry} is {values[row]:g}, but must be {bound}")

    def column(self, name: str) -> Ints:
        """One key column, shape (n_rows,); voltages in mV."""
        column: Ints = self.keys[:, self.key_names.index(name)]
        return column

    def look_up(self, **keys: ArrayLike) -> Quantities:
        """Look up rows by keys.

        Args:
            keys: a number or array for each of `key_names`; they broadcast.

        Returns:
            Quantities by name, in the broadcast shape.

        Raises:
            MissingRow: names the first missing combination and the values in the table.
        """
        positions, row_of = self._index
        cell = np.zeros((), np.int64)
        for name, position in zip(self.key_names, positions, strict=True):
            whole = _whole(np.asarray(keys[name]), KEY_SCALE.get(name, 1))
            cell = cell + position.take(whole, mode="clip")
        if cell.size and cell.min() < 0:
            raise self._missing(np.where(cell < 0, -1, row_of.take(cell, mode="clip")), keys)
        row = row_of.take(cell)
        if row.size and row.min() < 0:
            raise self._missing(row, keys)
        return {name: self.values[i][row] for i, name in enumerate(self.quantities)}

    @cached_property
    def _index(self) -> tuple[list[Ints], Ints]:
        """Position of every integer by key, and the row of each sum of positions, -1 if missing."""
        positions = []
        stride = 1
        cell = np.zeros(len(self.keys), np.int64)
        for column in reversed(self.keys.T):
            axis, place = np.unique(column, return_inverse=True)
            # One more than the largest key: larger numbers are clipped to it, and absent.
            position = np.full(int(axis[-1]) + 2, _ABSENT, np.int64)
            position[axis] = np.arange(len(axis)) * stride
            positions.append(position)
            cell += place.reshape(-1) * stride
            stride *= len(axis)
        row_of = np.full(stride, -1, np.int64)
        row_of[cell] = np.arange(len(self.keys))
        return positions[::-1], row_of

    def _missing(self, row: Ints, keys: Mapping[str, ArrayLike]) -> MissingRow:
        index = int(np.argmin(row))
        wanted = [
            float(np.broadcast_to(np.asarray(keys[name], float), row.shape).flat[index])
            for name in self.key_names
        ]
        left = np.ones(len(self.keys), dtype=bool)
        for name, column, value in zip(self.key_names, self.keys.T, wanted, strict=True):
            scale = KEY_SCALE.get(name, 1)
            matches = left & (np.abs(column - value * scale) < TOLERANCE)
            if not matches.any():
                break
            left = matches
        available = [value / scale for value in np.unique(column[left]).tolist()]
        return MissingRow(
            f"no {self.name} with {self._combination(wanted)} in the component table: {name} "
            f"{value:.10g} is missing there, available: {', '.join(f'{v:g}' for v in available)}",
            index,
            name,
            available,
        )

    def _combination(self, keys: Iterable[float]) -> str:
        """Keys with their names, for messages."""
        return ", ".join(f"{n}={key:.10g}" for n, key in zip(self.key_names, keys, strict=True))


def _whole(values: Values, scale: int) -> Ints:
    """Keys as integers; negative and fractional keys become larger than any key."""
    if values.dtype.kind in "iu" and scale == 1:
        negative = values.size and values.min() < 0
        return np.where(values < 0, _TOO_LARGE, values) if negative else values
    with np.errstate(invalid="ignore"):
        wanted = values * float(scale)
        whole = np.rint(wanted)
        good = (np.abs(whole - wanted) < TOLERANCE) & (whole >= 0) & (whole <= LARGEST_KEY)
    return (whole if good.all() else np.where(good, whole, _TOO_LARGE)).astype(np.int64)
