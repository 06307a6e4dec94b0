"""Partial designs and their bounds for the check: nothing of the solver's bounds is used here.

No chip of a box costs less than one of the least numbers that any of its chips has; counts depend
on the body alone, and are those of `evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from imcmoo.io.executor import spread
from imcmoo.model.metrics import Metrics
from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.boxes.bounds import SAFETY
from imcmoo.model.physical.boxes.chips import RULES, ChipsOfBoxes
from imcmoo.model.physical.boxes.layers import layer_bounds
from imcmoo.model.physical.boxes.networks import NetworkBounds
from imcmoo.model.physical.boxes.tree import Tree
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.parameters import Designs
from imcmoo.space.design_space import DesignSpace, Levels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHIPS_AT_ONCE = 1 << 12
"""Chips that are compared at once: what a core's cache holds."""
DESIGNS_AT_ONCE = 128
"""The same where all layers are gone through."""


class Boxes(Tree):
    """Keeps `imcmoo.model.partials.Partials`.

    Args:
        space: the designs.
        context: the model.
        designs_of: designs by their levels.
        area_limit_m2: chips that are larger do not matter; may be infinite.

    Raises:
        NoBounds: a rule of the model is off, or as `Tree` and `LeastNumbers`.
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
            raise NoBounds("no bounds for a check: a rule of the model is off")
        self._context = context
        self._designs_of = designs_of
        self._area_limit_m2 = area_limit_m2
        self._chips = ChipsOfBoxes(self, context, designs_of, area_limit_m2)
        sizes = np.array(space.values_of("glb_KiB"), float)
        self._networks = NetworkBounds(context, sizes)

    @property
    def bound_from(self) -> int:
        """Array and body."""
        return 2

    def screen(self, rows: Levels) -> Metrics:
        """The least area of each box, infinite where no chip of it runs all networks."""
        if not len(rows):
            return Metrics({"area": np.empty(0)}, {})
        chips = self._chips.of(rows, {})
        area = np.where(chips.barred, np.inf, chips.area_m2 * SAFETY)[:, 0]
        if not self.is_open(rows, "body"):
            designs = self._designs_of(self.filled(rows))
            lacking = designs.pipelined | ~chips.streams[:, 0]
            some = np.flatnonzero((area <= self._area_limit_m2) & lacking)
            for own, _ in _alike(designs.take(some), CHIPS_AT_ONCE):
                area[some[own]] = self._of_those_that_run(designs.take(some[own]), area[some[own]])
        return Metrics({"area": area}, {})

    def _of_those_that_run(self, designs: Designs, area_m2: Floats) -> Floats:
        """Areas of designs of one schedule, infinite where a network lacks something."""
        lacking = Batch(self._context, designs).surely_missing_cells
        runs = np.asarray((lacking <= 0).all(axis=1))
        some = np.flatnonzero(runs)
        runs[some] = Batch(self._context, designs.take(some)).runs.all(axis=1)
        return np.where(runs, area_m2, np.inf)

    def glance(self, rows: Levels, stage: int) -> Metrics | None:
        """Bounds of every choice of a step in the order of `options`, networks as a whole."""
        if self.stages[stage] in ("array", "body", "grouping") or not len(rows):
            return None
        return self._of_networks(rows, *self.choices(stage))

    def bound(self, rows: Levels) -> Metrics:
        """Bounds of boxes: networks as a whole until the circuit is chosen, then layer by layer."""
        if len(rows) and self.is_open(rows, "circuit"):
            return self._of_networks(rows, np.empty(0, np.int64), np.empty((1, 0), np.int64))
        designs = self._designs_of(self.filled(rows))

        def work_out(some: Ints, ping_pong: bool) -> dict[str, Floats]:
            chips = self._chips.of(rows[some], {})
            return layer_bounds(self._context, chips, designs.take(some), ping_pong=ping_pong)

        return self._joined(designs, 1, DESIGNS_AT_ONCE, work_out)

    def _of_networks(self, rows: Levels, at: Ints, every: Levels) -> Metrics:
        """Bounds of rows with every choice of some columns, networks as a whole."""
        chosen = {self.names[i]: every[None, :, k] for k, i in enumerate(at)}
        bodies = self._designs_of(self.filled(self.bodies(rows)))
        self._context.copies.of(bodies)  # of all at once: what is remembered grows by copying

        def work_out(some: Ints, ping_pong: bool) -> dict[str, Floats]:
            chips = self._chips.of(rows[some], chosen)
            return self._networks.of(chips, bodies.take(some), ping_pong=ping_pong)

        return self._joined(bodies, len(every), max(1, CHIPS_AT_ONCE // len(every)), work_out)

    def _joined(
        self,
        designs: Designs,
        m: int,
        at_most: int,
        work_out: Callable[[Ints, bool], dict[str, Floats]],
    ) -> Metrics:
        """What is worked out of some rows at a time, (n, W, m) and (n, m), as (n · m, W)."""
        n, networks = len(designs), self._context.layers.n_networks
        found = {name: np.full((networks, n, m), np.inf) for name in ("energy", "latency", "edp")}
        area = np.full((n, m), np.inf)

        def put(part: tuple[Ints, bool]) -> None:
            bounds = work_out(*part)
            area[part[0]] = bounds["area"]
            for name, values in found.items():
                values[:, part[0]] = np.moveaxis(bounds[name], 1, 0)

        spread(put, list(_alike(designs, at_most)))
        # Sums over networks are quickest with these outermost.
        values = {name: v.reshape(networks, -1).T for name, v in found.items()}
        return Metrics({**values, "area": area.ravel()}, {})


def _alike(designs: Designs, at_most: int) -> Iterator[tuple[Ints, bool]]:
    """Some designs at a time, of one schedule and one digital unit, and either with ping-pong or
    without."""
    kinds = np.column_stack([designs.pipelined, designs.ping_pong > 0, designs.mac_units])
    for kind in np.unique(kinds, axis=0):
        own = np.flatnonzero((kinds == kind).all(axis=1))
        for at in range(0, len(own), at_most):
            yield own[at : at + at_most], bool(kind[1])
