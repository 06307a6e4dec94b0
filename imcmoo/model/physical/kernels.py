"""Seconds and bits of layers added up by compiled code, one design after the other.

The same figures, bit for bit, as `layer_work` and `runs.one_after_the_other` make of whole arrays:
every sum is taken in the order of the layers. Needs numba, which nothing else here does, so that
only who has it imports this. What is compiled is kept on disk until this file changes: all of it is
therefore in one file, and numbers of others come as arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

READ, STEP, WIDTH, SUMS, KEPT_SUMS, COMPUTE, GLB, LINK, BUFFER, DRAM, LARGEST = range(11)
LOAD_ROWS, LOAD_LINK, LOAD_DRAM, LOADS, LINK_BIT_S, NOTHING = range(11, 17)
"""Rows of a table of one design by layers, shape (17, L): seconds of a read with its conversions
and of one vector through a copy; bits of a partial sum, of all, and of those that wait in the
global buffer; seconds on each resource and the largest of them; of loading what nothing overlaps;
of a bit on the links; zeros."""

MOVED, PASSED, KEPT, ROWS = range(4)
"""Places of `bodies.STREAMS`: bits over the links and through the global buffer, partial sums that
are kept, rows that are loaded."""


class Layers(NamedTuple):
    """L distinct layers of W networks, shape (L,) unless said.

    Args:
        starts: where the layers of each network begin, and L, shape (W + 1,).
        times: how often the network has each.
        stored_bits, link_bits, glb_bits: as `LayerTable` has them, the latter two of weights that
            stay.
        macs: of the digital unit.
    """

    starts: Ints
    times: Floats
    stored_bits: Floats
    link_bits: Floats
    glb_bits: Floats
    macs: Floats


class Speeds(NamedTuple):
    """How fast n designs are: `layer_work.Rates`, but for what follows.

    Args:
        in_turn: 1 where an array is read and then converted, 0 where both at once, shape (n,).
        sum_bits: width of a shifted and added conversion, shape (n, L) or (n, 1).
        ping_pong: 1 where arrays are loaded while others compute, else 0, shape (n,).
        operand_bits: what the digital unit reads by kind of unit, shape (n_kinds, L).
        unit: index of the kind of unit, shape (n,).
        spill_bits: as `LayerWork` takes them, shape (n_sizes, L).
        buffer_size: index of the size of the buffer, shape (n,).
    """

    read_s: Floats
    convert_s: Floats
    converters: Floats
    in_turn: Floats
    sum_bits: Floats
    glb_bit_s: Floats
    link_bit_s: Floats
    buffer_word_s: Floats
    dram_bit_s: Floats
    row_write_s: Floats
    ping_pong: Floats
    mac_s: Floats
    operand_bits: Floats
    unit: Ints
    spill_bits: Floats
    buffer_size: Ints


class Features(NamedTuple):
    """Bodies: `bodies.LayerFeatures`, and which of them each design has, shape (n,)."""

    reads: Floats
    link_share: Floats
    buffer_words: Floats
    step_reads: Floats
    columns_used: Floats
    sum_words: Floats
    sum_extra_bits: Floats
    streams: Floats
    places: Ints


class Found(NamedTuple):
    """What is found, as `layer_totals.Totals` has it; shape (n, W), times by mode first.

    Args:
        kept_bits: where weights are loaded.
    """

    sum_bits: Floats
    kept_bits: Floats
    latency_s: Floats
    bound_by: NDArray[np.int8]


def _jit(function: Callable[..., None]) -> Callable[..., None]:
    """Compile a function, without the interpreter lock, and keep it where there is a place."""
    # Divided by zero is infinite, as in arrays.
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # no place to keep it, neither beside the file nor in a home folder
        return numba.njit(nogil=True, error_model="numpy")(function)


# Loops run to a number of layers that is passed on, not to the length of an array: that is twice as
# fast, since the compiler need not show that all arrays are as long.


@_jit
def _both_modes(
    n: int, speeds: Speeds, bodies: Features, design: int, widest: float, room: Floats
) -> None:
    """What is the same whether weights stay or are loaded."""
    body = bodies.places[design]
    read_s, in_turn = speeds.read_s[design], speeds.in_turn[design]
    converters, convert_s = speeds.converters[design], speeds.convert_s[design]
    for layer in range(n):
        convert = np.ceil(bodies.columns_used[body, layer] / converters) * convert_s
        # The sum of two is their maximum and their minimum.
        room[READ, layer] = max(convert, read_s) + min(convert, read_s) * in_turn
    for layer in range(n):
        room[STEP, layer] = bodies.step_reads[body, layer] * room[READ, layer]
    each = speeds.sum_bits.shape[1] > 1
    for layer in range(n):
        room[WIDTH, layer] = speeds.sum_bits[design, layer if each else 0]
    for layer in range(n):
        room[WIDTH, layer] = min(room[WIDTH, layer] + bodies.sum_extra_bits[body, layer], widest)
    for layer in range(n):
        room[SUMS, layer] = bodies.sum_words[body, layer] * room[WIDTH, layer]


@_jit
def _arrays_and_tiles(
    n: int,
    layers: Layers,
    speeds: Speeds,
    bodies: Features,
    design: int,
    room: Floats,
) -> None:
    """Seconds of computing and of tile buffers, and of a bit on the links."""
    body = bodies.places[design]
    mac_s, word_s, bit_s = (
        speeds.mac_s[design],
        speeds.buffer_word_s[design],
        speeds.link_bit_s[design],
    )
    for layer in range(n):
        room[COMPUTE, layer] = bodies.reads[body, layer] * room[READ, layer]
    for layer in range(n):
        room[COMPUTE, layer] += layers.macs[layer] * mac_s
    for layer in range(n):
        room[BUFFER, layer] = bodies.buffer_words[body, layer] * word_s
    for layer in range(n):
        room[LINK_BIT_S, layer] = bodies.link_share[body, layer] * bit_s


@_jit
def _resident(n: int, layers: Layers, speeds: Speeds, design: int, room: Floats) -> None:
    """Seconds of global buffer, links and DRAM where weights stay."""
    unit, size = speeds.unit[design], speeds.buffer_size[design]
    glb_s, dram_s = speeds.glb_bit_s[design], speeds.dram_bit_s[design]
    for layer in range(n):
        room[GLB, layer] = (layers.glb_bits[layer] + speeds.operand_bits[unit, layer]) * glb_s
    for layer in range(n):
        room[LINK, layer] = (room[SUMS, layer] + layers.link_bits[layer]) * room[LINK_BIT_S, layer]
    for layer in range(n):
        room[DRAM, layer] = speeds.spill_bits[size, layer] * dram_s


@_jit
def _streamed(
    n: int,
    layers: Layers,
    speeds: Speeds,
    bodies: Features,
    design: int,
    room: Floats,
) -> None:
    """The same where they are loaded; what is loaded while others compute binds these, too."""
    body = bodies.places[design]
    unit, size = speeds.unit[design], speeds.buffer_size[design]
    glb_s, dram_s = speeds.glb_bit_s[design], speeds.dram_bit_s[design]
    row_s, overlap = speeds.row_write_s[design], speeds.ping_pong[design]
    for layer in range(n):
        stored = layers.stored_bits[layer] * overlap
        moved = bodies.streams[body, MOVED, layer]
        passed = bodies.streams[body, PASSED, layer]
        kept = bodies.streams[body, KEPT, layer] * room[WIDTH, layer]
        rows_s = bodies.streams[body, ROWS, layer] * row_s
        room[KEPT_SUMS, layer] = kept
        room[GLB, layer] = (passed + 2 * kept + speeds.operand_bits[unit, layer]) * glb_s
        room[COMPUTE, layer] = max(room[COMPUTE, layer], rows_s * overlap)
        room[LINK, layer] = (room[SUMS, layer] + moved + stored) * room[LINK_BIT_S, layer]
        room[DRAM, layer] = (speeds.spill_bits[size, layer] + stored) * dram_s


@_jit
def _loads(
    n: int, layers: Layers, speeds: Speeds, bodies: Features, design: int, room: Floats
) -> None:
    """Seconds of loading weights while nothing computes, and the largest of them."""
    body = bodies.places[design]
    row_s, dram_s = speeds.row_write_s[design], speeds.dram_bit_s[design]
    for layer in range(n):
        stored = layers.stored_bits[layer]
        rows_s = bodies.streams[body, ROWS, layer] * row_s
        link_s, fetch_s = stored * room[LINK_BIT_S, layer], stored * dram_s
        room[LOAD_ROWS, layer] = rows_s
        room[LOAD_LINK, layer] = link_s
        room[LOAD_DRAM, layer] = fetch_s
        room[LOADS, layer] = max(max(rows_s, link_s), fetch_s)


@_jit
def _slowest(n: int, room: Floats) -> None:
    """The largest of the seconds on each resource, which overlap."""
    for layer in range(n):
        first = max(max(room[COMPUTE, layer], room[GLB, layer]), room[LINK, layer])
        room[LARGEST, layer] = max(max(first, room[BUFFER, layer]), room[DRAM, layer])


@_jit
def _bits(layers: Layers, room: Floats, kept: int, found: Found, design: int) -> None:
    """Partial sums of each network, all and those that are kept."""
    for network in range(len(layers.starts) - 1):
        # Sums side by side, here and below: each waits for its own last addition only.
        sums, waits = 0.0, 0.0
        for layer in range(layers.starts[network], layers.starts[network + 1]):
            sums += layers.times[layer] * room[SUMS, layer]
            waits += layers.times[layer] * room[kept, layer]
        found.sum_bits[design, network] = sums
        found.kept_bits[design, network] = waits


@_jit
def _latency(
    layers: Layers, room: Floats, loads: int, io_s: Floats, latency_s: Floats, design: int
) -> None:
    """Seconds of each network, as `runs.one_after_the_other` without causes."""
    for network in range(len(layers.starts) - 1):
        fill, work, load = 0.0, 0.0, 0.0
        for layer in range(layers.starts[network], layers.starts[network + 1]):
            fill += layers.times[layer] * room[STEP, layer]
            work += layers.times[layer] * room[LARGEST, layer]
            load += layers.times[layer] * room[loads, layer]
        latency_s[design, network] = fill + work + load + io_s[design, network]


@_jit
def _by_cause(
    layers: Layers, room: Floats, loads: int, io_s: Floats, found: Found, mode: int, design: int
) -> None:
    """The same, and what has the largest share of them, as `runs.one_after_the_other`."""
    for network in range(len(layers.starts) - 1):
        first, end = layers.starts[network], layers.starts[network + 1]
        fill, work, glb, link, buffer, dram = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for layer in range(first, end):
            most = room[LARGEST, layer]
            here = layers.times[layer] * most
            fill += layers.times[layer] * room[STEP, layer]
            work += here
            # Of equals the first binds: what is not taken is left to the next.
            left = 0.0 if room[COMPUTE, layer] == most else here
            taken = left if room[GLB, layer] == most else 0.0
            glb += taken
            left -= taken
            taken = left if room[LINK, layer] == most else 0.0
            link += taken
            left -= taken
            taken = left if room[BUFFER, layer] == most else 0.0
            buffer += taken
            dram += left - taken
        compute = fill + (work - glb - link - buffer - dram)
        if loads != NOTHING:
            load, load_link, load_dram = 0.0, 0.0, 0.0
            for layer in range(first, end):
                longest = room[loads, layer]
                before = layers.times[layer] * longest
                left = 0.0 if room[LOAD_ROWS, layer] == longest else before
                taken = left if room[LOAD_LINK, layer] == longest else 0.0
                load += before
                load_link += taken
                load_dram += left - taken
            compute += load - load_link - load_dram
            link += load_link
            dram += load_dram
        dram += io_s[design, network]
        bound, share = 0, compute
        if glb > share:
            bound, share = 1, glb
        if link > share:
            bound, share = 2, link
        if buffer > share:
            bound, share = 3, buffer
        if dram > share:
            bound = 4
        found.latency_s[mode, design, network] = compute + glb + link + buffer + dram
        found.bound_by[mode, design, network] = bound


@_jit
def add_up(
    layers: Layers,
    speeds: Speeds,
    resident: Features,
    streamed: Features,
    modes: Ints,
    widest: float,
    io_s: Floats,
    causes: bool,
    found: Found,
) -> None:
    """Work through the layers of n designs that run layer by layer.

    Args:
        layers, speeds, resident, streamed: of the designs.
        modes: 1 where weights may stay, 2 where they may be loaded, 3 where both, shape (n,).
        widest: limit of the width of partial sums, bits.
        io_s: DRAM seconds of the networks' own input and output, shape (n, W).
        causes: whether to find out what binds.
        found: filled in where a mode is of any use.
    """
    n, room = len(layers.times), np.zeros((17, len(layers.times)))
    for design in range(len(modes)):
        if modes[design] == 0:
            continue
        _both_modes(n, speeds, resident, design, widest, room)
        if modes[design] & 1:
            _arrays_and_tiles(n, layers, speeds, resident, design, room)
            _resident(n, layers, speeds, design, room)
            _slowest(n, room)
            if causes:
                _by_cause(layers, room, NOTHING, io_s, found, 0, design)
            else:
                _latency(layers, room, NOTHING, io_s, found.latency_s[0], design)
        if modes[design] & 2:
            _arrays_and_tiles(n, layers, speeds, streamed, design, room)
            _streamed(n, layers, speeds, streamed, design, room)
            _slowest(n, room)
            loads = NOTHING if speeds.ping_pong[design] else LOADS
            if loads == LOADS:
                _loads(n, layers, speeds, streamed, design, room)
            if causes:
                _by_cause(layers, room, loads, io_s, found, 1, design)
            else:
                _latency(layers, room, loads, io_s, found.latency_s[1], design)
        _bits(layers, room, KEPT_SUMS if modes[design] & 2 else NOTHING, found, design)


@_jit
def weigh(prices: Floats, counts: Floats, found: Floats) -> None:
    """Prices times counts, one action after the other.

    Args:
        prices: of A actions, shape (A, n).
        counts: shape (n, A, W).
        found: filled in, shape (n, W).
    """
    for design in range(counts.shape[0]):
        for network in range(counts.shape[2]):
            total = 0.0
            for action in range(counts.shape[1]):
                total += prices[action, design] * counts[design, action, network]
            found[design, network] = total
