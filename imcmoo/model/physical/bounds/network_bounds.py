"""Relaxed bounds: each network is treated as one layer, for many chips of a mapping key at once.

Since Σ_l max_r t(l, r) ≥ max_r Σ_l t(l, r), that is a lower bound as well.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imcmoo.keyed_cache import Arrays, KeyedCache
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.bounds.chip_bounds import MinimalChips
from imcmoo.model.physical.bounds.cost_bounds import CostBounds
from imcmoo.model.physical.bounds.layer_operations import (
    N_ARRAYS,
    NetworkOperations,
    network_operations,
)
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.latency import (
    Demand,
    LayerTimes,
    Rates,
    initiation_interval,
    read_and_convert,
    roofline,
    throttled_interval,
)
from imcmoo.model.physical.parameters import Designs, mapping_keys
from imcmoo.model.physical.traffic import overflow_bits


class NetworkBounds:
    """Adds up the layers of a mapping key once, and bounds chips by the sums.

    Args:
        context: the model.
        glb_KiB: sizes of the global buffer.
    """

    def __init__(self, context: Context, glb_KiB: Floats) -> None:
        layers = context.layers
        self._context = context
        self._stored_bits = layers.total(layers.stored_bits)
        self._macs = layers.total(layers.dynamic * layers.macs)
        spilled = layers.total(2.0 * overflow_bits(layers, glb_KiB, context.held_bits))
        self._spilled_bits = np.concatenate([spilled, spilled.min(axis=0, keepdims=True)])
        self._caches: dict[tuple[bool, float], KeyedCache] = {}

    def of(self, chips: MinimalChips, designs: Designs) -> dict[str, Floats]:
        """Bounds by `BY_NETWORK`, shape (n, W, X), and of area and static power, shape (n, X).

        Args:
            chips: X for each of n mapping keys.
            designs: a design of each mapping key, of one schedule, digital unit and ping-pong
                setting, other parameters at their most optimistic value.
        """
        bounds = CostBounds(chips, self._context.layers.n_networks)
        fits, modes = self._operations(designs)
        for streamed, operations in enumerate(modes):
            possible = chips.streams if streamed else fits > 0
            if possible.any():
                costs = self._costs(chips, designs, operations, streamed=bool(streamed))
                bounds.keep(possible, **costs)
        return bounds.values

    def _costs(
        self,
        chips: MinimalChips,
        designs: Designs,
        operations: NetworkOperations,
        *,
        streamed: bool,
    ) -> dict[str, Floats]:
        """Costs in one weight mode as `CostBounds.keep` takes them, shape (n, W, X) each."""
        spilled = np.moveaxis(self._spilled_bits[chips.glb_size], 2, 1)
        io_bits = self._context.layers.io_bits[:, None]
        io_s = io_bits * chips.rates.dram_bit_s
        times = self._times(chips, designs, operations, spilled, streamed=streamed)
        if designs.pipelined.any():
            compute, glb, _, buffer, dram = times.terms
            links = operations.pipeline_link_bits[:, :, None] * chips.rates.link_bit_s
            digital = self._macs[:, None] * chips.rates.mac_s
            interval, _ = initiation_interval(
                compute=compute,
                glb=glb,
                link=links,
                buffer=buffer,
                dram=dram + io_s,
                digital=digital,
            )
        else:
            interval = times.seconds + io_s
        energy = operations.counts @ chips.prices_J
        leak = chips.leak_W[:, None]
        least = throttled_interval(energy, leak, chips.allowed_W)
        loads = self._stored_bits[:, None] * self._context.loads(streamed=streamed)
        energy += (spilled + io_bits + loads) * chips["dram"][:, None]
        interval = np.maximum(interval, least)
        return {
            "dynamic_energy": energy,
            "energy": energy + chips.static_W[:, None] * interval,
            # No network takes less than the time from one image to the next.
            "latency": interval,
            "interval": interval,
        }

    def _times(
        self,
        chips: MinimalChips,
        designs: Designs,
        operations: NetworkOperations,
        spilled_bits: Floats,
        *,
        streamed: bool,
    ) -> LayerTimes:
        """Times of networks as one layer, shape (n, W, X)."""
        rates, pipelined = chips.rates, bool(designs.pipelined.any())
        if pipelined:
            # The layer with the most reads need not be the one with the most conversions.
            rates = replace(rates, in_turn=np.zeros_like(rates.in_turn))
        compute = _array_s(operations.reads, operations.conversions, rates)
        if not pipelined:
            compute += self._macs[:, None] * rates.mac_s
        demand = Demand(
            compute_s=compute,
            fill_s=_array_s(operations.fill_reads, operations.fill_conversions, rates),
            glb_bits=operations.glb_bits[:, :, None],
            link_bits=operations.link_bits[:, :, None],
            link_share=1.0,
            buffer_words=operations.buffer_words[:, :, None],
            dram_bits=spilled_bits,
            load_rows=operations.load_rows[:, :, None] if streamed else None,
            load_link_bits=operations.load_link_bits[:, :, None],
            load_dram_bits=self._stored_bits[:, None],
        )
        return roofline(demand, rates, designs.ping_pong[:, None, None] > 0)

    def _operations(self, designs: Designs) -> tuple[Floats, list[NetworkOperations]]:
        """1 where networks fit, shape (n, W), and their operations in each weight mode."""
        kind = bool(designs.pipelined.any()), float(designs.mac_units[0])
        cache = self._caches.setdefault(kind, KeyedCache())
        fits, *arrays = cache.rows(
            mapping_keys(designs), lambda some: self._work_out(designs.take(some))
        )
        parts = [arrays[at : at + N_ARRAYS] for at in range(0, len(arrays), N_ARRAYS)]
        return fits, [NetworkOperations(*part) for part in parts]

    def _work_out(self, designs: Designs) -> Arrays:
        # The features are not needed again.
        batch = Batch(self._context.without_features(), designs)
        streams = self._context.device.streams and not designs.pipelined.any()
        modes = (False, True) if streams else (False,)
        operations = [network_operations(batch, streamed=streamed) for streamed in modes]
        return batch.fits.astype(float), *(a for each in operations for a in each.arrays)


def _array_s(reads: Floats, conversions: Floats, rates: Rates) -> Floats:
    """Seconds of reads and conversions of networks, shape (n, W, X).

    ADCs share columns evenly at best, and a read takes at least one conversion.
    """
    per_adc = np.maximum(reads[:, :, None], conversions[:, :, None] / rates.adcs)
    return read_and_convert(
        reads[:, :, None] * rates.read_s, per_adc * rates.convert_s, rates.in_turn
    )
