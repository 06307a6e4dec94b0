"""Traffic of every layer: words of buffers, bits over links, global buffer and DRAM."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.model.metrics import Floats
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.mapping import Placement
from imcmoo.model.physical.parameters import BITS_PER_KIB, Designs

REFERENCE_SUM_BITS = 8.0
"""Width of a partial sum in the reference model."""


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
    layers: LayerTable, designs: Designs, placement: Placement, passes: Floats, *, strides: bool
) -> Traffic:
    """Count the movements of every layer.

    Args:
        layers: L distinct layers.
        designs: n chips.
        placement: of the layers on the chips.
        passes: loads of the weights of a layer that does not fit, 1 where it does, shape (n, L).
        strides: whether a layer moves only the inputs it reads.
    """
    words = layers.input_words(strides=strides)
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


def overflow_bits(layers: LayerTable, glb_KiB: Floats, held_bits: Floats) -> Floats:
    """Outputs of a layer that do not fit the global buffer beside its inputs, shape (n, L).

    Args:
        layers: L distinct layers.
        glb_KiB: size of the buffer, shape (n,).
        held_bits: weights that it holds while a network runs, shape (W,).
    """
    outputs = layers.output_words * layers.input_bits
    held = layers.held_inputs * layers.input_bits + outputs + held_bits[layers.owner]
    bits: Floats = np.minimum(outputs, np.maximum(held - glb_KiB[:, None] * BITS_PER_KIB, 0.0))
    return bits


def partial_sum_bits(
    layers: LayerTable, designs: Designs, extra_bits: Floats, *, widest: float, wide: bool
) -> Floats:
    """Width of partial sums, b_a + (B_x − d_x) + (B_w − b) + extra bits, (n, L) or (1, 1).

    Args:
        layers: L distinct layers.
        designs: n chips.
        extra_bits: added by summing row blocks, shape (n, L).
        widest: limit of the width.
        wide: whether sums have their full width; else that of the reference model.
    """
    if not wide:
        return np.full((1, 1), REFERENCE_SUM_BITS)
    inputs, weights = layers.input_bits, layers.weight_bits
    if np.all(inputs == inputs[0]) and np.all(weights == weights[0]):
        inputs, weights = inputs[:1], weights[:1]
    width: Floats = (
        designs.adc_bits.astype(float)[:, None]
        + np.maximum(inputs - designs.input_slice_bits[:, None], 0.0)
        + np.maximum(weights - designs.bits_per_cell[:, None], 0.0)
    )
    width = width + extra_bits
    return np.minimum(width, widest, out=width)
