"""Design spaces: typed parameters, and designs as rows of level indices.

A design is a row of integers, one *level* per parameter. Search and enumeration work on those
level matrices only; physical values (SI) appear when a space decodes them. Every parameter has
finitely many levels, so every design has a rank: its index in the space.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.int64]
"""Level indices, shape (n_designs, n_parameters)."""


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
        given = np.asarray(values)
        allowed = np.asarray(self.values)
        if allowed.dtype.kind in "iuf" and given.dtype.kind in "iuf":
            match = np.isclose(given[..., None], allowed, rtol=1e-9, atol=0.0)
        else:
            match = given[..., None] == allowed
        unknown = ~match.any(axis=-1)
        if unknown.any():
            first = given[unknown].flat[0]
            options = ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in self.values)
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


class Conditional(Parameter):
    """Ordered values that depend on another parameter, level by level.

    Args:
        name: column name.
        on: the parameter that decides.
        values_by: for each value of `on`, in its order, the values of the levels; as many each.

    Raises:
        ValueError: rows of different length, or a value twice in a row.
    """

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

    on: Parameter
    rows: tuple[Parameter, ...]

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


@dataclass(frozen=True)
class DesignSpace:
    """The Cartesian product of parameters, and what is the same for every design.

    Args:
        name: short name, as studies refer to it.
        parameters: in the order of the columns of a level matrix; the last varies fastest in rank.
        fixed: what all designs share (`device`, `technology_nm`), by name.

    Raises:
        ValueError: two parameters or fixed values of one name.
    """

    name: str
    parameters: tuple[Parameter, ...]
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [*self.names, *self.fixed]
        if len(set(names)) != len(names):
            raise ValueError(f"space {self.name}: a parameter name is used twice in {names}")

    @cached_property
    def names(self) -> list[str]:
        """Parameter names in the order of the columns of a level matrix."""
        return [p.name for p in self.parameters]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Number of levels of each parameter."""
        return tuple(len(p) for p in self.parameters)

    @property
    def size(self) -> int:
        """Number of designs."""
        return int(np.prod(self.shape))

    @property
    def is_ordered(self) -> NDArray[np.bool_]:
        """Whether each parameter is ordered, shape (n_parameters,)."""
        return np.array([p.is_ordered for p in self.parameters])

    def column(self, levels: Levels, name: str) -> NDArray[Any]:
        """Physical values of one parameter, or of a fixed value, shape (n_designs,).

        Levels are not checked; see `validate`.
        """
        if name in self.fixed:
            return np.full(len(levels), self.fixed[name])
        at = self.names.index(name)
        parameter = self.parameters[at]
        if isinstance(parameter, Conditional):
            on = self.names.index(parameter.on.name)
            return parameter.decode_given(levels[:, at], levels[:, on])
        return parameter.decode(levels[:, at])

    def decode(self, levels: Levels) -> dict[str, NDArray[Any]]:
        """Physical values by name, each of shape (n_designs,); fixed ones are repeated.

        Raises:
            ValueError: a level outside the space; names the parameter.
        """
        self.validate(levels)
        return {name: self.column(levels, name) for name in (*self.names, *self.fixed)}

    def encode(self, values: Mapping[str, NDArray[Any]]) -> Levels:
        """Level matrix (n_designs, n_parameters) of physical values given by name.

        Raises:
            ValueError: a parameter is missing, or a value is not in the space.
        """
        missing = [n for n in self.names if n not in values]
        if missing:
            raise ValueError(f"no value for {', '.join(missing)}; space {self.name} needs it")
        columns: dict[str, Levels] = {}
        # Deciding parameters first: a conditional one needs their levels.
        for p in sorted(self.parameters, key=lambda p: isinstance(p, Conditional)):
            given = np.asarray(values[p.name])
            columns[p.name] = (
                p.encode_given(given, columns[p.on.name])
                if isinstance(p, Conditional)
                else p.encode(given)
            )
        return np.stack([columns[name] for name in self.names], axis=1)

    def rank(self, levels: Levels, names: Sequence[str] | None = None) -> NDArray[np.int64]:
        """Index of each design in the space, or in the subspace of the parameters `names`."""
        own = self.names
        chosen = range(len(own)) if names is None else [own.index(n) for n in names]
        if len(chosen) == 0:
            return np.zeros(len(levels), dtype=np.int64)
        dims = tuple(self.shape[i] for i in chosen)
        columns = tuple(levels[:, i] for i in chosen)
        return np.ravel_multi_index(columns, dims).astype(np.int64)

    def unrank(self, ranks: NDArray[np.int64]) -> Levels:
        """Level matrix of the designs with these ranks."""
        return np.stack(np.unravel_index(ranks, self.shape), axis=1).astype(np.int64)

    def grid(self, names: Sequence[str]) -> Levels:
        """Every combination of some parameters, all others at their first level.

        Returns:
            Shape (n_combinations, n_parameters), in the order of `rank(levels, names)`.
        """
        columns = [self.names.index(name) for name in names]
        shape = [self.shape[c] for c in columns]
        levels = np.zeros((int(np.prod(shape)), len(self.shape)), dtype=np.int64)
        levels[:, columns] = np.indices(shape).reshape(len(columns), len(levels)).T
        return levels

    def random(self, n: int, rng: np.random.Generator) -> Levels:
        """`n` designs drawn uniformly, with replacement."""
        return rng.integers(0, self.shape, size=(n, len(self.shape)))

    def neighbours(self, levels: Levels) -> Levels:
        """All designs one step away from one design.

        One level up or down for an ordered parameter, any other value for an unordered one.

        Args:
            levels: one design, shape (n_parameters,).

        Returns:
            Level matrix (n_neighbours, n_parameters), without the design itself.
        """
        steps = []
        for i, parameter in enumerate(self.parameters):
            here = levels[i]
            others = (
                [k for k in (here - 1, here + 1) if 0 <= k < len(parameter)]
                if parameter.is_ordered
                else [k for k in range(len(parameter)) if k != here]
            )
            moved = np.repeat(levels[None, :], len(others), axis=0)
            moved[:, i] = others
            steps.append(moved)
        return np.concatenate(steps)

    def validate(self, levels: Levels) -> None:
        """Check that a level matrix lies in the space.

        Raises:
            ValueError: wrong shape, or a level outside; names the parameter and its range.
        """
        if levels.ndim != 2 or levels.shape[1] != len(self.shape):
            raise ValueError(f"levels must have shape (n, {len(self.shape)}), got {levels.shape}")
        outside = ((levels < 0) | (levels >= np.array(self.shape))).any(axis=0)
        if outside.any():
            worst = int(np.argmax(outside))
            raise ValueError(
                f"a level of {self.names[worst]} is outside 0..{self.shape[worst] - 1}"
            )
