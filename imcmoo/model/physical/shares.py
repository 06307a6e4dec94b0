"""Designs of which one network owns some router groups and a share of all common parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.model.physical.batch import (
    Batch,
    PhysicalMetrics,
    evaluate_batch,
    of_one_schedule,
)
from imcmoo.model.physical.chip import build_chip
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.latency import ImageCosts, apply_power_limit
from imcmoo.model.physical.parameters import Designs

DESIGNS_PER_SHARE_CHUNK = 4096


class SharedBatch(Batch):
    """Parts of designs of one schedule, for one network.

    Leakage, idle power of the DRAM and the power limit are proportional to the router groups. Areas
    and wire lengths are those of the whole chip.

    Args:
        context: data of a model of the network.
        designs: n chips, all sequential or all pipelined.
        groups: router groups of the network, at least 1, shape (n,).
        bandwidth: share of the bandwidth of buffer and DRAM and of the digital unit, shape (n,).
        room: share of the capacity of the global buffer.
    """

    def __init__(
        self, context: Context, designs: Designs, groups: Floats, bandwidth: Floats, room: float
    ) -> None:
        part = replace(designs, router_groups=groups, glb_KiB=designs.glb_KiB * room)
        super().__init__(context, part)
        whole = build_chip(context, designs, self.point)
        shared = ("glb_bit_s", "dram_bit_s", "mac_s")
        rates = {name: getattr(whole.rates, name) / bandwidth for name in shared}
        self.chip = replace(whole, rates=replace(whole.rates, **rates))
        self._share = groups / designs.router_groups

    def leak_W(self, run: ImageCosts, occupied: Floats) -> Floats:
        """Leakage of the part of the network, W, shape (n, W)."""
        return super().leak_W(run, occupied) * self._share[:, None]

    @property
    def dram_idle_W(self) -> Floats:
        """Share of the part in the idle power of the DRAM, W, shape (n,)."""
        return self.chip.dram.idle_W * self._share

    def apply_power_limit(self, run: ImageCosts, occupied: Floats) -> ImageCosts:
        """Add static power, with a share of the DRAM, and apply the power limit of the part."""
        allowed = self.context.assumptions.power_W_per_m2.value * self.chip.area_m2 * self._share
        idle = self.dram_idle_W[:, None]
        return apply_power_limit(run, self.leak_W(run, occupied), idle, allowed[:, None])


def shared_batches(
    context: Context, designs: Designs, groups: Floats, bandwidth: Floats, room: float
) -> Iterator[tuple[Ints, SharedBatch]]:
    """Parts of n designs by schedule, with their rows; arguments see `SharedBatch`."""
    for rows in of_one_schedule(designs, DESIGNS_PER_SHARE_CHUNK):
        yield rows, SharedBatch(context, designs.take(rows), groups[rows], bandwidth[rows], room)


def evaluate_shares(
    context: Context, designs: Designs, groups: Floats, bandwidth: Floats, room: float
) -> PhysicalMetrics:
    """Metrics of one network on parts of n designs; NaN where it does not fit.

    Arguments as for `SharedBatch`.
    """
    parts, done = [], []
    for rows, batch in shared_batches(context, designs, groups, bandwidth, room):
        parts.append(evaluate_batch(batch, causes=False))
        done.append(rows)
    return PhysicalMetrics.joined(parts).take(np.argsort(np.concatenate(done)))
