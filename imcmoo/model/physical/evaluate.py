"""What all designs of a physical model share.

One batch of designs of one schedule on its way through the model.

What the layers of every network add up to, on a batch of designs.

Metrics of a batch of designs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.action_counts import ACTIONS, OperandSums
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.cache import Arrays, KeyedMemory, body_keys
from imcmoo.model.physical.chip import Chip, build_chip
from imcmoo.model.physical.components import OperatingPoint, Parts, look_up_parts, operating_point
from imcmoo.model.physical.constraints import CircuitLimits, ir_drop, level_sigmas, shortfalls
from imcmoo.model.physical.latency import (
    LayerWork,
    Rates,
    Run,
    all_at_once,
    held_time,
    one_after_the_other,
    powered,
)
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.mapping_features import (
    BodyFeatures,
    KnownBodies,
    NetworkFeatures,
    body_features,
)
from imcmoo.model.physical.memory_cells import Device
from imcmoo.model.physical.metrics import PhysicalMetrics, PhysicalResources
from imcmoo.model.physical.noise import NoiseMemory
from imcmoo.model.physical.parameters import DRAM, Designs
from imcmoo.model.physical.replication import CopiesMemory
from imcmoo.model.physical.switches import Switches
from imcmoo.model.physical.traffic import converted_bits, operand_bits, overflow_bits


@dataclass(frozen=True, eq=False)
class Context:
    """What all designs of a model share.

    Args:
        layers: of all networks.
        sums: statistics of their operands.
        device: memory device.
        table: component numbers.
        given: assumptions.
        switches: rules that are on.
        requests: images over which a switch of networks is charged; infinite if none happens.
        together: whether all networks are on the chip.
        copies: copies by array and number of macros.
        noise: signal to noise by circuit.
        bodies: features by body, resident and streamed.
        shortfalls: what networks lack, by body.
        limits: what circuits must keep.
    """

    layers: LayerTable
    sums: OperandSums
    device: Device
    table: PhysicalTable
    given: Assumptions
    switches: Switches
    requests: float
    together: bool
    copies: CopiesMemory
    noise: NoiseMemory
    bodies: tuple[KeyedMemory, KeyedMemory] = field(
        default_factory=lambda: (KeyedMemory(), KeyedMemory())
    )
    shortfalls: KeyedMemory = field(default_factory=KeyedMemory)
    limits: CircuitLimits = field(default_factory=CircuitLimits)


Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Index = slice | NDArray[np.int64]


class Batch:
    """Designs with everything worked out of them once.

    Args:
        context: the model.
        designs: n chips, all layer by layer or all pipelined.
    """

    def __init__(self, context: Context, designs: Designs) -> None:
        self.context = context
        self.designs = designs

    @cached_property
    def point(self) -> OperatingPoint:
        """Speed and prices."""
        c = self.context
        return operating_point(
            self.designs, device=c.device, table=c.table, given=c.given, switches=c.switches
        )

    @cached_property
    def parts(self) -> Parts:
        """What the component table says of them."""
        c = self.context
        return look_up_parts(
            c.layers, self.designs, self.point, table=c.table, given=c.given, switches=c.switches
        )

    @cached_property
    def chip(self) -> Chip:
        """Areas, leakage, prices of actions."""
        return build_chip(self.parts)

    @cached_property
    def rates(self) -> Rates:
        """What timing the layers takes of the designs."""
        c, designs, point, chip = self.context, self.designs, self.point, self.chip
        return Rates(
            read_s=held_time(
                designs, point, device=c.device, given=c.given, pulses=c.switches.pulses
            ),
            convert_s=point.converter.time_s * point.slowdown,
            converters=self.parts.converters,
            hold=designs.sample_and_hold > 0,
            sum_bits=converted_bits(c.layers, designs),
            glb_bit_s=chip.glb_bit_s,
            link_bit_s=chip.link_bit_s,
            buffer_word_s=chip.buffer_word_s,
            dram_bit_s=chip.dram_bit_s,
            row_write_s=point.cell.row_write_s,
            ping_pong=designs.ping_pong > 0,
            mac_units=designs.mac_units,
            mac_s=1 / (designs.mac_units * point.clock_Hz),
            buffer_size=self._buffer_sizes[1],
        )

    @cached_property
    def resident(self) -> KnownBodies:
        """All weights on the chip; where a network does not fit, as if one copy did."""
        return self._bodies(streamed=False)

    @cached_property
    def streamed(self) -> KnownBodies:
        """The weights of a layer at a time."""
        return self._bodies(streamed=True)

    def bodies(self, *, streamed: bool) -> KnownBodies:
        """Either of these."""
        return self.streamed if streamed else self.resident

    @cached_property
    def _body_keys(self) -> NDArray[np.int64]:
        return body_keys(self.designs)

    def _bodies(self, *, streamed: bool) -> KnownBodies:
        c = self.context
        # What streams asks resident bodies, too, for what is the same in both modes. Designs that
        # do not ask may have any body, which then costs nothing.
        use = self.uses(streamed=True) if streamed else np.asarray(self.runs.any(axis=1))
        whose = np.where(use, np.arange(len(use)), use.argmax() if len(use) else 0)

        def work_out(index: NDArray[np.int64]) -> Arrays:
            bodies = self.designs.take(whose[index])
            known = c.copies.of(bodies)
            return body_features(
                c.layers,
                c.sums,
                bodies,
                (known.streamed if streamed else known.resident).astype(float),
                streamed=streamed,
                switches=c.switches,
            ).arrays

        store, places = c.bodies[streamed].of(self._body_keys[whose], work_out)
        return KnownBodies(BodyFeatures.of_arrays(store), places)

    @cached_property
    def shortfalls(self) -> Arrays:
        """As `shortfalls.shortfalls`, of the designs' bodies, each of shape (n, W)."""
        c = self.context

        def work_out(index: NDArray[np.int64]) -> Arrays:
            return shortfalls(
                c.layers,
                self.designs.take(index),
                c.copies,
                together=c.together,
                switches=c.switches,
            )

        store, places = c.shortfalls.of(self._body_keys, work_out)
        return tuple(array.take(places, axis=0) for array in store)

    @cached_property
    def noise(self) -> Floats:
        """As `NoiseMemory.of`, shape (n, 3, W)."""
        return self.context.noise.of(self.designs)

    @cached_property
    def may_stream(self) -> Bools:
        """Whether weights may be streamed, shape (n, 1)."""
        there = self.designs.dram != DRAM.index("none")
        may: Bools = there & ~self.designs.pipelined & self.context.device.streams
        return may[:, None]

    @cached_property
    def _buffer_sizes(self) -> tuple[Floats, NDArray[np.int64]]:
        """Distinct sizes of the global buffer, and which of them each design has."""
        sizes, which = np.unique(self.designs.glb_KiB, return_inverse=True)
        return sizes, which

    @cached_property
    def _overflow_bits(self) -> Floats:
        """Outputs that leave the global buffer, by its size, shape (n_sizes, L)."""
        return overflow_bits(self.context.layers, self._buffer_sizes[0])

    @cached_property
    def spill_bits(self) -> Floats:
        """Activations written to DRAM and read back, by size of the buffer, shape (n_sizes, L)."""
        return 2.0 * self._overflow_bits * self.context.switches.activation_dram

    @cached_property
    def spilled(self) -> Floats:
        """The same of whole networks, shape (n, W)."""
        by_size = self.context.layers.total(self.spill_bits)
        return by_size.take(self._buffer_sizes[1], axis=0)

    @cached_property
    def io_bits(self) -> Floats:
        """The networks' own input and output through DRAM, shape (n, W)."""
        there = (self.designs.dram != DRAM.index("none")) & self.context.switches.activation_dram
        bits: Floats = there[:, None] * self.context.layers.io_bits
        return bits

    def work(self, some: Index, *, streams: bool) -> LayerWork:
        """What is worked out layer by layer, of some of the designs.

        Args:
            streams: whether also with weights loaded for every image.
        """
        c = self.context
        return LayerWork(
            c.layers,
            c.switches,
            self.rates.take(some),
            self.spill_bits,
            c.given.widest_sum_bits.value,
            self.resident.layers(some),
            self.streamed.layers(some) if streams else None,
        )

    @property
    def switches_networks(self) -> bool:
        """Whether weights are written when another network's turn comes."""
        return bool(np.isfinite(self.context.requests)) and self.context.switches.placement

    def leak_W(self, occupied: Floats) -> Floats:
        """What leaks while a network runs on so many macros, shape (n, W)."""
        macros = self.designs.macros[:, None]
        share = 1.0 if self.context.switches.idle_leakage else occupied / macros
        leak: Floats = self.chip.other_leak_W[:, None] + self.chip.macro_leak_W[:, None] * share
        return np.broadcast_to(leak, occupied.shape)

    def powered(self, run: Run, occupied: Floats) -> Run:
        """As `runs.powered`, of networks that run on so many macros, shape (n, W)."""
        return powered(run, self.chip, self.leak_W(occupied), self.context.given)

    @property
    def cells(self) -> Floats:
        """Cells of each chip."""
        cells: Floats = self.designs.macros * self.designs.rows * self.designs.cols
        return cells

    @cached_property
    def fits(self) -> Bools:
        """Whether all weights of each network are on the chip at once, shape (n, W)."""
        fits: Bools = self.shortfalls[0] <= 0
        return fits

    def uses(self, *, streamed: bool) -> Bools:
        """Whether some network may run best in a mode, shape (n,)."""
        possible = self.may_stream if streamed else self.fits
        return np.asarray((self.runs & possible).any(axis=1))

    @cached_property
    def runs(self) -> Bools:
        """Whether each network runs, shape (n, W)."""
        return self.resources.runs

    @cached_property
    def resources(self) -> PhysicalResources:
        """Area, exact shortfalls, and what limits look at."""
        designs = self.designs
        macros, lines = self.shortfalls
        cells = np.where(self.may_stream, 0.0, macros * (designs.rows * designs.cols)[:, None])
        none = (designs.dram == DRAM.index("none")) & self.context.switches.activation_dram
        lacking = self.context.layers.largest(self._overflow_bits)
        bits = lacking.take(self._buffer_sizes[1], axis=0) * none[:, None]
        return self._resources(cells, np.maximum(bits, lines))

    def screen(self) -> PhysicalResources:
        """As `resources`, but of cells only what is surely missing, and no bits."""
        cells = self.surely_missing_cells
        return self._resources(cells, np.zeros_like(cells))

    @property
    def surely_missing_cells(self) -> Floats:
        """Cells of the weights less the chip's, shape (n, W)."""
        layers, designs = self.context.layers, self.designs
        bits = layers.weight_bits.min() - designs.differential
        columns = np.ceil(bits / designs.bits_per_cell) * (1 + designs.differential)
        weights = layers.total(layers.stored_bits / layers.weight_bits)
        lacking = np.maximum(columns[:, None] * weights - self.cells[:, None], 0.0)
        certain = ~self.may_stream & self.context.switches.placement
        missing: Floats = lacking * certain
        return missing

    def _resources(self, missing_cells: Floats, missing_bits: Floats) -> PhysicalResources:
        c, designs = self.context, self.designs
        lost = ir_drop(designs, self.point, device=c.device, given=c.given, switches=c.switches)
        return PhysicalResources(
            area_m2=self.chip.area_m2,
            cells=self.cells,
            missing_cells=missing_cells,
            missing_bits=missing_bits,
            snr_adc_dB=self.noise[:, 0],
            ir_drop=lost,
            level_sigmas=level_sigmas(designs, device=c.device, given=c.given),
        )


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


def metrics(batch: Batch, *, causes: bool = True) -> PhysicalMetrics:
    """One image of every network on every chip of a batch.

    Args:
        batch: the chips.
        causes: whether to find out what binds.
    """
    runs, found = batch.runs, _costs(batch, causes)
    streamed, bound = found.pop("streamed"), found.pop("bound_by")
    return PhysicalMetrics(
        resources=batch.resources,
        **{name: np.where(runs, values, np.nan) for name, values in found.items()},
        snr_dev_dB=batch.noise[:, 1],
        snr_dB=batch.noise[:, 2],
        bound_by=np.where(runs & causes, bound, -1).astype(np.int8),
        streamed=streamed,
    )


def _costs(batch: Batch, causes: bool) -> dict[str, NDArray[Any]]:
    """What takes energy and time, in the better mode, by field of `PhysicalMetrics`."""
    sums = totals(batch, causes=causes)
    run, counts = run_in(batch, sums, streamed=False)
    streamed = np.zeros(batch.runs.shape, bool)
    if sums.streams:
        other, other_counts = run_in(batch, sums, streamed=True)
        better = other.energy_J * other.latency_s < run.energy_J * run.latency_s
        streamed = batch.may_stream & (better | ~batch.fits)
        run = other.where(streamed, run)
        counts = {name: np.where(streamed, other_counts[name], counts[name]) for name in counts}
    return {
        "energy_J": run.energy_J,
        "latency_s": run.latency_s,
        "interval_s": run.interval_s,
        "power_W": run.power_W,
        "bound_by": run.bound_by,
        "streamed": streamed,
        **counts,
    }


def run_in(batch: Batch, totals: Totals, *, streamed: bool) -> tuple[Run, dict[str, Floats]]:
    """Energy and time in a mode, and what is counted beside, where the network runs."""
    layers, prices, mode = batch.context.layers, batch.chip.prices_J, int(streamed)
    features = batch.bodies(streamed=streamed).networks
    dram = batch.spilled + batch.io_bits
    stored = layers.total(layers.stored_bits)
    links = totals.sum_bits + features.link_bits
    on_chip = _counted(batch, features) + links * prices["link"][:, None]
    if streamed:
        both = prices["glb_read"] + prices["glb_write"]
        on_chip += totals.kept_bits[mode] * both[:, None]
    operands: Floats | float = 0.0
    if layers.has_dynamic:
        operands = layers.total(operand_bits(layers, batch.designs.mac_units))
        macs = layers.total(layers.macs * layers.dynamic)
        on_chip += prices["mac"][:, None] * macs + prices["glb_read"][:, None] * operands
    written, fetched = load_energy(batch, features)
    requests = 1.0 if streamed else batch.context.requests
    switches = batch.switches_networks and not streamed
    off_chip = dram * prices["dram"][:, None]
    if streamed or switches:
        on_chip = on_chip + written / requests
        off_chip = off_chip + fetched / requests
    latency, interval, bound = (
        array[mode] for array in (totals.latency_s, totals.interval_s, totals.bound_by)
    )
    switch_s = _switch_s(batch) if switches else np.zeros_like(latency)
    if switches:
        latency, interval = (t + switch_s / requests for t in (latency, interval))
    run = batch.powered(
        Run(on_chip + off_chip, off_chip, latency, interval, bound), features.occupied
    )
    read, write = (features.counts[:, ACTIONS.index(name)] for name in ("glb_read", "glb_write"))
    return run, {
        "occupied_cells": features.occupied * (batch.designs.rows * batch.designs.cols)[:, None],
        "dram_bits": dram + stored * streamed,
        "glb_bits": read + write + 2 * totals.kept_bits[mode] + operands,
        "switch_energy_J": (written + fetched) * switches,
        "switch_time_s": switch_s,
    }


def load_energy(batch: Batch, features: NetworkFeatures) -> tuple[Floats, Floats]:
    """Energy on and off the chip of loading all weights once, each of shape (n, W)."""
    layers, prices = batch.context.layers, batch.chip.prices_J
    stored = layers.total(layers.stored_bits)
    cells = features.counts[:, ACTIONS.index("write")]
    written = cells * prices["write"][:, None] + stored * prices["link"][:, None]
    return written, stored * prices["dram"][:, None]


def _counted(batch: Batch, features: NetworkFeatures) -> Floats:
    """Energy of all actions that a body counts but writing, shape (n, W)."""
    energy = np.zeros(features.occupied.shape)
    prices = [batch.chip.price_of(name) for name in ACTIONS]
    prices[ACTIONS.index("write")] = np.zeros(len(batch.designs))
    # One after the other: a product of matrices rounds otherwise in another company of designs.
    for at, price in enumerate(prices):
        energy += price[:, None] * features.counts[:, at]
    return energy


def _switch_s(batch: Batch) -> Floats:
    """Writing the rows of all macros at once, or fetching the weights if that takes longer."""
    layers = batch.context.layers
    rows = batch.designs.rows * batch.rates.row_write_s
    fetch = layers.total(layers.stored_bits) * batch.chip.dram_bit_s[:, None]
    return np.maximum(rows[:, None], fetch)
