"""Parameters of a design: named, typed, with finitely many values.

A design is a row of value indices (`levels`); parameters convert them to physical values (SI).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.arrays import Values

Levels = NDArray[np.int64]
"""Value indices, shape (n_designs, n_parameters)."""


def text_of_value(value: object) -> str:
    """Text of a value, for messages."""
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Parameter:
    """A named parameter and its values. Use one of the subclasses.

    Args:
        name: column name, with the unit as suffix if there is one (`cycle_s`).
        values: physical value of each value index.
        unit: SI unit of the values; empty for counts.

    Raises:
        ValueError: there is no value, or a value occurs twice.
    """

    name: str
    values: tuple[Any, ...]
    unit: str = ""

    is_ordered = True
    """True if neighbouring value indices are similar values."""

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"parameter {self.name}: needs at least one value")
        if len(set(self.values)) != len(self.values):
            raise ValueError(f"parameter {self.name}: a value is listed twice in {self.values}")

    def __len__(self) -> int:
        return len(self.values)

    def decode(self, levels: Levels) -> Values:
        """Physical values of value indices of any shape."""
        return np.asarray(self.values)[levels]

    def encode(self, values: Values) -> Levels:
        """Value indices of physical values; numbers match to a relative 1e-9, all else exactly.

        Raises:
            ValueError: the parameter does not have a value; names it and the allowed ones.
        """
        levels = self.find(values)
        if (levels < 0).any():
            raise ValueError(self.refusal(np.asarray(values)[levels < 0].flat[0]))
        return levels

    def find(self, values: Values) -> Levels:
        """Value indices as of `encode`, −1 for values that the parameter does not have."""
        array = np.asarray(values)
        allowed = np.asarray(self.values)
        if allowed.dtype.kind in "iuf" and array.dtype.kind in "iuf":
            match = np.isclose(array[..., None], allowed, rtol=1e-9, atol=0.0)
        else:
            match = array[..., None] == allowed
        return np.where(match.any(axis=-1), match.argmax(axis=-1), -1).astype(np.int64)

    def refusal(self, value: object) -> str:
        """Error for a value that the parameter does not have; names the allowed ones."""
        if isinstance(value, np.floating):  # of a file, where 4 is read as 4.0
            value = f"{value:.12g}"
        options = ", ".join(map(text_of_value, self.values))
        return f"{self.name} = {value} is not in the space; allowed: {options}"


class Ordinal(Parameter):
    """Ordered values at arbitrary distances, such as powers of two."""


class Categorical(Parameter):
    """Values without an order."""

    is_ordered = False


class Integer(Parameter):
    """All integers from `low` to `high`, inclusive."""

    def __init__(self, name: str, low: int, high: int, unit: str = "") -> None:
        super().__init__(name, tuple(range(low, high + 1)), unit)


class Real(Parameter):
    """A continuous range, searched on a grid of `levels` equidistant values, both ends included.

    Values are rounded to 12 digits.
    """

    def __init__(self, name: str, low: float, high: float, levels: int, unit: str = "") -> None:
        grid = np.linspace(low, high, levels)
        super().__init__(name, tuple(float(f"{v:.12g}") for v in grid), unit)


@dataclass(frozen=True, init=False)
class Conditional(Parameter):
    """Ordered values that depend on another parameter.

    Args:
        name: column name.
        on: the parameter it depends on.
        values_by: for each value of `on`, in order, the values of this parameter; equally many.

    Raises:
        ValueError: rows differ in length, or a value occurs twice in a row.
    """

    on: Parameter = field(init=False)
    rows: tuple[Parameter, ...] = field(init=False)

    def __init__(
        self, name: str, on: Parameter, values_by: Mapping[Any, tuple[object, ...]], unit: str = ""
    ) -> None:
        if tuple(values_by) != on.values:
            raise ValueError(f"parameter {name}: needs a row of values for each of {on.values}")
        rows = [Ordinal(f"{name} (at {on.name} {k})", v) for k, v in values_by.items()]
        if len({len(row) for row in rows}) != 1:
            raise ValueError(f"parameter {name}: rows of different length in {values_by}")
        super().__init__(name, tuple(range(len(rows[0]))), unit)
        object.__setattr__(self, "on", on)
        object.__setattr__(self, "rows", tuple(rows))

    @property
    def values_by(self) -> dict[Any, tuple[Any, ...]]:
        """Physical values, by value of the parameter it depends on."""
        return {k: row.values for k, row in zip(self.on.values, self.rows, strict=True)}

    def decode_given(self, levels: Levels, on: Levels) -> Values:
        """Physical values of `levels`, given value indices of the other parameter."""
        return np.asarray([row.values for row in self.rows])[on, levels]

    def encode_given(self, values: Values, on: Levels) -> Levels:
        """Value indices of physical values, given value indices of the other parameter.

        Raises:
            ValueError: a value is not allowed there; names it and the allowed ones.
        """
        levels = np.empty(len(values), dtype=np.int64)
        for i in np.unique(on):
            levels[on == i] = self.rows[i].encode(values[on == i])
        return levels
