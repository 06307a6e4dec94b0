"""Area and leakage of a chip by component, and what its parts cost per action."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import GLB_BITS, ROUTER_BITS, Parts
from imcmoo.model.physical.switches import Switches

Floats = NDArray[np.float64]

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


def build_chip(parts: Parts) -> Chip:
    """Add up the parts of every chip."""
    designs, point, given = parts.designs, parts.point, parts.given
    areas = _areas(parts)
    hop = parts.router["read"] / ROUTER_BITS * point.supply
    wire = 0.5 * given.wire_F_per_m.value * designs.voltage_V**2
    area = total(areas.values())
    link = link_price(hop, wire, area, given=given, switches=parts.switches)
    slow = np.maximum(point.slowdown, 1.0)
    return Chip(
        areas_m2=areas,
        leaks_W=_leaks(parts),
        prices_J=_prices(parts, link),
        hop_J=hop,
        wire_J_per_m=wire,
        glb_bit_s=parts.glb["cycle"] * slow / designs.glb_banks / GLB_BITS,
        buffer_word_s=parts.inputs["cycle"] * slow,
        link_bit_s=1 / (designs.link_bits * point.clock_Hz * given.link_efficiency.value),
        dram_bit_s=1 / (parts.dram_rate * given.dram_efficiency.value),
    )


def _areas(parts: Parts) -> dict[str, Floats]:
    """Area by component."""
    designs, given, array = parts.designs, parts.given, parts.point.array
    holds = designs.cols * designs.sample_and_hold * given.sample_hold_m2.value
    periphery = given.macro_periphery.value * designs.macros
    muxed = (designs.columns_per_adc > 1) & parts.switches.shared_converters
    columns = np.where(muxed, array["column_area_muxed"], array["column_area"])
    return {
        "cells": periphery * parts.cells * array["cell_area"],
        "drivers": periphery
        * (array["row_area"] + columns + designs.rows * parts.dac_area + holds),
        "adc": periphery * parts.converters * parts.point.converter.area_m2,
        "shift_add": periphery * parts.converters * parts.adder["area"],
        "buffers": parts.tiles * (parts.inputs["area"] + parts.results["area"]),
        "routers": designs.router_groups * parts.router["area"],
        "glb": parts.glb["area"],
        "digital": designs.mac_units * parts.unit["area"],
        "interface": parts.interface_area,
    }


def _leaks(parts: Parts) -> dict[str, Floats]:
    """Leakage by component."""
    designs, array = parts.designs, parts.point.array
    # Library leakage is at nominal supply; current stays, power goes with the supply.
    supply = np.sqrt(parts.point.supply)
    return {
        "cells": designs.macros * parts.cells * array["cell_leak"],
        "drivers": designs.macros * (array["row_leak"] + array["column_leak"]),
        "adc": designs.macros * parts.converters * parts.point.converter.leak_W,
        "shift_add": designs.macros * parts.converters * parts.adder["leak"] * supply,
        "buffers": parts.tiles * (parts.inputs["leak"] + parts.results["leak"]) * supply,
        "glb": parts.glb["leak"] * supply,
        "digital": designs.mac_units * parts.unit["leak"] * supply,
    }


def _prices(parts: Parts, link: Floats) -> dict[str, Floats]:
    """Energy per action, of which that of a bit on a link is given."""
    designs, point = parts.designs, parts.point
    # Both columns of a pair hold their value for one conversion.
    held = parts.given.sample_hold_F.value * designs.voltage_V**2 * (1 + designs.differential)
    return {
        "glb_read": parts.glb["read"] / GLB_BITS * point.supply,
        "glb_write": parts.glb["write"] / GLB_BITS * point.supply,
        "buffer_read": parts.inputs["read"] * point.supply,
        "buffer_write": parts.inputs["write"] * point.supply,
        "result": (parts.results["read"] + parts.results["write"]) * point.supply,
        "link": link,
        "shift_add": parts.adder["energy"] * point.supply,
        "mac": parts.unit["energy"] * point.supply,
        "conversion": point.converter.energy_J + held * designs.sample_and_hold,
        "dac": parts.dac_energy,
        "cell_low": point.cell.low_J,
        "cell_span": point.cell.span_J,
        "write": point.cell.write_J,
        "dram": parts.dram_energy,
    }


def link_price(
    hop_J: Floats, wire_J_per_m: Floats, area_m2: Floats, *, given: Assumptions, switches: Switches
) -> Floats:
    """Energy of moving a bit across chips of some area: a router and the wire to it, (n,)."""
    length = given.wire_length.value * np.sqrt(area_m2) * switches.wires
    price: Floats = hop_J + wire_J_per_m * length
    return price
