"""What every layer does, counted, and what each action costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.chip import Chip
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.operand_sums import OperandSums
from imcmoo.model.physical.operating_point import OperatingPoint
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.placement import Placement
from imcmoo.model.physical.switches import Switches
from imcmoo.model.physical.traffic import Traffic

Floats = NDArray[np.float64]

OFF_CHIP = "dram"
"""The component whose energy the chip's power leaves out."""


@dataclass(frozen=True, eq=False)
class Action:
    """One kind of action of a component.

    Args:
        component: name.
        price_J: of one action, shape (n,).
        count: actions of one occurrence of each layer, shape (n, L) or what broadcasts to it.
    """

    component: str
    price_J: Floats
    count: Floats

    @property
    def energy_J(self) -> Floats:
        """Energy by layer, shape (n, L)."""
        energy: Floats = self.price_J[:, None] * self.count
        return energy


def actions(
    layers: LayerTable,
    designs: Designs,
    placement: Placement,
    traffic: Traffic,
    chip: Chip,
    point: OperatingPoint,
    sums: OperandSums,
    *,
    switches: Switches,
) -> list[Action]:
    """All actions of one image but loading weights.

    Args:
        layers, designs, placement, traffic, chip, point, sums: as their modules make them.
        switches: `unsigned_inputs` and `wide_sums` matter here.
    """
    prices, static = chip.prices_J, ~layers.dynamic
    low, span = cell_reads(layers, designs, placement, sums, switches)
    outputs = layers.steps * layers.groups * static
    conversions = (
        outputs
        * layers.outputs
        * placement.input_slices
        * placement.conversion_columns
        * placement.block_phases
    )
    held = conversions * (placement.slice_columns / placement.conversion_columns)
    sent = outputs * layers.rows * placement.input_slices * placement.column_blocks
    found = [
        Action("cells", point.cell.low_J, low),
        Action("cells", point.cell.span_J, span),
        Action("adc", point.converter.energy_J, conversions),
        Action("shift_add", prices["shift_add"], conversions),
        Action("buffers", prices["buffer_read"], traffic.buffer_reads),
        Action("buffers", prices["buffer_write"], traffic.buffer_writes),
        Action("buffers", prices["result_read"] + prices["result_write"], traffic.result_words),
        Action("links", prices["link"], traffic.link_bits),
        Action("glb", prices["glb_read"], traffic.glb_reads_bits),
        Action("glb", prices["glb_write"], traffic.glb_writes_bits),
        Action(OFF_CHIP, prices["dram"], traffic.spill_bits),
    ]
    if designs.sample_and_hold.any():
        found.append(Action("adc", prices["sample"], held))
    if designs.levels.any():
        found.append(Action("dac", prices["dac"], sent))
    if layers.dynamic.any():
        found.append(Action("digital", prices["mac"], layers.macs * layers.dynamic))
    return found


def cell_reads(
    layers: LayerTable,
    designs: Designs,
    placement: Placement,
    sums: OperandSums,
    switches: Switches,
) -> tuple[Floats, Floats]:
    """Pulses through cells, and pulses times what their cells hold as a share of full scale.

    A slice sent as one level counts as one pulse. A row that several groups share crosses the
    columns of all of them; in the blocks off the diagonal cells hold 0.

    Returns:
        Two arrays of shape (n, L).
    """
    coding = 0 if switches.unsigned_inputs else 1
    width, bits = designs.input_slice_bits - 1, designs.bits_per_cell - 1
    pulses = sums.pulses[coding, width]
    products = sums.products[coding, width, designs.weight_coding, bits]
    if designs.levels.any():
        levels = designs.levels[:, None]
        slices = placement.input_slices
        held = slices * sums.conductances[designs.weight_coding, bits]
        pulses, products = np.where(levels, slices, pulses), np.where(levels, held, products)
    macs = layers.macs * ~layers.dynamic
    crossings = placement.slice_columns * placement.groups_per_macro
    return macs * crossings * pulses, macs * products


def loading(
    layers: LayerTable,
    placement: Placement,
    chip: Chip,
    point: OperatingPoint,
    *,
    copies: Floats,
) -> list[Action]:
    """Actions of loading all weights once: from DRAM, over the links to all copies, into cells."""
    cells = layers.groups * layers.rows * layers.outputs * placement.slice_columns * copies
    return [
        Action("writes", point.cell.write_J, np.where(layers.dynamic, 0.0, cells)),
        Action("links", chip.prices_J["link"], layers.stored_bits),
        Action(OFF_CHIP, chip.prices_J["dram"], layers.stored_bits),
    ]


def per_network(layers: LayerTable, parts: list[Action], n: int) -> tuple[Floats, Floats]:
    """Energy on the chip and off it, each of shape (n, W)."""
    sums = []
    for off_chip in (False, True):
        chosen = [part.energy_J for part in parts if (part.component == OFF_CHIP) == off_chip]
        sums.append(sum(chosen, np.zeros((n, len(layers)))) @ layers.multiplicity)
    return sums[0], sums[1]
