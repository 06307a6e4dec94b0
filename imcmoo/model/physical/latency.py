"""Latency: reads of an array, the roofline of a layer, sequential and pipelined networks, their
bottleneck, and the power limit.

Times of layers have shape (n, L) for n chips and L layers. Bounds call the same functions with a
network as one layer and with several peripheral circuits for each chip, shape (n, W, X).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Bools, Floats, Ints
from imcmoo.model.physical.chip import OperatingPoint, Rates, array_read_time
from imcmoo.model.physical.components import Technology
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.parameters import Designs

CAUSES = ("compute", "glb", "link", "buffer", "dram", "power")
"""Possible bottlenecks of a layer; power is one of a whole image."""
POWER = CAUSES.index("power")
LOAD_CAUSES = tuple(CAUSES.index(name) for name in ("compute", "link", "dram"))
"""Resources that loading weights takes, as in `LayerTimes.loads`."""


@dataclass(frozen=True, eq=False)
class LayerTimes:
    """Seconds of one occurrence of each layer on each resource.

    Args:
        fill: one vector through one copy.
        terms: by the first five of `CAUSES`; they overlap, the largest counts.
        loads: by `LOAD_CAUSES`, of loading weights that nothing overlaps, if any.
    """

    fill: Floats
    terms: tuple[Floats, ...]
    loads: tuple[Floats, ...] | None = None

    def compute_only(self) -> LayerTimes:
        """Times without those of buffers, links and DRAM."""
        zero = np.zeros_like(self.fill)
        loads = None if self.loads is None else (self.loads[0], zero, zero)
        return LayerTimes(self.fill, (self.terms[0], *([zero] * 4)), loads)

    @cached_property
    def slowest(self) -> Floats:
        """Largest term of each layer."""
        return largest_of(self.terms)

    @property
    def seconds(self) -> Floats:
        """Seconds of each layer where layers take turns."""
        seconds = self.slowest + self.fill
        return seconds if self.loads is None else seconds + largest_of(self.loads)


def roofline(
    rates: Rates,
    ping_pong: Bools,
    *,
    compute_s: Floats,
    fill_s: Floats,
    glb_bits: Floats,
    link_bits: Floats,
    link_share: Floats | float,
    buffer_words: Floats,
    dram_bits: Floats,
    load_rows: Floats | None,
    load_link_bits: Floats,
    load_dram_bits: Floats,
) -> LayerTimes:
    """Times of layers on each resource; all arrays broadcast to (n, L), or of bounds to (n, W, X).

    Weights that are loaded for every image delay a layer, but with ping-pong arrays they are loaded
    while other arrays compute.

    Args:
        rates: of the chips.
        ping_pong: whether arrays are loaded while others compute.
        compute_s: reading and converting all vectors, and products of activations.
        fill_s: reading and converting one vector.
        glb_bits: through the global buffer.
        link_bits: over the links.
        link_share: 1 / router groups that share these.
        buffer_words: through the input buffer of a tile.
        dram_bits: activations through DRAM.
        load_rows: rows written one after the other to load all weights for every image; None where
            weights are resident.
        load_link_bits, load_dram_bits: bits of the weights over links and through DRAM.
    """
    link_s = link_share * rates.link_bit_s
    loads = None
    if load_rows is not None:
        rows = load_rows * rates.row_write_s
        if ping_pong.any():
            compute_s = np.maximum(compute_s, rows * ping_pong)
            link_bits = link_bits + load_link_bits * ping_pong
            dram_bits = dram_bits + load_dram_bits * ping_pong
        if not ping_pong.all():
            before = ~ping_pong
            loads = (
                rows * before,
                load_link_bits * before * link_s,
                load_dram_bits * before * rates.dram_bit_s,
            )
    terms = (
        compute_s,
        glb_bits * rates.glb_bit_s,
        link_bits * link_s,
        buffer_words * rates.buffer_word_s,
        dram_bits * rates.dram_bit_s,
    )
    return LayerTimes(fill_s, terms, loads)


def read_and_convert(read_s: Floats, convert_s: Floats, in_turn: Floats) -> Floats:
    """Seconds of reads and their conversions: their sum in turn, else the longer of both."""
    # The sum of two is their maximum and their minimum.
    both = np.minimum(convert_s, read_s)
    both *= in_turn
    both += np.maximum(convert_s, read_s)
    return both


def layer_read_times(rates: Rates, columns_used: Floats) -> Floats:
    """Seconds of one read of an array with its conversions, by the converted columns of the fullest
    macro, shape (n, L).
    """
    conversions = columns_used / rates.adcs
    np.ceil(conversions, out=conversions)
    conversions *= rates.convert_s
    return read_and_convert(rates.read_s, conversions, rates.in_turn)


def macro_read_time(
    designs: Designs,
    point: OperatingPoint,
    columns_used: Floats,
    adcs: Floats,
    technology: Technology,
) -> Floats:
    """Seconds of one read of an array of single chips, conversions included, shape (n, L).

    Args:
        designs: n chips.
        point: their speed.
        columns_used: converted columns of the fullest macro, shape (n, L).
        adcs: ADCs of a macro, shape (n,).
        technology: device and length of a pulse, and whether pulses take time.
    """
    held = array_read_time(designs, point, technology)
    conversions = np.ceil(columns_used / adcs[:, None])
    convert_s = point.adc.time_s[:, None]
    in_turn = (designs.sample_and_hold == 0).astype(float)[:, None]
    return read_and_convert(held[:, None], conversions * convert_s, in_turn)


def largest_of(terms: Sequence[Floats]) -> Floats:
    """Elementwise maximum of several arrays, without stacking them."""
    largest = np.maximum(terms[0], terms[1])
    for term in terms[2:]:
        # Of bounds, some terms are the same for all chips of a mapping key.
        largest = (
            np.maximum(largest, term, out=largest)
            if np.broadcast_shapes(largest.shape, term.shape) == largest.shape
            else np.maximum(largest, term)
        )
    return largest


def bottleneck(times: LayerTimes) -> Ints:
    """Index into `CAUSES` of the longest term of each layer, loading and filling included."""
    terms = np.broadcast_arrays(*times.terms)
    seconds = np.zeros((len(CAUSES) - 1, *terms[0].shape))
    first = np.argmax(terms, axis=0)
    np.put_along_axis(seconds, first[None], np.max(terms, axis=0)[None], axis=0)
    seconds[0] += times.fill
    if times.loads is not None:
        loads = np.zeros_like(seconds)
        for cause, load in zip(LOAD_CAUSES, times.loads, strict=True):
            loads[cause] = load
        at = loads.argmax(axis=0)[None]
        waited = np.take_along_axis(seconds, at, axis=0) + loads.max(axis=0)
        np.put_along_axis(seconds, at, waited, axis=0)
    return seconds.argmax(axis=0)


def sequential_latency(
    layers: LayerTable, times: LayerTimes, io_s: Floats, *, causes: bool
) -> tuple[Floats, NDArray[np.int8]]:
    """Latency of networks whose layers run one after the other, and their bottleneck.

    A layer takes its slowest resource and one vector more, to fill; then the loading of its weights
    where nothing overlaps that.

    Args:
        layers: L distinct layers.
        times: their seconds, shape (n, L).
        io_s: DRAM seconds of the networks' own input and output, shape (n, W).
        causes: whether to find the bottleneck.

    Returns:
        Seconds and index into `CAUSES` of the largest share, the first of equals, shape (n, W);
        index 0 throughout without `causes`.
    """
    seconds = np.zeros((5 if causes else 1, *io_s.shape))
    seconds[0] = layers.total(times.fill)
    if causes:
        _add_by_cause(times.terms, (0, 1, 2, 3, 4), layers, seconds)
    else:
        seconds[0] += layers.total(times.slowest)
    if times.loads is not None:
        _add_by_cause(times.loads, LOAD_CAUSES, layers, seconds)
    seconds[-1] += io_s
    total, most = seconds[0].copy(), seconds[0].copy()
    bound = np.zeros(total.shape, np.int8)
    for index, part in enumerate(seconds[1:], 1):
        total += part
        bound[part > most] = index
        np.maximum(most, part, out=most)
    return total, bound


def _add_by_cause(
    terms: tuple[Floats, ...], causes: tuple[int, ...], layers: LayerTable, seconds: Floats
) -> None:
    """Add the largest term of each layer, the first of equals, to the seconds of its cause in
    place.

    `seconds` has shape (n_causes, n, W), or (1, n, W) if causes are not distinguished.
    """
    largest = largest_of(terms)
    left = layers.total(largest)
    if len(seconds) == 1:
        seconds[0] += left
        return
    taken = terms[0] == largest
    for term, cause in zip(terms[1:], causes[1:], strict=True):
        binds = (term == largest) & ~taken
        taken |= binds
        if binds.any():
            bound_s = layers.total(largest * binds)
            seconds[cause] += bound_s
            left -= bound_s
    seconds[causes[0]] += left


def longest_layer_share(layers: LayerTable, times: LayerTimes, layers_s: Floats) -> Floats:
    """Share of the time of all layers of a network that its longest layer takes, shape (n, W).

    Time of a network that belongs to no layer is divided by the layers' times, as in a breakdown.
    """
    share: Floats = layers.largest(times.seconds) / layers_s
    return share


def pipelined_latency(
    layers: LayerTable, times: LayerTimes, io_s: Floats, links_s: Floats
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Latency and initiation interval of networks whose layers work on different images.

    A layer starts when its predecessor has made the share of the image that the first output needs;
    an image alone in the pipeline finds resources free.

    Args:
        layers: L distinct layers.
        times: their seconds, shape (n, L).
        io_s: DRAM seconds of the networks' own input and output, shape (n, W).
        links_s: link seconds of each network over all groups it uses, shape (n, W).

    Returns:
        Latency, interval, and the interval's bottleneck as index into `CAUSES`, shape (n, W).
    """
    compute, glb, _, buffer, dram = times.terms
    slowest = layers.largest(np.maximum(compute, buffer) + times.fill)
    arrays = layers.largest(compute + times.fill) >= layers.largest(buffer + times.fill)
    interval, bound = initiation_interval(
        compute=np.where(arrays, slowest, 0.0),
        glb=layers.total(glb),
        link=links_s,
        buffer=np.where(arrays, 0.0, slowest),
        dram=layers.total(dram) + io_s,
        digital=layers.total(np.where(layers.digital, compute, 0.0)),
    )
    filling = layers.total(times.seconds * layers.previous_share)
    return filling + interval, interval, bound


def initiation_interval(
    *,
    compute: Floats,
    glb: Floats,
    link: Floats,
    buffer: Floats,
    dram: Floats,
    digital: Floats,
) -> tuple[Floats, NDArray[np.int8]]:
    """Seconds between images of a pipeline, and their bottleneck as index into `CAUSES`.

    Each layer has arrays and tile buffers of its own, so the slowest layer counts. Global buffer,
    links, DRAM and the digital unit are shared, so the times of all layers add up.

    Args:
        compute, buffer: of the slowest layer, shape (n, W) or (n, W, X) like all that follow.
        glb, link, dram, digital: of all layers.
    """
    seconds = np.stack(np.broadcast_arrays(compute, glb, link, buffer, dram, digital))
    bound = seconds.argmax(axis=0)
    # The digital unit's share counts as computing.
    bound = np.where(bound == len(seconds) - 1, 0, bound)
    return seconds.max(axis=0), bound.astype(np.int8)


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """One image of each network on each chip; arrays of shape (n, W).

    Args:
        latency_s: from first input to last output.
        interval_s: between images.
        bound_by: bottleneck as index into `CAUSES`.
        longest_share: share of a network's time that its longest layer takes, infinite for
            pipelined designs; NaN unless it was wanted.
        link_bits: over the links.
        spilled_bits: partial sums that wait in the global buffer.
        streamed: whether weights are loaded for every image.
        energy_J: actions, leakage and idle DRAM over the interval, DRAM traffic, and the image's
            share of the writing of weights at a switch of networks; without leakage and idle DRAM
            until `apply_power_limit`.
        dram_J: energy off the chip, part of `energy_J`.
        occupied_cells: cells of the macros that hold replicas of layers, each counted whole.
        dram_bits: moved from and to DRAM.
        glb_bits: read from and written to the global buffer.
        switch_energy_J: of writing all weights of a network; 0 where none are written.
        switch_time_s: likewise.
    """

    latency_s: Floats
    interval_s: Floats
    bound_by: NDArray[np.int8]
    longest_share: Floats
    link_bits: Floats
    spilled_bits: Floats
    streamed: Bools
    energy_J: Floats
    dram_J: Floats
    occupied_cells: Floats
    dram_bits: Floats
    glb_bits: Floats
    switch_energy_J: Floats
    switch_time_s: Floats

    @classmethod
    def blank(cls, shape: tuple[int, ...], *, streamed: bool, pipelined: bool) -> Run:
        """Times of 1 s, and bits over links and partial sums that wait, to be filled in place."""
        latency, unknown = np.ones(shape), np.zeros(shape)
        times: dict[str, Any] = {
            "latency_s": latency,
            # Sequential layers leave no time between images.
            "interval_s": np.ones(shape) if pipelined else latency,
            "bound_by": np.zeros(shape, np.int8),
            "longest_share": np.full(shape, np.inf if pipelined else np.nan),
            "link_bits": np.zeros(shape),
            "spilled_bits": np.zeros(shape),
            "streamed": np.full(shape, streamed),
        }
        return cls(**{f.name: times.get(f.name, unknown) for f in fields(cls)})

    @property
    def power_W(self) -> Floats:
        """Power on the chip."""
        power: Floats = (self.energy_J - self.dram_J) / self.interval_s
        return power

    @property
    def longest_layer_s(self) -> Floats:
        """Longest layer of a network, that cannot be interrupted; as `longest_share`."""
        return self.longest_share * self.latency_s

    def where(self, better: Bools, other: Run) -> Run:
        """This run where `better`, else the other."""
        chosen = {n: np.where(better, v, getattr(other, n)) for n, v in vars(self).items()}
        return Run(**chosen)


def apply_power_limit(run: Run, leak_W: Floats, dram_idle_W: Floats, allowed_W: Floats) -> Run:
    """Add static power to runs, and slow chips down that would exceed the power they may draw.

    Leakage has shape (n, W), the idle power of the DRAM off the chip and the limit (n, 1).
    """
    least = throttled_interval(run.energy_J - run.dram_J, leak_W, allowed_W)
    throttled = least > run.interval_s
    interval = np.maximum(least, run.interval_s)
    idle_J = dram_idle_W * interval
    return replace(
        run,
        energy_J=run.energy_J + leak_W * interval + idle_J,
        dram_J=run.dram_J + idle_J,
        latency_s=run.latency_s * (interval / run.interval_s),
        interval_s=interval,
        bound_by=np.where(throttled, POWER, run.bound_by).astype(np.int8),
    )


def throttled_interval(dynamic_J: Floats, leak_W: Floats, allowed_W: Floats | float) -> Floats:
    """Smallest interval (s) at which energy on the chip and leakage keep the power limit."""
    interval: Floats = dynamic_J / np.maximum(allowed_W - leak_W, 1e-3 * allowed_W)
    return interval
