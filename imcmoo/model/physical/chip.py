"""Area and leakage of a chip by component, and what its parts cost per action."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import GLB_BITS, ROUTER_BITS, Parts
from imcmoo.model.physical.latency import Rates, input_pulse_time
from imcmoo.model.physical.memory_cells import Device
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.switches import Switches

Floats = NDArray[np.float64]

MACRO_PARTS = ("cells", "drivers", "adc", "shift_add")


@dataclass(frozen=True, eq=False)
class Chip:
    """Areas, leakage, energies per action and speeds of n chips; arrays of shape (n,).

    Args:
        areas_m2: by component.
        leaks_W: by component.
        prices_J: energy per action by `energy.COMPONENT_OF`: buffers and results per word, global
            buffer, links and DRAM per bit, `dac` per row and slice.
        hop_J, wire_J_per_m: of a bit on a link, of which `link_price` makes the price.
        rates: how fast the parts are.
    """

    areas_m2: dict[str, Floats]
    leaks_W: dict[str, Floats]
    prices_J: dict[str, Floats]
    hop_J: Floats
    wire_J_per_m: Floats
    rates: Rates

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


def build_chip(parts: Parts, device: Device) -> Chip:
    """Put the parts of every chip together."""
    designs, point, assumptions = parts.designs, parts.point, parts.assumptions
    areas = _areas(parts)
    hop = parts.router["read"] / ROUTER_BITS * point.supply
    wire = 0.5 * assumptions.wire_F_per_m.value * designs.voltage_V**2
    area = total(areas.values())
    link = link_price(hop, wire, area, assumptions=assumptions, switches=parts.switches)
    return Chip(
        areas_m2=areas,
        leaks_W=_leaks(parts),
        prices_J=_prices(parts, link),
        hop_J=hop,
        wire_J_per_m=wire,
        rates=_rates(parts, device),
    )


def _rates(parts: Parts, device: Device) -> Rates:
    """Seconds that the parts of every chip take."""
    designs, point, assumptions = parts.designs, parts.point, parts.assumptions
    slow = np.maximum(point.slowdown, 1.0)
    return Rates(
        read_s=input_pulse_time(
            designs, point, device=device, assumptions=assumptions, pulses=parts.switches.pulses
        ),
        convert_s=point.adc.time_s * point.slowdown,
        adcs=parts.adcs,
        in_turn=(designs.sample_and_hold == 0).astype(float),
        glb_bit_s=parts.glb["cycle"] * slow / designs.glb_banks / GLB_BITS,
        link_bit_s=1 / (designs.link_bits * point.clock_Hz * assumptions.link_efficiency.value),
        buffer_word_s=parts.inputs["cycle"] * slow,
        dram_bit_s=1 / (parts.dram_rate * assumptions.dram_efficiency.value),
        row_write_s=point.cell.row_write_s,
        mac_s=1 / (designs.mac_units * point.clock_Hz),
    )


def _areas(parts: Parts) -> dict[str, Floats]:
    """Area by component."""
    designs, assumptions, array = parts.designs, parts.assumptions, parts.point.array
    holds = designs.cols * designs.sample_and_hold * assumptions.sample_hold_m2.value
    periphery = assumptions.macro_periphery.value * designs.macros
    muxed = (designs.columns_per_adc > 1) & parts.switches.shared_converters
    columns = np.where(muxed, array["column_area_muxed"], array["column_area"])
    return {
        "cells": periphery * parts.cells * array["cell_area"],
        "drivers": periphery
        * (array["row_area"] + columns + designs.rows * parts.dac_area + holds),
        "adc": periphery * parts.adcs * parts.point.adc.area_m2,
        "shift_add": periphery * parts.adcs * parts.adder["area"],
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
        "adc": designs.macros * parts.adcs * parts.point.adc.leak_W,
        "shift_add": designs.macros * parts.adcs * parts.adder["leak"] * supply,
        "buffers": parts.tiles * (parts.inputs["leak"] + parts.results["leak"]) * supply,
        "glb": parts.glb["leak"] * supply,
        "digital": designs.mac_units * parts.unit["leak"] * supply,
    }


def _prices(parts: Parts, link: Floats) -> dict[str, Floats]:
    """Energy per action, of which that of a bit on a link is assumptions."""
    designs, point = parts.designs, parts.point
    # Both columns of a pair hold their value for one conversion.
    held = parts.assumptions.sample_hold_F.value * designs.voltage_V**2 * (1 + designs.differential)
    return {
        "glb_read": parts.glb["read"] / GLB_BITS * point.supply,
        "glb_write": parts.glb["write"] / GLB_BITS * point.supply,
        "buffer_read": parts.inputs["read"] * point.supply,
        "buffer_write": parts.inputs["write"] * point.supply,
        "result": (parts.results["read"] + parts.results["write"]) * point.supply,
        "link": link,
        "shift_add": parts.adder["energy"] * point.supply,
        "mac": parts.unit["energy"] * point.supply,
        "conversion": point.adc.energy_J + held * designs.sample_and_hold,
        "dac": parts.dac_energy,
        "cell_low": point.cell.low_J,
        "cell_span": point.cell.span_J,
        "write": point.cell.write_J,
        "dram": parts.dram_energy,
    }


def link_price(
    hop_J: Floats,
    wire_J_per_m: Floats,
    area_m2: Floats,
    *,
    assumptions: Assumptions,
    switches: Switches,
) -> Floats:
    """Energy of moving a bit across chips of some area: a router and the wire to it, (n,)."""
    length = assumptions.wire_length.value * np.sqrt(area_m2) * switches.wires
    price: Floats = hop_J + wire_J_per_m * length
    return price


CostTerms = dict[str, Floats]


@dataclass(frozen=True)
class CostTermGroup:
    """Cost terms that depend on the same parameters; bounds tabulate them over these.

    Args:
        depends_on: names of the parameters.
        terms: function of chips and designs that returns the terms by name, shape (n,) each.
        limits: circuit limits that a chip must keep for its terms to count.
    """

    depends_on: tuple[str, ...]
    terms: Callable[[Chip, Designs], CostTerms]
    limits: tuple[str, ...] = ()


def _macro_terms(chip: Chip, designs: Designs) -> CostTerms:
    """Terms of one macro without its ADCs."""
    return {
        "macro_m2": (chip.areas_m2["cells"] + chip.areas_m2["drivers"]) / designs.macros,
        "macro_W": (chip.leaks_W["cells"] + chip.leaks_W["drivers"]) / designs.macros,
        **{name: chip.prices_J[name] for name in ("cell_low", "cell_span", "dac", "write")},
        "read_s": chip.rates.read_s,
        "row_write_s": chip.rates.row_write_s,
        "in_turn": chip.rates.in_turn,
    }


def _adc_terms(chip: Chip, designs: Designs) -> CostTerms:
    """Terms of one ADC with its shift-and-add."""
    number = designs.macros * chip.rates.adcs
    return {
        "adc_m2": (chip.areas_m2["adc"] + chip.areas_m2["shift_add"]) / number,
        "adc_W": (chip.leaks_W["adc"] + chip.leaks_W["shift_add"]) / number,
        "conversion": chip.price_of("conversion"),
        "convert_s": chip.rates.convert_s,
    }


def _sharing_terms(chip: Chip, designs: Designs) -> CostTerms:
    """ADCs of a macro, and their negative, whose minimum is that of the most ADCs."""
    return {"adcs": chip.rates.adcs, "negated_adcs": -chip.rates.adcs}


def _array_terms(chip: Chip, designs: Designs) -> CostTerms:
    """Nothing but whether an array keeps its limits."""
    return {"infeasible": np.zeros(len(designs))}


def _memory_terms(chip: Chip, designs: Designs) -> CostTerms:
    """Terms of the global buffer and the memory interface."""
    return {
        "memory_m2": chip.areas_m2["glb"] + chip.areas_m2["interface"],
        "memory_W": chip.leaks_W["glb"],
        **{name: chip.prices_J[name] for name in ("glb_read", "glb_write", "dram")},
        "glb_bit_s": chip.rates.glb_bit_s,
        "dram_bit_s": chip.rates.dram_bit_s,
    }


def _tile_terms(chip: Chip, designs: Designs) -> CostTerms:
    """Terms of the buffers of one tile."""
    tiles = designs.tiles_per_group * designs.router_groups
    return {
        "tile_m2": chip.areas_m2["buffers"] / tiles,
        "tile_W": chip.leaks_W["buffers"] / tiles,
        **{name: chip.prices_J[name] for name in ("buffer_read", "buffer_write", "result")},
        "buffer_word_s": chip.rates.buffer_word_s,
    }


def _link_terms(chip: Chip, designs: Designs) -> CostTerms:
    """Terms of one router group."""
    return {
        "router_m2": chip.areas_m2["routers"] / designs.router_groups,
        "hop_J": chip.hop_J,
        "wire_J_per_m": chip.wire_J_per_m,
        "link_bit_s": chip.rates.link_bit_s,
    }


def _digital_terms(chip: Chip, designs: Designs) -> CostTerms:
    """Terms of the digital unit."""
    return {
        "digital_m2": chip.areas_m2["digital"],
        "digital_W": chip.leaks_W["digital"],
        "mac": chip.prices_J["mac"],
        "mac_s": chip.rates.mac_s,
    }


_ARRAY = ("technology_nm", "rows", "cols")
_INPUTS = ("input_slice_bits", "input_coding")
_PERIPHERY = ("voltage_V", "columns_per_adc", "sample_and_hold")
_CELLS = ("bits_per_cell", "weight_coding")

COST_TERM_GROUPS = (
    CostTermGroup((*_ARRAY, *_INPUTS, "ping_pong", *_PERIPHERY), _macro_terms),
    CostTermGroup(
        (
            *("technology_nm", "active_rows", *_CELLS, "input_slice_bits"),
            *("adc_model", "adc_bits", "sample_and_hold", "voltage_V"),
        ),
        _adc_terms,
        limits=("snr",),
    ),
    CostTermGroup(("cols", "weight_coding", "columns_per_adc"), _sharing_terms),
    CostTermGroup((), _array_terms, limits=("wires", "levels")),
    CostTermGroup(("technology_nm", "voltage_V", "glb_KiB", "glb_banks", "dram"), _memory_terms),
    CostTermGroup((*_ARRAY, "macros_per_tile", "voltage_V"), _tile_terms),
    CostTermGroup(("technology_nm", "voltage_V", "link_bits"), _link_terms),
    CostTermGroup(("technology_nm", "mac_units", "voltage_V"), _digital_terms),
)
"""All cost terms of a chip. Bounds are refused if one depends on a parameter not declared here."""
