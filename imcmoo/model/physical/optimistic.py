"""Lower bounds of partial designs: the model itself, run on chips better than any completion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imcmoo.io.executor import spread
from imcmoo.model.metrics import Metrics
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.evaluation import run_in
from imcmoo.model.physical.glance import Circuits, glance
from imcmoo.model.physical.keyed_memory import KeyedMemory
from imcmoo.model.physical.lacking import lacking
from imcmoo.model.physical.layer_totals import totals
from imcmoo.model.physical.least_numbers import FAMILIES, LeastNumbers, Numbers
from imcmoo.model.physical.limits import level_sigmas
from imcmoo.model.physical.metrics import PhysicalResources
from imcmoo.model.physical.model import batches
from imcmoo.model.physical.optimistic_batch import SAFETY, OptimisticBatch
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.partial_designs import PartialDesigns
from imcmoo.space.choices import UNCHOSEN
from imcmoo.space.design_space import DesignSpace, Levels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BOUNDS_AT_ONCE, GLANCED_AT_ONCE = 4096, 1024
"""Partial designs worked on by one thread in one go: fewer leave threads waiting for each other."""


def _joined(parts: Sequence[Ints], found: Sequence[dict[str, Floats]]) -> Metrics:
    """Bounds of parts of some partial designs, put in order again and rounded down."""
    order = np.argsort(np.concatenate(parts))
    values = {name: np.concatenate([part[name] for part in found])[order] for name in found[0]}
    return Metrics({name: v * SAFETY for name, v in values.items()}, {})


class PhysicalPartials(PartialDesigns):
    """Keeps `Partials` and `GlancesAtGroups`: bounds hold for designs that run every network.

    Args:
        space: the designs.
        context: the model.
        designs_of: designs by their levels.
        area_limit_m2: chips that are larger do not matter; may be infinite.

    Raises:
        ValueError: as `PartialDesigns`.
    """

    def __init__(
        self,
        space: DesignSpace,
        context: Context,
        designs_of: Callable[[Levels], Designs],
        area_limit_m2: float,
    ) -> None:
        super().__init__(space)
        self._area_limit_m2 = area_limit_m2
        self._context = context
        self._designs_of = designs_of
        self._least = {
            name: LeastNumbers(family, self, lambda levels: Batch(context, designs_of(levels)))
            for name, family in FAMILIES.items()
        }

    def screen(self, partial: Levels) -> Metrics:
        """The least area, infinite where no circuit keeps the limits, and what surely is missing.

        Args:
            partial: of one stage, shape (n, n_parameters + 1).
        """
        designs = self._designs_of(self.filled(partial))
        c = self._context
        noise, wires = (self._least[name].of(partial) for name in ("noise", "wires"))
        n = len(designs)
        area, cells, bits = np.zeros(n), *np.zeros((2, n, c.layers.n_networks))
        if n and partial[0, -1] != UNCHOSEN:
            batch = self._batch(partial, designs)
            area, cells = batch.chip.area_m2 * SAFETY, batch.surely_missing_cells
            some = np.flatnonzero((cells <= 0).all(axis=1) & (area <= self._area_limit_m2))
            exact = self._batch(partial[some], designs.take(some)).resources
            cells[some], bits[some] = exact.missing_cells, exact.missing_bits
        known = PhysicalResources(
            area,
            designs.macros * designs.rows * designs.cols,
            cells,
            bits,
            snr_adc_dB=-noise["noise_dB"],
            ir_drop=wires["ir_drop"],
            level_sigmas=level_sigmas(designs, device=c.device, given=c.given),
        )
        return Metrics({"area": area}, lacking(known, c.limits))

    def bound(self, partial: Levels) -> Metrics:
        """Lower bounds of energy, latency, their product `edp` and area; infinite where none runs.

        Args:
            partial: of one stage, in which `tiles` are chosen, shape (n, n_parameters + 1).
        """
        designs = self._designs_of(self.filled(partial))
        if not len(designs):
            none = np.empty((0, self._context.layers.n_networks))
            return Metrics({"energy": none, "latency": none, "edp": none, "area": none[:, 0]}, {})
        parts = batches(designs, BOUNDS_AT_ONCE)
        found = spread(lambda some: self._bound(partial[some], designs.take(some)), parts)
        return _joined(parts, found)

    def glance(self, partial: Levels, stage: int) -> Metrics | None:
        """As `bound` of all `options` where the circuit is chosen, in their order; else None."""
        return self._glances(partial, stage, by_converters=False)

    def glance_at_groups(self, partial: Levels, stage: int) -> Metrics | None:
        """The same of all circuits with so many columns per converter at once."""
        return self._glances(partial, stage, by_converters=True)

    def _glances(self, partial: Levels, stage: int, *, by_converters: bool) -> Metrics | None:
        if self.stages[stage] != "circuit" or not len(partial):
            return None
        designs = self._designs_of(self.filled(partial))
        parts = batches(designs, GLANCED_AT_ONCE)
        found = spread(
            lambda some: self._glance(partial[some], designs.take(some), by_converters), parts
        )
        quick = _joined(parts, found).values
        return Metrics({name: v.reshape(-1, *v.shape[2:]) for name, v in quick.items()}, {})

    def _glance(self, partial: Levels, designs: Designs, by_converters: bool) -> dict[str, Floats]:
        batch = self._batch(partial, designs)
        numbers, others = self._least["circuit"].over(partial), self._others(partial)
        grid = self.space.grid(self._least["circuit"].together)
        supply, converters = (
            grid[:, self.columns((name,))].sum(axis=1) for name in ("voltage_V", "columns_per_adc")
        )
        if by_converters:
            groups = np.arange(converters.max() + 1)
            numbers = {
                name: np.stack([v[:, converters == g].min(axis=1) for g in groups], axis=1)
                for name, v in numbers.items()
            }
            others = {name: v.min(axis=1, keepdims=True) for name, v in others.items()}
            supply, converters = np.zeros_like(groups), groups
        circuits = Circuits.of(
            designs,
            numbers,
            others,
            (supply, converters),
            fewest_groups=self.fewest_and_most_groups(partial)[0],
            largest_area_m2=batch.largest_area_m2,
        )
        found = glance(batch, circuits)
        networks = ("energy", "latency", "edp")
        return {**found, **{name: found[name].swapaxes(1, 2) for name in networks}}

    def _others(self, partial: Levels) -> Numbers:
        """What only the supply decides of a circuit, shape (n, n_supplies)."""
        found: Numbers = {}
        for name in ("memory", "tiles", "links"):
            found |= self._least[name].over(partial)
        return found

    def _batch(self, partial: Levels, designs: Designs) -> OptimisticBatch:
        numbers: Numbers = {}
        for name in ("circuit", "memory", "tiles", "links"):
            numbers |= self._least[name].of(partial)
        groups = self.fewest_and_most_groups(partial)
        # Bodies are seldom met again later, and too many to be kept.
        context = replace(self._context, bodies=(KeyedMemory(), KeyedMemory()))
        return OptimisticBatch(context, designs, numbers, groups, self._area_limit_m2)

    def _bound(self, partial: Levels, designs: Designs) -> dict[str, Floats]:
        batch = self._batch(partial, designs)
        sums = totals(batch, causes=False)
        found = dict.fromkeys(("energy", "latency", "edp"), np.full(batch.runs.shape, np.inf))
        for streamed, possible in ((False, batch.fits), (True, batch.may_stream)):
            if sums.streams or not streamed:
                run, _ = run_in(batch, sums, streamed=streamed)
                for name, values in (
                    ("energy", run.energy_J),
                    ("latency", run.latency_s),
                    ("edp", run.energy_J * run.latency_s),
                ):
                    usable = np.where(possible & batch.runs, values, np.inf)
                    found[name] = np.minimum(found[name], usable)
        return {**found, "area": batch.chip.area_m2}
