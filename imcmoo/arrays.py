"""Types of arrays, for all packages, and the checks of arrays that a user passes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
