"""Area and leakage of a chip by component, and what its parts cost per action."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce

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
MACRO_PARTS = ("cells", "drivers", "adc", "shift_add")


@dataclass(frozen=True, eq=False)
class Chip:
    """What n chips are made of; arrays of shape (n,).

    Args:
        areas_m2: by component.
        leaks_W: by component.
        prices_J: energy per action by `energy.COMPONENT_OF`: buffers and results per word, global
            buffer, links and DRAM per bit, `dac` per row and slice.
        hop_J, wire_J_per_m: of a bit on a link, of which `link_price` makes the price.
        glb_bit_s: time of a bit in the global buffer.
        buffer_word_s: time of a word in a tile's input buffer.
        link_bit_s: time of a bit on a router group's link.
        dram_bit_s: time of a bit of DRAM; 0 without one.
    """

    areas_m2: dict[str, Floats]
    leaks_W: dict[str, Floats]
    prices_J: dict[str, Floats]
    hop_J: Floats
    wire_J_per_m: Floats
    glb_bit_s: Floats
    buffer_word_s: Floats
    link_bit_s: Floats
    dram_bit_s: Floats

    @cached_property
    def macro_leak_W(self) -> Floats:
        """Leakage of all macros."""
        return total([self.leaks_W[part] for part in MACRO_PARTS])

    @cached_property
    def other_leak_W(self) -> Floats:
        """Leakage of everything else."""
        others = [leak for part, leak in self.leaks_W.items() if part not in MACRO_PARTS]
        return total(others)

    def price_of(self, action: str) -> Floats:
        """Energy of one of `energy.ACTIONS`; a conversion is shifted and added, too."""
        if action == "conversion":
            return self.prices_J["conversion"] + self.prices_J["shift_add"]
        return self.prices_J[action]

    @cached_property
    def area_m2(self) -> Floats:
        """Area of the chip."""
        return total(self.areas_m2.values())


def total(parts: Iterable[Floats]) -> Floats:
    """Sum of several arrays of shape (n,), rounded alike in any company of designs."""
    found: Floats = reduce(np.add, parts)
    return found


def converters_per_macro(designs: Designs, switches: Switches) -> Floats:
    """Converters of one macro; one per column, or pair, where they are not shared."""
    columns = np.floor(designs.cols / (1 + designs.differential))
    if not switches.shared_converters:
        return columns
    shared: Floats = np.ceil(columns / designs.columns_per_adc)
    return shared


def build_chip(
    layers: LayerTable,
    designs: Designs,
    point: OperatingPoint,
    *,
    table: PhysicalTable,
    given: Assumptions,
    switches: Switches,
) -> Chip:
    """Add up the parts of every chip.

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
    router = table.look_up("router", node_nm=node)
    unit = table.look_up("mac", node_nm=node)
    adder = _shift_add(layers, designs, table, switches)
    dac_area, dac_energy = _dac(designs, table, given)
    converters = converters_per_macro(designs, switches)
    array, tiles = point.array, designs.tiles_per_group * designs.router_groups
    holds = designs.cols * designs.sample_and_hold * given.sample_hold_m2.value
    periphery = given.macro_periphery.value * designs.macros
    muxed = (designs.columns_per_adc > 1) & switches.shared_converters
    columns = np.where(muxed, array["column_area_muxed"], array["column_area"])
    cells = designs.rows * designs.cols * (1 + designs.ping_pong)
    # Library leakage is at nominal supply; current stays, power goes with the supply.
    supply = np.sqrt(point.supply)
    areas = {
        "cells": periphery * cells * array["cell_area"],
        "drivers": periphery * (array["row_area"] + columns + designs.rows * dac_area + holds),
        "adc": periphery * converters * point.converter.area_m2,
        "shift_add": periphery * converters * adder["area"],
        "buffers": tiles * (inputs["area"] + results["area"]),
        "routers": designs.router_groups * router["area"],
        "glb": glb["area"],
        "digital": designs.mac_units * unit["area"],
        "interface": _interface_m2(designs, given),
    }
    leaks = {
        "cells": designs.macros * cells * array["cell_leak"],
        "drivers": designs.macros * (array["row_leak"] + array["column_leak"]),
        "adc": designs.macros * converters * point.converter.leak_W,
        "shift_add": designs.macros * converters * adder["leak"] * supply,
        "buffers": tiles * (inputs["leak"] + results["leak"]) * supply,
        "glb": glb["leak"] * supply,
        "digital": designs.mac_units * unit["leak"] * supply,
    }
    dram_J, dram_rate = _dram(designs, table, given)
    area = total(areas.values())
    wire = 0.5 * given.wire_F_per_m.value * designs.voltage_V**2
    hop = router["read"] / ROUTER_BITS * point.supply
    # Both columns of a pair hold their value for one conversion.
    samples = given.sample_hold_F.value * designs.voltage_V**2 * (1 + designs.differential)
    slow = np.maximum(point.slowdown, 1.0)
    prices = {
        "glb_read": glb["read"] / GLB_BITS * point.supply,
        "glb_write": glb["write"] / GLB_BITS * point.supply,
        "buffer_read": inputs["read"] * point.supply,
        "buffer_write": inputs["write"] * point.supply,
        "result": (results["read"] + results["write"]) * point.supply,
        "link": link_price(hop, wire, area, given=given, switches=switches),
        "shift_add": adder["energy"] * point.supply,
        "mac": unit["energy"] * point.supply,
        "conversion": point.converter.energy_J + samples * designs.sample_and_hold,
        "dac": dac_energy,
        "cell_low": point.cell.low_J,
        "cell_span": point.cell.span_J,
        "write": point.cell.write_J,
        "dram": dram_J,
    }
    return Chip(
        areas_m2=areas,
        leaks_W=leaks,
        prices_J=prices,
        hop_J=hop,
        wire_J_per_m=wire,
        glb_bit_s=glb["cycle"] * slow / designs.glb_banks / GLB_BITS,
        buffer_word_s=inputs["cycle"] * slow,
        link_bit_s=1 / (designs.link_bits * point.clock_Hz * given.link_efficiency.value),
        dram_bit_s=1 / (dram_rate * given.dram_efficiency.value),
    )


def link_price(
    hop_J: Floats, wire_J_per_m: Floats, area_m2: Floats, *, given: Assumptions, switches: Switches
) -> Floats:
    """Energy of moving a bit across chips of some area: a router and the wire to it, (n,)."""
    length = given.wire_length.value * np.sqrt(area_m2) * switches.wires
    price: Floats = hop_J + wire_J_per_m * length
    return price


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
