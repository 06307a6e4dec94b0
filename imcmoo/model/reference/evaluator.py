"""The evaluator: designs in, energy, latency, area and what does not fit out.

Fast because of what depends on what: a chip's sizes decide mapping, loop orders and counts, which
are worked out once per chip and kept as a profile; voltage and cycle time only decide prices.
Evaluating a design is then a look-up and an inner product.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Literal

import numpy as np

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.model.metrics import Metrics, Resources
from imcmoo.model.reference.breakdown import Breakdown, break_down
from imcmoo.model.reference.chips import ChipModel, Deployment
from imcmoo.model.reference.mapping import Floats, Ints
from imcmoo.model.reference.profile_cache import ProfileCache
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels

Rounding = Literal["none", "reference"]

CHUNK_PRINTED = 4096
"""Designs whose layers are costed one by one at once."""

CHUNK_DESIGNS = 16384
"""Designs one thread evaluates at once."""


class Evaluator:
    """Energy and latency of every network, and area, of many designs at once.

    Args:
        space: the designs; level matrices of it go in.
        workloads: the networks.
        table: component costs; the shipped table by default.
        deployment: "alone" if a chip need hold one network at a time, "together" for all at once.
        shared: profiles of a larger set of networks, to be used and added to.

    Raises:
        ValueError: the table lacks a component that a design of the space needs.
    """

    def __init__(
        self,
        space: DesignSpace,
        workloads: WorkloadSet,
        table: ComponentTable | None = None,
        *,
        deployment: Deployment = "alone",
        shared: ProfileCache | None = None,
    ) -> None:
        self.space = space
        self.workloads = workloads
        self.deployment = deployment
        self.table = table or ComponentTable.load()
        self.chips = ChipModel(space, workloads, self.table)
        self.profiles = shared or ProfileCache(self.chips)
        self._own = self.profiles.of(workloads.names)
        sizes = self.chips.sizes(self.chips.bodies())
        self._cells, self._buffer_bits = sizes.cells, sizes.buffer_bits
        self._lacking = self.chips.lacking_cells(sizes, deployment)

    @property
    def workload_names(self) -> list[str]:
        """Names of the networks, in the order of the columns of all metrics."""
        return self.workloads.names

    def only(self, name: str) -> Evaluator:
        """An evaluator of one of the networks alone; both remember what either has profiled.

        Raises:
            ValueError: no such network here.
        """
        if name not in self.workload_names:
            raise ValueError(f"no workload '{name}'; here are {', '.join(self.workload_names)}")
        one = WorkloadSet((self.workloads.workloads[self.workload_names.index(name)],))
        return Evaluator(self.space, one, self.table, shared=self.profiles)

    def apart(self) -> Evaluator:
        """The evaluator of chips that need hold one network at a time."""
        return Evaluator(self.space, self.workloads, self.table, shared=self.profiles)

    def screen(self, levels: Levels) -> Resources:
        """What area and the capacity rule say, without mapping anything.

        A chip that passes may still lack cells for one awkward layer or buffer bits for its loop
        orders; `resources` knows.

        Args:
            levels: shape (n, n_parameters).
        """
        body = self.chips.body(levels)
        lacking = self._lacking[body]
        return Resources(
            area_m2=self.chips.areas(levels).sum(axis=1),
            cells=self._cells[body],
            missing_cells=lacking,
            buffer_bits=self._buffer_bits[body],
            missing_buffer_bits=np.zeros_like(lacking),
        )

    def map_ahead(self, area_limit_m2: float, at_most: int) -> None:
        """Map all chips within a limit that some network may fit, unless they are too many.

        In one go it takes half the time that it takes by the handful.

        Args:
            area_limit_m2: largest area at the lowest voltage and cycle time.
            at_most: number of chips above which nothing is done.
        """
        bodies = self.chips.bodies()
        quick = self.screen(bodies)
        fits = (quick.area_m2 <= area_limit_m2) & (quick.missing_cells == 0).any(axis=1)
        if fits.sum() <= at_most:
            self.profiles.body(bodies[fits])

    def resources(self, levels: Levels) -> Resources:
        """Area, capacity, and what mapping finds missing; no energies.

        Args:
            levels: shape (n, n_parameters).
        """
        return self._resources(levels, self.profiles.body(levels))

    def evaluate(self, levels: Levels, rounding: Rounding = "none") -> Metrics:
        """All metrics of many designs.

        Args:
            levels: shape (n, n_parameters).
            rounding: "reference" rounds each component's energy per layer as the reference stack
                prints it; slow, for comparison with its records.

        Raises:
            ValueError: levels outside the space.
        """
        self.space.validate(levels)
        body = self.profiles.body(levels)
        if rounding == "reference":
            metrics = self._metrics(levels, body)
            hide = np.where(metrics.resources.maps, 1.0, np.nan)
            return replace(metrics, energy_J=self._printed_energy(levels) * hide)
        starts = range(0, max(len(levels), 1), CHUNK_DESIGNS)
        parts = [slice(at, at + CHUNK_DESIGNS) for at in starts]
        if len(parts) == 1:
            return self._metrics(levels, body)
        # NumPy releases the interpreter lock while it gathers and multiplies.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return Metrics.joined(pool.map(lambda p: self._metrics(levels[p], body[p]), parts))

    def breakdown(self, levels: Levels, rounding: Rounding = "none") -> Breakdown:
        """Energy by layer and component and area by component of a few designs.

        Args:
            levels: shape (n, n_parameters); memory grows with n · layers · components.
            rounding: as in `evaluate`.
        """
        self.space.validate(levels)
        return break_down(self.chips, levels, printed=rounding == "reference")

    def _metrics(self, levels: Levels, body: Ints) -> Metrics:
        """Metrics of designs whose bodies are profiled."""
        resources = self._resources(levels, body)
        maps = resources.maps
        some = maps.any(axis=1)
        if not some.all():
            body, levels, maps = body[some], levels[some], maps[some]
        prices = self.chips.feature_prices(levels, self.profiles.features)
        profiles = self._own
        found = (
            np.einsum("nwf,nf->nw", profiles.features[body], prices),
            profiles.cycles[body] * self.chips.cycle(levels)[:, None],
            profiles.utilization[body],
        )
        shown = [np.where(maps, values, np.nan) for values in found]
        if not some.all():
            for i, values in enumerate(shown):
                shown[i] = np.full(resources.maps.shape, np.nan)
                shown[i][some] = values
        return Metrics(resources, *shown)

    def _printed_energy(self, levels: Levels) -> Floats:
        owner = self.workloads.owner
        starts = np.searchsorted(owner, np.arange(len(self.workloads)))
        parts = []
        for at in range(0, len(levels), CHUNK_PRINTED):
            layers = break_down(self.chips, levels[at : at + CHUNK_PRINTED], printed=True)
            parts.append(np.add.reduceat(layers.energy_J.sum(axis=2), starts, axis=1))
        return np.concatenate(parts) if parts else np.empty((0, len(self.workloads)))

    def _resources(self, levels: Levels, body: Ints) -> Resources:
        quick = self.screen(levels)
        # Where a network surely lacks cells it was mapped in part, or for another network, or not.
        mapped = quick.missing_cells == 0
        return replace(
            quick,
            missing_cells=np.where(mapped, self._own.unplaced_cells[body], quick.missing_cells),
            missing_buffer_bits=np.where(mapped, self._own.missing_bits[body], 0.0),
        )
