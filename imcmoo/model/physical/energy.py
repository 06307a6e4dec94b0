"""What every layer does, counted by kind of action, and which component each belongs to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.operand_sums import OperandSums
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.placement import Placement
from imcmoo.model.physical.traffic import Traffic

Floats = NDArray[np.float64]

COMPONENT_OF = {
    "cell_low": "cells",
    "cell_span": "cells",
    "conversion": "adc",
    "shift_add": "shift_add",
    "dac": "dac",
    "buffer_read": "buffers",
    "buffer_write": "buffers",
    "result": "buffers",
    "glb_read": "glb",
    "glb_write": "glb",
    "link": "links",
    "mac": "digital",
    "write": "writes",
    "dram": "dram",
}
"""Component of each kind of action."""

ACTIONS = (
    "cell_low",
    "cell_span",
    "conversion",
    "dac",
    "buffer_read",
    "buffer_write",
    "result",
    "glb_read",
    "glb_write",
    "write",
)
"""Kinds of action that a body decides alone."""


def count_actions(
    layers: LayerTable,
    designs: Designs,
    placement: Placement,
    traffic: Traffic,
    sums: OperandSums,
    copies: Floats,
    *,
    unsigned: bool,
) -> dict[str, Floats]:
    """Actions of one occurrence of each layer by `ACTIONS`, arrays that broadcast to (n, L).

    Args:
        layers, designs, placement, traffic, sums: as their modules make them.
        copies: of each layer, each of which is written when weights are loaded, shape (n, L).
        unsigned: whether inputs that are never negative are coded without offset.
    """
    static = ~layers.dynamic
    vectors = layers.steps * layers.groups * static
    low, span = _cell_reads(layers, designs, placement, sums, unsigned)
    weights = layers.groups * layers.rows * layers.outputs * static
    return {
        "cell_low": low,
        "cell_span": span,
        "conversion": vectors
        * layers.outputs
        * placement.input_slices
        * placement.conversion_columns
        * placement.block_phases,
        "dac": vectors * layers.rows * placement.input_slices * placement.column_blocks,
        "buffer_read": traffic.buffer_reads,
        "buffer_write": traffic.buffer_writes,
        "result": traffic.result_words,
        "glb_read": traffic.glb_read_bits,
        "glb_write": traffic.glb_write_bits,
        "write": weights * placement.slice_columns * copies,
    }


def _cell_reads(
    layers: LayerTable,
    designs: Designs,
    placement: Placement,
    sums: OperandSums,
    unsigned: bool,
) -> tuple[Floats, Floats]:
    """Pulses through cells, and pulses times what their cells hold as a share of full scale.

    A slice sent as one level counts as one pulse. A row that several groups share crosses the
    columns of all of them; in the blocks off the diagonal cells hold 0.

    Returns:
        Two arrays of shape (n, L).
    """
    coding = 0 if unsigned else 1
    width, bits = designs.input_slice_bits - 1, designs.bits_per_cell - 1
    levels, slices = designs.levels[:, None], placement.input_slices
    held = slices * sums.conductances[designs.weight_coding, bits]
    pulses = np.where(levels, slices, sums.pulses[coding, width])
    products = np.where(levels, held, sums.products[coding, width, designs.weight_coding, bits])
    macs = layers.macs * ~layers.dynamic
    crossings = placement.slice_columns * placement.groups_per_macro
    return macs * crossings * pulses, macs * products
