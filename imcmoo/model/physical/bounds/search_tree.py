"""Search tree: cuts the space into sub-domains, stage by stage.

A sub-domain is a row of value indices, one column per parameter, −1 where a parameter is free. An
extra column holds the number of tiles of the chip, which is chosen before their grouping.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from imcmoo.arrays import Bools, Ints, Values
from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.parameters import COLUMNS, DRAM, STAGE_NAMES
from imcmoo.space.choices import UNCHOSEN
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional, Parameter

STAGES = {
    stage: (
        *(name for name, column in COLUMNS.items() if column.stage == stage),
        *(("tiles",) if stage == "tiling" else ()),
    )
    for stage in STAGE_NAMES
}
"""Columns chosen together, in order; mapping keys differ least in the last ones."""

GROUPING = STAGES["grouping"]
LOOKED_UP = (*GROUPING, "dram", "glb_KiB", "macros_per_tile")
"""Parameters that enter bounds by value index, which must stand for one value."""

OPTIMISTIC: dict[str, Callable[[Values], np.int64]] = {
    "adc_bits": lambda values: values.argmin(),
    "glb_KiB": lambda values: values.argmax(),
    "dram": lambda values: (values != DRAM[0]).argmax(),
}
"""Index of the most optimistic value of parameters that bounds read from a representative design:
narrowest partial sums, largest buffer, a memory to stream from. A grouping has the most router
groups. All other free parameters enter bounds by cost terms only.
"""


class SearchTree:
    """Sub-domains of a space of the physical model.

    Raises:
        NoBounds: a parameter has no stage, or depends on one that is chosen later.
    """

    stages: Sequence[str] = tuple(STAGES)

    def __init__(self, space: DesignSpace) -> None:
        self.space = space
        self.names = [*space.names, "tiles"]
        _check(space)
        self.at = np.array([space.names.index(n) for n in GROUPING if n in space.names], np.int64)
        each = [np.asarray(space.values_of(name)) for name in GROUPING]
        per_group, groups = (v.ravel() for v in np.meshgrid(*each, indexing="ij"))
        self.groupings = _combinations([space.shape[at] for at in self.at])
        self.groups = groups.astype(np.int64)
        self.tiles, self.tiles_of = np.unique(per_group * groups, return_inverse=True)
        self._optimistic = {p.name: _optimistic_index(p) for p in space.parameters}

    @property
    def start(self) -> Levels:
        """The whole space as one sub-domain, shape (1, n_parameters + 1)."""
        return np.full((1, len(self.names)), UNCHOSEN)

    def choices(self, stage: int) -> tuple[Ints, Levels]:
        """Columns chosen at a stage, and all their combinations, shape (m, n_columns)."""
        at = [self.names.index(n) for n in STAGES[self.stages[stage]] if n in self.names]
        sizes = [*self.space.shape, len(self.tiles)]
        return np.array(at, np.int64), _combinations([sizes[i] for i in at])

    def children(self, rows: Levels, stage: int, only: Ints | None = None) -> tuple[Levels, Ints]:
        """Children of sub-domains, and the index of the parent of each.

        Args:
            rows: sub-domains with all earlier stages chosen, shape (n, n_columns).
            stage: stage to choose.
            only: indices of the wanted children, ascending. If None, and at the grouping stage,
                all.
        """
        if self.stages[stage] == "grouping":
            parents, which = np.nonzero(rows[:, -1:] == self.tiles_of)
            at, chosen = self.at, self.groupings[which]
        else:
            at, combinations = self.choices(stage)
            wanted = np.arange(len(rows) * len(combinations)) if only is None else only
            parents, which = np.divmod(wanted, len(combinations))
            chosen = combinations[which]
        children = rows[parents]
        children[:, at] = chosen
        return children, parents

    def is_open(self, rows: Levels, stage: str) -> bool:
        """True if a stage is not chosen yet, in one or more sub-domains of the same stage."""
        at, _ = self.choices(list(self.stages).index(stage))
        return bool((rows[0, at] == UNCHOSEN).any())

    def ancestors(self, levels: Levels, stage: int) -> Levels:
        """Sub-domains of a stage that contain designs.

        Args:
            levels: designs, shape (n, n_parameters).
            stage: number of chosen stages.
        """
        tiles = self.space.column(levels, GROUPING[0]) * self.space.column(levels, GROUPING[1])
        rows = np.column_stack([levels, np.searchsorted(self.tiles, tiles)])
        later = {name for names in list(STAGES.values())[stage:] for name in names}
        rows[:, [i for i, name in enumerate(self.names) if name in later]] = UNCHOSEN
        return rows

    def with_mapping_only(self, rows: Levels) -> Levels:
        """Sub-domains with all parameters free except array and tiling."""
        chosen = {*STAGES["array"], *STAGES["tiling"]}
        freed = rows.copy()
        freed[:, [i for i, name in enumerate(self.names) if name not in chosen]] = UNCHOSEN
        return freed

    def n_leaves(self, rows: Levels) -> Ints:
        """Number of designs in each sub-domain, shape (n,)."""
        others = [i for i in range(len(self.space.names)) if i not in self.at]
        sizes = np.array(self.space.shape)[others]
        n = np.where(rows[:, others] == UNCHOSEN, sizes, 1).prod(axis=1)
        ways = np.append(np.bincount(self.tiles_of), len(self.tiles_of))[rows[:, -1]]
        return n * np.where(self._grouped(rows), 1, ways)

    def child_leaves(self, rows: Levels, stage: int) -> Ints:
        """Number of designs of each child, in the order of `children`."""
        _, choices = self.choices(stage)
        shares = np.ones(len(choices), np.int64)
        if self.stages[stage] == "tiling":
            # The number of tiles is the last column: its groupings are chosen later.
            shares = np.bincount(self.tiles_of)[choices[:, -1]]
        each = self.n_leaves(rows) // shares.sum()
        return np.multiply.outer(each, shares).ravel()

    def designs(self, rows: Levels) -> Levels:
        """Designs of sub-domains with all stages chosen, shape (n, n_parameters)."""
        return rows[:, :-1]

    def _grouped(self, rows: Levels) -> Bools:
        return (rows[:, self.at] != UNCHOSEN).all(axis=1) & (rows[:, -1] != UNCHOSEN)

    def representative_designs(self, rows: Levels) -> Levels:
        """One design per sub-domain, free parameters at their most optimistic value.

        Parameters without one (`without_optimum`) have any value.
        """
        levels = rows[:, :-1].copy()
        loose = np.flatnonzero(~self._grouped(rows))
        order = np.argsort(self.groups, kind="stable")
        widest = np.zeros(len(self.tiles) + 1, np.int64)
        widest[self.tiles_of[order]] = order
        levels[loose[:, None], self.at] = self.groupings[widest[rows[loose, -1]]]
        for at, p in enumerate(self.space.parameters):
            free = levels[:, at] == UNCHOSEN
            if free.any():
                on = self.space.names.index(p.on.name) if isinstance(p, Conditional) else at
                row = np.maximum(levels[:, on], 0) if on != at else np.zeros(len(levels), np.int64)
                levels[:, at] = np.where(free, self._optimistic[p.name][row], levels[:, at])
        return levels

    def without_optimum(self, rows: Levels) -> set[str]:
        """Free parameters, of sub-domains of one stage, without an optimistic value."""
        free = (rows == UNCHOSEN).any(axis=0)
        names = {name for name, is_free in zip(self.names, free, strict=True) if is_free}
        return names - {*OPTIMISTIC, *GROUPING, "tiles"}

    def fewest_groups(self, rows: Levels) -> Ints:
        """Smallest number of router groups in each sub-domain, shape (n,)."""
        fewest = np.full(len(self.tiles) + 1, self.groups.min())
        for tiles in range(len(self.tiles)):
            fewest[tiles] = self.groups[self.tiles_of == tiles].min()
        chosen = self.space.column(np.maximum(rows[:, :-1], 0), GROUPING[1]).astype(np.int64)
        return np.where(self._grouped(rows), chosen, fewest[rows[:, -1]])


def _check(space: DesignSpace) -> None:
    """Refuse spaces whose parameters the stages do not cover."""
    stage_of = {name: at for at, names in enumerate(STAGES.values()) for name in names}
    for p in space.parameters:
        if p.name not in stage_of:
            raise NoBounds(f"no bounds: {p.name} is no parameter of a chip")
        if isinstance(p, Conditional) and (stage_of[p.on.name] > 0 or p.name in LOOKED_UP):
            raise NoBounds(f"no bounds: {p.name} must not depend on {p.on.name}")


def _optimistic_index(parameter: Parameter) -> Ints:
    """Most optimistic value index, by value of the parameter it depends on."""
    rows = parameter.rows if isinstance(parameter, Conditional) else (parameter,)
    if parameter.name not in OPTIMISTIC:
        return np.zeros(len(rows), np.int64)
    return np.array([OPTIMISTIC[parameter.name](np.array(row.values)) for row in rows])


def _combinations(sizes: list[int]) -> Levels:
    """All combinations of value indices, the last varying fastest, shape (m, n_sizes)."""
    n = math.prod(sizes)
    levels = np.unravel_index(np.arange(n), sizes) if sizes else ()
    return np.array(levels, np.int64).reshape(len(sizes), n).T
