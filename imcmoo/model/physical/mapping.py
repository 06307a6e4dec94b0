"""Mapping of the weights of every layer to macros: blocks, macros of a replica, conversions.

Source of block-diagonal groups: ZigZag-IMC's diagonal mapping of depthwise layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.model.metrics import Floats
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.parameters import Designs


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


def place(layers: LayerTable, designs: Designs, *, diagonal_groups: bool = True) -> Placement:
    """Cut every layer into the macros of one copy.

    Args:
        layers: L distinct layers.
        designs: n chips.
        diagonal_groups: whether groups that fit share a macro along its diagonal.
    """
    rows, cols, active = (v[:, None] for v in (designs.rows, designs.cols, designs.active_rows))
    slices, columns, converted = operand_slices(layers, designs)
    in_height = np.floor(rows / layers.rows)
    in_width = np.floor(cols / (columns * layers.outputs))
    sharing = np.minimum(np.minimum(in_height, in_width), layers.groups)
    shared = np.maximum(sharing, 1.0) if diagonal_groups else np.ones_like(sharing)
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
