"""What moves for every layer: words of buffers, bits of links, of the global buffer and of DRAM."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.placement import Placement
from imcmoo.model.physical.switches import Switches

Floats = NDArray[np.float64]

REFERENCE_SUM_BITS = 8
"""Width of a partial sum in the reference model."""


@dataclass(frozen=True, eq=False)
class Traffic:
    """Movements of one occurrence of each layer, for one image; arrays of shape (n, L).

    Args:
        tiles: that one copy spans.
        buffer_reads, buffer_writes: words read from and written to the tiles' input buffers.
        result_words: words written to and read from the tiles' output buffers.
        link_bits: activations and partial sums over the links.
        glb_reads_bits, glb_writes_bits: activations out of and into the global buffer.
        spill_bits: activations that do not fit there, written to DRAM and read back.
        missing_bits: those that would have to leave the chip.
    """

    tiles: Floats
    buffer_reads: Floats
    buffer_writes: Floats
    result_words: Floats
    link_bits: Floats
    glb_reads_bits: Floats
    glb_writes_bits: Floats
    spill_bits: Floats
    missing_bits: Floats

    @property
    def buffer_words(self) -> Floats:
        """Words that pass the tiles' input buffers."""
        words: Floats = self.buffer_reads + self.buffer_writes
        return words

    @property
    def glb_bits(self) -> Floats:
        """Bits that pass the global buffer."""
        bits: Floats = self.glb_reads_bits + self.glb_writes_bits
        return bits


def move(
    layers: LayerTable,
    designs: Designs,
    placement: Placement,
    *,
    passes: Floats,
    given: Assumptions,
    switches: Switches,
) -> Traffic:
    """Count the movements of every layer.

    Args:
        layers: L distinct layers.
        designs: n chips.
        placement: of the layers on the chips.
        passes: loads of the weights of a layer that does not fit, 1 where it does, shape (n, L).
        given: assumptions.
        switches: `strides`, `wide_sums` and `activation_dram` matter here.
    """
    macros_per_tile = designs.macros_per_tile[:, None]
    words = layers.input_words(strides=switches.strides)
    tiles = np.ceil(placement.macros / macros_per_tile)
    fresh = words / (layers.steps * layers.groups * layers.rows)
    buffered = layers.steps * tiles * placement.rows_used
    results = layers.steps * tiles * placement.columns_used / placement.conversion_columns
    sums = sum_bits(layers, designs, placement, given, switches)
    hops = np.maximum(np.minimum(placement.row_blocks, tiles) - 1, 0)
    # Row blocks that never share the chip leave their sums in the global buffer between passes.
    height = np.where(passes > 1, np.ceil(placement.row_blocks / designs.macros[:, None]), 1.0)
    kept = (height - 1) * layers.output_words * sums
    inputs, outputs = words * layers.input_bits, layers.output_words * layers.input_bits
    sent = inputs * np.minimum(passes, placement.column_blocks)
    held = (layers.held_inputs + layers.output_words) * layers.input_bits
    over = np.minimum(outputs, np.maximum(held - designs.glb_KiB[:, None] * 8192, 0))
    unit = np.sqrt(designs.mac_units)[:, None]
    pairs = layers.groups * layers.rows * layers.input_bits
    operands = pairs * (
        layers.steps * np.ceil(layers.outputs / unit)
        + layers.outputs * np.ceil(layers.steps / unit)
    )
    return Traffic(
        tiles=tiles,
        buffer_reads=buffered,
        buffer_writes=buffered * fresh,
        result_words=results,
        link_bits=np.where(layers.dynamic, 0.0, sent + outputs + hops * layers.output_words * sums),
        glb_reads_bits=np.where(layers.dynamic, operands, sent + kept),
        glb_writes_bits=outputs + np.where(layers.dynamic, 0.0, kept),
        spill_bits=2 * over if switches.activation_dram else np.zeros_like(over),
        missing_bits=over,
    )


def sum_bits(
    layers: LayerTable,
    designs: Designs,
    placement: Placement,
    given: Assumptions,
    switches: Switches,
) -> Floats:
    """Width of a partial sum, (n, L): conversion, input and weight places, row blocks."""
    if not switches.wide_sums:
        return np.full_like(placement.row_blocks, REFERENCE_SUM_BITS)
    places = (
        designs.adc_bits[:, None]
        + np.maximum(layers.input_bits - designs.input_slice_bits[:, None], 0)
        + np.maximum(layers.weight_bits - designs.bits_per_cell[:, None], 0)
    )
    full = places + np.ceil(np.log2(placement.row_blocks))
    width: Floats = np.minimum(full, given.widest_sum_bits.value)
    return width
