"""Solutions of pymoo as value indices: numbers are rounded, mixed variables are read by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from pymoo.core.variable import Choice, Integer, Variable

from imcmoo.arrays import Floats, real_numbers
from imcmoo.space.design_space import DesignSpace, Levels


def variables(space: DesignSpace) -> dict[str, Variable]:
    """Typed variables of pymoo by name: `Integer` (value index) for ordered and conditional
    parameters, `Choice` of values for categorical ones."""
    return {
        p.name: Integer(bounds=(0, len(p) - 1)) if p.is_ordered else Choice(options=p.values)
        for p in space.parameters
    }


def indices(space: DesignSpace, X: ArrayLike | Sequence[Mapping[str, object]]) -> Levels:
    """Convert solutions to value indices, shape (n, n_parameters).

    Args:
        space: the design space.
        X: numbers, shape (n, n_parameters) or (n_parameters,), or a mapping by variable (see
            `variables`) for each solution. Numbers are rounded and clipped to the allowed indices.

    Raises:
        ValueError: the shape is wrong, a number is not finite and real, or a name or value is
            unknown.
    """
    rows = np.asarray(X)
    if rows.dtype == object and rows.size and isinstance(rows.flat[0], Mapping):
        rows = X = np.array([_numbers_of(space, row) for row in rows.ravel()])
    numbers: Floats = np.atleast_2d(real_numbers(X, "a solution")).astype(float)
    n_var = len(space.shape)
    if numbers.ndim != 2 or numbers.shape[1] != n_var:
        raise ValueError(
            f"a solution needs {n_var} value indices ({', '.join(space.names)}), got an array of "
            f"shape {rows.shape}"
        )
    if not np.isfinite(numbers).all():
        raise ValueError("a solution has a variable that is not finite")
    return np.clip(np.rint(numbers), 0, np.array(space.shape) - 1).astype(np.int64)


def _numbers_of(space: DesignSpace, row: Mapping[str, Any]) -> list[float]:
    if row.keys() != {*space.names}:
        raise ValueError(f"a solution needs {', '.join(space.names)}, got {', '.join(row)}")
    return [
        row[p.name] if p.is_ordered else p.encode(np.asarray([row[p.name]]))[0]
        for p in space.parameters
    ]
