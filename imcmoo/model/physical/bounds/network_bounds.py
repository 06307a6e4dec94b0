"""Bounds that look at networks as a whole: loose, and quick for many chips on a body."""

from __future__ import annotations

from dataclasses import fields

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
from imcmoo.model.physical.bounds.layer_operations import LayerOperations, added, loads_of, work_of
from imcmoo.model.physical.cache import Arrays, KeyedMemory, body_keys
from imcmoo.model.physical.evaluate import Context
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.traffic import overflow_bits

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BODIES_AT_ONCE = 128
"""Bodies whose layers are worked on at once: what a core's cache holds."""


class NetworkBounds:
    """Adds up the layers of bodies once, and bounds chips by the sums.

    Args:
        context: the model.
        glb_KiB: sizes of the global buffer.
    """

    def __init__(self, context: Context, glb_KiB: Floats) -> None:
        layers = context.layers
        self._context = context
        self._stored_bits = added(layers, layers.stored_bits)
        self._macs = added(layers, layers.dynamic * layers.macs)
        spilled = added(layers, 2 * overflow_bits(layers, glb_KiB))
        self._spilled_bits = np.concatenate([spilled, spilled.min(axis=0, keepdims=True)])
        self._known: dict[tuple[bool, float], KeyedMemory] = {}

    def of(self, chips: MinimalChips, bodies: Designs, *, ping_pong: bool) -> dict[str, Floats]:
        """Bounds of energy, latency, their product, shape (n, W, X), and area, (n, X).

        Args:
            chips: X for each of n bodies.
            bodies: designs with these, of one schedule and one digital unit; of all that is not
                the body's the kindest value.
            ping_pong: whether weights are loaded while other arrays compute.
        """
        pipelined = bool(bodies.pipelined.any())
        bounds = Bounds(chips, self._context.layers.n_networks)
        fits, modes = self._sums(bodies, pipelined)
        spilled = np.moveaxis(self._spilled_bits[chips.glb_size], 2, 1)
        io_bits = self._context.layers.io_bits[:, None]
        io_s = io_bits * chips["dram_bit_s"][:, None]
        # Of a pipeline the slowest layer need not be the one that reads, or converts, longest.
        timed = chips.with_sample_hold() if pipelined else chips
        for streamed, (counts, links, steps) in enumerate(modes):
            usable = chips.streams if streamed else fits > 0
            if not usable.any():
                continue
            parts = Seconds.of(steps, timed, _conversions(steps, chips), self._macs, spilled)
            if pipelined:
                slowest = np.maximum(parts.arrays, parts.buffer)
                latency = interval(slowest, parts, io_s, chips.times(links, "link_bit_s"))
            elif streamed:
                stored = self._stored_bits
                latency = in_turns_and_loaded(parts, steps, stored, chips, ping_pong=ping_pong)
                latency += io_s
            else:
                latency = in_turns(parts) + io_s
            loads = self._stored_bits[:, None] * loads_of(self._context, streamed=bool(streamed))
            bounds.keep(counts, spilled + io_bits + loads, latency, latency, usable)
        return bounds.values

    def _sums(
        self, bodies: Designs, pipelined: bool
    ) -> tuple[Floats, list[tuple[Floats, Floats, LayerOperations]]]:
        """Whether networks fit, shape (n, W), and in each mode counts, links of a pipeline and
        what takes time, by network."""
        units = float(bodies.mac_units[0])
        memory = self._known.setdefault((pipelined, units), KeyedMemory())
        store, places = memory.of(
            body_keys(bodies), lambda some: self._work_out(bodies.take(some), pipelined)
        )
        fits, *arrays = (array.take(places, axis=0) for array in store)
        each = 2 + len(fields(LayerOperations))
        parts = [arrays[at : at + each] for at in range(0, len(arrays), each)]
        return fits, [(counts, links, LayerOperations(*steps)) for counts, links, *steps in parts]

    def _work_out(self, bodies: Designs, pipelined: bool) -> Arrays:
        parts = [self._add_up(some, pipelined) for some in bodies.chunks(BODIES_AT_ONCE)]
        return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))

    def _add_up(self, bodies: Designs, pipelined: bool) -> Arrays:
        layers, streams = self._context.layers, self._context.device.streams
        fits, works = work_of(self._context, bodies, streams=streams and not pipelined)
        arrays = [fits.astype(float)]
        for work in works:
            steps = work.steps.at_once(layers) if pipelined else work.steps.in_turns(layers)
            arrays += [work.counts, work.pipeline_link_bits, *steps.arrays]
        return tuple(arrays)


def _conversions(steps: LayerOperations, chips: MinimalChips) -> tuple[Floats, Floats]:
    """At the least, one after the other: as converters share columns evenly, and one a read."""
    most = -chips["negated_adcs"][:, None]
    vectors, fills = (
        np.maximum(reads[:, :, None], columns[:, :, None] / most)
        for reads, columns in ((steps.reads, steps.columns), (steps.fills, steps.fill_columns))
    )
    return vectors, fills
