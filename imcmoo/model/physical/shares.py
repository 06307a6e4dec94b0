"""Designs of which one network owns some router groups and a share of everything shared."""

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
from imcmoo.model.physical.latency import Run, apply_power_limit
from imcmoo.model.physical.parameters import Designs

ROWS_AT_ONCE = 4096


class SharedBatch(Batch):
    """Parts of designs of one schedule, as one network sees them.

    Leakage, idle power of the DRAM and the power limit of a part are in proportion to its router
    groups. Areas and wire lengths are those of the whole chip.

    Args:
        context: of a model of the network.
        designs: n chips, all sequential or all pipelined.
        groups: router groups of the network, at least 1, shape (n,).
        bandwidth: share of the bandwidth of buffer and DRAM and of the digital unit, shape (n,).
        room: share of the global buffer's room.
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

    def leak_W(self, occupied: Floats) -> Floats:
        """Leakage of the network's part of the chip, shape (n, 1)."""
        leak = self.chip.leak_W * self._share
        return np.broadcast_to(leak[:, None], occupied.shape)

    @property
    def dram_idle_W(self) -> Floats:
        """The part's share of the idle power of the DRAM, shape (n,)."""
        return self.chip.dram_idle_W * self._share

    def apply_power_limit(self, run: Run, occupied: Floats) -> Run:
        """Add static power, with a share of the DRAM's, and keep the power limit of the part."""
        allowed = self.context.assumptions.power_W_per_m2.value * self.chip.area_m2 * self._share
        idle = self.dram_idle_W[:, None]
        return apply_power_limit(run, self.leak_W(occupied), idle, allowed[:, None])


def shared_batches(
    context: Context, designs: Designs, groups: Floats, bandwidth: Floats, room: float
) -> Iterator[tuple[Ints, SharedBatch]]:
    """Parts of n designs by schedule, with their rows; arguments as `SharedBatch` takes them."""
    for rows in of_one_schedule(designs, ROWS_AT_ONCE):
        yield rows, SharedBatch(context, designs.take(rows), groups[rows], bandwidth[rows], room)


def evaluate_shares(
    context: Context,
    designs: Designs,
    groups: Floats,
    bandwidth: Floats,
    room: float,
    *,
    causes: bool = False,
) -> PhysicalMetrics:
    """Metrics of one network on parts of n designs, in their order; arguments as `SharedBatch`
    takes them. NaN where the part does not hold the network.
    """
    parts, done = [], []
    for rows, batch in shared_batches(context, designs, groups, bandwidth, room):
        parts.append(evaluate_batch(batch, causes=causes))
        done.append(rows)
    return PhysicalMetrics.joined(parts).take(np.argsort(np.concatenate(done)))
