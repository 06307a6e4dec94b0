"""Lower bounds of energy, latency, interval and EDP on chips of component minima.

`NetworkBounds` treats each network as one layer, for many chips per mapping key; since Σ_l max_r
t(l, r) ≥ max_r Σ_l t(l, r), this is a lower bound as well. `layer_bounds` runs the model on these
chips, layer by layer. Both cover both weight modes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from imcmoo.arrays import Bools, Floats
from imcmoo.keyed_cache import Arrays, KeyedCache
from imcmoo.model.metrics import edp
from imcmoo.model.physical.batch import Batch, LayerWork, network_runs, pipeline_groups
from imcmoo.model.physical.bounds.chip_bounds import MinimalChips
from imcmoo.model.physical.chip import Rates
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.latency import (
    ImageCosts,
    LayerTimes,
    initiation_interval,
    read_and_convert,
    reads_for,
    roofline,
    throttled_interval,
)
from imcmoo.model.physical.mapping import Placement, dram_bits, overflow_bits, place
from imcmoo.model.physical.mapping_features import (
    ACTIONS,
    ON_CHIP_ACTIONS,
    MappingFeatures,
    image_actions,
    mapping_features,
    needed_macros,
)
from imcmoo.model.physical.parameters import Designs, mapping_keys, replication_keys

SAFETY = 1 - 1e-9
"""Factor of bounds, since sums in another order may round up."""

BY_NETWORK = ("energy", "latency", "interval", "edp", "dynamic_energy")
"""Bounds with a value per network."""

OF_CHIP = ("area", "package", "silicon", "static_power")
"""Bounds of the chip."""


def lowest(
    chips: MinimalChips, n_networks: int, modes: Iterable[tuple[Bools, dict[str, Floats]]]
) -> dict[str, Floats]:
    """Lower bounds over both weight modes: by `BY_NETWORK` and `OF_CHIP`.

    Args:
        chips: X chips of component minima for each of n mapping keys.
        n_networks: W.
        modes: True where networks may run in a mode, and its costs except `edp`, `dynamic_energy`
            beyond the power of an idle chip; broadcastable to (n, W, X) each.

    Returns:
        Shape (n, W, X), or (n, X) for the chip; infinite where no network runs.
    """
    n, m = chips.infeasible.shape
    bounds: dict[str, Floats] = {}
    for possible, costs in modes:
        may = possible & ~chips.infeasible[:, None]
        always = may.all()
        for name, values in (costs | {"edp": edp(costs["energy"], costs["latency"])}).items():
            safe = values * SAFETY
            if not always:
                safe = np.where(may, safe, np.inf)
            bounds[name] = np.minimum(bounds[name], safe, out=safe) if name in bounds else safe
    if not bounds:
        bounds = {name: np.full((n, n_networks, m), np.inf) for name in BY_NETWORK}
    areas = [chips.area_m2 + m2 for m2 in (0.0, chips["dram.area_m2"], chips["dram.silicon_m2"])]
    for name, values in zip(OF_CHIP, (*areas, chips.static_W), strict=True):
        bounds[name] = np.where(chips.infeasible, np.inf, values * SAFETY)
    return bounds


@dataclass(frozen=True, eq=False)
class NetworkOperations:
    """Operations of W networks in one weight mode for n mapping keys, shape (n, W) unless stated.

    Layers of sequential networks add up. In pipelined ones, whose layers have their own arrays and
    tile buffers, the largest layer counts there, and `reads` includes one vector.

    Args:
        counts: actions on the chip by `ON_CHIP_ACTIONS`, shape (n, W, A).
        pipeline_link_bits: bits per image over the links, by the groups of a pipeline.
        reads: array reads of all vectors.
        conversions: columns converted by these.
        fill_reads, fill_conversions: of one vector of each layer.
        glb_bits: bits through the global buffer.
        link_bits: bits over the links, by the groups that share them.
        buffer_words: words through the input buffer of a tile.
        load_rows, load_link_bits: of weights that are loaded for every image.
    """

    counts: Floats
    pipeline_link_bits: Floats
    reads: Floats
    conversions: Floats
    fill_reads: Floats
    fill_conversions: Floats
    glb_bits: Floats
    link_bits: Floats
    buffer_words: Floats
    load_rows: Floats
    load_link_bits: Floats

    @property
    def arrays(self) -> Arrays:
        """All arrays, in order."""
        return tuple(getattr(self, f.name) for f in fields(self))


N_ARRAYS = len(fields(NetworkOperations))


def network_operations(batch: Batch, *, streamed: bool) -> NetworkOperations:
    """Add up the layers of networks on one design per mapping key.

    Other parameters of the designs have their most optimistic value.
    """
    layers = batch.context.layers
    work = LayerWork(batch, slice(None), streams=streamed)
    features, shared = work.features(streamed=streamed), work.resident
    reads, fills = features.reads, shared.vector_reads
    add: Callable[[Floats], Floats] = layers.total
    if batch.designs.pipelined.any():
        add, reads, fills = layers.largest, reads + fills, np.zeros_like(fills)
    moved = layers.total(work.sums) + features.network_link_bits
    zero = np.zeros_like(moved)
    glb_bits = np.broadcast_to(work.glb_bits(streamed=streamed), reads.shape)
    return NetworkOperations(
        counts=_counts(batch, work, moved, streamed=streamed),
        pipeline_link_bits=moved / pipeline_groups(batch.designs, features.occupied),
        reads=add(reads),
        conversions=add(reads * shared.columns_used),
        fill_reads=add(fills),
        fill_conversions=add(fills * shared.columns_used),
        glb_bits=layers.total(glb_bits),
        link_bits=layers.total(work.link_bits(streamed=streamed) * features.link_share),
        buffer_words=add(features.buffer_words),
        load_rows=layers.total(features.load_rows) if streamed else zero,
        load_link_bits=layers.total(layers.stored_bits * features.link_share) if streamed else zero,
    )


def _counts(batch: Batch, work: LayerWork, link_bits: Floats, *, streamed: bool) -> Floats:
    """Actions on the chip by `ON_CHIP_ACTIONS`, shape (n, W, A)."""
    layers = batch.context.layers
    counted = batch.features(streamed=streamed).counts
    spilled = work.spilled_sums if streamed else None
    counts = image_actions(
        {name: counted[:, at] for at, name in enumerate(ACTIONS)},
        link_bits=link_bits,
        tile_sum_bits=layers.total(work.tile_sums),
        spilled_bits=0.0 if spilled is None else layers.total(spilled),
        operand_bits=layers.total(work.operand_bits) if layers.has_digital else 0.0,
        macs=layers.total(layers.macs * layers.digital),
        stored_bits=layers.total(layers.stored_bits),
        loads=batch.context.loads(streamed=streamed),
    )
    return np.stack([np.broadcast_to(counts[n], link_bits.shape) for n in ON_CHIP_ACTIONS], axis=2)


OperationCaches = dict[tuple[bool, float], KeyedCache]
"""Operations of networks by schedule and size of the digital unit, then by key of the design."""


class NetworkBounds:
    """Adds up the layers of a mapping key once, and bounds chips by the sums."""

    def __init__(self, context: Context, glb_KiB: Floats) -> None:
        layers = context.layers
        self._context = context
        self._stored_bits = layers.total(layers.stored_bits)
        self._macs = layers.total(layers.digital * layers.macs)
        spilled = layers.total(dram_bits(context, overflow_bits(context, glb_KiB), glb_KiB))
        self._spilled_bits = np.concatenate([spilled, spilled.min(axis=0, keepdims=True)])

    def bounds(
        self, chips: MinimalChips, designs: Designs, any_tiles: OperationCaches | None = None
    ) -> dict[str, Floats]:
        """Bounds by `BY_NETWORK`, shape (n, W, X), and by `OF_CHIP`, shape (n, X).

        Args:
            chips: X chips per design.
            designs: n designs, one per mapping key, of one schedule, digital unit and ping-pong
                setting; other parameters have their most optimistic value.
            any_tiles: cache of operations. If given, bounds hold for all designs with the same
                array, schedule, input coding and number of macros, and no larger tiles or more
                router groups. If None, they hold for `designs` only.
        """
        fits, operations = self._operations(designs, any_tiles)
        possible = fits[:, :, None] > 0, chips.streams[:, None]
        modes = (
            (possible[mode], self._costs(chips, designs, of_mode, streamed=bool(mode)))
            for mode, of_mode in enumerate(operations)
            if possible[mode].any()
        )
        return lowest(chips, self._context.layers.n_networks, modes)

    def _costs(
        self,
        chips: MinimalChips,
        designs: Designs,
        operations: NetworkOperations,
        *,
        streamed: bool,
    ) -> dict[str, Floats]:
        """Costs in one weight mode for `lowest`, shape (n, W, X) each."""
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
        least = throttled_interval(energy, chips.leak_W[:, None], chips.allowed_W)
        loads = (self._stored_bits * self._context.loads(streamed=streamed))[:, None]
        energy += (spilled + io_bits + loads) * chips["dram"][:, None]
        interval = np.maximum(interval, least)
        running = chips.leak_W + chips["dram.idle_W"]
        return {
            "dynamic_energy": energy + chips["dram.waking_W"][:, None] * interval,
            "energy": energy + running[:, None] * interval,
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
        return roofline(
            rates,
            designs.ping_pong[:, None, None] > 0,
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

    def _operations(
        self, designs: Designs, any_tiles: OperationCaches | None
    ) -> tuple[Floats, list[NetworkOperations]]:
        """1 where networks fit, shape (n, W), and their operations in each weight mode."""
        kind = bool(designs.pipelined.any()), float(designs.mac_units[0])
        if any_tiles is None:
            keys, caches, made = mapping_keys(designs), self._context.operations, KeysBatch
        else:
            keys, caches, made = replication_keys(designs, "input_coding"), any_tiles, AnyTilesBatch
        cache = caches.setdefault(kind, KeyedCache())
        fits, *arrays = cache.rows(keys, lambda some: self._work_out(made, designs.take(some)))
        parts = [arrays[at : at + N_ARRAYS] for at in range(0, len(arrays), N_ARRAYS)]
        return fits, [NetworkOperations(*part) for part in parts]

    def _work_out(self, made: type[KeysBatch], designs: Designs) -> Arrays:
        batch = made(self._context, designs)
        streams = self._context.device.streams and not designs.pipelined.any()
        modes = (False, True) if streams else (False,)
        operations = [network_operations(batch, streamed=streamed) for streamed in modes]
        return batch.fits.astype(float), *(a for each in operations for a in each.arrays)


def _array_s(reads: Floats, conversions: Floats, rates: Rates) -> Floats:
    """Time of reads and conversions, s, (n, W, X); ADCs share columns evenly at best."""
    once = reads[:, :, None]
    per_adc = np.maximum(once, conversions[:, :, None] / rates.adcs)
    read_s = reads_for(per_adc, once, rates.in_turn) * rates.read_s
    return read_and_convert(read_s, per_adc * rates.convert_s, rates.in_turn)


class KeysBatch(Batch):
    """Designs of distinct mapping keys, whose features are not needed again."""

    any_tiles = False

    @cached_property
    def placement(self) -> Placement:
        """Placement of the layers, for both weight modes."""
        return place(self.context, self.designs)

    def _features_of(self, use: Bools, *, streamed: bool) -> MappingFeatures:
        how = {"streamed": streamed, "any_tiles": self.any_tiles}
        return MappingFeatures(mapping_features(self.context, self.designs, self.placement, **how))


class AnyTilesBatch(KeysBatch):
    """Designs that stand for those with other tiles: line buffers are large enough, and a layer
    shares tiles as evenly as with tiles of any size.
    """

    any_tiles = True

    @cached_property
    def shortfall(self) -> Arrays:
        """Missing macros, and 0 missing bits of line buffers, shape (n, W) each."""
        missing = needed_macros(self.context, self.placement.macros) - self.designs.macros[:, None]
        return np.maximum(missing, 0.0), np.zeros_like(missing)


class MinimalBatch(Batch):
    """Sub-domains as designs with optimistic free parameters, on chips of component minima."""

    def __init__(self, context: Context, designs: Designs, chips: MinimalChips) -> None:
        # Few mapping keys recur, and all of them would not fit in memory.
        super().__init__(context, designs, keep_features=False)
        self.chip = chips.as_chip()
        self._allowed_W = chips.allowed_W
        self._working_leak_W = chips.working_leak_W

    def leak_W(self, run: ImageCosts, occupied: Floats) -> Floats:
        """Leakage of the chip with idle macros, W, shape (n, W)."""
        return np.broadcast_to(self.chip.other_leak_W[:, None], occupied.shape)

    def apply_power_limit(self, run: ImageCosts, occupied: Floats) -> ImageCosts:
        """Add static power, with the power limit of the largest chip of the sub-domain."""
        leak = self.leak_W(run, occupied)
        least = throttled_interval(run.energy_J - run.dram_J, leak, self._allowed_W)
        interval = np.maximum(least, run.interval_s)
        static = leak + self.chip.dram.idle_W[:, None]
        return replace(
            run,
            energy_J=run.energy_J + static * interval + self._working_leak_J(run),
            latency_s=np.maximum(least, run.latency_s),
            interval_s=interval,
        )

    def _working_leak_J(self, run: ImageCosts) -> Floats:
        """Leakage of macros while they work beyond that while idle, J, shape (n, W).

        The share of macros and time in which a macro works falls as the interval grows, their
        product does not: it is that of the run before switches of networks.
        """
        switching = run.switch_time_s / self.context.inferences_per_switch
        energy: Floats = self._working_leak_W * run.macro_use * (run.interval_s - switching)
        return energy


def layer_bounds(context: Context, chips: MinimalChips, designs: Designs) -> dict[str, Floats]:
    """Bounds by `BY_NETWORK`, shape (n, W, 1), and by `OF_CHIP`, shape (n, 1).

    One chip for each of n designs, see `MinimalBatch`.
    """
    batch = MinimalBatch(context, designs, chips)
    modes = []
    # If no design may stream, there is no second run.
    for possible, run in zip(
        (batch.fits, batch.may_stream), network_runs(batch, causes=False), strict=False
    ):
        always = chips.leak_W + chips["dram.idle_W"] - chips["dram.waking_W"]
        costs = {
            "dynamic_energy": run.energy_J - always * run.interval_s,
            "energy": run.energy_J,
            "latency": run.latency_s,
            "interval": run.interval_s,
        }
        runs = (possible & batch.has_capacity)[:, :, None]
        modes.append((runs, {n: v[:, :, None] for n, v in costs.items()}))
    return lowest(chips, context.layers.n_networks, modes)
