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

from imcmoo.space.parameters import Conditional, Parameter
from imcmoo.space.parameters import Levels as Levels


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
