"""The space cut into boxes: partial designs, and every choice of what comes next.

A box is a row of levels, one column per parameter of the space, −1 where it is open; one more
column holds the number of tiles of the chip, which is chosen before how they are grouped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.parameters import DRAM
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional

Ints = NDArray[np.int64]

OPEN = -1

STEPS: dict[str, tuple[str, ...]] = {
    "array": (
        "rows",
        "cols",
        "active_rows",
        "bits_per_cell",
        "weight_coding",
        "input_slice_bits",
        "adc_model",
        "mac_units",
        "technology_nm",
    ),
    "body": ("schedule", "input_coding", "macros_per_tile", "tiles", "ping_pong"),
    "circuit": ("voltage_V", "columns_per_adc", "sample_and_hold"),
    "resolution": ("adc_bits",),
    "interface": ("dram",),
    "buffer": ("glb_KiB", "glb_banks"),
    "grouping": ("tiles_per_group", "router_groups"),
    "links": ("link_bits",),
}
"""What is chosen together, in order; bodies differ least in what comes last, and share counts."""

GROUPING = STEPS["grouping"]


class Tree:
    """Boxes of a space.

    Args:
        space: of the physical model.

    Raises:
        NoBounds: a parameter has no place among the steps, or depends on one of a later step.
    """

    stages: Sequence[str] = tuple(STEPS)

    def __init__(self, space: DesignSpace) -> None:
        self.space = space
        self.names = [*space.names, "tiles"]
        step_of = {name: at for at, names in enumerate(STEPS.values()) for name in names}
        for p in space.parameters:
            if p.name not in step_of:
                raise NoBounds(f"no bounds for a check: {p.name} is no parameter of a chip")
            if isinstance(p, Conditional) and (
                step_of[p.on.name] or (step_of[p.name] and p.name != "voltage_V")
            ):
                raise NoBounds(f"no bounds for a check: {p.name} depends on {p.on.name}")
        self.at = np.array([space.names.index(n) for n in GROUPING if n in space.names], np.int64)
        each = [np.asarray(space.values_of(name)) for name in GROUPING]
        per_group, groups = (v.ravel() for v in np.meshgrid(*each, indexing="ij"))
        self.groupings = _every([space.shape[at] for at in self.at])
        self.groups = groups.astype(np.int64)
        self.tiles, self.tiles_of = np.unique(per_group * groups, return_inverse=True)
        self._kindest = {
            "dram": int(np.argmax(np.array(space.values_of("dram")) != DRAM[0])),
            "glb_KiB": int(np.argmax(space.values_of("glb_KiB"))),
            "adc_bits": int(np.argmin(space.values_of("adc_bits"))),
        }

    @property
    def start(self) -> Levels:
        """The box of all designs, shape (1, n_parameters + 1)."""
        return np.full((1, len(self.names)), OPEN)

    def choices(self, stage: int) -> tuple[Ints, Levels]:
        """Columns that are chosen at a step, and all their combinations, shape (m, n_columns)."""
        own = [self.names.index(n) for n in STEPS[self.stages[stage]] if n in self.names]
        sizes = [*self.space.shape, len(self.tiles)]
        return np.array(own, np.int64), _every([sizes[i] for i in own])

    def options(self, rows: Levels, stage: int, only: Ints | None = None) -> tuple[Levels, Ints]:
        """Every box with a step more chosen, or some of all, and the row each is part of."""
        if self.stages[stage] == "grouping":
            of, which = np.nonzero(rows[:, -1:] == self.tiles_of)
            at, chosen = self.at, self.groupings[which]
        else:
            at, every = self.choices(stage)
            wanted = np.arange(len(rows) * len(every)) if only is None else only
            of, which = np.divmod(wanted, len(every))
            chosen = every[which]
        children = rows[of]
        children[:, at] = chosen
        return children, of

    def is_open(self, rows: Levels, step: str) -> bool:
        """Whether something of a step is open in rows of which the same is chosen, at least one."""
        at, _ = self.choices(list(self.stages).index(step))
        return bool((rows[0, at] == OPEN).any())

    def bodies(self, rows: Levels) -> Levels:
        """The boxes with everything open but their bodies."""
        chosen = [*STEPS["array"], *STEPS["body"]]
        found = rows.copy()
        found[:, [i for i, name in enumerate(self.names) if name not in chosen]] = OPEN
        return found

    def completions(self, rows: Levels) -> Ints:
        """How many designs are in each box, shape (n,)."""
        others = [i for i in range(len(self.space.names)) if i not in self.at]
        sizes = np.array(self.space.shape)[others]
        found = np.where(rows[:, others] == OPEN, sizes, 1).prod(axis=1)
        ways = np.append(np.bincount(self.tiles_of), len(self.tiles_of))[rows[:, -1]]
        return found * np.where(self._grouped(rows), 1, ways)

    def designs(self, rows: Levels) -> Levels:
        """The designs that boxes of one design are, shape (n, n_parameters)."""
        return rows[:, :-1]

    def _grouped(self, rows: Levels) -> NDArray[np.bool_]:
        return (rows[:, self.at] != OPEN).all(axis=1) & (rows[:, -1] != OPEN)

    def filled(self, rows: Levels) -> Levels:
        """A design of each box: where the parameter counts by itself, the one that costs least.

        That is one with a memory interface, so that weights may be streamed, the largest buffer,
        out of which least spills, the shortest sums, and tiles in as many groups as there may be.
        """
        levels = rows[:, :-1].copy()
        loose = np.flatnonzero(~self._grouped(rows))
        order = np.argsort(self.groups, kind="stable")
        widest = np.zeros(len(self.tiles) + 1, np.int64)
        widest[self.tiles_of[order]] = order
        levels[loose[:, None], self.at] = self.groupings[widest[rows[loose, -1]]]
        for at, p in enumerate(self.space.parameters):
            levels[levels[:, at] == OPEN, at] = self._kindest.get(p.name, 0)
        return levels

    def fewest_groups(self, rows: Levels) -> Ints:
        """Router groups at the least, shape (n,)."""
        fewest = np.full(len(self.tiles) + 1, self.groups.min())
        for tiles in range(len(self.tiles)):
            fewest[tiles] = self.groups[self.tiles_of == tiles].min()
        own = self.space.column(np.maximum(rows[:, :-1], 0), GROUPING[1]).astype(np.int64)
        return np.where(self._grouped(rows), own, fewest[rows[:, -1]])


def _every(sizes: list[int]) -> Levels:
    """All combinations of levels, the last varying fastest, shape (m, n_sizes)."""
    n = math.prod(sizes)
    levels = np.unravel_index(np.arange(n), sizes) if sizes else ()
    return np.array(levels, np.int64).reshape(len(sizes), n).T
