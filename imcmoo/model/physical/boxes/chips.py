"""Chips of the least numbers: none in a box costs less, whatever is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.boxes.numbers import LeastNumbers
from imcmoo.model.physical.boxes.tree import STEPS, Tree
from imcmoo.model.physical.boxes.work import PRICED
from imcmoo.model.physical.chip import link_price
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.parameters import DRAM, Designs
from imcmoo.model.physical.switches import Switches
from imcmoo.space.design_space import Levels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

RULES = Switches()
"""All rules of the model; nothing is known here of one that is off."""


@dataclass(frozen=True, eq=False)
class Chips:
    """X chips on each of n bodies, of the least numbers, shape (n, X).

    Args:
        numbers: as `LeastNumbers` names them, finite.
        barred: where none keeps the limits of signal to noise, wires and levels.
        macros, tiles, groups: of a chip, of router groups the fewest, shape (n, 1).
        streams: whether some chip has a memory to load weights from, shape (n, 1).
        glb_size: index of the size of the global buffer, −1 where it is open, (n, X) or less.
        most_area_m2: larger chips do not matter.
        given: assumptions.
    """

    numbers: Mapping[str, Floats]
    barred: Bools
    macros: Floats
    tiles: Floats
    groups: Floats
    streams: Bools
    glb_size: Ints
    most_area_m2: float
    given: Assumptions

    def __getitem__(self, name: str) -> Floats:
        return self.numbers[name]

    def times(self, counts: Floats, name: str) -> Floats:
        """Counts, (n, k), times a number of each chip, shape (n, k, X)."""
        product: Floats = counts[:, :, None] * self[name][:, None]
        return product

    def held(self) -> Chips:
        """The same with a sample-and-hold: they convert while they read on."""
        return replace(self, numbers={**self.numbers, "unheld": np.zeros_like(self["unheld"])})

    @property
    def area_m2(self) -> Floats:
        """Of a chip."""
        macro = self["macro_m2"] + self["converters"] * self["converter_m2"]
        area: Floats = (
            self.macros * macro
            + self.tiles * self["tile_m2"]
            + self.groups * self["router_m2"]
            + self["memory_m2"]
            + self["digital_m2"]
        )
        return area

    @property
    def leak_W(self) -> Floats:
        """Of all that is powered."""
        macro = self["macro_W"] + self["converters"] * self["converter_W"]
        leak: Floats = (
            self.macros * macro + self.tiles * self["tile_W"] + self["memory_W"] + self["digital_W"]
        )
        return leak

    @property
    def allowed_W(self) -> float:
        """What the largest chip that matters may draw; a smaller one may draw less."""
        return self.given.power_W_per_m2.value * self.most_area_m2

    @property
    def prices_J(self) -> Floats:
        """By `PRICED`, shape (n, A, X)."""
        hop, wire, area = self["hop_J"], self["wire_J_per_m"], self.area_m2
        link = link_price(hop, wire, area, given=self.given, switches=RULES)
        prices = np.empty((len(area), len(PRICED), area.shape[1]))
        for at, name in enumerate(PRICED):
            prices[:, at] = link if name == "link" else self[name]
        return prices


class ChipsOfBoxes:
    """Finds the chips of boxes.

    Args:
        tree: of the boxes.
        context: the model.
        designs_of: designs by their levels.
        most_area_m2: larger chips do not matter.

    Raises:
        NoBounds: as `LeastNumbers`.
    """

    def __init__(
        self,
        tree: Tree,
        context: Context,
        designs_of: Callable[[Levels], Designs],
        most_area_m2: float,
    ) -> None:
        self._tree = tree
        self._given = context.given
        self._most_area_m2 = most_area_m2
        self._least = LeastNumbers(tree.space, lambda levels: Batch(context, designs_of(levels)))
        there = np.array(tree.space.values_of("dram")) != DRAM[0]
        self._streams = np.append(there, there.any()) & context.device.streams
        per_tile = np.array(tree.space.values_of("macros_per_tile"), float)
        self._per_tile = np.append(per_tile, per_tile.min())
        self._fixed = {n: np.zeros((1, 1), np.int64) for names in STEPS.values() for n in names}

    def of(self, rows: Levels, chosen: Mapping[str, Ints]) -> Chips:
        """The chips of n boxes.

        Args:
            rows: shape (n, n_columns).
            chosen: levels of what is chosen beyond, X ways for each, by parameter, shape (1, X).
        """
        own = {name: rows[:, [at]] for at, name in enumerate(self._tree.names)}
        levels = {**self._fixed, **own, **chosen}
        numbers = self._least.of(levels)
        shape = np.broadcast_shapes((len(rows), 1), *(v.shape for v in numbers.values()))
        lost = np.isinf(numbers["converter_m2"])
        for name in ("converter_m2", "converter_W", "conversion", "convert_s"):
            numbers[name] = np.where(lost, 0.0, numbers[name])
        tiles = np.append(self._tree.tiles, self._tree.tiles.min())[rows[:, -1:]].astype(float)
        return Chips(
            {name: np.broadcast_to(v, shape) for name, v in numbers.items()},
            np.broadcast_to(lost | (numbers["barred"] > 0), shape),
            macros=self._per_tile[levels["macros_per_tile"]] * tiles,
            tiles=tiles,
            groups=self._tree.fewest_groups(rows)[:, None].astype(float),
            streams=self._streams[levels["dram"]].any(axis=1, keepdims=True),
            glb_size=levels["glb_KiB"],
            most_area_m2=self._most_area_m2,
            given=self._given,
        )
