"""Mapping of layer weights to macros: placement, traffic and replication.

Traffic is words of buffers and bits over links, global buffer and DRAM. Replication depends only on
array and number of macros, so all chips that share these share this work.

Source of block-diagonal groups: ZigZag-IMC's diagonal mapping of depthwise layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.keyed_cache import Arrays
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.parameters import BITS_PER_KIB, Designs, replication_keys

REFERENCE_SUM_BITS = 8.0
"""Width of a partial sum in the reference model, bits."""


@dataclass(frozen=True, eq=False)
class Placement:
    """One copy of every layer on every chip, arrays of shape (n, L) or (n, 1).

    Args:
        input_slices: n_in.
        slice_columns: n_w, columns of one weight, with both of a pair and parallel ones.
        conversion_columns: converted columns of one weight; a pair counts once.
        groups_per_macro: g.
        row_blocks, column_blocks: macros that a weight matrix spans vertically and horizontally.
        macros: macros of one copy, 0 for layers on the digital unit.
        rows_used, columns_used: of the fullest macro; converted columns, a pair counts once.
        row_groups: reads of one input slice, with at most `active_rows` at once.
        block_row_groups: Σ over the row blocks of a column of the row groups that touch them.
    """

    input_slices: Floats
    slice_columns: Floats
    conversion_columns: Floats
    groups_per_macro: Floats
    row_blocks: Floats
    column_blocks: Floats
    macros: Floats
    rows_used: Floats
    columns_used: Floats
    row_groups: Floats
    block_row_groups: Floats


def place(context: Context, designs: Designs) -> Placement:
    """Cut every layer into the macros of one copy; groups that fit share the diagonal of a
    macro."""
    layers = context.layers
    rows, cols, active = (v[:, None] for v in (designs.rows, designs.cols, designs.active_rows))
    slices, columns, converted = operand_slices(layers, designs)
    in_height = np.floor(rows / layers.rows)
    in_width = np.floor(cols / (columns * layers.outputs))
    sharing = np.minimum(np.minimum(in_height, in_width), layers.groups)
    shared = np.maximum(sharing, 1.0) if context.switches.diagonal_groups else np.ones_like(sharing)
    row_blocks = np.ceil(layers.rows / rows)
    column_blocks = np.ceil(columns * layers.outputs / cols)
    rows_used = np.minimum(shared * layers.rows, rows)
    pairs = np.floor(cols * converted / columns)
    last = layers.rows - (row_blocks - 1) * rows
    return Placement(
        input_slices=slices,
        slice_columns=columns,
        conversion_columns=converted,
        groups_per_macro=shared,
        row_blocks=row_blocks,
        column_blocks=column_blocks,
        macros=np.where(
            layers.digital, 0.0, np.ceil(layers.groups / shared) * row_blocks * column_blocks
        ),
        rows_used=rows_used,
        columns_used=np.minimum(shared * converted * layers.outputs, pairs),
        row_groups=np.ceil(rows_used / active),
        block_row_groups=(row_blocks - 1) * np.ceil(rows / active) + np.ceil(last / active),
    )


def operand_slices(layers: LayerTable, designs: Designs) -> tuple[Floats, Floats, Floats]:
    """Input slices, columns per weight and converted columns per weight.

    Parallel columns and pairs are converted as one.

    Returns:
        Three arrays, (n, L) if networks differ in precision, else (n, 1).
    """
    input_bits, weight_bits = (_collapsed(b) for b in (layers.input_bits, layers.weight_bits))
    differential = designs.differential[:, None]
    slices = np.ceil(input_bits / designs.input_slice_bits[:, None])
    converted = np.ceil((weight_bits - differential) / designs.bits_per_cell[:, None])
    columns = columns_of_slices(converted, designs.redundancy[:, None])
    return slices, columns * (1 + differential), converted


def columns_of_slices(slices: Floats, redundancy: Floats) -> Floats:
    """Columns of a weight with `slices` slices.

    The upper half of the slices, rounded up, is stored in `redundancy` columns each.
    """
    columns: Floats = slices + (redundancy - 1) * np.ceil(slices / 2)
    return columns


def _collapsed(bits: Floats) -> Floats:
    return bits[:1] if np.all(bits == bits[0]) else bits


@dataclass(frozen=True, eq=False)
class Traffic:
    """Traffic of one occurrence of each layer per image; arrays that broadcast to (n, L).

    Partial sums count in words, since their width depends on the ADC.

    Args:
        tiles: tiles that one copy spans.
        buffer_reads, buffer_writes: words read from and written to the input buffers of tiles.
        result_words: words written to and read from the output buffers of tiles.
        link_bits: activations over the links.
        sum_words: partial sums over the links.
        tile_sum_words: partial sums added within tiles.
        sum_extra_bits: extra width from adding row blocks.
        glb_read_bits, glb_write_bits: activations out of and into the global buffer, except those
            read by the digital unit.
        spilled_sums: partial sums written to the global buffer and read back.
    """

    tiles: Floats
    buffer_reads: Floats
    buffer_writes: Floats
    result_words: Floats
    link_bits: Floats
    sum_words: Floats
    tile_sum_words: Floats
    sum_extra_bits: Floats
    glb_read_bits: Floats
    glb_write_bits: Floats
    spilled_sums: Floats


def count_traffic(
    context: Context, designs: Designs, placement: Placement, passes: Floats
) -> Traffic:
    """Count the traffic of every layer.

    Args:
        context: the L distinct layers.
        designs: n chips.
        placement: placement of the layers.
        passes: loads of the weights of a layer that does not fit, else 1, shape (n, L).
    """
    layers = context.layers
    words = layers.input_words(strides=context.switches.strides)
    tiles = np.ceil(placement.macros / designs.macros_per_tile[:, None])
    fresh = words / (layers.n_vectors * layers.groups * layers.rows)
    buffered = layers.n_vectors * tiles * placement.rows_used
    results = layers.n_vectors * tiles * placement.columns_used / placement.conversion_columns
    # Row blocks fill a tile first, so their sums meet in tiles before they cross links.
    summing = np.ceil(placement.row_blocks / designs.macros_per_tile[:, None])
    # Row blocks that never share the chip leave their sums in the global buffer between passes.
    height = np.where(passes > 1, np.ceil(placement.row_blocks / designs.macros[:, None]), 1.0)
    outputs = layers.output_words * layers.input_bits
    sent = words * layers.input_bits * np.minimum(passes, placement.column_blocks)
    return Traffic(
        tiles=tiles,
        buffer_reads=buffered,
        buffer_writes=buffered * fresh,
        result_words=results,
        link_bits=np.where(layers.digital, 0.0, sent + outputs),
        sum_words=np.where(layers.digital, 0.0, (summing - 1) * layers.output_words),
        tile_sum_words=np.where(
            layers.digital, 0.0, (placement.row_blocks - summing) * layers.output_words
        ),
        sum_extra_bits=np.ceil(np.log2(placement.row_blocks)),
        glb_read_bits=np.where(layers.digital, 0.0, sent),
        glb_write_bits=np.broadcast_to(outputs, sent.shape),
        spilled_sums=np.where(layers.digital, 0.0, (height - 1) * layers.output_words),
    )


def resident_bits(context: Context) -> tuple[Floats, Floats]:
    """Bits over the links and through the global buffer of resident layers, shape (L,) each.

    Layers on the digital unit only write outputs to the buffer.
    """
    layers = context.layers
    words = layers.input_words(strides=context.switches.strides) + layers.output_words
    links = np.where(layers.digital, 0.0, words * layers.input_bits)
    outputs = layers.output_words * layers.input_bits
    return links, np.where(layers.digital, outputs, links)


def operand_bits(layers: LayerTable, mac_units: Floats) -> Floats:
    """Bits read by the digital unit for its layers, shape (n, L), else 0.

    It computes tiles of √units by √units results and reads each operand once per tile.
    """
    side = np.sqrt(mac_units)[:, None]
    left = layers.n_vectors * np.ceil(layers.outputs / side)
    right = layers.outputs * np.ceil(layers.n_vectors / side)
    bits = layers.input_bits * left + layers.second_bits * right
    return layers.digital * layers.groups * layers.rows * bits


def overflow_bits(context: Context, glb_KiB: Floats) -> Floats:
    """Outputs of a layer that do not fit the global buffer besides its inputs.

    Args:
        context: the L distinct layers, and weights and caches in the buffer.
        glb_KiB: size of the buffer, KiB, shape (n,).

    Returns:
        Bits, shape (n, L).
    """
    layers, buffer_bits = context.layers, glb_KiB * BITS_PER_KIB
    inputs, outputs = layers.buffered_bits
    held = inputs + outputs + context.held_weight_bits[layers.owner]
    room = buffer_bits[:, None]
    if context.cache is not None:
        room = context.cache.room(buffer_bits)[:, layers.owner]
    bits: Floats = np.minimum(outputs, np.maximum(held - room, 0.0))
    return bits


def dram_bits(context: Context, overflow: Floats, glb_KiB: Floats) -> Floats:
    """Activations, keys and values through DRAM, bits, shape (n, L).

    Args:
        context: the L distinct layers and caches.
        overflow: result of `overflow_bits`; it is written and read back.
        glb_KiB: size of the buffer, KiB, shape (n,).
    """
    bits = 2.0 * overflow
    if context.cache is not None:
        kept = context.cache.share(glb_KiB * BITS_PER_KIB)[:, context.layers.owner]
        bits = bits + (1 - kept) * context.layers.cache_bits
    return bits


def partial_sum_bits(context: Context, designs: Designs, extra_bits: Floats) -> Floats:
    """Width of partial sums, b_a + (B_x − d_x) + (B_w − b) + extra bits, (n, L) or (1, 1).

    Exact sums have B_x + B_w + ⌈log₂ rows⌉ + extra bits.

    `extra_bits` come from adding row blocks, shape (n, L).
    """
    if not context.switches.wide_sums:
        return np.full((1, 1), REFERENCE_SUM_BITS)
    layers = context.layers
    inputs, weights = (_collapsed(bits) for bits in (layers.input_bits, layers.weight_bits))
    width: Floats
    if context.device.exact:
        width = inputs + weights + np.ceil(np.log2(designs.rows))[:, None]
    else:
        width = (
            designs.adc_bits.astype(float)[:, None]
            + np.maximum(inputs - designs.input_slice_bits[:, None], 0.0)
            + np.maximum(weights - designs.bits_per_cell[:, None], 0.0)
        )
    width = width + extra_bits
    return np.minimum(width, context.assumptions.widest_sum_bits.value, out=width)


_BISECTIONS = 50


def min_latency_replication(
    macros: Floats, n_vectors: Floats, time: Floats, count: Floats, available: Floats
) -> Floats:
    """Replication that minimises the latency of sequential layers.

    Minimises Σ count ⌈n_vectors / r⌉ time subject to Σ count · macros · r ≤ available and 1 ≤ r ≤
    n_vectors: the continuous optimum (bisection on its multiplier), rounded down to the smallest
    factor with the same number of rounds; remaining macros go to the largest gain per macro.

    Args:
        macros: macros of one replica, 0 if a layer needs none, shape (n, L).
        n_vectors: vectors of the layer, shape (L,).
        time: relative time of a vector, shape (n, L).
        count: identical layers, which get the same factor, shape (L,).
        available: macros of each chip, shape (n,).

    Returns:
        Factors, shape (n, L); 0 if one replica of each layer does not fit.
    """
    best, need = np.ones_like(macros), macros * count
    fits = need.sum(axis=1) <= available
    if fits.any():
        factors = _continuous(macros[fits], n_vectors, time[fits], count, available[fits])
        # The guard keeps an integer optimum from being rounded down.
        factors = _fewest(n_vectors, np.ceil(n_vectors / np.floor(factors * (1 + 1e-12))))
        best[fits] = _spend(factors, need[fits], n_vectors, time[fits] * count, available[fits])
    best[~fits] = 0
    return best


def balanced_replication(
    macros: Floats, n_vectors: Floats, time: Floats, count: Floats, available: Floats
) -> Floats:
    """Replication that minimises the slowest layer of a pipeline, max ⌈n_vectors / r⌉ time.

    Arguments and result as for `min_latency_replication`; the smallest factor among equals.
    """
    best, need = np.ones_like(macros), macros * count
    fits = need.sum(axis=1) <= available
    if fits.any():
        work = np.where(macros[fits] > 0, n_vectors * time[fits], 0.0)
        low, high = np.zeros(fits.sum()), work.max(axis=1)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            factors = _factors_within(middle, n_vectors, time[fits])
            ok = (factors <= n_vectors).all(axis=1, where=macros[fits] > 0) & (
                (factors * need[fits]).sum(axis=1) <= available[fits]
            )
            low, high = np.where(ok, low, middle), np.where(ok, middle, high)
        factors = _factors_within(high, n_vectors, time[fits])
        best[fits] = np.where(macros[fits] > 0, np.clip(factors, 1, n_vectors), 1.0)
    best[~fits] = 0
    return best


def _factors_within(limit: Floats, n_vectors: Floats, time: Floats) -> Floats:
    """Fewest factors with ⌈n_vectors / r⌉ time ≤ limit; above `n_vectors` if impossible."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rounds = np.floor(limit[:, None] / time)
        return np.where(rounds >= 1, np.ceil(n_vectors / np.maximum(rounds, 1)), n_vectors + 1)


def _continuous(
    macros: Floats, n_vectors: Floats, time: Floats, count: Floats, available: Floats
) -> Floats:
    """r = clip(√(n_vectors · time / (λ · macros)), 1, n_vectors), λ the smallest that fits."""
    weight = np.sqrt(np.where(macros > 0, n_vectors * time / np.maximum(macros, 1), np.inf))
    need = macros * count
    low = np.zeros(len(macros))
    finite = np.where(np.isfinite(weight), weight, 0.0)
    high = finite.max(axis=1, initial=1.0)  # with this multiplier, every layer has one copy
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        factors = np.clip(weight / middle[:, None], 1, n_vectors)
        over = (factors * need).sum(axis=1) > available
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return np.clip(weight / high[:, None], 1, n_vectors)


def _fewest(n_vectors: Floats, rounds: Floats) -> Floats:
    """Fewest factors with these rounds."""
    return np.ceil(n_vectors / rounds)


def _spend(
    factors: Floats, need: Floats, n_vectors: Floats, time: Floats, available: Floats
) -> Floats:
    """Give remaining macros repeatedly to the layer with the largest gain per macro.

    The first of equal layers wins, so co-resident networks with equal gains depend on their order.
    """
    factors = factors.copy()
    left = available - (factors * need).sum(axis=1)
    active = np.arange(len(factors))
    while len(active):
        now, spare = factors[active], left[active]
        rounds = np.ceil(n_vectors / now)
        more = _fewest(n_vectors, np.maximum(rounds - 1, 1))
        cost = (more - now) * need[active]
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = (rounds - np.ceil(n_vectors / more)) * time[active] / cost
        gain = np.where((cost > 0) & (cost <= spare[:, None]), gain, 0.0)
        choice = gain.argmax(axis=1)
        lines = np.arange(len(active))
        helps = gain[lines, choice] > 0
        active, choice, lines = active[helps], choice[helps], lines[helps]
        factors[active, choice] = more[lines, choice]
        left[active] -= cost[lines, choice]
    return factors


def replication(context: Context, designs: Designs, *, streamed: bool) -> Ints:
    """Replication of all layers on n chips in one weight mode, cached by array and macros.

    Followers have the copies of their owners, which may be more than they have vectors.

    Returns:
        Factors, 0 if a network with resident weights does not fit, shape (n, L).
    """
    store, places = replications(context, designs)
    factors: Ints = store[streamed].take(places, axis=0)
    return factors


def replications(context: Context, designs: Designs) -> tuple[Arrays, Ints]:
    """Cached replication for resident and for streamed weights, and the row of each of n chips."""

    def work_out(index: Ints) -> Arrays:
        chips = designs.take(index)
        placement = place(context, chips)
        resident = _resident(context, chips, placement)
        streamed = np.zeros_like(resident)
        if context.device.streams:
            streamed = _streamed(context.layers, chips, placement)
        return resident.astype(np.int32), streamed.astype(np.int32)

    return context.replications.look_up(replication_keys(designs), work_out)


def _resident(context: Context, designs: Designs, placement: Placement) -> Floats:
    """Factors of each network alone on the chip, or of all co-resident networks; those of the owner
    of the weights for its followers."""
    layers, macros = context.layers, placement.macros
    if layers.followers.any():
        follows = layers.followers[layers.owner]
        macros = np.where(follows, 0.0, macros)  # their cells are those of the owner
    if not context.switches.placement:
        with np.errstate(divide="ignore"):
            most = np.floor(designs.macros[:, None] / macros)
        return _followed(context, designs, np.minimum(most, layers.n_vectors))
    factors = np.empty_like(macros)
    time = placement.input_slices * placement.row_groups
    groups = [slice(None)]
    if not context.co_resident:
        groups = [layers.of_network(w) for w in range(layers.n_networks)]
    for pipelined, choose in ((False, min_latency_replication), (True, balanced_replication)):
        of_schedule = designs.pipelined == pipelined
        for group in groups if of_schedule.any() else []:
            factors[of_schedule, group] = choose(
                macros[of_schedule, group],
                layers.n_vectors[group],
                time[of_schedule, group],
                layers.count[group],
                designs.macros[of_schedule],
            )
    return _followed(context, designs, factors)


def _followed(context: Context, designs: Designs, factors: Floats) -> Floats:
    """Factors with those of their owners for the layers of followers."""
    layers = context.layers
    if not layers.followers.any():
        return factors
    of_owners = factors
    if context.owner is not None:
        of_owners = _resident(context.owner, designs, place(context.owner, designs))
    at = np.flatnonzero(layers.followers[layers.owner] & ~layers.digital)
    factors[:, at] = of_owners[:, layers.cells_of_layer[at]]
    return factors


def _streamed(layers: LayerTable, designs: Designs, placement: Placement) -> Floats:
    """Largest factor at which reading all vectors takes at least as long as loading the rows.

    Array reads and row writes count as equally long: larger factors save less than their loading.
    """
    with np.errstate(divide="ignore"):
        most = np.maximum(np.floor(designs.macros[:, None] / placement.macros), 1)
    reads = layers.n_vectors * placement.input_slices * placement.row_groups
    wanted = np.minimum(np.ceil(reads / placement.rows_used), layers.n_vectors)
    factors = np.minimum(most, wanted)
    return np.ceil(layers.n_vectors / np.ceil(layers.n_vectors / factors))
