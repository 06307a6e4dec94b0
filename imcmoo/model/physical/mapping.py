"""Mapping of the weights of every layer to macros, and the traffic that follows: words of buffers,
bits over links, global buffer and DRAM.

Source of block-diagonal groups: ZigZag-IMC's diagonal mapping of depthwise layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.model.metrics import Floats
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.parameters import BITS_PER_KIB, Designs

REFERENCE_SUM_BITS = 8.0
"""Width of a partial sum in the reference model."""


@dataclass(frozen=True, eq=False)
class Placement:
    """One copy of every layer on every chip, arrays of shape (n, L) or (n, 1).

    Args:
        input_slices: n_in, (n, L) or (n, 1).
        slice_columns: n_w, columns of one weight, both of a differential pair and those in parallel
            included, likewise.
        conversion_columns: columns of one weight that are converted, a pair counting once.
        groups_per_macro: g.
        row_blocks, column_blocks: macros a weight matrix spans in height and in width.
        macros: of one copy, 0 for layers on the digital unit.
        rows_used, columns_used: of the fullest macro; converted columns, pairs counting once.
        row_groups: reads of one input slice, so that at most `active_rows` are read at once.
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
    """Cut every layer into the macros of one copy; groups that fit share a macro's diagonal."""
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
            layers.dynamic, 0.0, np.ceil(layers.groups / shared) * row_blocks * column_blocks
        ),
        rows_used=rows_used,
        columns_used=np.minimum(shared * converted * layers.outputs, pairs),
        row_groups=np.ceil(rows_used / active),
        block_row_groups=(row_blocks - 1) * np.ceil(rows / active) + np.ceil(last / active),
    )


def operand_slices(layers: LayerTable, designs: Designs) -> tuple[Floats, Floats, Floats]:
    """Input slices, columns per weight and converted columns per weight.

    Columns in parallel are converted as one, and so are both columns of a pair.

    Returns:
        Three arrays, (n, L) where networks differ in precision, else (n, 1).
    """
    input_bits, weight_bits = (_collapsed(b) for b in (layers.input_bits, layers.weight_bits))
    differential = designs.differential[:, None]
    slices = np.ceil(input_bits / designs.input_slice_bits[:, None])
    converted = np.ceil((weight_bits - differential) / designs.bits_per_cell[:, None])
    columns = columns_of_slices(converted, designs.redundancy[:, None])
    return slices, columns * (1 + differential), converted


def columns_of_slices(slices: Floats, redundancy: Floats) -> Floats:
    """Columns of a weight with so many slices: the upper half of them, rounded up, is stored in
    `redundancy` columns each.
    """
    columns: Floats = slices + (redundancy - 1) * np.ceil(slices / 2)
    return columns


def _collapsed(bits: Floats) -> Floats:
    return bits[:1] if np.all(bits == bits[0]) else bits


@dataclass(frozen=True, eq=False)
class Traffic:
    """Movements of one occurrence of each layer, for one image; arrays that broadcast to (n, L).

    Partial sums are counted in words, since their width depends on the ADC.

    Args:
        tiles: that one copy spans.
        buffer_reads, buffer_writes: words read from and written to the tiles' input buffers.
        result_words: words written to and read from the tiles' output buffers.
        link_bits: activations over the links.
        sum_words: partial sums over the links.
        sum_extra_bits: what adding row blocks adds to their width.
        glb_read_bits, glb_write_bits: activations out of and into the global buffer, but what the
            digital unit reads.
        spilled_sums: partial sums written to the global buffer and read back.
    """

    tiles: Floats
    buffer_reads: Floats
    buffer_writes: Floats
    result_words: Floats
    link_bits: Floats
    sum_words: Floats
    sum_extra_bits: Floats
    glb_read_bits: Floats
    glb_write_bits: Floats
    spilled_sums: Floats


def count_traffic(
    context: Context, designs: Designs, placement: Placement, passes: Floats
) -> Traffic:
    """Count the movements of every layer.

    Args:
        context: the L distinct layers.
        designs: n chips.
        placement: of the layers on the chips.
        passes: loads of the weights of a layer that does not fit, 1 where it does, shape (n, L).
    """
    layers = context.layers
    words = layers.input_words(strides=context.switches.strides)
    tiles = np.ceil(placement.macros / designs.macros_per_tile[:, None])
    fresh = words / (layers.n_vectors * layers.groups * layers.rows)
    buffered = layers.n_vectors * tiles * placement.rows_used
    results = layers.n_vectors * tiles * placement.columns_used / placement.conversion_columns
    hops = np.maximum(np.minimum(placement.row_blocks, tiles) - 1, 0)
    # Row blocks that never share the chip leave their sums in the global buffer between passes.
    height = np.where(passes > 1, np.ceil(placement.row_blocks / designs.macros[:, None]), 1.0)
    outputs = layers.output_words * layers.input_bits
    sent = words * layers.input_bits * np.minimum(passes, placement.column_blocks)
    return Traffic(
        tiles=tiles,
        buffer_reads=buffered,
        buffer_writes=buffered * fresh,
        result_words=results,
        link_bits=np.where(layers.dynamic, 0.0, sent + outputs),
        sum_words=np.where(layers.dynamic, 0.0, hops * layers.output_words),
        sum_extra_bits=np.ceil(np.log2(placement.row_blocks)),
        glb_read_bits=np.where(layers.dynamic, 0.0, sent),
        glb_write_bits=np.broadcast_to(outputs, sent.shape),
        spilled_sums=np.where(layers.dynamic, 0.0, (height - 1) * layers.output_words),
    )


def operand_bits(layers: LayerTable, mac_units: Floats) -> Floats:
    """Bits the digital unit of so many units reads for its layers, (n, L), else 0.

    It works on tiles of √units by √units results, each operand being read once per tile.
    """
    side = np.sqrt(mac_units)[:, None]
    left = layers.n_vectors * np.ceil(layers.outputs / side)
    right = layers.outputs * np.ceil(layers.n_vectors / side)
    right_bits = np.where(layers.holds_weights, layers.weight_bits, layers.input_bits)
    bits = layers.input_bits * left + right_bits * right
    return layers.dynamic * layers.groups * layers.rows * bits


def overflow_bits(context: Context, glb_KiB: Floats) -> Floats:
    """Outputs of a layer that do not fit the global buffer beside its inputs.

    Args:
        context: the L distinct layers and the bits the buffer holds of weights.
        glb_KiB: size of the buffer in KiB, shape (n,).

    Returns:
        Bits, shape (n, L).
    """
    layers = context.layers
    outputs = layers.output_words * layers.input_bits
    held = layers.held_inputs * layers.input_bits + outputs + context.held_bits[layers.owner]
    bits: Floats = np.minimum(outputs, np.maximum(held - glb_KiB[:, None] * BITS_PER_KIB, 0.0))
    return bits


def partial_sum_bits(context: Context, designs: Designs, extra_bits: Floats) -> Floats:
    """Width of partial sums, b_a + (B_x − d_x) + (B_w − b) + extra bits, (n, L) or (1, 1); the
    extra bits come from summing row blocks, shape (n, L).
    """
    if not context.switches.wide_sums:
        return np.full((1, 1), REFERENCE_SUM_BITS)
    layers = context.layers
    inputs, weights = (_collapsed(bits) for bits in (layers.input_bits, layers.weight_bits))
    width: Floats = (
        designs.adc_bits.astype(float)[:, None]
        + np.maximum(inputs - designs.input_slice_bits[:, None], 0.0)
        + np.maximum(weights - designs.bits_per_cell[:, None], 0.0)
    )
    width = width + extra_bits
    return np.minimum(width, context.assumptions.widest_sum_bits.value, out=width)
