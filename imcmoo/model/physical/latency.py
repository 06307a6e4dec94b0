"""Latency: array reads, roofline of a layer, sequential and pipelined networks, bottlenecks, and
the power limit.

Times of layers have shape (n, L) for n chips and L layers. Bounds use the same functions with a
network as one layer and several peripheral circuits per chip, shape (n, W, X).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.model.physical.chip import OperatingPoint, Rates, array_read_time
from imcmoo.model.physical.components import READ_AGAIN, Technology, in_turn
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.parameters import Designs

CAUSES = ("compute", "glb", "link", "buffer", "dram", "power")
"""Possible bottlenecks of a layer; "power" only of a whole image."""
POWER = CAUSES.index("power")
LOAD_CAUSES = tuple(CAUSES.index(name) for name in ("compute", "link", "dram"))
"""Resources used by loading weights, see `LayerTimes.loads`."""


@dataclass(frozen=True, eq=False)
class LayerTimes:
    """Times of one occurrence of each layer on each resource, s.

    Args:
        fill: one vector through one copy.
        terms: by the first five of `CAUSES`; they overlap, so the largest counts.
        loads: times of loading weights without overlap, by `LOAD_CAUSES`; None if there are none.
    """

    fill: Floats
    terms: tuple[Floats, ...]
    loads: tuple[Floats, ...] | None = None

    def compute_only(self) -> LayerTimes:
        """Times without buffers, links and DRAM."""
        zero = np.zeros_like(self.fill)
        loads = None if self.loads is None else (self.loads[0], zero, zero)
        return LayerTimes(self.fill, (self.terms[0], *([zero] * 4)), loads)

    @cached_property
    def slowest(self) -> Floats:
        """Largest term of each layer."""
        return largest_of(self.terms)

    @property
    def seconds(self) -> Floats:
        """Time of each layer of sequential networks, s."""
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
    """Times of layers on each resource; arrays broadcast to (n, L), or for bounds to (n, W, X).

    Loading weights for every image delays a layer, unless ping-pong arrays load during computation.

    Args:
        rates: rates of the chips.
        ping_pong: True if arrays load while others compute.
        compute_s: reading and converting all vectors, and products of activations.
        fill_s: reading and converting one vector.
        glb_bits: bits through the global buffer.
        link_bits: bits over the links.
        link_share: 1 / number of router groups that share them.
        buffer_words: words through the input buffer of a tile.
        dram_bits: activations through DRAM.
        load_rows: rows written sequentially to load all weights for every image; None if weights
            are resident.
        load_link_bits, load_dram_bits: weight bits over links and through DRAM.
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


def reads_for(conversions: Floats, once: Floats | float, order: Floats) -> Floats | float:
    """Reads of an array for its conversions: one for each where it is read again, else `once`."""
    again = order == READ_AGAIN
    return np.where(again, conversions, once) if again.any() else once


def read_and_convert(read_s: Floats, convert_s: Floats, order: Floats) -> Floats:
    """Time of reads and conversions, s: the longer if `order` (`in_turn`) is 0, else their sum."""
    # The sum of two is their maximum and their minimum.
    both = np.minimum(convert_s, read_s)
    both *= np.minimum(order, 1.0)
    both += np.maximum(convert_s, read_s)
    return both


def layer_read_times(rates: Rates, columns_used: Floats) -> Floats:
    """Time of one array read with conversions, s, by columns of the fullest macro, shape (n, L)."""
    conversions = columns_used / rates.adcs
    np.ceil(conversions, out=conversions)
    read_s = reads_for(conversions, 1.0, rates.in_turn) * rates.read_s
    conversions *= rates.convert_s
    return read_and_convert(read_s, conversions, rates.in_turn)


def macro_read_time(
    designs: Designs,
    point: OperatingPoint,
    columns_used: Floats,
    adcs: Floats,
    technology: Technology,
) -> Floats:
    """Time of one array read with conversions, s, shape (n, L).

    Args:
        designs: n chips.
        point: their operating points.
        columns_used: converted columns of the fullest macro, shape (n, L).
        adcs: ADCs of a macro, shape (n,).
        technology: device, pulses and rules.
    """
    held = array_read_time(designs, point, technology)
    conversions = np.ceil(columns_used / adcs[:, None])
    convert_s = point.adc.time_s[:, None]
    order = in_turn(designs, technology.device)[:, None]
    read_s = reads_for(conversions, 1.0, order) * held[:, None]
    return read_and_convert(read_s, conversions * convert_s, order)


def largest_of(terms: Sequence[Floats]) -> Floats:
    """Elementwise maximum of several arrays, without stacking them."""
    largest = np.maximum(terms[0], terms[1])
    for term in terms[2:]:
        # In bounds, some terms are equal for all chips of a mapping key.
        largest = (
            np.maximum(largest, term, out=largest)
            if np.broadcast_shapes(largest.shape, term.shape) == largest.shape
            else np.maximum(largest, term)
        )
    return largest


def bottleneck(times: LayerTimes) -> Ints:
    """Index into `CAUSES` of the longest term of each layer, with loading and filling."""
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
    """Latency and bottleneck of networks whose layers run sequentially.

    A layer takes its slowest resource, one more vector to fill, and loading that nothing overlaps.

    Args:
        layers: L distinct layers.
        times: their times, s, shape (n, L).
        io_s: DRAM time of network inputs and outputs, s, shape (n, W).
        causes: find the bottleneck.

    Returns:
        Latency, s, and index into `CAUSES` of the largest share, the first of equals, shape (n, W);
        index 0 without `causes`.
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
    """Add the largest term of each layer to `seconds` of its cause, shape (n_causes or 1, n, W)."""
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
    """Share of the longest layer in the time of all layers of a network, shape (n, W).

    Time outside the layers is divided in proportion, as in a breakdown.
    """
    share: Floats = layers.largest(times.seconds) / layers_s
    return share


def pipelined_latency(
    layers: LayerTable, times: LayerTimes, io_s: Floats, links_s: Floats
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Latency and initiation interval of networks whose layers work on different images.

    A layer starts when its predecessor has the share of the image for its first output; a single
    image finds all resources free.

    Args:
        layers: L distinct layers.
        times: their times, s, shape (n, L).
        io_s: DRAM time of network inputs and outputs, s, shape (n, W).
        links_s: link time of each network over all its groups, s, shape (n, W).

    Returns:
        Latency, interval, s, and the bottleneck as index into `CAUSES`, shape (n, W).
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
    """Time between images of a pipeline, s, and the bottleneck as index into `CAUSES`.

    Arrays and tile buffers belong to a layer, so the slowest layer counts. Global buffer, links,
    DRAM and digital unit are shared, so times of all layers add up.

    Args:
        compute, buffer: of the slowest layer, shape (n, W) or (n, W, X), as all following.
        glb, link, dram, digital: of all layers.
    """
    seconds = np.stack(np.broadcast_arrays(compute, glb, link, buffer, dram, digital))
    bound = seconds.argmax(axis=0)
    # The digital unit counts as compute.
    bound = np.where(bound == len(seconds) - 1, 0, bound)
    return seconds.max(axis=0), bound.astype(np.int8)


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageCosts:
    """One image of each network on each chip; arrays of shape (n, W).

    Args:
        latency_s: from first input to last output.
        interval_s: between images.
        bound_by: bottleneck as index into `CAUSES`.
        longest_share: share of a network's time that its longest layer takes, infinite for
            pipelined designs; NaN unless it was wanted.
        link_bits: over the links.
        tile_sum_bits: partial sums added within tiles.
        spilled_bits: partial sums that wait in the global buffer.
        macro_use: share of macros and time in which a macro works, where idle macros are gated;
            else 0.
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
    tile_sum_bits: Floats
    spilled_bits: Floats
    macro_use: Floats
    streamed: Bools
    energy_J: Floats
    dram_J: Floats
    occupied_cells: Floats
    dram_bits: Floats
    glb_bits: Floats
    switch_energy_J: Floats
    switch_time_s: Floats

    @classmethod
    def blank(cls, shape: tuple[int, ...], *, streamed: bool, pipelined: bool) -> ImageCosts:
        """Times of 1 s, and bits over links and partial sums that wait, to be filled in place."""
        latency, unknown = np.ones(shape), np.zeros(shape)
        times: dict[str, Any] = {
            "latency_s": latency,
            # Sequential layers leave no time between images.
            "interval_s": np.ones(shape) if pipelined else latency,
            "bound_by": np.zeros(shape, np.int8),
            "longest_share": np.full(shape, np.inf if pipelined else np.nan),
            "link_bits": np.zeros(shape),
            "tile_sum_bits": np.zeros(shape),
            "spilled_bits": np.zeros(shape),
            "macro_use": np.zeros(shape),
            "streamed": np.full(shape, streamed),
        }
        return cls(**{f.name: times.get(f.name, unknown) for f in fields(cls)})

    @property
    def power_W(self) -> Floats:
        """Power on the chip, W."""
        power: Floats = (self.energy_J - self.dram_J) / self.interval_s
        return power

    @property
    def longest_layer_s(self) -> Floats:
        """Longest layer of a network, that cannot be interrupted; as `longest_share`."""
        return self.longest_share * self.latency_s

    def where(self, better: Bools, other: ImageCosts) -> ImageCosts:
        """This run where `better`, else the other."""
        chosen = {n: np.where(better, v, getattr(other, n)) for n, v in vars(self).items()}
        return ImageCosts(**chosen)


def apply_power_limit(
    run: ImageCosts, leak_W: Floats, dram_idle_W: Floats, allowed_W: Floats
) -> ImageCosts:
    """Add static power to runs, and slow down chips above the power limit.

    Leakage has shape (n, W); idle power of the DRAM (off the chip) and the limit (n, 1).
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
    """Smallest interval, s, at which energy on the chip and leakage meet the power limit."""
    interval: Floats = dynamic_J / np.maximum(allowed_W - leak_W, 1e-3 * allowed_W)
    return interval
