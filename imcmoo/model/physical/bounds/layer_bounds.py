"""Bounds layer by layer: the model itself, run on chips of component minima."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imcmoo.model.metrics import Floats
from imcmoo.model.physical.batch import Batch, network_totals, run_in
from imcmoo.model.physical.bounds.chip_bounds import MinimalChips
from imcmoo.model.physical.bounds.cost_bounds import CostBounds
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.latency import Run, throttled_interval
from imcmoo.model.physical.parameters import Designs


class MinimalBatch(Batch):
    """Sub-domains as designs on chips of component minima.

    Args:
        context: the model.
        designs: of one schedule, free parameters at their most optimistic value.
        chips: one for each design.
    """

    def __init__(self, context: Context, designs: Designs, chips: MinimalChips) -> None:
        # Few mapping keys are met again later, and all of them are too many to be kept.
        super().__init__(context.without_features(), designs)
        self.chip = chips.as_chip()
        self._allowed_W = chips.allowed_W

    def leak_W(self, occupied: Floats) -> Floats:
        """Leakage of the whole chip, whatever is occupied, shape (n, W)."""
        return np.broadcast_to(self.chip.other_leak_W[:, None], occupied.shape)

    def apply_power_limit(self, run: Run, occupied: Floats) -> Run:
        """Add static power; slow chips down no more than the largest chip of the sub-domain is."""
        leak = self.leak_W(occupied)
        least = throttled_interval(run.energy_J - run.dram_J, leak, self._allowed_W)
        interval = np.maximum(least, run.interval_s)
        return replace(
            run,
            energy_J=run.energy_J + (leak + self.chip.dram_idle_W[:, None]) * interval,
            latency_s=np.maximum(least, run.latency_s),
            interval_s=interval,
        )


def layer_bounds(context: Context, chips: MinimalChips, designs: Designs) -> dict[str, Floats]:
    """Bounds by `BY_NETWORK`, shape (n, W, 1), and of area and static power, shape (n, 1).

    Args:
        context: the model.
        chips: one for each design.
        designs: n, of one schedule, free parameters at their most optimistic value.
    """
    batch = MinimalBatch(context, designs, chips)
    totals = network_totals(batch, causes=False)
    bounds = CostBounds(chips, context.layers.n_networks)
    for streamed, possible in ((False, batch.fits), (True, batch.may_stream)):
        if totals.streams or not streamed:
            run = run_in(batch, totals, streamed=streamed)
            bounds.keep(
                possible & batch.runs,
                dynamic_energy=(run.energy_J - chips.static_W * run.interval_s)[..., None],
                energy=run.energy_J[..., None],
                latency=run.latency_s[..., None],
                interval=run.interval_s[..., None],
            )
    return bounds.values
