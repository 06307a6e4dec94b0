"""Rows of numbers found by integer keys, for thousands of keys at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imcmoo.io.reading import read_arrays

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Keys are whole numbers in the table, so voltages are kept in millivolts.
KEY_SCALE = {"voltage_V": 1000}
# The float noise of a sum of 0.05 V steps passes, 0.5004 V does not become 0.5 V.
TOLERANCE = 1e-6


@contextmanager
def open_table(path: Path | str, what: str) -> Iterator[dict[str, NDArray[Any]]]:
    """The arrays of an `.npz` file, to be made a table in a `with` block.

    Args:
        path: the file.
        what: it is to be, for the error.

    Raises:
        ValueError: it is no such archive, or the block finds arrays of other kinds than it needs.
        OSError: it cannot be read.
    """
    stored = read_arrays(Path(path), what)
    try:
        yield stored
    except (AttributeError, LookupError, MemoryError, RecursionError, TypeError) as error:
        raise ValueError(f"{path} is not {what}: {type(error).__name__} {error}") from None


class MissingRow(ValueError):
    """A combination of keys without a row.

    Args:
        message: all of it, for people.
        index: of the combination among those asked for, flattened.
        key: the first key that has no such row.
        available: the values it may have instead, given those before it.
    """

    def __init__(self, message: str, index: int, key: str, available: list[float]) -> None:
        super().__init__(message)
        self.index = index
        self.key = key
        self.available = available


@dataclass(frozen=True, eq=False)
class KeyedRows:
    """One table: a row of quantities for each combination of keys it covers.

    Args:
        name: what error messages call the table.
        key_names: names of the key columns, length n_keys.
        keys: whole numbers (voltages in mV), shape (n_rows, n_keys), no row twice.
        quantities: names of the quantities, length n_quantities.
        values: shape (n_quantities, n_rows), SI units.

    Raises:
        ValueError: shapes disagree, or a combination of keys occurs twice.
    """

    name: str
    key_names: tuple[str, ...]
    keys: Integers
    quantities: tuple[str, ...]
    values: Floats

    def __post_init__(self) -> None:
        n_rows = len(self.keys)
        if self.keys.shape != (n_rows, len(self.key_names)):
            raise ValueError(
                f"{self.name}: keys has shape {self.keys.shape}, "
                f"expected ({n_rows}, {len(self.key_names)})"
            )
        if self.values.shape != (len(self.quantities), n_rows):
            raise ValueError(
                f"{self.name}: values has shape {self.values.shape}, "
                f"expected ({len(self.quantities)}, {n_rows})"
            )
        if np.count_nonzero(self._row_of >= 0) != n_rows:
            raise ValueError(f"{self.name}: a combination of keys occurs twice")

    def check(self, quantities: Sequence[str], *, may_be_zero: Collection[str] = ()) -> None:
        """Check that there are just some quantities, and that their values can be costs.

        Args:
            quantities: their names.
            may_be_zero: those of them that may be 0; the others are above 0, and all are finite.

        Raises:
            ValueError: a quantity is missing or unknown, or a value cannot be; names the entry.
        """
        lacking = [name for name in quantities if name not in self.quantities]
        other = [name for name in self.quantities if name not in quantities]
        if lacking or other:
            what = f"lacks {', '.join(lacking)}" if lacking else f"has unknown {', '.join(other)}"
            raise ValueError(f"{self.name} {what}")
        if self.values.dtype.kind not in "fiu":
            raise ValueError(f"{self.name}: values are {self.values.dtype}, not numbers")
        for name, values in zip(self.quantities, self.values, strict=True):
            least_ok = values >= 0 if name in may_be_zero else values > 0
            good = least_ok & np.isfinite(values)
            if not good.all():
                row = int(np.argmin(good))
                bound = "at least 0" if name in may_be_zero else "above 0"
                raise ValueError(
                    f"{self.name} with {self._combination(row)}: {name} is {values[row]:g}, but "
                    f"must be {bound} and finite"
                )

    def _combination(self, row: int) -> str:
        """The keys of a row, as people write them."""
        keys = zip(self.key_names, self.keys[row].tolist(), strict=True)
        return ", ".join(f"{name}={value / KEY_SCALE.get(name, 1):g}" for name, value in keys)

    def column(self, name: str) -> Integers:
        """One key column, shape (n_rows,); voltages in mV."""
        column: Integers = self.keys[:, self.key_names.index(name)]
        return column

    def look_up(self, **keys: ArrayLike) -> dict[str, Floats]:
        """Find one row per key combination.

        Args:
            keys: a number or array for each of `key_names`; they broadcast against each other.

        Returns:
            Each quantity by name, in the broadcast shape of the keys.

        Raises:
            MissingRow: a combination is not in the table; names the first one and what is.
        """
        given = np.broadcast_arrays(*(np.asarray(keys[name], float) for name in self.key_names))
        cell: Any = 0
        known = np.ones(given[0].shape, dtype=bool)
        for name, axis, values in zip(self.key_names, self._axes, given, strict=True):
            wanted = values * KEY_SCALE.get(name, 1)
            place = np.minimum(np.searchsorted(axis, wanted - 0.5), len(axis) - 1)
            known &= np.abs(axis[place] - wanted) < TOLERANCE
            cell = cell * len(axis) + place
        row = np.where(known, self._row_of[cell], -1)
        if np.any(row < 0):
            first = int(np.argmin(row))
            raise self._missing(first, tuple(float(values.flat[first]) for values in given))
        found = self.values[:, row]
        return {name: found[i, ...] for i, name in enumerate(self.quantities)}

    @cached_property
    def _axes(self) -> list[Integers]:
        """The distinct values of each key column, ascending."""
        return [np.unique(column) for column in self.keys.T]

    @cached_property
    def _row_of(self) -> Integers:
        """Row of each cell of the flattened grid of all key combinations, -1 where none."""
        cell = np.zeros(len(self.keys), dtype=np.int64)
        for axis, column in zip(self._axes, self.keys.T, strict=True):
            cell = cell * len(axis) + np.searchsorted(axis, column)
        row_of = np.full(np.prod([len(axis) for axis in self._axes]), -1, dtype=np.int64)
        row_of[cell] = np.arange(len(self.keys))
        return row_of

    def _missing(self, index: int, wanted: tuple[float, ...]) -> MissingRow:
        """Say which key is the first without a row, and which values it may take instead."""
        left = np.ones(len(self.keys), dtype=bool)
        for name, column, value in zip(self.key_names, self.keys.T, wanted, strict=True):
            scale = KEY_SCALE.get(name, 1)
            matches = left & (np.abs(column - value * scale) < TOLERANCE)
            if not matches.any():
                break
            left = matches
        combination = ", ".join(
            f"{name}={value:.10g}" for name, value in zip(self.key_names, wanted, strict=True)
        )
        available = [value / scale for value in np.unique(column[left]).tolist()]
        return MissingRow(
            f"no {self.name} with {combination} in the component table: {name} {value:.10g} is "
            f"missing there, available: {', '.join(f'{v:g}' for v in available)}",
            index,
            name,
            available,
        )
