"""The search tree of a space with lower bounds of its sub-domains.

No chip of a sub-domain costs less than one of component minima. Action counts depend on the mapping
key alone and are those of `evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.io.executor import spread
from imcmoo.model.metrics import Bools, Floats, Ints, Metrics
from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.bounds.chip_bounds import RULES, ChipBounds
from imcmoo.model.physical.bounds.cost_bounds import BY_NETWORK, SAFETY, NetworkBounds, layer_bounds
from imcmoo.model.physical.bounds.search_tree import SearchTree
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.mapping import replication
from imcmoo.model.physical.parameters import COLUMNS, Designs
from imcmoo.space.design_space import DesignSpace, Levels


class IncompleteDesigns(Designs):
    """Designs that lack columns: to read one of these would make a bound that does not hold."""

    def __init__(self, columns: Mapping[str, NDArray[Any]]) -> None:
        vars(self).update(columns)

    def take(self, index: slice | Ints | Bools) -> IncompleteDesigns:
        """Some of the designs."""
        return IncompleteDesigns({name: values[index] for name, values in vars(self).items()})

    def __getattr__(self, name: str) -> NDArray[Any]:
        """Refuse a column that is not there.

        Raises:
            NoBounds: names the column.
        """
        if name in COLUMNS:
            raise NoBounds(f"no bounds: they read {name}, which has no most optimistic value")
        raise AttributeError(name)


CHIPS_AT_ONCE = 1 << 12
"""Chips bounded at once, networks as a whole: what a core's cache holds."""
DESIGNS_AT_ONCE = 512
"""Chips bounded at once layer by layer."""
TRIED_DESIGNS = 16
"""Designs whose sub-domains are bounded to see whether the space can be bounded."""


class BoundedTree(SearchTree):
    """Implements `imcmoo.model.partials.PartialDesignTree`; bounds need not hold for larger chips.

    Raises:
        NoBounds: a rule of the model is off, the stages do not cover the space, a cost term depends
            on an undeclared parameter, or bounds read a free column that has no most optimistic
            value.
    """

    def __init__(
        self,
        space: DesignSpace,
        context: Context,
        designs_of: Callable[[Levels], Designs],
        area_limit_m2: float,
    ) -> None:
        super().__init__(space)
        if context.switches != RULES:
            raise NoBounds("no bounds: a rule of the model is off")
        self._context = context
        self._designs_of = designs_of
        self._area_limit_m2 = area_limit_m2
        self._chips = ChipBounds(self, context, designs_of, area_limit_m2)
        sizes = np.array(space.values_of("glb_KiB"), float)
        self._networks = NetworkBounds(context, sizes)
        self._try_bounds()

    def _try_bounds(self) -> None:
        """Bound a few sub-domains of every stage.

        Raises:
            NoBounds: bounds read a free column that has no most optimistic value.
        """
        designs = self.space.random(TRIED_DESIGNS, np.random.default_rng(0))
        for stage in range(self.bound_from, len(self.stages)):
            rows = self.ancestors(designs, stage)
            self.screen(rows)
            self.bound(rows)
            self.relaxed_bound(rows, stage)

    @property
    def bound_from(self) -> int:
        """Number of the first stages (array and tiling) before there are bounds."""
        return 2

    @property
    def refined_from(self) -> int:
        """Number of stages, peripheral circuits included, before layers are bounded one by one."""
        return list(self.stages).index("periphery") + 1

    def screen(self, rows: Levels) -> Metrics:
        """Smallest area of each sub-domain, infinite where no chip runs all networks."""
        if not len(rows):
            return Metrics({"area": np.empty(0)}, {})
        chips = self._chips.of(rows, {})
        area = np.where(chips.infeasible, np.inf, chips.area_m2 * SAFETY)[:, 0]
        if not self.is_open(rows, "tiling"):
            designs = self._representatives(rows)
            resident = designs.pipelined | ~chips.streams[:, 0]
            candidates = np.flatnonzero((area <= self._area_limit_m2) & resident)
            for at in _uniform_chunks(designs.take(candidates), CHIPS_AT_ONCE):
                runs = self._all_run(designs.take(candidates[at]))
                area[candidates[at]] = np.where(runs, area[candidates[at]], np.inf)
        return Metrics({"area": area}, {})

    def _representatives(self, rows: Levels) -> Designs:
        """Representative designs of sub-domains, without the columns that they do not stand for."""
        designs = self._designs_of(self.representative_designs(rows))
        free = self.without_optimum(rows)
        return IncompleteDesigns({n: v for n, v in vars(designs).items() if n not in free})

    def _all_run(self, designs: Designs) -> Bools:
        """True where designs of one schedule run all networks, shape (n,)."""
        shortfall = Batch(self._context, designs).min_capacity_shortfall
        runs = np.asarray((shortfall <= 0).all(axis=1))
        candidates = np.flatnonzero(runs)
        runs[candidates] = Batch(self._context, designs.take(candidates)).runs.all(axis=1)
        return runs

    def relaxed_bound(self, rows: Levels, stage: int) -> Metrics | None:
        """Relaxed bounds of all children, each network treated as one layer."""
        if self.stages[stage] in ("array", "tiling", "grouping") or not len(rows):
            return None
        return self._of_networks(rows, *self.choices(stage))

    def bound(self, rows: Levels) -> Metrics:
        """Bounds of sub-domains: layer by layer once the peripheral circuit is chosen."""
        if len(rows) and self.is_open(rows, "periphery"):
            return self._of_networks(rows, np.empty(0, np.int64), np.empty((1, 0), np.int64))
        designs = self._representatives(rows)

        def bounds_of(some: Ints) -> dict[str, Floats]:
            return layer_bounds(self._context, self._chips.of(rows[some], {}), designs.take(some))

        return self._joined(designs, 1, DESIGNS_AT_ONCE, bounds_of)

    def _of_networks(self, rows: Levels, at: Ints, choices: Levels) -> Metrics:
        """Relaxed bounds of sub-domains with every choice of some columns."""
        chosen = {self.names[i]: choices[None, :, k] for k, i in enumerate(at)}
        keys = self._representatives(self.with_mapping_only(rows))
        replication(self._context, keys)  # of all at once: its memory grows by copying

        def bounds_of(some: Ints) -> dict[str, Floats]:
            return self._networks.of(self._chips.of(rows[some], chosen), keys.take(some))

        return self._joined(keys, len(choices), max(1, CHIPS_AT_ONCE // len(choices)), bounds_of)

    def _joined(
        self,
        designs: Designs,
        m: int,
        at_most: int,
        bounds_of: Callable[[Ints], dict[str, Floats]],
    ) -> Metrics:
        """Bounds worked out for some rows at a time, (n, W, m) and (n, m), as (n · m, W)."""
        n, networks = len(designs), self._context.layers.n_networks
        joined = {name: np.full((networks, n, m), np.inf) for name in BY_NETWORK}
        of_chip = {name: np.full((n, m), np.inf) for name in ("area", "static_power")}

        def put(part: Ints) -> None:
            bounds = bounds_of(part)
            for name in of_chip:
                of_chip[name][part] = bounds[name]
            for name, values in joined.items():
                values[:, part] = np.moveaxis(bounds[name], 1, 0)

        spread(put, list(_uniform_chunks(designs, at_most)))
        # Sums over networks are quickest with these outermost.
        values = {name: v.reshape(networks, -1).T for name, v in joined.items()}
        return Metrics({**values, **{name: v.ravel() for name, v in of_chip.items()}}, {})


def _uniform_chunks(designs: Designs, at_most: int) -> Iterator[Ints]:
    """Indices of some designs at a time, of one schedule, digital unit and ping-pong setting."""
    kinds = np.column_stack([designs.pipelined, designs.ping_pong > 0, designs.mac_units])
    for kind in np.unique(kinds, axis=0):
        alike = np.flatnonzero((kinds == kind).all(axis=1))
        for at in range(0, len(alike), at_most):
            yield alike[at : at + at_most]
