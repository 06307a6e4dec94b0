"""Parameters of a design: named, typed, with finitely many levels.

A design is a row of integers, one value index (`level`) per parameter; what it means in SI
units is the parameter's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.int64]
"""Level indices, shape (n_designs, n_parameters)."""


def text_of_value(value: Any) -> str:
    """The value of a parameter as a message shows it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Parameter:
    """One named parameter and its levels.

    Args:
        name: column name, with the unit as its suffix where there is one (`cycle_s`).
        values: the physical value of each level, in the order of the levels.
        unit: SI unit of the values, empty for counts.

    Raises:
        ValueError: no value, or a value twice.
    """

    name: str
    values: tuple[Any, ...]
    unit: str = ""

    is_ordered = True
    """Whether neighbouring levels are neighbouring values (a step of one level means little)."""

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"parameter {self.name}: needs at least one value")
        if len(set(self.values)) != len(self.values):
            raise ValueError(f"parameter {self.name}: a value is listed twice in {self.values}")

    def __len__(self) -> int:
        return len(self.values)

    def decode(self, levels: Levels) -> NDArray[Any]:
        """Physical values of `levels` (any shape)."""
        return np.asarray(self.values)[levels]

    def encode(self, values: NDArray[Any]) -> Levels:
        """Levels of physical values; numbers match to a relative 1e-9, all else exactly.

        Raises:
            ValueError: a value is none of the parameter's; names the first and the allowed ones.
        """
        array = np.asarray(values)
        allowed = np.asarray(self.values)
        if allowed.dtype.kind in "iuf" and array.dtype.kind in "iuf":
            match = np.isclose(array[..., None], allowed, rtol=1e-9, atol=0.0)
        else:
            match = array[..., None] == allowed
        unknown = ~match.any(axis=-1)
        if unknown.any():
            first = array[unknown].flat[0]
            options = ", ".join(map(text_of_value, self.values))
            raise ValueError(f"{self.name} = {first} is not in the space; allowed: {options}")
        return match.argmax(axis=-1).astype(np.int64)


class Ordinal(Parameter):
    """Ordered values at arbitrary distances, such as powers of two."""


class Categorical(Parameter):
    """Values without an order."""

    is_ordered = False


class Integer(Parameter):
    """Every integer from `low` to `high`, both included."""

    def __init__(self, name: str, low: int, high: int, unit: str = "") -> None:
        super().__init__(name, tuple(range(low, high + 1)), unit)


class Real(Parameter):
    """A continuous range searched on a grid of `levels` equal steps, both ends included.

    Values are rounded to 12 digits so that 0.5 + 3 · 0.05 is 0.65 and can be looked up.
    """

    def __init__(self, name: str, low: float, high: float, levels: int, unit: str = "") -> None:
        grid = np.linspace(low, high, levels)
        super().__init__(name, tuple(float(f"{v:.12g}") for v in grid), unit)


@dataclass(frozen=True, init=False)
class Conditional(Parameter):
    """Ordered values that depend on another parameter, level by level.

    Args:
        name: column name.
        on: the parameter that decides.
        values_by: for each value of `on`, in its order, the values of the levels; as many each.

    Raises:
        ValueError: rows of different length, or a value twice in a row.
    """

    on: Parameter = field(init=False)
    rows: tuple[Parameter, ...] = field(init=False)

    def __init__(
        self, name: str, on: Parameter, values_by: Mapping[Any, tuple[Any, ...]], unit: str = ""
    ) -> None:
        if tuple(values_by) != on.values:
            raise ValueError(f"parameter {name}: needs a row of values for each of {on.values}")
        rows = [Ordinal(f"{name} at {on.name} = {k}", v) for k, v in values_by.items()]
        if len({len(row) for row in rows}) != 1:
            raise ValueError(f"parameter {name}: rows of different length in {values_by}")
        super().__init__(name, tuple(range(len(rows[0]))), unit)
        object.__setattr__(self, "on", on)
        object.__setattr__(self, "rows", tuple(rows))

    @property
    def values_by(self) -> dict[Any, tuple[Any, ...]]:
        """For each value of the deciding parameter, the physical values of the levels."""
        return {k: row.values for k, row in zip(self.on.values, self.rows, strict=True)}

    def decode_given(self, levels: Levels, on: Levels) -> NDArray[Any]:
        """Physical values of `levels`, given the levels of the deciding parameter."""
        return np.asarray([row.values for row in self.rows])[on, levels]

    def encode_given(self, values: NDArray[Any], on: Levels) -> Levels:
        """Levels of physical values, given the levels of the deciding parameter.

        Raises:
            ValueError: a value is not allowed there; names the first and the allowed ones.
        """
        levels = np.empty(len(values), dtype=np.int64)
        for i in np.unique(on):
            levels[on == i] = self.rows[i].encode(values[on == i])
        return levels
