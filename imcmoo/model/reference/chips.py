"""Chips: what the level matrices of a design space mean to the cost model.

Knows which parameters decide the sizes of a chip, its area and its prices, and which designs share
so much that they are profiled together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.model.reference.counts import ACTIONS, GLB_WORD_BITS
from imcmoo.model.reference.loop_orders import Walks
from imcmoo.model.reference.mapping import Chips, Floats, Ints
from imcmoo.model.reference.prices import COMPONENTS, QUADRATIC_LEAK, Prices, terms_of
from imcmoo.model.reference.profiles import LayerRuns, needed_weights, run_layers
from imcmoo.networks.workloads import BITS, DIMENSIONS, WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels

OPERATING_POINT = ("voltage_V", "cycle_s")
"""Parameters that only change prices; all others make up the body of a chip."""

Deployment = Literal["alone", "together"]
"""Whether a chip holds one network at a time (the paper's rule) or all of the set at once. Streamed
weights are never resident, so it makes no difference to them."""

STREAMING = {"rram": False, "sram": True}
"""Whether a device reloads weights while a layer runs."""

DECIDING = (
    "input_buffer.read",
    "input_buffer.write",
    "output_buffer.read",
    "output_buffer.write",
    "router.read",
    "glb.read",
    "glb.write",
    "main_memory.read",
)
"""Actions whose number depends on the loop order; none of their prices depends on voltage."""


@dataclass(frozen=True)
class Family:
    """Chips of equal mapping: all buffer depths, and all cells that need as many slices.

    Args:
        representatives: levels to run, shape (n, n_parameters).
        members: for each number of bits in a cell: that number, the representatives it exists for
            (n_members,), and the levels of its chips (n_members, n_parameters).
    """

    representatives: Levels
    members: list[tuple[int, Ints, Levels]]


@dataclass(frozen=True)
class Sizes:
    """Sizes of chips, shape (n,) each: for the mapping, and what they add up to."""

    chips: Chips
    cells: Floats
    buffer_words: Ints

    @property
    def slices(self) -> Ints:
        """Cells a weight needs, shape (n,)."""
        return -(-BITS // self.chips.cell_bits)

    @property
    def buffer_bits(self) -> Floats:
        """Bits of the global buffer, shape (n,)."""
        return GLB_WORD_BITS * self.buffer_words.astype(np.float64)


class ChipModel:
    """The cost model bound to a space and a set of networks.

    Args:
        space: needs `device` and `technology_nm`, fixed or as a parameter, and the sizes.
        workloads: the networks.
        table: component costs.
    """

    def __init__(
        self,
        space: DesignSpace,
        workloads: WorkloadSet,
        table: ComponentTable,
    ) -> None:
        self.space = space
        self.workloads = workloads
        self.device = str(space.fixed["device"])
        self.components = COMPONENTS[self.device]
        self.terms = terms_of(self.device)
        self.prices = Prices(space, table)
        self._needed = needed_weights(workloads)
        groups = workloads.shapes[workloads.shape_index][:, DIMENSIONS.index("G")]
        self._groups = np.zeros(len(workloads), dtype=np.int64)
        np.maximum.at(self._groups, workloads.owner, groups)
        self._body = [n for n in space.names if n not in OPERATING_POINT]
        self._walks = Walks(weights=STREAMING[self.device])

    def body(self, levels: Levels) -> Ints:
        """Index of what remains of a design without voltage and cycle time, shape (n,)."""
        return self.space.rank(levels, self._body)

    def bodies(self) -> Levels:
        """Levels of every body, by its index; voltage and cycle time at their first level."""
        return self.space.grid(self._body)

    def sizes(self, levels: Levels) -> Sizes:
        """Sizes of n designs."""
        names = ("rows", "cols", "macros_per_tile", "tiles_per_group", "router_groups")
        units = [self.space.column(levels, n) for n in names]
        capacity = np.stack([np.ones(len(levels), np.int64), *units], axis=1)
        bits = self.space.column(levels, "bits_per_cell")
        chips = Chips(bits, capacity, STREAMING[self.device])
        cells = capacity.prod(axis=1).astype(float)
        return Sizes(chips, cells, self.space.column(levels, "glb_depth"))

    def lacking_cells(self, sizes: Sizes, deployment: Deployment = "alone") -> Floats:
        """Cells each network surely lacks to be resident, shape (n, W); none if streamed.

        By the paper's capacity rule, and because every group of a grouped convolution needs a
        macro of its own: what a chip has too few macros for can never be placed.

        Args:
            sizes: of n chips.
            deployment: which networks resident weights must be resident with.

        Source: docs/model.md, section 4.
        """
        if sizes.chips.streams_weights:
            return np.zeros((len(sizes.cells), len(self._needed)))
        capacity = sizes.chips.capacity
        macros = capacity[:, 3:].prod(axis=1)[:, None]
        crossbar = capacity[:, :3].prod(axis=1)[:, None]
        needed = self._needed.sum() if deployment == "together" else self._needed
        by_rule = sizes.slices[:, None] * needed - sizes.cells[:, None]
        return np.maximum(np.maximum(by_rule, (self._groups - macros) * crossbar), 0.0)

    def areas(self, levels: Levels) -> Floats:
        """Area by component in m², shape (n, n_components), columns as `components`.

        A component's area is rounded to six digits before it is multiplied, as in the reference.

        Source: docs/model.md, section 9.
        """
        names = [f"{c}.area" for c in self.components]
        unit = self.prices.look_up(levels, names)
        groups = self.space.column(levels, "router_groups")
        tiles = groups * self.space.column(levels, "tiles_per_group")
        macros = tiles * self.space.column(levels, "macros_per_tile")
        number = dict.fromkeys(self.components, macros) | {
            "cim_unit": macros
            * self.space.column(levels, "rows")
            * self.space.column(levels, "cols"),
            "input_buffer": tiles,
            "output_buffer": tiles,
            "router": groups,
            "glb": 1,
            "main_memory": 1,
        }
        area = [number[c] * unit[f"{c}.area"] for c in self.components]
        return 1e-12 * np.stack(area, axis=1)

    def cycle(self, levels: Levels) -> Floats:
        """Cycle time in s, shape (n,)."""
        return self.space.column(levels, "cycle_s")

    def term_prices(self, levels: Levels) -> dict[str, Floats]:
        """Energy of each term's action by the name of its price, in pJ, shape (n,) each.

        Leakage is per cycle; the reference multiplies that of drivers and ADCs by the cycle time
        twice, which is kept.
        """
        names = list(dict.fromkeys(t.price for t in self.terms))
        prices = self.prices.look_up(levels, names)
        cycle = self.cycle(levels)
        for name in names:
            component, what = name.split(".", 1)
            if what == "leak":
                prices[name] = prices[name] * cycle
                if component in QUADRATIC_LEAK:
                    prices[name] = prices[name] * cycle
        return prices

    def feature_prices(self, levels: Levels, features: Sequence[tuple[str, str]]) -> Floats:
        """Summed prices in J of the terms sharing action and operand factor, (n, n_features)."""
        prices = self.term_prices(levels)
        out = np.zeros((len(levels), len(features)))
        for term in self.terms:
            out[:, features.index((term.action, term.factor))] += prices[term.price]
        return 1e-12 * out

    def run(self, levels: Levels) -> LayerRuns:
        """Run every layer shape that some network with enough cells needs on n chips."""
        sizes = self.sizes(levels)
        enough = self.lacking_cells(sizes) == 0
        uses = np.zeros((len(self.workloads), len(self.workloads.shapes)), dtype=bool)
        uses[self.workloads.owner, self.workloads.shape_index] = True
        wanted = np.any(enough[:, :, None] & uses, axis=1)
        deciding = [t for t in self.terms if t.action in DECIDING]
        found = self.prices.look_up(levels, [t.price for t in deciding])
        prices = {ACTIONS.index(t.action): found[t.price] for t in deciding}
        return run_layers(
            self.workloads.shapes, sizes.chips, sizes.buffer_words, prices, wanted, self._walks
        )

    def families(self, levels: Levels, at_once: int) -> Iterator[Family]:
        """Group designs with their close relatives, of which mapping them costs nothing more.

        Args:
            levels: shape (n, n_parameters).
            at_once: representatives per family at the most.
        """
        base = levels.copy()
        for name in (*OPERATING_POINT, "glb_depth"):
            base[:, self.space.names.index(name)] = 0
        if "bits_per_cell" in self.space.names:
            at = self.space.names.index("bits_per_cell")
            base[:, at] = self._fewest_bits()[base[:, at]]
        base = np.unique(base, axis=0)
        glb = self.space.names.index("glb_depth")
        depths = len(self.space.parameters[glb])
        step = max(1, at_once // depths)
        for first in range(0, len(base), step):
            chips = np.repeat(base[first : first + step], depths, axis=0)
            chips[:, glb] = np.tile(np.arange(depths), len(chips) // depths)
            yield Family(chips, list(self._members(chips)))

    def _fewest_bits(self) -> Ints:
        """For each level of bits per cell, the first level that needs as many slices."""
        bits = np.asarray(self.space.parameters[self.space.names.index("bits_per_cell")].values)
        _, first, same = np.unique(-(-BITS // bits), return_index=True, return_inverse=True)
        return first[same]

    def _members(self, chips: Levels) -> Iterator[tuple[int, Ints, Levels]]:
        if "bits_per_cell" not in self.space.names:
            yield int(self.space.fixed["bits_per_cell"]), np.arange(len(chips)), chips
            return
        at = self.space.names.index("bits_per_cell")
        for level, fewest in enumerate(self._fewest_bits()):
            rows = np.flatnonzero(chips[:, at] == fewest)
            member = chips[rows]
            member[:, at] = level
            if len(rows):
                yield int(self.space.parameters[at].values[level]), rows, member
