"""Types of arrays, for all packages, and the checks of arrays that a user passes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Values = NDArray[Any]

NOT_REAL = {"c": "complex numbers", "M": "dates", "m": "time spans", "S": "text", "U": "text"}
"""Kinds of arrays that hold no real numbers, by NumPy's letter, as errors name them."""


def real_numbers(values: ArrayLike | Sequence[object], what: str) -> NDArray[Any]:
    """An array of real numbers; nothing else is converted to numbers.

    Args:
        values: an array, or nested sequences; an array of Python numbers is converted.
        what: name of the array, for the error.

    Returns:
        An array of integers, booleans or floats, of the same shape.

    Raises:
        ValueError: complex numbers, dates, text, other objects, masked values, or rows of different
            length.
    """
    array = unmasked(values, what)
    if array.dtype == object:
        array = np.asarray(array.tolist())
    if array.dtype.kind not in "biuf":
        got = NOT_REAL.get(array.dtype.kind, "other objects")
        raise ValueError(f"{what}: real numbers are needed, got {got}")
    return array


def unmasked(values: ArrayLike | Sequence[object], what: str) -> NDArray[Any]:
    """An array of any type; masked arrays are refused, since NumPy drops their masks silently.

    Raises:
        ValueError: a masked array, or a sequence of these; begins with `what`.
    """
    rows = values if isinstance(values, Sequence) else (values,)
    if any(np.ma.isMaskedArray(row) for row in rows):
        raise ValueError(f"{what}: a masked array has values that are not given; fill it first")
    return np.asarray(values)


class Growing:
    """An array whose rows are added at the end; it doubles its room where there is none left."""

    def __init__(self, shape: tuple[int, ...] = (), dtype: DTypeLike = np.int64) -> None:
        self._room: Values = np.empty((16, *shape), dtype=dtype)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    @property
    def rows(self) -> Values:
        """A view of all rows; one taken before may no longer show what is written later."""
        return self._room[: self._used]

    def append(self, rows: Values) -> None:
        """Add some rows, shape (n, ...)."""
        self.extend(len(rows))
        self._room[self._used - len(rows) : self._used] = rows

    def extend(self, n: int, fill: Any = None) -> None:
        """Add n rows, each entry `fill`, or whatever is there."""
        first, self._used = self._used, self._used + n
        if self._used > len(self._room):
            larger = np.empty((2 * self._used, *self._room.shape[1:]), dtype=self._room.dtype)
            larger[:first] = self._room[:first]
            self._room = larger
        if fill is not None:
            self._room[first : self._used] = fill
