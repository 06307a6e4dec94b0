"""What the layers of each network add up to on a body: all that a quick bound knows of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.bodies import STREAMS
from imcmoo.model.physical.energy import ACTIONS
from imcmoo.model.physical.layer_work import LayerWork
from imcmoo.model.physical.traffic import operand_bits

Floats = NDArray[np.float64]

PRICED = (*ACTIONS, "link", "mac")


@dataclass(frozen=True, eq=False)
class Sums:
    """What the layers of each network add up to on n bodies, shape (n, W) unless said.

    Args:
        counts: actions on the chip, by `PRICED`, shape (n, W, A).
        dram_bits: all that passes the memory interface.
        occupied: macros that leak.
        reads, steps: array reads of all vectors, and of one vector of each layer.
        conversions, step_conversions: the same times conversions of a read, shape (n, W, C) by
            converters of a macro.
        macs: of the digital unit.
        glb_bits, link_bits, buffer_words: through what a layer has of them.
        layer_bits: through DRAM while layers run.
        io_bits: through DRAM before and after.
        load_rows, load_link_bits, load_bits: of weights that are loaded for every image.
    """

    counts: Floats
    dram_bits: Floats
    occupied: Floats
    reads: Floats
    steps: Floats
    conversions: Floats
    step_conversions: Floats
    macs: Floats
    glb_bits: Floats
    link_bits: Floats
    buffer_words: Floats
    layer_bits: Floats
    io_bits: Floats
    load_rows: Floats
    load_link_bits: Floats
    load_bits: Floats

    def take(self, some: slice) -> Sums:
        """Those of some bodies."""
        return Sums(*[getattr(self, field.name)[some] for field in fields(Sums)])


def sums_of(batch: Batch, converters: Floats, *, streamed: bool) -> Sums:
    """Add up layers.

    Args:
        batch: n partial designs of one schedule.
        converters: of a macro, C choices, shape (n, C).
        streamed: whether weights are loaded for every image.
    """
    layers, every = batch.context.layers, slice(None)
    work = batch.work(every, streams=streamed)
    resident = batch.resident.layers(every)
    own = batch.streamed.layers(every) if streamed else resident
    reads, steps = own.reads, resident.step_reads
    # In a pipeline the slowest layer counts.
    add: Callable[[Floats], Floats] = layers.total
    pipelined = bool(batch.designs.pipelined.any())
    if pipelined:
        add, reads, steps = layers.largest, reads + steps, np.zeros_like(steps)
    each = [np.ceil(resident.columns_used / n[:, None]) for n in converters.T]
    stored = layers.total(np.broadcast_to(layers.stored_bits, reads.shape))
    none = np.zeros_like(stored)
    requests = 1.0 if streamed else batch.context.requests
    loads = 1 / requests if streamed or batch.switches_networks else 0.0
    links = work.link_bits(streamed=streamed) * own.link_share
    return Sums(
        counts=_counts(batch, work, loads, streamed=streamed),
        dram_bits=batch.spilled + batch.io_bits + stored * loads,
        occupied=batch.bodies(streamed=streamed).networks.occupied,
        reads=add(reads),
        steps=add(steps),
        conversions=np.stack([add(reads * n) for n in each], axis=2),
        step_conversions=np.stack([add(steps * n) for n in each], axis=2),
        macs=none if pipelined else none + layers.total(layers.macs * layers.dynamic),
        glb_bits=layers.total(np.broadcast_to(work.glb_bits(streamed=streamed), reads.shape)),
        link_bits=none if pipelined else layers.total(links),
        buffer_words=add(own.buffer_words),
        layer_bits=layers.total(work.spill_bits),
        io_bits=batch.io_bits,
        load_rows=layers.total(own.streams[:, STREAMS.index("load_rows")]) if streamed else none,
        load_link_bits=layers.total(layers.stored_bits * own.link_share) if streamed else none,
        load_bits=stored if streamed else none,
    )


def _counts(batch: Batch, work: LayerWork, loads: float, *, streamed: bool) -> Floats:
    """Actions on the chip by `PRICED`, weights being loaded so many times, shape (n, W, A)."""
    layers = batch.context.layers
    features = batch.bodies(streamed=streamed).networks
    counts = dict(zip(ACTIONS, features.counts.swapaxes(0, 1), strict=True))
    counts["write"] = counts["write"] * loads
    if streamed and work.kept_bits is not None:
        kept = layers.total(work.kept_bits)
        counts |= {name: counts[name] + kept for name in ("glb_read", "glb_write")}
    if layers.has_dynamic:
        operands = layers.total(operand_bits(layers, batch.designs.mac_units))
        counts["glb_read"] = counts["glb_read"] + operands
    stored, macs = layers.total(layers.stored_bits), layers.total(layers.macs * layers.dynamic)
    counts["link"] = layers.total(work.sums) + features.link_bits + stored * loads
    counts["mac"] = np.broadcast_to(macs, counts["link"].shape)
    return np.stack([counts[name] for name in PRICED], axis=2)
