"""A batch of designs as compiled code takes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical import kernels
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.bodies import KnownBodies
from imcmoo.model.physical.layer_totals import Totals
from imcmoo.model.physical.traffic import REFERENCE_SUM_BITS, operand_bits

Floats = NDArray[np.float64]


def add_up(batch: Batch, io_s: Floats, found: Totals, *, causes: bool) -> None:
    """Add up the layers of designs that run layer by layer.

    Args:
        batch: n designs.
        io_s: DRAM seconds of the networks' own input and output, shape (n, W).
        found: filled in where a mode is of any use.
        causes: whether to find out what binds.
    """
    c = batch.context
    kernels.add_up(
        _layers(batch),
        _speeds(batch),
        _features(batch.resident),
        _features(batch.streamed if found.streams else batch.resident),
        batch.uses(streamed=False) + 2 * batch.uses(streamed=True),
        c.given.widest_sum_bits.value if c.switches.wide_sums else REFERENCE_SUM_BITS,
        io_s,
        causes,
        kernels.Found(found.sum_bits, found.kept_bits[-1], found.latency_s, found.bound_by),
    )


def _layers(batch: Batch) -> kernels.Layers:
    layers, strides = batch.context.layers, batch.context.switches.strides
    return kernels.Layers(
        starts=np.searchsorted(layers.owner, np.arange(layers.n_networks + 1)),
        times=layers.count,
        stored_bits=layers.stored_bits,
        link_bits=layers.resident_link_bits(strides),
        glb_bits=layers.resident_glb_bits(strides),
        macs=layers.dynamic * layers.macs,
    )


def _speeds(batch: Batch) -> kernels.Speeds:
    c, rates = batch.context, batch.rates
    units, unit = np.unique(rates.mac_units, return_inverse=True)
    # What answers at once takes no time.
    takes_time = float(c.switches.bandwidth)
    narrow = np.full((len(rates.read_s), 1), REFERENCE_SUM_BITS)
    return kernels.Speeds(
        read_s=rates.read_s,
        convert_s=rates.convert_s,
        converters=rates.converters,
        in_turn=(~rates.hold).astype(float),
        sum_bits=rates.sum_bits if c.switches.wide_sums else narrow,
        glb_bit_s=rates.glb_bit_s * takes_time,
        link_bit_s=rates.link_bit_s * takes_time,
        buffer_word_s=rates.buffer_word_s * takes_time,
        dram_bit_s=rates.dram_bit_s * takes_time,
        row_write_s=rates.row_write_s,
        ping_pong=rates.ping_pong.astype(float),
        mac_s=rates.mac_s,
        operand_bits=operand_bits(c.layers, units),
        unit=unit,
        spill_bits=batch.spill_bits,
        buffer_size=rates.buffer_size,
    )


def _features(bodies: KnownBodies) -> kernels.Features:
    of = bodies.store.layers
    return kernels.Features(
        reads=of.reads,
        link_share=of.link_share,
        buffer_words=of.buffer_words,
        step_reads=of.step_reads,
        columns_used=of.columns_used,
        sum_words=of.sum_words,
        sum_extra_bits=of.sum_extra_bits,
        streams=of.streams,
        places=bodies.places,
    )
