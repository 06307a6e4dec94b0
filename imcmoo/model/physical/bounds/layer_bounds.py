"""Bounds that go through every layer: of a box of one chip, what `evaluate` says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.bounds.chip_bounds import MinimalChips
from imcmoo.model.physical.bounds.cost_bounds import (
    Bounds,
    Seconds,
    in_turns,
    in_turns_and_loaded,
    interval,
)
from imcmoo.model.physical.bounds.layer_operations import (
    LayerOperations,
    MappingOperations,
    added,
    loads_of,
    work_of,
)
from imcmoo.model.physical.evaluate import Context
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.traffic import overflow_bits

Floats = NDArray[np.float64]


def layer_bounds(
    context: Context, chips: MinimalChips, designs: Designs, *, ping_pong: bool
) -> dict[str, Floats]:
    """Bounds of energy, latency, their product, shape (n, W, 1), and area, (n, 1).

    Args:
        context: the model.
        chips: one for each of n designs.
        designs: of one schedule; what is open at the kindest value.
        ping_pong: whether weights are loaded while other arrays compute.
    """
    layers = context.layers
    pipelined = bool(designs.pipelined.any())
    bounds = Bounds(chips, layers.n_networks)
    streams = bool(chips.streams.any()) and not pipelined
    fits, works = _shared_work(context, designs, streams)
    spilled = 2 * overflow_bits(layers, designs.glb_KiB)[:, :, None]
    io_bits = layers.io_bits[:, None]
    io_s = io_bits * chips["dram_bit_s"][:, None]
    for streamed, work in enumerate(works):
        usable = chips.streams if streamed else fits
        if not usable.any():
            continue
        parts = _parts(context, chips, work, spilled)
        if pipelined:
            between = _interval(context, chips, work, parts, io_s)
            filling = in_turns(parts) * layers.previous_share[:, None]
            latency = between + _added(context, filling)
        else:
            seconds = (
                in_turns_and_loaded(
                    parts, work.steps, layers.stored_bits, chips, ping_pong=ping_pong
                )
                if streamed
                else in_turns(parts)
            )
            latency = between = _added(context, seconds) + io_s
        loads = added(layers, layers.stored_bits) * loads_of(context, streamed=bool(streamed))
        dram_bits = _added(context, spilled) + io_bits + loads[:, None]
        bounds.keep(work.counts, dram_bits, latency, between, usable)
    return bounds.values


def _shared_work(
    context: Context, designs: Designs, streams: bool
) -> tuple[NDArray[np.bool_], list[MappingOperations]]:
    """As `work_of`; designs of one body, resolution and grouping share it."""
    keys = np.column_stack(
        [
            designs.rows,
            designs.cols,
            designs.active_rows,
            designs.bits_per_cell,
            designs.differential,
            designs.input_slice_bits,
            designs.levels,
            designs.macros_per_tile,
            designs.tiles_per_group,
            designs.router_groups,
            designs.adc_bits,
            designs.pipelined,
            designs.ping_pong,
            designs.mac_units,
        ]
    )
    _, first, of = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    of = of.ravel()
    fits, works = work_of(context, designs.take(first), streams=streams)
    return fits[of], [
        replace(
            work,
            steps=LayerOperations(*(a[of] for a in work.steps.arrays)),
            columns_used=work.columns_used[of],
            counts=work.counts[of],
            pipeline_link_bits=work.pipeline_link_bits[of],
        )
        for work in works
    ]


def _parts(
    context: Context, chips: MinimalChips, work: MappingOperations, spilled_bits: Floats
) -> Seconds:
    layers, steps = context.layers, work.steps
    each = np.ceil(work.columns_used / -chips["negated_adcs"])
    conversions = (steps.reads * each)[:, :, None], (steps.fills * each)[:, :, None]
    return Seconds.of(steps, chips, conversions, layers.dynamic * layers.macs, spilled_bits)


def _interval(
    context: Context, chips: MinimalChips, work: MappingOperations, parts: Seconds, io_s: Floats
) -> Floats:
    """Seconds between images of a pipeline, shape (n, W, 1)."""
    slowest = np.maximum(parts.arrays + parts.digital, parts.buffer) + parts.fill
    networks = Seconds(**{name: _added(context, v) for name, v in vars(parts).items()})
    return interval(
        context.layers.largest(slowest[:, :, 0])[:, :, None],
        networks,
        io_s,
        chips.times(work.pipeline_link_bits, "link_bit_s"),
    )


def _added(context: Context, values: Floats) -> Floats:
    """Sum over the layers of each network, (n, L, 1) to (n, W, 1)."""
    return added(context.layers, values[:, :, 0])[:, :, None]
