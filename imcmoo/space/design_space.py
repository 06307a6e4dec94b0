"""Design spaces: typed parameters, and designs as rows of value indices.

A design is a row of integers, one value index (`level`) per parameter. Search and enumeration use
value indices only; `DesignSpace.decode` gives physical values (SI). All parameters are finite, so
each design has a rank: its index in the space.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.arrays import Values, unmasked
from imcmoo.space.parameters import Conditional, Ordinal, Parameter, text_of_value
from imcmoo.space.parameters import Levels as Levels

Ranks = Values
"""Indices of designs: int64, or Python integers in spaces too large for int64."""

LARGEST_RANK = np.iinfo(np.int64).max


@dataclass(frozen=True)
class DesignSpace:
    """Cartesian product of parameters, and values shared by all designs.

        space = DesignSpace("mine", (Ordinal("rows", (64, 128)), Ordinal("cols", (64, 128))))
        levels = space.random(10, np.random.default_rng(1))
        space.decode(levels)["rows"]

    Args:
        name: short name; studies refer to it.
        parameters: in the order of the columns of value indices; the last varies fastest in rank.
        fixed: values shared by all designs (`device`, `technology_nm`), by name.

    Raises:
        ValueError: two parameters or fixed values have the same name.
    """

    name: str
    parameters: tuple[Parameter, ...]
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [*self.names, *self.fixed]
        if len(set(names)) != len(names):
            raise ValueError(f"space {self.name}: a parameter name is used twice in {names}")

    def __hash__(self) -> int:
        return hash((self.name, self.parameters, frozenset(self.fixed.items())))

    @cached_property
    def names(self) -> list[str]:
        """Names of the parameters, in the order of the columns of value indices."""
        return [p.name for p in self.parameters]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each parameter."""
        return tuple(len(p) for p in self.parameters)

    @cached_property
    def size(self) -> int:
        """Number of designs; exact for any size."""
        return math.prod(self.shape)

    @cached_property
    def is_ordered(self) -> NDArray[np.bool_]:
        """True for each ordered parameter, shape (n_parameters,)."""
        return np.array([p.is_ordered for p in self.parameters], dtype=bool)

    def values_of(self, name: str) -> tuple[Any, ...]:
        """All physical values of a parameter or of a fixed value.

        Raises:
            ValueError: the space has neither of this name.
        """
        if name in self.fixed:
            return (self.fixed[name],)
        parameter = self._parameter(name)
        if isinstance(parameter, Conditional):
            return tuple(dict.fromkeys(v for row in parameter.rows for v in row.values))
        return parameter.values

    def fix(self, name: str, value: Any) -> DesignSpace:
        """Return the subspace with one value of a parameter.

        Conditional parameters on it become ordinary parameters.

        Raises:
            ValueError: there is no such parameter or value.
        """
        chosen = self._parameter(name)
        if isinstance(chosen, Conditional):
            raise ValueError(f"{name} depends on {chosen.on.name}: fix that first")
        level = int(chosen.encode(np.array([value]))[0])
        left = [
            Ordinal(p.name, p.rows[level].values, p.unit)
            if isinstance(p, Conditional) and p.on == chosen
            else p
            for p in self.parameters
            if p is not chosen
        ]
        fixed = {**self.fixed, name: chosen.values[level]}
        return replace(self, parameters=tuple(left), fixed=fixed)

    def _parameter(self, name: str) -> Parameter:
        if name not in self.names:
            raise ValueError(f"space {self.name} has no {name}; it has {', '.join(self.names)}")
        return self.parameters[self.names.index(name)]

    def column(self, levels: Levels, name: str) -> Values:
        """Physical values of a parameter or fixed value, shape (n_designs,).

        Value indices are not checked; see `validate`.
        """
        if name in self.fixed:
            return np.full(len(levels), self.fixed[name])
        at = self.names.index(name)
        parameter = self.parameters[at]
        if isinstance(parameter, Conditional):
            on = self.names.index(parameter.on.name)
            return parameter.decode_given(levels[:, at], levels[:, on])
        return parameter.decode(levels[:, at])

    def decode(self, levels: Levels) -> dict[str, Values]:
        """Convert value indices to physical values by name, shape (n_designs,) each.

        Raises:
            ValueError: a value index is outside the space; names the parameter.
        """
        self.validate(levels)
        return {name: self.column(levels, name) for name in (*self.names, *self.fixed)}

    def designs(self, levels: Levels) -> list[dict[str, Any]]:
        """Values of each design by name, with fixed values, as plain numbers and texts."""
        columns = {name: values.tolist() for name, values in self.decode(levels).items()}
        return [{name: values[i] for name, values in columns.items()} for i in range(len(levels))]

    def text_of(self, design: Levels) -> str:
        """Names and values of the parameters of one design, shape (n_parameters,), as text."""
        if not self.names:
            return "the only design"
        (values,) = self.designs(design[None])
        return ", ".join(f"{name} {text_of_value(values[name])}" for name in self.names)

    def encode(self, values: Mapping[str, Values]) -> Levels:
        """Convert physical values to value indices; inverse of `decode`.

        Args:
            values: by name, shape (n_designs,) each. Other names only give the number of designs;
                without any value there is one design.

        Returns:
            Value indices, shape (n_designs, n_parameters).

        Raises:
            ValueError: a parameter is missing, or a value is masked or not in the space.
        """
        missing = [n for n in self.names if n not in values]
        if missing:
            raise ValueError(f"no value for {', '.join(missing)}; space {self.name} needs it")
        columns: dict[str, Levels] = {}
        # Conditional parameters need the value indices of the others, so these come first.
        for p in sorted(self.parameters, key=lambda p: isinstance(p, Conditional)):
            column = unmasked(values[p.name], p.name)
            columns[p.name] = (
                p.encode_given(column, columns[p.on.name])
                if isinstance(p, Conditional)
                else p.encode(column)
            )
        n_designs = len(next(iter(values.values()), [None]))
        none = np.empty((n_designs, 0), np.int64)
        return np.column_stack([none, *(columns[name] for name in self.names)])

    def faults(self, values: Mapping[str, Values]) -> Iterator[tuple[int, str, str]]:
        """Row, parameter and error of each value that is not in the space.

        Conditional parameters are checked only where the parameter they depend on is in the space.

        Args:
            values: by name, shape (n_designs,) each; a parameter may be missing.
        """
        for p in (p for p in self.parameters if p.name in values):
            column = np.asarray(values[p.name])
            rows = [(p, np.full(len(column), True))]
            if isinstance(p, Conditional):
                on = p.on.find(values[p.on.name]) if p.on.name in values else None
                rows = [] if on is None else [(row, on == at) for at, row in enumerate(p.rows)]
            for row, here in rows:
                for at in np.flatnonzero(here & (row.find(column) < 0)).tolist():
                    yield at, p.name, row.refusal(column[at])

    def levels_of(self, design: Mapping[str, Any]) -> Levels:
        """Value indices of one design given by plain numbers and texts, shape (1, n_parameters).

        Raises:
            ValueError: see `encode`.
        """
        return self.encode({name: np.array([value]) for name, value in design.items()})

    def __contains__(self, design: Mapping[str, Any]) -> bool:
        """True if a design, with a value of every fixed parameter, is in the space."""
        if any(design[name] != value for name, value in self.fixed.items()):
            return False
        try:
            self.levels_of(design)
        except ValueError:
            return False
        return True

    def rank(self, levels: Levels, names: Sequence[str] | None = None) -> Ranks:
        """Index of each design in the space, or in the subspace of the parameters `names`."""
        return np.asarray(levels @ _weights(self.shape, tuple(self._columns(names))))

    def unrank(self, ranks: Ranks | Sequence[int], names: Sequence[str] | None = None) -> Levels:
        """Value indices of designs with given ranks; inverse of `rank`.

        Args:
            ranks: n integers.
            names: parameters of the subspace; the others get value index 0. If None, all.
        """
        levels = np.zeros((len(ranks), len(self.shape)), dtype=np.int64)
        # NumPy would make floats of a list of integers beyond int64.
        quotient = np.asarray(ranks, dtype=np.int64 if self.size < 2**63 else object)
        for at in reversed(self._columns(names)):
            levels[:, at] = (quotient % self.shape[at]).astype(np.int64)
            quotient = quotient // self.shape[at]
        return levels

    def grid(self, names: Sequence[str]) -> Levels:
        """Every combination of some parameters; the others get value index 0.

        Returns:
            Shape (n_combinations, n_parameters), in the order of `rank(levels, names)`.
        """
        columns, size = self._columns(names), self.size_of(names)
        levels = np.zeros((size, len(self.shape)), dtype=np.int64)
        inner = size
        for at in columns:
            n, inner = self.shape[at], inner // self.shape[at]
            levels.reshape(-1, n, inner, len(self.shape))[..., at] = np.arange(n)[:, None]
        return levels

    def size_of(self, names: Sequence[str]) -> int:
        """Number of combinations of some parameters."""
        return math.prod(self.shape[i] for i in self._columns(names))

    def _columns(self, names: Sequence[str] | None) -> list[int]:
        all_names = self.names
        return list(range(len(all_names))) if names is None else [all_names.index(n) for n in names]

    def random(self, n: int, rng: np.random.Generator) -> Levels:
        """Draw `n` designs uniformly, with replacement."""
        return rng.integers(0, self.shape, size=(n, len(self.shape)))

    def neighbours(self, levels: Levels) -> Levels:
        """All designs one step away from one design.

        A step changes one parameter: by one value index if ordered, to any other value if not.

        Args:
            levels: one design, shape (n_parameters,).

        Returns:
            Value indices, shape (n_neighbours, n_parameters), without the design itself.
        """
        steps = [levels[None, :][:0]]
        for i, parameter in enumerate(self.parameters):
            level = levels[i]
            others = (
                [k for k in (level - 1, level + 1) if 0 <= k < len(parameter)]
                if parameter.is_ordered
                else [k for k in range(len(parameter)) if k != level]
            )
            moved = np.repeat(levels[None, :], len(others), axis=0)
            moved[:, i] = others
            steps.append(moved)
        return np.concatenate(steps)

    def validate(self, levels: Levels) -> None:
        """Check that value indices lie in the space.

        Raises:
            ValueError: wrong shape or type, or an index outside; names the parameter and its range.
        """
        if unmasked(levels, "levels").dtype.kind not in "iu":
            raise ValueError(f"levels must be integers, got {levels.dtype}")
        if levels.ndim != 2 or levels.shape[1] != len(self.shape):
            raise ValueError(f"levels must have shape (n, {len(self.shape)}), got {levels.shape}")
        outside = ((levels < 0) | (levels >= np.array(self.shape))).any(axis=0)
        if outside.any():
            worst = int(np.argmax(outside))
            raise ValueError(
                f"a level of {self.names[worst]} is outside 0..{self.shape[worst] - 1}"
            )


@lru_cache
def _weights(shape: tuple[int, ...], chosen: tuple[int, ...]) -> Ranks:
    """Weights of the value indices in a rank among the parameters of the chosen columns."""
    sizes = [shape[at] for at in chosen]
    fits = math.prod(sizes) - 1 <= LARGEST_RANK
    weights = np.zeros(len(shape), dtype=np.int64 if fits else object)
    for i, at in enumerate(chosen):
        weights[at] = math.prod(sizes[i + 1 :])
    return weights
