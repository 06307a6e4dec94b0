"""How long things take: one vector through an array, one layer, and what binds it.

Energy and time of every network on every chip, its weights resident or streamed.

What every layer moves and how long that takes, for a few hundred designs at a time.

All that is worked out layer by layer is here. Node, supply, converter, buffers, links and DRAM of a
design enter through a handful of numbers, its `Rates`, and arrays through the features of its body.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.chip import Chip
from imcmoo.model.physical.components import OperatingPoint
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.mapping_features import STREAMS, LayerFeatures
from imcmoo.model.physical.memory_cells import Device
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.switches import Switches
from imcmoo.model.physical.traffic import REFERENCE_SUM_BITS, operand_bits

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CAUSES = ("compute", "glb", "link", "buffer", "dram", "power")
"""What may bind a layer; power binds a whole image."""


@dataclass(frozen=True, eq=False)
class LayerTimes:
    """Seconds of one occurrence of each layer on each resource, shape (n, L).

    Args:
        step: one vector through one copy.
        terms: by the first five of `CAUSES`; they overlap, the largest counts.
        loads: compute, link and DRAM seconds of loading weights that nothing overlaps, if any.
    """

    step: Floats
    terms: tuple[Floats, ...]
    loads: tuple[Floats, ...] | None = None

    def compute_only(self) -> LayerTimes:
        """As if everything but computing and writing rows were done at once."""
        nothing = np.zeros_like(self.step)
        loads = None if self.loads is None else (self.loads[0], nothing, nothing)
        return LayerTimes(self.step, (self.terms[0], *([nothing] * 4)), loads)

    @property
    def seconds(self) -> Floats:
        """Seconds of each layer where layers take turns, shape (n, L)."""
        seconds = largest_of(self.terms) + self.step
        return seconds if self.loads is None else seconds + largest_of(self.loads)


def read_time(
    designs: Designs,
    point: OperatingPoint,
    columns_used: Floats,
    converters: Floats,
    *,
    device: Device,
    given: Assumptions,
    pulses: bool,
) -> Floats:
    """Seconds of one read of an array, conversions included.

    Args:
        designs: n chips.
        point: their speed.
        columns_used: converted columns of the fullest macro, shape (n, L).
        converters: of a macro, shape (n,).
        device: tells how long a level is held.
        given: length of a pulse.
        pulses: whether pulses take time.

    Returns:
        Shape (n, L).
    """
    held = held_time(designs, point, device=device, given=given, pulses=pulses)
    convert = point.converter.time_s * point.slowdown
    return converted_read(held, convert, columns_used, converters, designs.sample_and_hold > 0)


def held_time(
    designs: Designs,
    point: OperatingPoint,
    *,
    device: Device,
    given: Assumptions,
    pulses: bool,
) -> Floats:
    """Seconds of one read of an array and its pulses, without conversions, shape (n,)."""
    each = (2.0**designs.input_slice_bits - 1) * given.pulse_s.value
    held = np.where(designs.levels, device.held_level_s(given), each)
    time: Floats = point.array_s + held * pulses
    return time


def converted_read(
    read_s: Floats, convert_s: Floats, columns_used: Floats, converters: Floats, hold: Bools
) -> Floats:
    """Reading and c conversions, one after the other; at once with a sample-and-hold per column.

    Args:
        read_s: of the array and its pulses, shape (n,).
        convert_s: of one conversion, shape (n,).
        columns_used: converted columns of the fullest macro, shape (n, L).
        converters: of a macro, shape (n,).
        hold: whether there are samples and holds, shape (n,).

    Returns:
        Shape (n, L).
    """
    read = read_s[:, None]
    both: Floats = columns_used / converters[:, None]
    np.ceil(both, out=both)
    both *= convert_s[:, None]
    if not hold.any():
        both += read
    elif hold.all():
        np.maximum(both, read, out=both)
    else:
        # The sum of two is their maximum and their minimum.
        rest = np.minimum(both, read)
        rest *= ~hold[:, None]
        np.maximum(both, read, out=both)
        both += rest
    return both


def largest_of(terms: tuple[Floats, ...]) -> Floats:
    """Element by element the largest of several arrays of one shape, without stacking them."""
    largest = np.maximum(terms[0], terms[1])
    for term in terms[2:]:
        np.maximum(largest, term, out=largest)
    return largest


def add_by_cause(
    terms: tuple[Floats, ...], causes: tuple[int, ...], layers: LayerTable, found: Floats
) -> None:
    """Add seconds of every network to what binds its layers, the first of equals.

    Args:
        terms: seconds of layers on resources, shape (n, L) each.
        causes: an index into `CAUSES` for each.
        layers: L distinct layers.
        found: seconds by cause so far, shape (n_causes, n, W), changed in place; what is added is
            the sum of the layers' largest terms. Shape (1, n, W) if nobody asks for causes.
    """
    largest = largest_of(terms)
    left = layers.total(largest)
    if len(found) == 1:
        found[0] += left
        return
    taken = terms[0] == largest
    for term, cause in zip(terms[1:], causes[1:], strict=True):
        binds = (term == largest) & ~taken
        taken |= binds
        if binds.any():
            here = layers.total(largest * binds)
            found[cause] += here
            left -= here
    found[causes[0]] += left


POWER = CAUSES.index("power")


@dataclass(frozen=True, eq=False)
class Run:
    """What one image of each network takes on each chip; arrays of shape (n, W).

    Args:
        energy_J: all of it.
        dram_J: the part that is spent off the chip.
        latency_s: from first input to last output.
        interval_s: between images.
        bound_by: index into `CAUSES` of what has the largest share of the latency.
    """

    energy_J: Floats
    dram_J: Floats
    latency_s: Floats
    interval_s: Floats
    bound_by: NDArray[np.int8]

    @property
    def power_W(self) -> Floats:
        """Power on the chip."""
        power: Floats = (self.energy_J - self.dram_J) / self.interval_s
        return power

    def where(self, better: NDArray[np.bool_], other: Run) -> Run:
        """This run where `better`, else the other."""
        return Run(
            *(np.where(better, getattr(self, f.name), getattr(other, f.name)) for f in fields(Run))
        )


def one_after_the_other(
    layers: LayerTable, times: LayerTimes, io_s: Floats, *, causes: bool
) -> tuple[Floats, NDArray[np.int8]]:
    """Latency of every network whose layers take turns, and what has the largest share of it.

    A layer takes its slowest resource and one vector more, to fill; then what its weights take to
    load where nothing overlaps that.

    Args:
        layers: L distinct layers.
        times: their seconds.
        io_s: DRAM seconds of the networks' own input and output, shape (n, W).
        causes: whether to find out what has the largest share.

    Returns:
        Seconds and index into `CAUSES`, the first of equals, shape (n, W); 0 throughout where
        causes were not asked for.
    """
    seconds = np.zeros((5 if causes else 1, *io_s.shape))
    seconds[0] = layers.total(times.step)
    add_by_cause(times.terms, (0, 1, 2, 3, 4), layers, seconds)
    if times.loads is not None:
        add_by_cause(times.loads, (0, 2, 4), layers, seconds)
    seconds[-1] += io_s
    total, most = seconds[0].copy(), seconds[0].copy()
    bound = np.zeros(total.shape, np.int8)
    for index, part in enumerate(seconds[1:], 1):
        total += part
        bound[part > most] = index
        np.maximum(most, part, out=most)
    return total, bound


def all_at_once(
    layers: LayerTable, times: LayerTimes, io_s: Floats, links_s: Floats
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Latency and interval where layers work on different images, and what binds the interval.

    Arrays and tile buffers are a layer's own; global buffer, links, DRAM and digital unit are
    shared, so their times add up. A layer starts when its predecessor has made the share of the
    image that the first output needs; an image alone in the pipeline finds resources free.

    Args:
        layers: L distinct layers.
        times: their seconds.
        io_s: DRAM seconds of the networks' own input and output, shape (n, W).
        links_s: link seconds of each network over all groups it uses, shape (n, W).

    Returns:
        Latency, interval, and index into `CAUSES`, shape (n, W).
    """
    compute, glb, _, buffer, dram = times.terms
    slowest = layers.largest(np.maximum(compute, buffer) + times.step)
    arrays = layers.largest(compute + times.step) >= layers.largest(buffer + times.step)
    digital = layers.total(np.where(layers.dynamic, compute, 0.0))
    causes = np.stack(
        [
            np.where(arrays, slowest, 0.0),
            layers.total(glb),
            links_s,
            np.where(arrays, 0.0, slowest),
            layers.total(dram) + io_s,
            digital,
        ]
    )
    interval, bound = causes.max(axis=0), causes.argmax(axis=0)
    filling = layers.total(times.seconds * layers.previous_share)
    # The digital unit's share counts as computing.
    bound = np.where(bound == len(causes) - 1, 0, bound).astype(np.int8)
    return filling + interval, interval, bound


def powered(run: Run, chip: Chip, leak_W: Floats, given: Assumptions) -> Run:
    """Add what leaks meanwhile, and slow chips down that would exceed the power they may draw.

    Where dynamic energy and leakage over the interval exceed the limit per area, the interval is
    what brings them to it, and the latency grows alike.

    Args:
        run: with dynamic energy only.
        chip: gives area.
        leak_W: what leaks, shape (n, W).
        given: the power limit.
    """
    allowed = (given.power_W_per_m2.value * chip.area_m2)[:, None]
    dynamic = run.energy_J - run.dram_J
    least = dynamic / np.maximum(allowed - leak_W, 1e-3 * allowed)
    throttled = least > run.interval_s
    interval = np.maximum(least, run.interval_s)
    return replace(
        run,
        energy_J=run.energy_J + leak_W * interval,
        latency_s=run.latency_s * (interval / run.interval_s),
        interval_s=interval,
        bound_by=np.where(throttled, POWER, run.bound_by).astype(np.int8),
    )


Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rates:
    """How fast and how wide the parts of n designs are; arrays of shape (n,) unless said.

    Args:
        read_s: one read of an array with its pulses.
        convert_s: one conversion.
        converters: of a macro.
        hold: whether each column has a sample-and-hold.
        sum_bits: width of a shifted and added conversion, shape (n, L) or (n, 1).
        glb_bit_s, link_bit_s, buffer_word_s, dram_bit_s: as in `Chip`.
        row_write_s: writing one row of a macro.
        ping_pong: whether arrays are loaded while others compute.
        mac_units: of the digital unit.
        mac_s: seconds of one multiply-accumulate of the whole unit.
        buffer_size: index of the size of the global buffer.
    """

    read_s: Floats
    convert_s: Floats
    converters: Floats
    hold: Bools
    sum_bits: Floats
    glb_bit_s: Floats
    link_bit_s: Floats
    buffer_word_s: Floats
    dram_bit_s: Floats
    row_write_s: Floats
    ping_pong: Bools
    mac_units: Floats
    mac_s: Floats
    buffer_size: Ints

    def take(self, index: slice | Ints) -> Rates:
        """Those of some designs."""
        return Rates(*[values[index] for values in _RATES(self)])


_RATES = attrgetter(*(field.name for field in fields(Rates)))


class LayerWork:
    """Work of L layers on n designs; what both modes share is worked out once.

    Args:
        layers: L distinct layers.
        switches: rules that are on.
        rates: of the designs.
        spill_bits: DRAM traffic of activations by size of the global buffer, shape (n_sizes, L).
        widest_sum_bits: limit of the width of partial sums.
        resident: features of the bodies with their weights on the chip.
        streamed: with their weights loaded for every image, if that is asked about.
    """

    def __init__(
        self,
        layers: LayerTable,
        switches: Switches,
        rates: Rates,
        spill_bits: Floats,
        widest_sum_bits: float,
        resident: LayerFeatures,
        streamed: LayerFeatures | None = None,
    ) -> None:
        self._layers = layers
        self._switches = switches
        self._rates = rates
        self._spill_bits = spill_bits
        self._widest = widest_sum_bits
        self._resident = resident
        self._streamed = streamed

    def _of(self, streamed: bool) -> LayerFeatures:
        if not streamed:
            return self._resident
        assert self._streamed is not None, "made without features of streaming"
        return self._streamed

    @cached_property
    def read(self) -> Floats:
        """Seconds of one read of an array, conversions included, shape (n, L)."""
        r, used = self._rates, self._resident.columns_used
        return converted_read(r.read_s, r.convert_s, used, r.converters, r.hold)

    @cached_property
    def step(self) -> Floats:
        """Seconds of one vector through one copy, shape (n, L)."""
        step: Floats = self._resident.step_reads * self.read
        return step

    @cached_property
    def sum_bits(self) -> Floats:
        """Width of partial sums, shape (n, L) or (1, 1)."""
        if not self._switches.wide_sums:
            return np.full((1, 1), REFERENCE_SUM_BITS)
        width: Floats = self._rates.sum_bits + self._resident.sum_extra_bits
        return np.minimum(width, self._widest, out=width)

    @cached_property
    def sums(self) -> Floats:
        """Bits of partial sums over the links, shape (n, L)."""
        bits: Floats = self._resident.sum_words * self.sum_bits
        return bits

    @cached_property
    def spill_bits(self) -> Floats:
        """Activations written to DRAM and read back, shape (n, L)."""
        return self._spill_bits.take(self._rates.buffer_size, axis=0)

    @cached_property
    def kept_bits(self) -> Floats | None:
        """Partial sums that wait in the global buffer between passes, shape (n, L), if any do."""
        kept = self._of(True).streams[:, STREAMS.index("kept_sums")]
        return kept * self.sum_bits if kept.any() else None

    @cached_property
    def operand_bits(self) -> Floats | float:
        """What the digital unit reads, shape (n, L); 0 where there is nothing for it to do."""
        if not self._layers.has_dynamic:
            return 0.0
        return operand_bits(self._layers, self._rates.mac_units)

    def link_bits(self, *, streamed: bool) -> Floats:
        """Activations and partial sums over the links, shape (n, L)."""
        moved = (
            self._of(True).streams[:, STREAMS.index("link_bits")]
            if streamed
            else self._layers.resident_link_bits(self._switches.strides)
        )
        bits: Floats = self.sums + moved
        return bits

    def glb_bits(self, *, streamed: bool) -> Floats:
        """What passes the global buffer, shape (n, L), or (1, L) where all agree."""
        if streamed:
            bits = self._of(True).streams[:, STREAMS.index("glb_bits")]
            if self.kept_bits is not None:
                bits = bits + 2 * self.kept_bits
        else:
            bits = self._layers.resident_glb_bits(self._switches.strides)[None]
        return bits + self.operand_bits if self._layers.has_dynamic else bits

    def times(self, *, streamed: bool) -> LayerTimes:
        """Seconds of each layer on each resource."""
        layers, r, f = self._layers, self._rates, self._of(streamed)
        compute = f.reads * self.read
        if layers.has_dynamic:
            compute += layers.dynamic * layers.macs * r.mac_s[:, None]
        link_s = f.link_share * r.link_bit_s[:, None]
        link, dram = self.link_bits(streamed=streamed), self.spill_bits
        loads: tuple[Floats, ...] | None = None
        dram_s = r.dram_bit_s[:, None]
        if streamed:
            rows = f.streams[:, STREAMS.index("load_rows")] * r.row_write_s[:, None]
            overlap = r.ping_pong.astype(float)[:, None]
            mixed = r.ping_pong.any() and not r.ping_pong.all()
            if r.ping_pong.any():
                stored = layers.stored_bits * overlap if mixed else layers.stored_bits
                np.maximum(compute, rows * overlap if mixed else rows, out=compute)
                link += stored
                dram = dram + stored
            if not r.ping_pong.all():
                stored = layers.stored_bits * (1 - overlap) if mixed else layers.stored_bits
                loads = (rows * (1 - overlap) if mixed else rows, stored * link_s, stored * dram_s)
        link *= link_s
        terms: tuple[Any, ...] = (
            compute,
            self.glb_bits(streamed=streamed) * r.glb_bit_s[:, None],
            link,
            f.buffer_words * r.buffer_word_s[:, None],
            dram * dram_s,
        )
        times = LayerTimes(self.step, terms, loads)
        return times if self._switches.bandwidth else times.compute_only()
