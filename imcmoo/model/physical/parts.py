"""The parts that chips are put together from, looked up in the component table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.operating_point import OperatingPoint
from imcmoo.model.physical.parameters import DRAM, DRAM_BITS, Designs, refuse
from imcmoo.model.physical.switches import Switches

Floats = NDArray[np.float64]

GLB_BITS = 2048
"""Width of the global buffer's word."""
ROUTER_BITS = 128


@dataclass(frozen=True, eq=False)
class Parts:
    """What n chips are made of, as the table has it; arrays of shape (n,).

    Args:
        designs, point: the chips and their operating points.
        given, switches: of the model.
        glb: the global buffer.
        inputs, results: input and output buffer of a tile.
        router, unit, adder: a router, a unit that multiplies and adds, a shift-and-add.
        dac_area, dac_energy: of one row's DAC, energy per slice.
        converters: of one macro.
        interface_area: of the memory interface.
        dram_energy: per bit.
        dram_rate: peak, bit/s.
    """

    designs: Designs
    point: OperatingPoint
    given: Assumptions
    switches: Switches
    glb: Mapping[str, Floats]
    inputs: Mapping[str, Floats]
    results: Mapping[str, Floats]
    router: Mapping[str, Floats]
    unit: Mapping[str, Floats]
    adder: Mapping[str, Floats]
    dac_area: Floats
    dac_energy: Floats
    converters: Floats
    interface_area: Floats
    dram_energy: Floats
    dram_rate: Floats

    @property
    def tiles(self) -> Floats:
        """Tiles of each chip."""
        tiles: Floats = self.designs.tiles_per_group * self.designs.router_groups
        return tiles

    @property
    def cells(self) -> Floats:
        """Cells of each macro, those of a second array included."""
        cells: Floats = self.designs.rows * self.designs.cols * (1 + self.designs.ping_pong)
        return cells


def look_up_parts(
    layers: LayerTable,
    designs: Designs,
    point: OperatingPoint,
    *,
    table: PhysicalTable,
    given: Assumptions,
    switches: Switches,
) -> Parts:
    """Look up the parts of every chip.

    Raises:
        ValueError: a value the component table lacks; says what it has.
    """
    node = designs.technology_nm
    glb = table.look_up(
        "buffer",
        node_nm=node,
        width_bits=GLB_BITS,
        depth_words=designs.glb_KiB * 8192 / GLB_BITS,
        banks=designs.glb_banks,
    )
    tile_word = 8 * designs.macros_per_tile
    inputs, results = (
        table.look_up("buffer", node_nm=node, width_bits=tile_word, depth_words=depth, banks=1)
        for depth in (designs.rows, designs.cols)
    )
    dac_area, dac_energy = _dac(designs, table, given)
    dram_energy, dram_rate = _dram(designs, table, given)
    return Parts(
        designs=designs,
        point=point,
        given=given,
        switches=switches,
        glb=glb,
        inputs=inputs,
        results=results,
        router=table.look_up("router", node_nm=node),
        unit=table.look_up("mac", node_nm=node),
        adder=_shift_add(layers, designs, table, switches),
        dac_area=dac_area,
        dac_energy=dac_energy,
        converters=converters_per_macro(designs, switches),
        interface_area=_interface_m2(designs, given),
        dram_energy=dram_energy,
        dram_rate=dram_rate,
    )


def converters_per_macro(designs: Designs, switches: Switches) -> Floats:
    """Converters of one macro; one per column, or pair, where they are not shared."""
    columns = np.floor(designs.cols / (1 + designs.differential))
    if not switches.shared_converters:
        return columns
    shared: Floats = np.ceil(columns / designs.columns_per_adc)
    return shared


def _shift_add(
    layers: LayerTable, designs: Designs, table: PhysicalTable, switches: Switches
) -> dict[str, Floats]:
    """One shift-and-add as wide as the widest network needs; nothing where nothing is shifted."""
    inputs, weights = layers.input_bits.max(), layers.weight_bits.max()
    more_inputs = np.maximum(inputs - designs.input_slice_bits, 0)
    more_weights = np.maximum(weights - designs.bits_per_cell, 0)
    found = table.look_up(
        "shift_add",
        node_nm=designs.technology_nm,
        bits=designs.adc_bits + more_inputs + more_weights,
    )
    shifts = (more_inputs + more_weights > 0) & switches.wide_sums
    return {name: np.where(shifts, values, 0.0) for name, values in found.items()}


def _dac(designs: Designs, table: PhysicalTable, given: Assumptions) -> tuple[Floats, Floats]:
    """Area of one row's DAC and its energy per slice; pulses need none.

    Raises:
        DesignRefused: more bits at once than a DAC settles.
    """
    bits = designs.input_slice_bits
    highest = given.highest_level_bits.value
    wrong = designs.levels & (bits > highest)
    refuse("input_slice_bits", bits, wrong, f"at most {highest:g} where input_coding is levels")
    found = table.look_up(
        "dac", node_nm=designs.technology_nm, bits=np.where(designs.levels, bits, 1)
    )
    energy = given.dac_F_per_bit.value * bits * designs.voltage_V**2
    return np.where(designs.levels, found["area"], 0.0), np.where(designs.levels, energy, 0.0)


def _interface_m2(designs: Designs, given: Assumptions) -> Floats:
    kind = designs.dram
    lpddr4 = given.lpddr4_interface_m2_per_bit.value * DRAM_BITS[kind]
    wide = np.where(kind == DRAM.index("hbm2"), given.hbm2_interface_m2.value, lpddr4)
    return np.where(kind == DRAM.index("none"), 0.0, wide)


def _dram(designs: Designs, table: PhysicalTable, given: Assumptions) -> tuple[Floats, Floats]:
    """Energy per bit and peak rate, bit/s, of each design's DRAM; without one free and at once."""
    width = DRAM_BITS[designs.dram]
    found = table.look_up("dram", width_bits=width)
    lpddr4 = width <= 64
    pin = np.where(lpddr4, given.lpddr4_pin_rate.value, found["pin_rate"])
    there = designs.dram != DRAM.index("none")
    return np.where(there, found["energy_per_bit"], 0.0), np.where(there, pin * width, np.inf)
