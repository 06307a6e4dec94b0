"""What the layers of every network add up to, on a batch of designs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.runs import all_at_once, one_after_the_other

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DESIGNS_AT_ONCE = 256
"""Designs whose layers are worked on at once: what a core's cache holds of some twenty arrays."""


@dataclass(frozen=True, eq=False)
class Totals:
    """What the layers of each network add up to, in each mode: resident, and streamed if any may.

    Args:
        sum_bits: partial sums over the links, in either mode, shape (n, W).
        kept_bits: partial sums that wait in the global buffer, shape (n_modes, n, W) like all that
            follow.
        latency_s, interval_s, bound_by: as `runs.Run` has them, but for power and switches of
            networks.
    """

    sum_bits: Floats
    kept_bits: Floats
    latency_s: Floats
    interval_s: Floats
    bound_by: NDArray[np.int8]

    @property
    def streams(self) -> bool:
        """Whether there is a second mode."""
        return len(self.latency_s) > 1


def totals(batch: Batch, *, causes: bool) -> Totals:
    """Sums over layers in each mode that is of use to some design.

    Args:
        batch: n designs.
        causes: whether to find out what binds.
    """
    shape = batch.runs.shape
    modes = (2 if batch.may_stream.any() else 1, *shape)
    pipelined = bool(batch.designs.pipelined.any())
    # Where a mode is of no use any time will do: it is not asked about.
    latency = np.ones(modes)
    found = Totals(
        sum_bits=np.zeros(shape),
        kept_bits=np.zeros(modes),
        latency_s=latency,
        # Layers that take turns leave no time between images.
        interval_s=np.ones(modes) if pipelined else latency,
        bound_by=np.zeros(modes, np.int8),
    )
    io_s = batch.io_bits * _bit_s(batch, batch.chip.dram_bit_s)
    if pipelined:
        _add_up_pipelined(batch, io_s, found)
    else:
        _add_up(batch, io_s, found, causes=causes)
    return found


def _add_up(batch: Batch, io_s: Floats, found: Totals, *, causes: bool) -> None:
    """Fill in what `totals` finds where layers take turns, a few designs at a time."""
    layers = batch.context.layers
    for some, modes in _alike(batch):
        work = batch.work(some, streams=True in modes)
        found.sum_bits[some] = layers.total(work.sums)
        for streamed in modes:
            times = work.times(streamed=streamed)
            latency, bound = one_after_the_other(layers, times, io_s[some], causes=causes)
            found.latency_s[int(streamed), some] = latency
            found.bound_by[int(streamed), some] = bound
            if streamed and work.kept_bits is not None:
                found.kept_bits[1, some] = layers.total(work.kept_bits)


def _add_up_pipelined(batch: Batch, io_s: Floats, found: Totals) -> None:
    """The same where layers work on different images: all weights stay."""
    layers, designs = batch.context.layers, batch.designs
    features = batch.resident.networks
    per_group = (designs.macros_per_tile * designs.tiles_per_group)[:, None]
    groups = np.clip(np.ceil(features.occupied / per_group), 1, designs.router_groups[:, None])
    for some, _ in _alike(batch):
        work = batch.work(some, streams=False)
        sums = layers.total(work.sums)
        links = (sums + features.link_bits[some]) * _bit_s(batch, batch.chip.link_bit_s)[some]
        found.sum_bits[some] = sums
        times = work.times(streamed=False)
        found.latency_s[0, some], found.interval_s[0, some], found.bound_by[0, some] = all_at_once(
            layers, times, io_s[some], links / groups[some]
        )


def _bit_s(batch: Batch, seconds: Floats) -> Floats:
    """Seconds of a bit, shape (n, 1): none where what answers at once takes no time."""
    bit_s: Floats = (seconds * batch.context.switches.bandwidth)[:, None]
    return bit_s


def _alike(batch: Batch) -> Iterator[tuple[Ints, tuple[bool, ...]]]:
    """Designs that are worked on at once, and the modes that are of use to them.

    Those that take the same steps are neighbours, which leaves steps out for most.
    """
    designs = batch.designs
    use = batch.uses(streamed=False) + 2 * batch.uses(streamed=True)
    order = np.argsort(4 * use + 2 * designs.ping_pong + designs.sample_and_hold, kind="stable")
    cuts = np.searchsorted(use[order], np.arange(5))
    for kind, modes in enumerate(((False,), (True,), (False, True)), 1):
        own = order[cuts[kind] : cuts[kind + 1]]
        for at in range(0, len(own), DESIGNS_AT_ONCE):
            yield own[at : at + DESIGNS_AT_ONCE], modes
