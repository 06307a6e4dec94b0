"""Chips: what the level matrices of a design space mean to the cost model.

Knows which parameters decide the sizes of a chip, its area and its prices, and which designs share
so much that they are profiled together.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints, Values
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.devices import DEVICES
from imcmoo.io.errors import check_choice
from imcmoo.model.cost_model import Deployment
from imcmoo.model.reference.counts import ACTIONS, DECIDING, GLB_WORD_BITS
from imcmoo.model.reference.mapping import ALLOCATED, Chips, distinct
from imcmoo.model.reference.prices import PRICED_BY, QUADRATIC_LEAK, Prices, terms_of
from imcmoo.model.reference.profiles import LayerRunner, LayerRuns, Profiler, needed_weights
from imcmoo.networks.workloads import BITS, DIMENSIONS, WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional

OPERATING_POINT = ("voltage_V", "cycle_s")
"""Parameters that only change prices; all others make up its mapping key."""

SIZES = ("rows", "cols", "macros_per_tile", "tiles_per_group", "router_groups")

SIZE_OF = dict(zip(ALLOCATED, SIZES, strict=True))
"""The parameter with the units of each level."""


def _check_parameters(space: DesignSpace, bound: Mapping[str, str]) -> None:
    """Refuse a space that lacks a parameter, or in which one depends on another and may not.

    `bound` has, by each parameter that depends on another, that other one.
    """
    needed = ("device", "technology_nm", *OPERATING_POINT, "bits_per_cell", "glb_depth", *SIZES)
    missing = [n for n in needed if n not in space.names and n not in space.fixed]
    if missing:
        raise ValueError(f"space {space.name} lacks {', '.join(missing)}")
    if "device" in space.names:
        raise ValueError(
            f"space {space.name}: the reference model takes one device; make one study for each"
        )
    free = set(OPERATING_POINT)
    if bound.keys() - free:
        raise ValueError(
            f"space {space.name}: only {', '.join(sorted(free))} may depend on another "
            f"parameter, not {', '.join(sorted(bound.keys() - free))}"
        )


class ChipModel:
    """The cost model bound to a space and a set of networks.

    Args:
        space: needs `device`, one for all designs, `technology_nm`, `voltage_V`, `cycle_s`,
            `bits_per_cell`, `glb_depth` and `SIZES`, each a parameter or fixed.
        workloads: the networks.
        table: component costs.

    Raises:
        ValueError: a parameter is missing or depends on another where that is not allowed, the
            device is unknown or searched, or the table lacks a component some design needs.
    """

    def __init__(self, space: DesignSpace, workloads: WorkloadSet, table: ComponentTable) -> None:
        bound = {p.name: p.on.name for p in space.parameters if isinstance(p, Conditional)}
        _check_parameters(space, bound)
        self.space = space
        self.workloads = workloads
        device = str(space.values_of("device")[0])
        check_choice("device", device, DEVICES)
        self.device = DEVICES[device]
        largest = max(space.values_of("bits_per_cell"))
        if largest > self.device.largest_cell_bits:
            raise ValueError(
                f"space {space.name}: bits_per_cell = {largest}, but {self.device.name} cells hold "
                f"at most {self.device.largest_cell_bits}"
            )
        self.components = self.device.components
        self.terms = terms_of(self.device)
        self.prices = Prices(space, table)
        self._needed = needed_weights(workloads)
        groups = workloads.shapes[workloads.shape_index][:, DIMENSIONS.index("G")]
        self._groups = np.zeros(len(workloads), dtype=np.int64)
        np.maximum.at(self._groups, workloads.owner, groups)
        # Chips that differ only in bits per cell often map all layers equally.
        last = (*(n for n in space.names if n != "bits_per_cell"), "bits_per_cell")
        self.mapping_parameters = tuple(
            n for n in last if n in space.names and n not in OPERATING_POINT
        )
        pricing = {"cycle_s", *chain.from_iterable(PRICED_BY)}
        pricing |= {on for name, on in bound.items() if name in pricing}
        self._pricing_parameters = tuple(n for n in space.names if n in pricing)
        self.profiler = Profiler(workloads, self.terms)
        self._runner = LayerRunner(
            workloads.shapes,
            {level: np.asarray(space.values_of(name)) for level, name in SIZE_OF.items()},
            GLB_WORD_BITS * float(min(space.values_of("glb_depth"))),
            streams_weights=self.device.streams_weights,
        )

    @property
    def screened_by(self) -> tuple[str, ...]:
        """Parameters on which area and what the capacity rule says depend."""
        names = {*self.prices.deciding([f"{c}.area" for c in self.components]), *SIZES}
        if not self.device.streams_weights:
            names.add("bits_per_cell")
        return tuple(n for n in self.space.names if n in names)

    def mapping_key(self, levels: Levels) -> Ints:
        """Rank of each design's mapping key: all but voltage and cycle time; shape (n,)."""
        return self.space.rank(levels, self.mapping_parameters)

    def sizes(self, levels: Levels) -> Chips:
        """Sizes of n designs that decide the mapping."""
        units = [self.space.column(levels, n) for n in SIZES]
        capacity = np.stack([np.ones(len(levels), np.int64), *units], axis=1)
        bits = self.space.column(levels, "bits_per_cell")
        return Chips(bits, capacity, self.device.streams_weights)

    def buffer_bits(self, levels: Levels) -> Floats:
        """Bits of the global buffer, shape (n,)."""
        return GLB_WORD_BITS * self.space.column(levels, "glb_depth").astype(np.float64)

    def lacking_cells(self, chips: Chips, deployment: Deployment = "alone") -> Floats:
        """Cells each network surely lacks to be resident, shape (n, W); none if streamed.

        By the paper's capacity rule, and because every group of a grouped convolution needs a
        macro of its own: what a chip has too few macros for can never be placed.

        Args:
            chips: n of them.
            deployment: which networks resident weights must be resident with.

        Source: docs/model.md, section 4.
        """
        return np.maximum(self.claimed_cells(chips, deployment) - chips.cells[:, None], 0.0)

    def claimed_cells(self, chips: Chips, deployment: Deployment = "alone") -> Floats:
        """Cells each network claims at the least to be resident, shape (n, W); as `lacking_cells`,
        which compares them with those there are."""
        if chips.streams_weights:
            return np.zeros((len(chips.cells), len(self._needed)))
        crossbar = chips.capacity[:, :3].prod(axis=1)[:, None]
        needed = self._needed.sum() if deployment == "together" else self._needed
        by_rule = chips.slices[:, None] * needed
        return np.maximum(by_rule, self._groups * crossbar).astype(np.float64)

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
        cells = self.space.column(levels, "rows") * self.space.column(levels, "cols")
        number: dict[str, Values | int] = {
            **dict.fromkeys(self.components, macros),
            "cim_unit": macros * cells,
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

    def feature_prices(self, levels: Levels) -> Floats:
        """Prices of the profiler's features in J, those of their terms summed, (n, n_features)."""
        # Prices depend on few parameters, so many designs share them.
        codes, first = distinct(self.space.rank(levels, self._pricing_parameters))
        prices, features = self.term_prices(levels[first]), self.profiler.features
        out = np.zeros((len(first), len(features)))
        for term in self.terms:
            out[:, features.index((term.action, term.factor))] += prices[term.price]
        return (1e-12 * out)[codes]

    def with_fewest_bits(self, levels: Levels) -> Levels:
        """The chips with the fewest bits per cell that need as many cells per weight.

        They map all layers alike.
        """
        if "bits_per_cell" not in self.space.names:
            return levels
        at = self.space.names.index("bits_per_cell")
        slices = -(-BITS // np.asarray(self.space.values_of("bits_per_cell")))
        _, first, same = np.unique(slices, return_index=True, return_inverse=True)
        alike = levels.copy()
        alike[:, at] = first[same][alike[:, at]]
        return alike

    def run(self, levels: Levels, wanted: Bools | None = None) -> LayerRuns:
        """Run layer shapes on n chips: those wanted, shape (n, n_shapes), by default those that
        some network with enough cells needs.
        """
        chips = self.sizes(levels)
        if wanted is None:
            wanted = self.profiler.uses(self.lacking_cells(chips) == 0)
        deciding = [t for t in self.terms if t.action in DECIDING]
        by_name = self.prices.look_up(levels, [t.price for t in deciding])
        prices = {ACTIONS.index(t.action): by_name[t.price] for t in deciding}
        return self._runner.run(chips, self.buffer_bits(levels), prices, wanted)
