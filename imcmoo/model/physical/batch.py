"""Metrics of designs: one image of every network on every chip.

A `Batch` of designs is evaluated step by step: components, chip and features of the mapping keys;
then, for designs of one schedule, demand of the layers, latency of the networks, energy, and the
better weight mode. Bounds evaluate a batch on chips of component minima.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.keyed_cache import Arrays, KeyedCache, Keys
from imcmoo.model.metrics import edp
from imcmoo.model.physical.chip import Chip, OperatingPoint, Rates, build_chip, operating_point
from imcmoo.model.physical.constraints import (
    PhysicalResources,
    ir_drop,
    level_sigmas,
    sampling_share,
)
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.latency import (
    ImageCosts,
    LayerTimes,
    apply_power_limit,
    layer_read_times,
    longest_layer_share,
    pipelined_latency,
    roofline,
    sequential_latency,
)
from imcmoo.model.physical.mapping import (
    dram_bits,
    operand_bits,
    overflow_bits,
    partial_sum_bits,
    place,
    resident_bits,
)
from imcmoo.model.physical.mapping_features import (
    ACTIONS,
    MappingFeatures,
    capacity_shortfall,
    least_missing_cells,
    mapping_features,
)
from imcmoo.model.physical.parameters import BITS_PER_KIB, Designs, mapping_keys

DESIGNS_PER_LAYER_CHUNK = 256
"""Designs whose layers are evaluated at once; about twenty arrays fit a core's cache."""


def of_one_schedule(designs: Designs, size: int) -> list[Ints]:
    """Indices of designs of one schedule, at most `size` each, neighbouring mapping keys together.

    Without designs there is one empty part.
    """
    order = np.argsort(mapping_keys(designs), kind="stable")
    cut = np.searchsorted(designs.pipelined[order], True)
    parts = [
        rows[at : at + size]
        for rows in (order[:cut], order[cut:])
        for at in range(0, len(rows), max(1, size))
    ]
    return parts or [order]


class Batch:
    """Intermediate results of designs, each computed once.

    All but `resources` and `screen` require designs of one schedule.

    Args:
        context: data and caches of the model.
        designs: the designs.
        keep_features: cache features of mapping keys for other batches.
    """

    def __init__(self, context: Context, designs: Designs, *, keep_features: bool = True) -> None:
        self.context = context
        self.designs = designs
        self._kept = context.features if keep_features else (KeyedCache(), KeyedCache())

    def take(self, index: Ints) -> Batch:
        """Part of the batch, with chips and resources, without features."""
        part = Batch(self.context, self.designs.take(index))
        part.chip = self.chip.take(index)
        part.noise = self.noise.take(index, axis=0)
        part.shortfall = tuple(values.take(index, axis=0) for values in self.shortfall)
        part.resources = self.resources.take(index)
        return part

    @cached_property
    def point(self) -> OperatingPoint:
        """Speed and component costs."""
        return operating_point(self.designs, self.context)

    @cached_property
    def chip(self) -> Chip:
        """Areas, leakage, energies per action and speeds."""
        return build_chip(self.context, self.designs, self.point)

    @property
    def dram_idle_W(self) -> Floats:
        """Idle power of the DRAM charged to the networks of the batch, W, shape (n,)."""
        return self.chip.dram.idle_W

    @cached_property
    def _resident(self) -> MappingFeatures:
        return self._features_of(np.asarray(self.has_capacity.any(axis=1)), streamed=False)

    @cached_property
    def _streamed(self) -> MappingFeatures:
        return self._features_of(self.uses(streamed=True), streamed=True)

    def features(self, *, streamed: bool) -> MappingFeatures:
        """Features in one weight mode; one copy is assumed where a network does not fit."""
        return self._streamed if streamed else self._resident

    @cached_property
    def _mapping_keys(self) -> Keys:
        return mapping_keys(self.designs)

    def _features_of(self, use: Bools, *, streamed: bool) -> MappingFeatures:
        """Features by design. Designs that need none borrow another design's row, so no key is
        computed for them."""
        c = self.context
        whose = np.where(use, np.arange(len(use)), use.argmax() if len(use) else 0)

        def work_out(index: Ints) -> Arrays:
            designs = self.designs.take(whose[index])
            return mapping_features(c, designs, place(c, designs), streamed=streamed)

        return MappingFeatures(*self._kept[streamed].look_up(self._mapping_keys[whose], work_out))

    @cached_property
    def shortfall(self) -> Arrays:
        """Missing macros and line buffer bits, see `capacity_shortfall`, shape (n, W) each."""
        c = self.context

        def work_out(index: Ints) -> Arrays:
            return capacity_shortfall(c, self.designs.take(index))

        return c.shortfalls.rows(self._mapping_keys, work_out)

    @cached_property
    def noise(self) -> Floats:
        """SNR in dB, see `NoiseModel.snr_dB`, shape (n, 4, W)."""
        return self.context.noise.snr_dB(self.designs)

    @cached_property
    def may_stream(self) -> Bools:
        """True where weights may be streamed, shape (n, 1)."""
        may: Bools = self.designs.has_dram & ~self.designs.pipelined & self.context.device.streams
        return may[:, None]

    @cached_property
    def buffer_sizes(self) -> tuple[Floats, Ints]:
        """Distinct sizes of the global buffer, and the index of that of each design."""
        sizes, which = np.unique(self.designs.glb_KiB, return_inverse=True)
        return sizes, which

    @cached_property
    def _overflow_bits(self) -> Floats:
        """Outputs that leave the global buffer, by buffer size, shape (n_sizes, L)."""
        return overflow_bits(self.context, self.buffer_sizes[0])

    @cached_property
    def spill_bits(self) -> Floats:
        """Activations written to DRAM and read back, and the cache there, bits, by buffer size,
        shape (n_sizes, L)."""
        moved = dram_bits(self.context, self._overflow_bits, self.buffer_sizes[0])
        return moved * self.context.switches.activation_dram

    @cached_property
    def spilled(self) -> Floats:
        """`spill_bits` of networks, bits, shape (n, W)."""
        by_size = self.context.layers.total(self.spill_bits)
        return by_size.take(self.buffer_sizes[1], axis=0)

    @cached_property
    def io_bits(self) -> Floats:
        """Network inputs and outputs through DRAM, bits, shape (n, W)."""
        through_dram = self.designs.has_dram & self.context.switches.activation_dram
        bits: Floats = through_dram[:, None] * self.context.layers.io_bits
        return bits

    def leak_W(self, run: ImageCosts, occupied: Floats) -> Floats:
        """Leakage while a network runs on `occupied` macros, W, shape (n, W)."""
        share, idle = occupied / self.designs.macros[:, None], self.context.idle_macro_leak
        if self.context.switches.idle_leakage:
            share = idle + (1 - idle) * run.macro_use
        leak: Floats = self.chip.other_leak_W[:, None] + self.chip.macro_leak_W[:, None] * share
        return leak

    @cached_property
    def idle_leak_W(self) -> Floats:
        """Leakage of a chip on which no network runs, W, shape (n,)."""
        idle = self.context.idle_macro_leak
        leak: Floats = self.chip.other_leak_W + self.chip.macro_leak_W * idle
        return leak

    def apply_power_limit(self, run: ImageCosts, occupied: Floats) -> ImageCosts:
        """Add static power to runs on `occupied` macros, shape (n, W), and apply the power
        limit."""
        allowed = self.context.assumptions.power_W_per_m2.value * self.chip.area_m2
        idle = self.chip.dram.idle_W[:, None]
        return apply_power_limit(run, self.leak_W(run, occupied), idle, allowed[:, None])

    @cached_property
    def fits(self) -> Bools:
        """True where the weights of a network (of all, if co-resident) fit the chip, shape (n,
        W)."""
        fits: Bools = self.shortfall[0] <= 0
        return fits

    def uses(self, *, streamed: bool) -> Bools:
        """True where a network may be best in a weight mode, shape (n,)."""
        possible = self.may_stream if streamed else self.fits
        return np.asarray((self.has_capacity & possible).any(axis=1))

    @cached_property
    def _missing(self) -> tuple[Floats, Floats]:
        """Missing cells and buffer bits, shape (n, W) each."""
        macros, lines = self.shortfall
        per_macro = self.designs.rows * self.designs.cols
        cells = np.where(self.may_stream, 0.0, macros * per_macro[:, None])
        nowhere = ~self.designs.has_dram & self.context.switches.activation_dram
        largest = self.context.layers.largest(self._overflow_bits)
        if self.context.cache is not None:
            largest = largest + self._cache_overflow_bits
        bits = largest.take(self.buffer_sizes[1], axis=0) * nowhere[:, None]
        return cells, np.maximum(bits, np.maximum(lines, self._held_overflow_bits))

    @property
    def _cache_overflow_bits(self) -> Floats:
        """Bits of each cache that buffers do not keep, by distinct buffer size."""
        assert self.context.cache is not None
        return self.context.cache.missing_bits(BITS_PER_KIB * self.buffer_sizes[0])

    @property
    def _held_overflow_bits(self) -> Floats:
        """Weights of the digital unit beyond the buffer, bits, shape (n, W)."""
        buffer = BITS_PER_KIB * self.designs.glb_KiB[:, None]
        return np.asarray(self.context.held_weight_bits - buffer)

    @property
    def lacks_dram_for_cache(self) -> Bools:
        """True where a cache needs more buffer, and DRAM would do instead, shape (n, W)."""
        _, bits = self._missing
        if self.context.cache is None:
            return np.zeros(bits.shape, dtype=bool)
        cache = self._cache_overflow_bits.take(self.buffer_sizes[1], axis=0)
        others = np.maximum(self.shortfall[1], self._held_overflow_bits)
        return (bits > 0) & (cache > 0) & (others <= 0)

    @cached_property
    def has_capacity(self) -> Bools:
        """True where a chip has the cells and buffer bits that a network needs, shape (n, W)."""
        cells, bits = self._missing
        return np.asarray((cells <= 0) & (bits <= 0))

    @cached_property
    def resources(self) -> PhysicalResources:
        """Area, exact shortfalls, and quantities with circuit limits."""
        return self._resources(*self._missing)

    def screen(self) -> PhysicalResources:
        """Resources with lower bounds of missing cells, and no missing bits."""
        cells = self.min_capacity_shortfall
        return self._resources(cells, np.zeros_like(cells))

    @property
    def min_capacity_shortfall(self) -> Floats:
        """Cells missing with any placement, shape (n, W)."""
        certain = ~self.may_stream & self.context.switches.placement
        missing: Floats = least_missing_cells(self.context.layers, self.designs) * certain
        return missing

    def _resources(self, missing_cells: Floats, missing_bits: Floats) -> PhysicalResources:
        """Accuracy is predicted only if it has a limit, since this can take minutes a circuit."""
        designs, predicted = self.designs, self.context.accuracy
        limited = predicted is not None and predicted.limited
        return PhysicalResources(
            area_m2=self.chip.area_m2,
            dram_m2=self.chip.dram.area_m2,
            dram_silicon_m2=self.chip.dram.silicon_m2,
            cells=designs.macros * designs.rows * designs.cols,
            missing_cells=missing_cells,
            missing_bits=missing_bits,
            snr_adc_dB=self.noise[:, 0],
            snr_dB=self.noise[:, 2],
            ir_drop=ir_drop(designs, self.chip.rates.adcs, self.point.wire_ohm_per_m, self.context),
            level_sigmas=level_sigmas(designs, self.context),
            sampling=sampling_share(designs, self.context),
            accuracy_drop=self.accuracy_drop if limited else np.empty((len(designs), 0)),
        )

    @cached_property
    def accuracy_drop(self) -> Floats:
        """Predicted accuracy drop of each network, shape (n, W)."""
        predicted = self.context.accuracy
        assert predicted is not None, "a network has accuracy data"
        return predicted.drops(self.designs)


class LayerWork:
    """Traffic and demand of L layers on some designs of a batch; common parts of both weight modes
    are computed once. `streams`: weights may be loaded for every image.
    """

    def __init__(self, batch: Batch, some: slice | Ints, *, streams: bool) -> None:
        self._batch = batch
        self._some = some
        self._layers = batch.context.layers
        self._switches = batch.context.switches
        self.designs = batch.designs.take(some)
        self.resident = batch.features(streamed=False).take(some)
        self._streamed = batch.features(streamed=True).take(some) if streams else None

    def features(self, *, streamed: bool) -> MappingFeatures:
        """Features of the layers in one mode."""
        if not streamed:
            return self.resident
        assert self._streamed is not None, "made without features of streaming"
        return self._streamed

    @cached_property
    def sums(self) -> Floats:
        """Bits of partial sums over the links, shape (n, L)."""
        bits: Floats = self.resident.sum_words * self._sum_bits
        return bits

    @cached_property
    def tile_sums(self) -> Floats:
        """Bits of partial sums added within tiles, shape (n, L)."""
        bits: Floats = self.resident.tile_sum_words * self._sum_bits
        return bits

    @cached_property
    def _sum_bits(self) -> Floats:
        """Width of partial sums, shape (n, L) or (1, 1)."""
        context = self._batch.context
        return partial_sum_bits(context, self.designs, self.resident.sum_extra_bits)

    @cached_property
    def spilled_sums(self) -> Floats | None:
        """Partial sums that wait in the global buffer between passes, bits, (n, L); None if
        none."""
        spilled = self.features(streamed=True).spilled_sums
        return spilled * self._sum_bits if spilled.any() else None

    @cached_property
    def spill_bits(self) -> Floats:
        """Activations written to DRAM and read back, and the cache there, bits, shape (n, L)."""
        return self._batch.spill_bits.take(self._batch.buffer_sizes[1][self._some], axis=0)

    @cached_property
    def operand_bits(self) -> Floats:
        """Operands read by the digital unit, bits, shape (n, L); a zero if it is idle."""
        if not self._layers.has_digital:
            return np.zeros(1)
        return operand_bits(self._layers, self.designs.mac_units)

    @cached_property
    def _resident_bits(self) -> tuple[Floats, Floats]:
        return resident_bits(self._batch.context)

    def link_bits(self, *, streamed: bool) -> Floats:
        """Activations and partial sums over the links, bits, shape (n, L)."""
        moved = self.features(streamed=True).link_bits if streamed else self._resident_bits[0]
        bits: Floats = self.sums + moved
        return bits

    def glb_bits(self, *, streamed: bool) -> Floats:
        """Bits through the global buffer, shape (n, L), or (1, L) if equal for all designs."""
        if streamed:
            bits = self.features(streamed=True).glb_bits
            if self.spilled_sums is not None:
                bits = bits + 2 * self.spilled_sums
        else:
            bits = self._resident_bits[1][None]
        return bits + self.operand_bits if self._layers.has_digital else bits

    @cached_property
    def _read_s(self) -> Floats:
        """Time of one read of an array with conversions, s, shape (n, L)."""
        return layer_read_times(self._rates, self.resident.columns_used)

    @cached_property
    def _rates(self) -> Rates:
        return self._batch.chip.rates.of_layers(self._some)

    def times(self, *, streamed: bool) -> LayerTimes:
        """Times of each layer on each resource, s."""
        layers, features = self._layers, self.features(streamed=streamed)
        compute = features.reads * self._read_s
        if layers.has_digital:
            compute += layers.digital * layers.macs * self._rates.mac_s
        times = roofline(
            self._rates,
            self.designs.ping_pong[:, None] > 0,
            compute_s=compute,
            fill_s=self.resident.vector_reads * self._read_s,
            glb_bits=self.glb_bits(streamed=streamed),
            link_bits=self.link_bits(streamed=streamed),
            link_share=features.link_share,
            buffer_words=features.buffer_words,
            dram_bits=self.spill_bits,
            load_rows=features.load_rows if streamed else None,
            load_link_bits=layers.stored_bits,
            load_dram_bits=layers.stored_bits,
        )
        return times if self._switches.bandwidth else times.compute_only()


def network_runs(batch: Batch, *, causes: bool, longest: bool = False) -> list[ImageCosts]:
    """One image of every network on every chip with weights resident and, if some design may stream
    them, streamed. `causes` finds the bottleneck of sequential designs, `longest` longest layers.

    Entries of modes that a design does not use are placeholders, which no result is taken from.
    """
    runs = _timed_runs(batch, causes=causes, longest=longest)
    return [_with_energy(batch, run, streamed=bool(mode)) for mode, run in enumerate(runs)]


def _timed_runs(batch: Batch, *, causes: bool, longest: bool) -> list[ImageCosts]:
    """Runs by weight mode, with times and bits summed over layers, but no energy."""
    layers, rates = batch.context.layers, batch.chip.rates
    pipelined, shape = bool(batch.designs.pipelined.any()), batch.has_capacity.shape
    modes = (False, True) if batch.may_stream.any() else (False,)
    runs = [ImageCosts.blank(shape, streamed=streamed, pipelined=pipelined) for streamed in modes]
    io_s = batch.io_bits * _bit_s(batch, rates.dram_bit_s)
    link_bit_s = _bit_s(batch, rates.link_bit_s)
    for rows, used in _chunks_by_mode(batch):
        work = LayerWork(batch, rows, streams=True in used)
        sums, within_tiles = layers.total(work.sums), layers.total(work.tile_sums)
        for streamed in used:
            run, times = runs[streamed], work.times(streamed=streamed)
            features = batch.features(streamed=streamed)
            run.link_bits[rows] = links = sums + features.network_link_bits[rows]
            run.tile_sum_bits[rows] = within_tiles
            if pipelined:
                groups = pipeline_groups(work.designs, features.occupied[rows])
                run.latency_s[rows], run.interval_s[rows], run.bound_by[rows] = pipelined_latency(
                    layers, times, io_s[rows], links * link_bit_s[rows] / groups
                )
                if layers.feedback.any():
                    run.interval_s[rows] = np.where(
                        layers.feedback, run.latency_s[rows], run.interval_s[rows]
                    )
            else:
                run.latency_s[rows], run.bound_by[rows] = sequential_latency(
                    layers, times, io_s[rows], causes=causes
                )
                if longest:
                    run.longest_share[rows] = longest_layer_share(
                        layers, times, run.latency_s[rows] - io_s[rows]
                    )
            if streamed and work.spilled_sums is not None:
                run.spilled_bits[rows] = layers.total(work.spilled_sums)
            if batch.context.idle_macro_leak < 1:
                busy = layers.total(times.seconds * work.resident.layer_macros)
                whole = run.interval_s[rows] * work.designs.macros[:, None]
                run.macro_use[rows] = np.minimum(busy / whole, 1.0)
    return runs


def pipeline_groups(designs: Designs, occupied: Floats) -> Floats:
    """Router groups whose links a pipeline on `occupied` macros shares, shape (n, W)."""
    per_group = (designs.macros_per_tile * designs.tiles_per_group)[:, None]
    return np.clip(np.ceil(occupied / per_group), 1, designs.router_groups[:, None])


def _bit_s(batch: Batch, seconds: Floats) -> Floats:
    """Time per bit, s, shape (n, 1); 0 without the bandwidth rule."""
    bit_s: Floats = (seconds * batch.context.switches.bandwidth)[:, None]
    return bit_s


def _chunks_by_mode(batch: Batch) -> Iterator[tuple[Ints, tuple[bool, ...]]]:
    """Indices of designs evaluated at once, grouped by the modes they use."""
    designs = batch.designs
    use = batch.uses(streamed=False) + 2 * batch.uses(streamed=True)
    order = np.argsort(4 * use + 2 * designs.ping_pong + designs.sample_and_hold, kind="stable")
    cuts = np.searchsorted(use[order], np.arange(5))
    for kind, modes in enumerate(((False,), (True,), (False, True)), 1):
        alike = order[cuts[kind] : cuts[kind + 1]]
        for at in range(0, len(alike), DESIGNS_PER_LAYER_CHUNK):
            yield alike[at : at + DESIGNS_PER_LAYER_CHUNK], modes


def best_run(batch: Batch, *, causes: bool, longest: bool = False) -> ImageCosts:
    """Costs of an image of every network on every chip in the better weight mode; without meaning
    where the chip lacks capacity."""
    run, *streamed = network_runs(batch, causes=causes, longest=longest)
    for other in streamed:
        better = edp(other.energy_J, other.latency_s) < edp(run.energy_J, run.latency_s)
        streams = batch.may_stream & (better | ~batch.fits)
        run = other.where(_as_owners(batch, streams), run)
    return run


def _as_owners(batch: Batch, streams: Bools) -> Bools:
    """True where weights stream, shape (n, W): a follower streams where its owner does."""
    context, layers = batch.context, batch.context.layers
    if not layers.followers.any():
        return streams
    if context.owner is not None:
        owner = Batch(context.owner, batch.designs)
        return streams | (best_run(owner, causes=False).streamed & owner.has_capacity)
    return streams | (streams & batch.has_capacity)[:, layers.cells_of_network]


@dataclass(frozen=True, eq=False, kw_only=True)
class PhysicalMetrics(PhysicalResources, ImageCosts):
    """All results of the physical model; NaN (−1 in `bound_by`) where a chip lacks capacity.

    Args:
        snr_dev_dB, snr_rounding_dB: SNR from cell variation, and of operands rounded to integers,
            shape (n, W).
        leak_W: leakage of the idle chip, shape (n,) like all that follow.
        dram_rest_W: power of the DRAM in self-refresh, off the chip.
        save_s, save_J: as `saving` returns them.
    """

    snr_dev_dB: Floats
    snr_rounding_dB: Floats
    leak_W: Floats
    dram_rest_W: Floats
    save_s: Floats
    save_J: Floats


def evaluate_batch(batch: Batch, *, causes: bool = True) -> PhysicalMetrics:
    """All results for every network on every chip of a batch, bottlenecks if wanted (`causes`)."""
    run, ran = best_run(batch, causes=causes), batch.has_capacity
    values = {name: np.where(ran, array, np.nan) for name, array in vars(run).items()}
    values["bound_by"] = np.where(ran & causes, run.bound_by, -1).astype(np.int8)
    values["streamed"] = run.streamed
    save_s, save_J = saving(batch, run)
    return PhysicalMetrics(
        **vars(batch.resources),
        **values,
        snr_dev_dB=batch.noise[:, 1],
        snr_rounding_dB=batch.noise[:, 3],
        leak_W=batch.idle_leak_W,
        dram_rest_W=batch.chip.dram.rest_W,
        save_s=save_s,
        save_J=save_J,
    )


def saving(batch: Batch, run: ImageCosts) -> tuple[Floats, Floats]:
    """Time and energy of saving the global buffer in DRAM and bringing it back, with the weights
    that stay on the chip, when a network is interrupted, shape (n,); time is infinite without DRAM.
    """
    chip, moved = batch.chip, 2.0 * BITS_PER_KIB * batch.designs.glb_KiB
    resident = np.where(batch.has_capacity & ~run.streamed, 1.0, 0.0)
    time = moved * chip.rates.dram_bit_s + (run.switch_time_s * resident).max(axis=1)
    energy = moved * chip.prices_J["dram"] + (run.switch_energy_J * resident).max(axis=1)
    return np.where(batch.designs.has_dram, time, np.inf), energy


def _with_energy(batch: Batch, run: ImageCosts, *, streamed: bool) -> ImageCosts:
    """A run with energy and traffic, and what follows from them: power limit and switches."""
    c, prices = batch.context, batch.chip.prices_J
    layers, features = c.layers, batch.features(streamed=streamed)
    dram, stored = batch.spilled + batch.io_bits, layers.total(layers.stored_bits)
    on_chip = _counted_energy(batch, features) + run.link_bits * prices["link"][:, None]
    on_chip += run.tile_sum_bits * prices["tile_sum"][:, None]
    if streamed:
        both = prices["glb_read"] + prices["glb_write"]
        on_chip += run.spilled_bits * both[:, None]
    operands: Floats | float = 0.0
    if layers.has_digital:
        operands = layers.total(operand_bits(layers, batch.designs.mac_units))
        macs = layers.total(layers.macs * layers.digital)
        on_chip += prices["mac"][:, None] * macs + prices["glb_read"][:, None] * operands
    cells = features.counts[:, ACTIONS.index("write")]
    written = cells * prices["write"][:, None] + stored * prices["link"][:, None]
    fetched = stored * prices["dram"][:, None]
    off_chip = dram * prices["dram"][:, None]
    if streamed:
        on_chip, off_chip = on_chip + written, off_chip + fetched
    switch_on, switch_off, switch_s = _switch(batch, written, fetched, streamed=streamed)
    images = c.inferences_per_switch
    on_chip, off_chip = on_chip + switch_on / images, off_chip + switch_off / images
    read, write = (features.counts[:, ACTIONS.index(name)] for name in ("glb_read", "glb_write"))
    run = replace(
        run,
        energy_J=on_chip + off_chip,
        dram_J=off_chip,
        latency_s=run.latency_s + switch_s / images,
        interval_s=run.interval_s + switch_s / images,
        occupied_cells=features.occupied * (batch.designs.rows * batch.designs.cols)[:, None],
        dram_bits=dram + stored * streamed,
        glb_bits=read + write + 2 * run.spilled_bits + operands,
        switch_energy_J=switch_on + switch_off,
        switch_time_s=switch_s,
    )
    return batch.apply_power_limit(run, features.occupied)


def _counted_energy(batch: Batch, features: MappingFeatures) -> Floats:
    """Energy of all actions that the mapping key counts but writing, shape (n, W)."""
    energy = np.zeros(features.occupied.shape)
    # Summed in order: a matrix product would round differently in other batches.
    for at, name in enumerate(ACTIONS):
        price = batch.chip.price_of(name) if name != "write" else np.zeros(len(energy))
        energy += price[:, None] * features.counts[:, at]
    return energy


def _switch(
    batch: Batch, written: Floats, fetched: Floats, *, streamed: bool
) -> tuple[Floats, Floats, Floats]:
    """Energy on and off the chip, and time, of a switch to each network, shape (n, W) each; 0 of
    networks that find their weights there.

    Weights are fetched and written to the arrays (unless streamed) and the global buffer. Rows of
    all macros are written in parallel, unless fetching takes longer.
    """
    layers, rates, prices = batch.context.layers, batch.chip.rates, batch.chip.prices_J
    if not batch.context.switches_networks:
        return np.zeros_like(written), np.zeros_like(written), np.zeros_like(written)
    bits = layers.held_bits
    on_chip, off_chip = (bits * prices[name][:, None] for name in ("glb_write", "dram"))
    rows = np.zeros(len(written))
    if not streamed:
        on_chip, off_chip = on_chip + written, off_chip + fetched
        bits = bits + layers.total(layers.stored_bits)
        rows = batch.designs.rows * rates.row_write_s
    time = np.maximum(rows[:, None], bits * rates.dram_bit_s[:, None])
    pays = batch.context.pays_switches
    return on_chip * pays, off_chip * pays, time * pays
