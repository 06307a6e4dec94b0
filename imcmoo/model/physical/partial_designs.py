"""Designs of which only some parameters are chosen, and what may be chosen next.

A partial design is a row of levels, one column per parameter of the space, −1 where nothing is
chosen yet; one more column holds the number of tiles of the chip (an index), which is chosen long
before it is split into router groups.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imcmoo.space.choices import UNCHOSEN, every_choice
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional, Parameter

Ints = NDArray[np.int64]

STAGES: dict[str, tuple[str, ...]] = {
    "array": (
        "technology_nm",
        "schedule",
        "rows",
        "cols",
        "active_rows",
        "bits_per_cell",
        "weight_coding",
        "input_slice_bits",
        "input_coding",
        "ping_pong",
        "mac_units",
        "adc_model",
    ),
    "tiles": ("macros_per_tile",),
    "circuit": ("columns_per_adc", "sample_and_hold", "voltage_V"),
    "resolution": ("adc_bits",),
    "interface": ("dram",),
    "buffer": ("glb_KiB", "glb_banks"),
    "groups": ("tiles_per_group", "router_groups"),
    "links": ("link_bits",),
}
"""Parameters chosen together, in order; with `tiles` goes the number of tiles."""

_SPLIT = STAGES["groups"]


def _kindest(parameter: Parameter, name: str) -> Ints:
    """For each level of what decides a parameter, its level that is kindest to a bound.

    Fewest bits and columns of a converter, a sample-and-hold, the largest buffer and some memory
    interface: where these enter a bound by themselves they are never worse. For all others any
    level will do, since they enter through the least of numbers over all of them.
    """
    rows = parameter.rows if isinstance(parameter, Conditional) else (parameter,)
    if name in ("adc_bits", "columns_per_adc"):
        return np.array([np.argmin(row.values) for row in rows])
    if name in ("sample_and_hold", "glb_KiB"):
        return np.array([np.argmax(row.values) for row in rows])
    if name == "dram":
        return np.array([np.argmax(np.array(row.values) != "none") for row in rows])
    return np.zeros(len(rows), np.int64)


class PartialDesigns:
    """The tree of partial designs of a space.

    Args:
        space: of the physical model.

    Raises:
        ValueError: a parameter depends on one that is not chosen in the first stage.
    """

    stages: Sequence[str] = tuple(STAGES)
    bound_from = 2

    def __init__(self, space: DesignSpace) -> None:
        self.space = space
        stage_of = {name: i for i, names in enumerate(STAGES.values()) for name in names}
        self._on = {
            p.name: space.names.index(p.on.name)
            for p in space.parameters
            if isinstance(p, Conditional)
        }
        for name, on in self._on.items():
            decider = space.names[on]
            if stage_of[decider] > 0 or name in _SPLIT:
                raise ValueError(f"no bounds: {name} must not depend on {decider}")
        self._kindest = {p.name: _kindest(p, p.name) for p in space.parameters}
        self._splits = space.grid([n for n in _SPLIT if n in space.names])
        counts = [space.column(self._splits, name).astype(np.int64) for name in _SPLIT]
        self.tiles, self._tiles_of = np.unique(counts[0] * counts[1], return_inverse=True)
        by_tiles = [np.flatnonzero(self._tiles_of == t) for t in range(len(self.tiles))]
        self._fewest, self._most = (
            np.array([f(counts[1][own]) for own in by_tiles]) for f in (min, max)
        )
        # For each number of tiles, and last for none chosen, the split into most groups.
        self._widest = np.array([*(own[counts[1][own].argmax()] for own in by_tiles), 0])
        self._split_columns = [i for i, name in enumerate(space.names) if name in _SPLIT]

    @property
    def start(self) -> Levels:
        """The partial design of which nothing is chosen, shape (1, n_parameters + 1)."""
        return np.full((1, len(self.space.names) + 1), UNCHOSEN)

    def columns(self, names: tuple[str, ...]) -> list[int]:
        """Columns of those of some parameters that the space has, and of what they depend on."""
        own = {self.space.names.index(n) for n in names if n in self.space.names}
        return sorted(own | {self._on[n] for n in names if n in self._on})

    def options(self, partial: Levels, stage: int, only: Ints | None = None) -> tuple[Levels, Ints]:
        """Partial designs with one stage more chosen, and the row each was made from.

        Args:
            only: which of all, where it is not `tiles` or their groups that are chosen.
        """
        if self.stages[stage] == "groups":
            return self._split(partial)
        names = [n for n in STAGES[self.stages[stage]] if n in self.space.names]
        children, parents = every_choice(self.space, partial, names, only)
        if self.stages[stage] == "tiles":
            n = len(self.tiles)
            parents, children = np.repeat(parents, n), np.repeat(children, n, axis=0)
            children[:, -1] = np.tile(np.arange(n), len(children) // n)
        return children, parents

    def _split(self, partial: Levels) -> tuple[Levels, Ints]:
        """Every way to split the tiles into router groups."""
        parents, split = np.nonzero(partial[:, -1:] == self._tiles_of)
        children = partial[parents]
        children[:, self._split_columns] = self._splits[split][:, self._split_columns]
        return children, parents

    def completions(self, partial: Levels) -> Ints:
        """How many designs each partial design stands for, shape (n,)."""
        # With the tiles chosen, only their splits are left of these.
        some = (partial[:, -1] != UNCHOSEN) & self._unsplit(partial)
        n = np.where(some, np.bincount(self._tiles_of)[partial[:, -1]], 1)
        for at, size in enumerate(self.space.shape):
            free = partial[:, at] == UNCHOSEN
            n *= np.where(free & ~some if at in self._split_columns else free, size, 1)
        return n

    def _unsplit(self, partial: Levels) -> NDArray[np.bool_]:
        return (partial[:, self._split_columns] == UNCHOSEN).any(axis=1)

    def designs(self, partial: Levels) -> Levels:
        """The designs that fully chosen partial designs are, shape (n, n_parameters)."""
        return partial[:, :-1]

    def filled(self, partial: Levels) -> Levels:
        """A design for each partial design, what is not chosen at the kindest levels."""
        # Column by column: rows are long, and most of them alike.
        columns = np.array(partial[:, :-1].T, order="C")
        unsplit, tiles = self._unsplit(partial), partial[:, -1]
        for at in self._split_columns:
            columns[at] = np.where(unsplit, self._splits[self._widest, at][tiles], columns[at])
        for name in sorted(self.space.names, key=lambda n: n in self._on):
            at = self.space.names.index(name)
            free = columns[at] == UNCHOSEN
            if free.any():
                on = columns[self._on[name]] if name in self._on else np.zeros_like(columns[at])
                columns[at] = np.where(free, self._kindest[name][on], columns[at])
        return np.ascontiguousarray(columns.T)

    def fewest_and_most_groups(self, partial: Levels) -> tuple[Ints, Ints]:
        """Router groups at the least and at the most, shape (n,) each; tiles must be chosen."""
        own = self.space.column(partial, _SPLIT[1]).astype(np.int64)
        unsplit, tiles = self._unsplit(partial), partial[:, -1]
        return np.where(unsplit, self._fewest[tiles], own), np.where(
            unsplit, self._most[tiles], own
        )
