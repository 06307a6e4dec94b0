"""Search tree of a space, with lower bounds of its sub-domains.

No chip of a sub-domain costs less than the chip of component minima. Action counts depend only on
the mapping key and are those of `evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints, Values
from imcmoo.io.executor import spread
from imcmoo.model.metrics import Metrics
from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.bounds.chip_bounds import RULES, ChipBounds, MinimalChips
from imcmoo.model.physical.bounds.cost_bounds import (
    BY_NETWORK,
    OF_CHIP,
    SAFETY,
    NetworkBounds,
    OperationCaches,
    layer_bounds,
)
from imcmoo.model.physical.bounds.search_tree import GROUPING, STAGES, SearchTree
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.mapping import replications
from imcmoo.model.physical.parameters import COLUMNS, Designs
from imcmoo.space.design_space import DesignSpace, Levels


class IncompleteDesigns(Designs):
    """Designs without some columns; reading one of these raises, since a bound would not hold."""

    def __init__(self, columns: Mapping[str, Values]) -> None:
        vars(self).update(columns)

    def take(self, index: slice | Ints | Bools) -> IncompleteDesigns:
        """Designs of an index."""
        return IncompleteDesigns({name: values[index] for name, values in vars(self).items()})

    def __getattr__(self, name: str) -> Values:
        """Raise `NoBounds` for a missing column."""
        if name in COLUMNS:
            raise NoBounds(f"cannot certify: OPTIMISTIC lacks {name}")
        raise AttributeError(name)


TILING = list(STAGES).index("tiling")


class SharedTilings:
    """Tilings with equally many macros, which share all operations except those of tiles.

    Args:
        tree: search tree of the space.

    Attributes:
        stand_in: for each tiling, the tiling with as many macros and the largest tiles.
        router_groups: most router groups of any tiling with as many macros.
        tiles_per_group: tiles of the stand-in per group, may be a fraction.
        exact: True if these numbers give the number of macros without rounding.
    """

    def __init__(self, tree: SearchTree) -> None:
        at, tilings = tree.choices(TILING)
        names = [tree.names[i] for i in at]
        sizes = np.asarray(tree.space.values_of("macros_per_tile"), float)
        listed = "macros_per_tile" in names
        per_tile = sizes[tilings[:, names.index("macros_per_tile")] if listed else 0]
        per_tile = np.broadcast_to(per_tile, len(tilings))
        macros = per_tile * tree.tiles[tilings[:, -1]]
        others = [i for i, name in enumerate(names) if name not in ("macros_per_tile", "tiles")]
        kinds = np.column_stack([macros, tilings[:, others]])
        _, kind = np.unique(kinds, axis=0, return_inverse=True)
        order = np.argsort(per_tile, kind="stable")
        largest = np.zeros(kind.max() + 1, np.int64)
        largest[kind[order]] = order
        self.stand_in: Ints = largest[kind]
        most = np.zeros(len(tree.tiles))
        np.maximum.at(most, tree.tiles_of, tree.groups)
        groups = np.zeros(len(largest))
        np.maximum.at(groups, kind, most[tilings[:, -1]])
        self.router_groups: Floats = groups[kind]
        size = per_tile[self.stand_in]
        self.tiles_per_group: Floats = macros / (size * self.router_groups)
        self.exact = bool((size * self.tiles_per_group * self.router_groups == macros).all())


CHIPS_AT_ONCE = 1 << 12
"""Chips bounded at once with networks as a whole; arrays fit the cache of a core."""
TILINGS_AT_ONCE = 1 << 16
"""Tilings bounded at once, with joint replication."""
CHIPS_PER_BOUND_CHUNK = 512
"""Chips bounded at once layer by layer."""
MANY_ARRAYS = 8
"""If tilings of 1 / `MANY_ARRAYS` of all arrays are bounded, those of all arrays and networks
are."""
TRIED_DESIGNS = 16
"""Designs whose sub-domains are bounded to test if the space can be bounded."""


class BoundedTree(SearchTree):
    """Implements `imcmoo.model.partials.PartialDesignTree`; bounds need not hold for larger chips.

    Args:
        space: the design space.
        context: data of the model.
        designs_of: converts value indices to designs.
        area_limit_m2: largest area of a chip, m².
        any_network: True if bounds hold for chips that keep the circuit limits of some network,
            False for those of all networks.
        tilings: tree of several networks, and indices of those of `context` in it; its bounds of
            tilings are reused. If None, they are computed.
        is_tried: True if there is a tree of this space and model with other assumptions, which do
            not decide whether the space can be bounded.

    Raises:
        NoBounds: a rule of the model is off, stages do not cover the space, a cost term depends on
            an undeclared parameter, or bounds read a free column without an optimistic value.
    """

    def __init__(
        self,
        space: DesignSpace,
        context: Context,
        designs_of: Callable[[Levels], Designs],
        area_limit_m2: float,
        *,
        any_network: bool = False,
        tilings: tuple[BoundedTree, Sequence[int]] | None = None,
        is_tried: bool = False,
    ) -> None:
        super().__init__(space)
        if context.switches != RULES:
            raise NoBounds("no bounds: a rule of the model is off")
        self._context = context
        self._designs_of = designs_of
        self._area_limit_m2 = area_limit_m2
        self._chips: ChipBounds = ChipBounds(
            self,
            context,
            designs_of,
            area_limit_m2,
            any_network=any_network,
            alike=None if tilings is None else tilings[0]._chips,
        )
        sizes = np.array(space.values_of("glb_KiB"), float)
        self._networks = NetworkBounds(context, sizes)
        self._tilings = SharedTilings(self)
        self._bounds_of_tilings = tilings
        # A tree of all networks has tried the bounds of each.
        if not is_tried and (tilings is None or tilings[0]._context is context):
            self._try_bounds()

    def _try_bounds(self) -> None:
        """Bound a few sub-domains of every stage; raises `NoBounds` if that is impossible."""
        designs = self.space.random(TRIED_DESIGNS, np.random.default_rng(0))
        for stage in range(self.bound_from, len(self.stages)):
            rows = self.ancestors(designs, stage)
            self.screen(rows)
            self.bound(rows)
            self.relaxed_bound(rows, stage)
        if self._tilings.exact:
            self._bound_tilings(self.ancestors(designs[:1], TILING))

    @property
    def bound_from(self) -> int:
        """Number of stages (array and tiling) without bounds."""
        return 2

    @property
    def refined_from(self) -> int:
        """Number of stages before layers are bounded one by one."""
        return list(self.stages).index("periphery") + 1

    def screen(self, rows: Levels) -> Metrics:
        """Smallest area of each sub-domain; infinite where no chip runs all networks."""
        if not len(rows):
            return Metrics({"area": np.empty(0)}, {})
        chips = self._chips.build(rows, {})
        area = _smallest_area(chips)
        if not self.is_open(rows, "tiling"):
            designs = self._representatives(rows)
            resident = designs.pipelined | ~chips.streams[:, 0]
            candidates = np.flatnonzero((area <= self._area_limit_m2) & resident)
            for at in _uniform_chunks(designs.take(candidates), CHIPS_AT_ONCE):
                runs = self._all_run(designs.take(candidates[at]))
                area[candidates[at]] = np.where(runs, area[candidates[at]], np.inf)
        return Metrics({"area": area}, {})

    def _representatives(self, rows: Levels) -> Designs:
        """Representative designs of sub-domains, without columns they do not stand for."""
        designs = self._designs_of(self.representative_designs(rows))
        free = self.without_optimum(rows)
        return IncompleteDesigns({n: v for n, v in vars(designs).items() if n not in free})

    def _all_run(self, designs: Designs) -> Bools:
        """True where designs of one schedule run all networks, shape (n,)."""
        shortfall = Batch(self._context, designs).min_capacity_shortfall
        runs = np.asarray((shortfall <= 0).all(axis=1))
        candidates = np.flatnonzero(runs)
        runs[candidates] = Batch(self._context, designs.take(candidates)).has_capacity.all(axis=1)
        return runs

    def relaxed_bound(self, rows: Levels, stage: int) -> Metrics | None:
        """Relaxed bounds of all children, with networks as one layer."""
        if self.stages[stage] in ("array", "grouping") or not len(rows):
            return None
        if self.stages[stage] == "tiling":
            return self._of_tilings(rows) if self._tilings.exact else None
        return self._of_networks(rows, *self.choices(stage))

    def _of_tilings(self, rows: Levels) -> Metrics:
        """Relaxed bounds of all tilings of arrays; infinite where a chip is too large."""
        at, combinations = self.choices(0)
        if self._bounds_of_tilings is None or len(rows) < len(combinations) / MANY_ARRAYS:
            return self._bound_tilings(rows)
        tree, networks = self._bounds_of_tilings
        # The column of zeros serves spaces with one array.
        indices = (np.zeros(len(rows), np.int64), *rows[:, at].T)
        arrays = np.ravel_multi_index(indices, [1, *(self.space.shape[i] for i in at)])
        m = len(self._tilings.stand_in)
        which = np.add.outer(m * arrays, np.arange(m)).ravel()
        bounds = tree.every_tiling.values
        values = {name: bounds[name].T[networks].take(which, axis=1).T for name in BY_NETWORK}
        return Metrics({**values, **{n: bounds[n][which] for n in OF_CHIP}}, {})

    @cached_property
    def every_tiling(self) -> Metrics:
        """Relaxed bounds of all tilings of all arrays, in the order of `children`."""
        return self._bound_tilings(self.children(self.start, 0)[0])

    def _bound_tilings(self, rows: Levels) -> Metrics:
        """Relaxed bounds of all tilings of arrays; equal numbers of macros share the work."""
        m = len(self._tilings.stand_in)
        n, networks = len(rows) * m, self._context.layers.n_networks
        values = {name: np.full((networks, n), np.inf) for name in BY_NETWORK}
        of_chip = {name: np.full(n, np.inf) for name in OF_CHIP}

        def put(first: int) -> None:
            children, _ = self.children(rows[first : first + step], TILING)
            for where, bounds in self._bounds_of_children(children):
                for name in of_chip:
                    of_chip[name][first * m + where] = bounds[name][:, 0]
                for name, v in values.items():
                    v[:, first * m + where] = bounds[name][:, :, 0].T

        step = max(1, TILINGS_AT_ONCE // m)
        spread(put, range(0, len(rows), step))
        return Metrics({**{name: v.T for name, v in values.items()}, **of_chip}, {})

    def _bounds_of_children(self, children: Levels) -> Iterator[tuple[Ints, dict[str, Floats]]]:
        """Indices of tilings whose chips are not too large, and their relaxed bounds."""
        area = _smallest_area(self._chips.build(children, {}))
        allowed = np.flatnonzero(area <= self._area_limit_m2)
        m = len(self._tilings.stand_in)
        tiling = allowed % m
        stand_ins = children[allowed - tiling + self._tilings.stand_in[tiling]]
        columns = vars(self._representatives(self.with_mapping_only(stand_ins)))
        for name in GROUPING:
            columns[name] = getattr(self._tilings, name)[tiling]
        keys = IncompleteDesigns(columns)
        replications(self._context, keys)
        caches: OperationCaches = {}
        for part in _uniform_chunks(keys, CHIPS_AT_ONCE):
            chips = self._chips.build(children[allowed[part]], {})
            yield allowed[part], self._networks.bounds(chips, keys.take(part), caches)

    def bound(self, rows: Levels) -> Metrics:
        """Bounds of sub-domains: layer by layer once the peripheral circuit is chosen."""
        if len(rows) and self.is_open(rows, "periphery"):
            return self._of_networks(rows, np.empty(0, np.int64), np.empty((1, 0), np.int64))
        designs = self._representatives(rows)

        def bounds_of(some: Ints) -> dict[str, Floats]:
            return layer_bounds(
                self._context, self._chips.build(rows[some], {}), designs.take(some)
            )

        return self._joined(designs, 1, CHIPS_PER_BOUND_CHUNK, bounds_of)

    def _of_networks(self, rows: Levels, at: Ints, choices: Levels) -> Metrics:
        """Relaxed bounds of sub-domains with every choice of some columns."""
        chosen = {self.names[i]: choices[None, :, k] for k, i in enumerate(at)}
        keys = self._representatives(self.with_mapping_only(rows))
        replications(self._context, keys)  # all at once, since growing the cache copies it

        def bounds_of(some: Ints) -> dict[str, Floats]:
            return self._networks.bounds(self._chips.build(rows[some], chosen), keys.take(some))

        return self._joined(keys, len(choices), max(1, CHIPS_AT_ONCE // len(choices)), bounds_of)

    def _joined(
        self,
        designs: Designs,
        m: int,
        at_most: int,
        bounds_of: Callable[[Ints], dict[str, Floats]],
    ) -> Metrics:
        """Bounds computed for some rows at a time, (n, W, m) and (n, m), as (n · m, W)."""
        n, networks = len(designs), self._context.layers.n_networks
        joined = {name: np.empty((networks, n, m)) for name in BY_NETWORK}
        of_chip = {name: np.empty((n, m)) for name in OF_CHIP}

        def put(part: Ints) -> None:
            bounds = bounds_of(part)
            for name in of_chip:
                of_chip[name][part] = bounds[name]
            for name, values in joined.items():
                values[:, part] = np.moveaxis(bounds[name], 1, 0)

        spread(put, list(_uniform_chunks(designs, at_most)))
        # Sums over networks are fastest with networks outermost.
        values = {name: v.reshape(networks, -1).T for name, v in joined.items()}
        return Metrics({**values, **{name: v.ravel() for name, v in of_chip.items()}}, {})


def _smallest_area(chips: MinimalChips) -> Floats:
    """Area of one chip of each sub-domain, (n,); infinite where none keeps its circuit limits."""
    return np.where(chips.infeasible, np.inf, chips.area_m2 * SAFETY)[:, 0]


def _uniform_chunks(designs: Designs, at_most: int) -> Iterator[Ints]:
    """Indices of designs of one schedule, digital unit and ping-pong setting."""
    # A unit has at least one multiplier, and its size is a whole number.
    kinds = 4 * designs.mac_units + 2 * (designs.ping_pong > 0) + designs.pipelined
    for kind in np.unique(kinds):
        alike = np.flatnonzero(kinds == kind)
        for at in range(0, len(alike), at_most):
            yield alike[at : at + at_most]
