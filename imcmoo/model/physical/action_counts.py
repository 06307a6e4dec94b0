"""Action counts of layers, the component of each action, and the operand statistics they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from imcmoo.model.metrics import Floats, Ints
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.mapping import Placement
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.traffic import Traffic
from imcmoo.networks.operands import slice_moments
from imcmoo.networks.workloads import BITS


@dataclass(frozen=True, eq=False)
class OperandSums:
    """Sums over slices, averaged over the occurrences of each of L distinct layers.

    With x_i the value of input slice i and ḡ_j the mean conductance of the cells of weight slice
    j as a share of its range, summed over both cells of a differential pair.

    Args:
        pulses: E[Σ_i x_i] by input coding (natural, offset) and d_x − 1, shape (2, 8, L).
        conductances: Σ_j ḡ_j of all slices and of the more significant half, by weight coding
            (offset, differential) and b − 1, shape (2, 2, 8, L).
        products: E[Σ_i x_i] · Σ_j ḡ_j, shape (2, 2, 8, 2, 8, L).
    """

    pulses: Floats
    conductances: Floats
    products: Floats

    @classmethod
    def of_layers(cls, layers: LayerTable) -> OperandSums:
        """Compute them for a layer table."""
        operands = layers.operands
        input_bits = layers.input_bits[layers.distinct].astype(int)
        weight_bits = layers.weight_bits[layers.distinct].astype(int)
        inputs = [
            [_slice_sums(joint, input_bits, width) for width in range(1, BITS + 1)]
            for joint in (operands.inputs, operands.inputs_offset)
        ]
        weights = np.array(
            [
                [
                    [
                        _slice_sums(joint, bits, width, shares=True, upper=upper)
                        for width in range(1, BITS + 1)
                    ]
                    for joint, bits in (
                        (operands.weights, weight_bits),
                        (operands.magnitudes, weight_bits - 1),
                    )
                ]
                for upper in (False, True)
            ]
        )
        average = partial(np.apply_along_axis, layers.average, -1)
        products = [[average(x * weights) for x in coding] for coding in inputs]
        return cls(
            pulses=np.array([[layers.average(x) for x in coding] for coding in inputs]),
            conductances=average(weights),
            products=np.moveaxis(np.array(products), 2, 0),
        )

    def of_cells(self, sums: Floats, at: tuple[Ints | int, ...], redundancy: Floats) -> Floats:
        """Entries of `conductances` or `products`, cells in parallel included, shape (n, L)."""
        total: Floats = sums[(0, *at)]
        if (redundancy > 1).any():
            total = total + (redundancy - 1)[:, None] * sums[(1, *at)]
        return total


def _slice_sums(
    joint: Floats, bits: Ints, width: int, *, shares: bool = False, upper: bool = False
) -> Floats:
    """Σ over slices of their mean, or of their mean share of full scale, per layer.

    Args:
        joint: as in `OperandBits`, shape (n_layers, n_bits, n_bits).
        bits: precision of each layer, shape (n_layers,).
        width: bits per slice.
        shares: divide each slice by its own largest value.
        upper: only the more significant half of the slices.
    """
    sums = np.empty(len(bits))
    for precision in np.unique(bits):
        alike = bits == precision
        means, _ = slice_moments(joint[alike], int(precision), width)
        full = slice_maxima(int(precision), width) if shares else np.ones(means.shape[1])
        first = means.shape[1] // 2 if upper else 0
        sums[alike] = (means / full)[:, first:].sum(axis=1)
    return sums


def slice_maxima(bits: int, width: int) -> Floats:
    """Largest value of each slice, least significant first; the last may be shorter."""
    lows = np.arange(0, bits, width)
    maxima: Floats = 2.0 ** np.minimum(width, bits - lows) - 1
    return maxima


def parallel_cells(slices: int, redundancy: int) -> Floats:
    """Cells in parallel of each slice, least significant first, shape (slices,)."""
    cells = np.ones(slices)
    cells[slices // 2 :] = redundancy
    return cells


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
"""Actions that the mapping key alone decides."""

ON_CHIP_ACTIONS = (*ACTIONS, "link", "mac")


def count_actions(
    layers: LayerTable,
    designs: Designs,
    placement: Placement,
    traffic: Traffic,
    sums: OperandSums,
    replication: Floats,
    *,
    unsigned: bool,
) -> dict[str, Floats]:
    """Actions of one occurrence of each layer by `ACTIONS`, arrays that broadcast to (n, L).

    Args:
        layers, designs, placement, traffic, sums: as their modules make them.
        replication: of each layer, each of which is written when weights are loaded, shape (n, L).
        unsigned: whether inputs that are never negative are coded without offset.
    """
    static = ~layers.dynamic
    vectors = layers.n_vectors * layers.groups * static
    low, span = _cell_reads(layers, designs, placement, sums, unsigned)
    weights = layers.groups * layers.rows * layers.outputs * static
    return {
        "cell_low": low,
        "cell_span": span,
        "conversion": vectors
        * layers.outputs
        * placement.input_slices
        * placement.conversion_columns
        * placement.block_row_groups,
        "dac": vectors * layers.rows * placement.input_slices * placement.column_blocks,
        "buffer_read": traffic.buffer_reads,
        "buffer_write": traffic.buffer_writes,
        "result": traffic.result_words,
        "glb_read": traffic.glb_read_bits,
        "glb_write": traffic.glb_write_bits,
        "write": weights * placement.slice_columns * replication,
    }


def image_actions(
    counts: Mapping[str, Floats],
    *,
    link_bits: Floats,
    spilled_bits: Floats | float,
    operand_bits: Floats | float,
    macs: Floats,
    stored_bits: Floats,
    loads: float,
) -> dict[str, Floats]:
    """Actions on the chip for one image, those that depend on ADCs and buffers included.

    For breakdown and bounds; `run_in` of `batch.py` adds up energies by itself.

    Of layers or of whole networks: arrays of shape (n, L) or (n, W), or that broadcast to it.

    Args:
        counts: by `ACTIONS`.
        link_bits: activations and partial sums over the links.
        spilled_bits: partial sums that pass the global buffer.
        operand_bits: operands that the digital unit reads.
        macs: of the digital unit.
        stored_bits: of the weights.
        loads: how often weights are loaded for an image.
    """
    return {
        **counts,
        "glb_read": counts["glb_read"] + spilled_bits + operand_bits,
        "glb_write": counts["glb_write"] + spilled_bits,
        "write": counts["write"] * loads,
        "link": link_bits + stored_bits * loads,
        "mac": macs,
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
    one_level, slices = designs.level_coded[:, None], placement.input_slices
    cells, parallel = (designs.weight_coding, bits), designs.redundancy
    held = slices * sums.of_cells(sums.conductances, cells, parallel)
    pulses = np.where(one_level, slices, sums.pulses[coding, width])
    products = sums.of_cells(sums.products, (coding, width, *cells), parallel)
    products = np.where(one_level, held, products)
    macs = layers.macs * ~layers.dynamic
    crossings = placement.slice_columns * placement.groups_per_macro
    return macs * crossings * pulses, macs * products
