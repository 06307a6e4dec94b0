"""Chips built component by component: area, leakage, energy per action and speed of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce

import numpy as np
from numpy.typing import ArrayLike

from imcmoo.model.metrics import Floats
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import (
    GLB_BITS,
    OperatingPoint,
    adcs_per_macro,
    check_dac_bits,
    part_costs,
)
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.latency import Rates, input_pulse_time
from imcmoo.model.physical.parameters import DRAM, DRAM_BITS, Designs
from imcmoo.model.physical.switches import Switches

ROUTER_BITS = 128
MACRO_PARTS = ("cells", "drivers", "adc", "shift_add")


@dataclass(frozen=True, eq=False)
class Component:
    """Costs of one component of n chips, arrays of shape (n,).

    Args:
        area_m2: area of all its instances on a chip.
        leak_W: leakage of all of them, if it leaks.
        prices_J: energy per action by `action_counts.COMPONENT_OF`: buffers and results per word,
            global buffer, links and DRAM per bit, `dac` per row and slice.
        seconds: time per action by field of `Rates`.
    """

    area_m2: Floats
    leak_W: Floats | None = None
    prices_J: dict[str, Floats] = field(default_factory=dict)
    seconds: dict[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Chip:
    """Areas, leakage, energies per action and speeds of n chips; arrays of shape (n,).

    Args:
        areas_m2: by component.
        leaks_W: by component.
        prices_J: energy per action as in `Component`, all components together.
        hop_J, wire_J_per_m: of a bit on a link, of which `link_price` makes the price.
        rates: speeds of the components.
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
        """Energy of an action; that of a conversion includes shifting and adding its result."""
        if action == "conversion":
            return self.prices_J["conversion"] + self.prices_J["shift_add"]
        return self.prices_J[action]

    @cached_property
    def area_m2(self) -> Floats:
        """Area of the chip."""
        return total(self.areas_m2.values())


def total(parts: Iterable[Floats]) -> Floats:
    """Sum of several arrays of shape (n,), rounded alike in any company of designs."""
    summed: Floats = reduce(np.add, parts)
    return summed


def build_chip(context: Context, designs: Designs, point: OperatingPoint) -> Chip:
    """Build n chips from their components.

    Raises:
        ValueError: a value the component table lacks; says what it has.
    """
    build = _Builder(context, designs, point)
    components = {
        "cells": build.cells(),
        "drivers": build.drivers(),
        "adc": build.adcs(),
        "shift_add": build.shift_add(),
        "buffers": build.tile_buffers(),
        "routers": build.routers(),
        "glb": build.global_buffer(),
        "digital": build.digital_unit(),
        "interface": build.memory_interface(),
    }
    areas = {name: part.area_m2 for name, part in components.items()}
    hop, wire = build.hop_J(), build.wire_J_per_m()
    a, switches = context.assumptions, context.switches
    link = link_price(hop, wire, total(areas.values()), assumptions=a, switches=switches)
    prices = {name: v for part in components.values() for name, v in part.prices_J.items()}
    return Chip(
        areas_m2=areas,
        leaks_W={n: part.leak_W for n, part in components.items() if part.leak_W is not None},
        prices_J=prices | {"link": link},
        hop_J=hop,
        wire_J_per_m=wire,
        rates=Rates(**{n: v for part in components.values() for n, v in part.seconds.items()}),
    )


class _Builder:
    """Builds the components of n chips: one method each, with all its costs."""

    def __init__(self, context: Context, designs: Designs, point: OperatingPoint) -> None:
        self._context = context
        self._designs = designs
        self._point = point
        self._assumptions = context.assumptions
        self._switches = context.switches
        self._periphery = context.assumptions.macro_periphery.value * designs.macros
        # Library leakage is at nominal supply; current stays, power goes with the supply.
        self._leak_scale = np.sqrt(point.supply)
        self._slow = np.maximum(point.slowdown, 1.0)

    def _look_up(self, component: str, **keys: ArrayLike) -> Mapping[str, Floats]:
        """Quantities of a component of the node."""
        return self._context.table.look_up(component, node_nm=self._designs.technology_nm, **keys)

    def cells(self) -> Component:
        """Cells of all macros, those of second arrays included."""
        designs, point, a = self._designs, self._point, self._assumptions
        cells = designs.rows * designs.cols * (1 + designs.ping_pong)
        read_s = input_pulse_time(
            designs,
            point,
            device=self._context.device,
            assumptions=a,
            pulses=self._switches.pulses,
        )
        return Component(
            area_m2=self._periphery * cells * point.array["cell_area"],
            leak_W=designs.macros * cells * point.array["cell_leak"],
            prices_J={
                "cell_low": point.cell.low_J,
                "cell_span": point.cell.span_J,
                "write": point.cell.write_J,
            },
            seconds={"read_s": read_s, "row_write_s": point.cell.row_write_s},
        )

    def drivers(self) -> Component:
        """Row drivers with their DACs, and column circuits with sample-and-holds."""
        designs, array = self._designs, self._point.array
        holds = designs.cols * designs.sample_and_hold * self._assumptions.sample_hold_m2.value
        muxed = (designs.columns_per_adc > 1) & self._switches.shared_converters
        columns = np.where(muxed, array["column_area_muxed"], array["column_area"])
        check_dac_bits(designs, self._assumptions)
        # Inputs sent as pulses need no DAC.
        bits, levels = designs.input_slice_bits, designs.levels
        dac = np.where(levels, self._look_up("dac", bits=np.where(levels, bits, 1))["area"], 0.0)
        energy = self._assumptions.dac_F_per_bit.value * bits * designs.voltage_V**2
        return Component(
            area_m2=self._periphery * (array["row_area"] + columns + designs.rows * dac + holds),
            leak_W=designs.macros * (array["row_leak"] + array["column_leak"]),
            prices_J={"dac": np.where(levels, energy, 0.0)},
            seconds={"in_turn": (designs.sample_and_hold == 0).astype(float)},
        )

    def adcs(self) -> Component:
        """ADCs of all macros."""
        designs, adc = self._designs, self._point.adc
        number = adcs_per_macro(designs, self._switches)
        # Both columns of a pair hold their value for one conversion.
        held = self._assumptions.sample_hold_F.value * designs.voltage_V**2
        held = held * (1 + designs.differential)
        return Component(
            area_m2=self._periphery * number * adc.area_m2,
            leak_W=designs.macros * number * adc.leak_W,
            prices_J={"conversion": adc.energy_J + held * designs.sample_and_hold},
            seconds={"convert_s": adc.time_s * self._point.slowdown, "adcs": number},
        )

    def shift_add(self) -> Component:
        """A shift-and-add per ADC, as wide as the widest network needs, where any shifts."""
        designs, layers = self._designs, self._context.layers
        more_inputs = np.maximum(layers.input_bits.max() - designs.input_slice_bits, 0)
        more_weights = np.maximum(layers.weight_bits.max() - designs.bits_per_cell, 0)
        costs = self._look_up("shift_add", bits=designs.adc_bits + more_inputs + more_weights)
        shifts = (more_inputs + more_weights > 0) & self._switches.wide_sums
        adder = {name: np.where(shifts, values, 0.0) for name, values in costs.items()}
        number = adcs_per_macro(designs, self._switches)
        return Component(
            area_m2=self._periphery * number * adder["area"],
            leak_W=designs.macros * number * adder["leak"] * self._leak_scale,
            prices_J={"shift_add": adder["energy"] * self._point.supply},
        )

    def tile_buffers(self) -> Component:
        """Input and output buffers of all tiles."""
        designs, supply = self._designs, self._point.supply
        table = self._context.table
        inputs, results = (
            part_costs(name, designs, table) for name in ("input_buffer", "result_buffer")
        )
        tiles = designs.tiles_per_group * designs.router_groups
        return Component(
            area_m2=tiles * (inputs["area"] + results["area"]),
            leak_W=tiles * (inputs["leak"] + results["leak"]) * self._leak_scale,
            prices_J={
                "buffer_read": inputs["read"] * supply,
                "buffer_write": inputs["write"] * supply,
                "result": (results["read"] + results["write"]) * supply,
            },
            seconds={"buffer_word_s": inputs["cycle"] * self._slow},
        )

    def routers(self) -> Component:
        """Routers, one per group, and their links; the price of a link depends on the chip."""
        designs, point = self._designs, self._point
        rate = designs.link_bits * point.clock_Hz * self._assumptions.link_efficiency.value
        return Component(
            area_m2=designs.router_groups * self._look_up("router")["area"],
            seconds={"link_bit_s": 1 / rate},
        )

    def hop_J(self) -> Floats:
        """Energy of a bit through a router."""
        return self._look_up("router")["read"] / ROUTER_BITS * self._point.supply

    def wire_J_per_m(self) -> Floats:
        """Energy of a bit along a metre of wire."""
        wire: Floats = 0.5 * self._assumptions.wire_F_per_m.value * self._designs.voltage_V**2
        return wire

    def global_buffer(self) -> Component:
        """The global buffer."""
        designs, supply = self._designs, self._point.supply
        glb = part_costs("glb", designs, self._context.table)
        return Component(
            area_m2=glb["area"],
            leak_W=glb["leak"] * self._leak_scale,
            prices_J={
                "glb_read": glb["read"] / GLB_BITS * supply,
                "glb_write": glb["write"] / GLB_BITS * supply,
            },
            seconds={"glb_bit_s": glb["cycle"] * self._slow / designs.glb_banks / GLB_BITS},
        )

    def digital_unit(self) -> Component:
        """Multiply-accumulate units of the digital unit."""
        designs, point, unit = self._designs, self._point, self._look_up("mac")
        return Component(
            area_m2=designs.mac_units * unit["area"],
            leak_W=designs.mac_units * unit["leak"] * self._leak_scale,
            prices_J={"mac": unit["energy"] * point.supply},
            seconds={"mac_s": 1 / (designs.mac_units * point.clock_Hz)},
        )

    def memory_interface(self) -> Component:
        """Interface to the DRAM, and energy and time of a bit; without a DRAM all are 0."""
        kind, a = self._designs.dram, self._assumptions
        width, there = DRAM_BITS[kind], kind != DRAM.index("none")
        dram = self._context.table.look_up("dram", width_bits=width)
        lpddr4 = a.lpddr4_interface_m2_per_bit.value * DRAM_BITS[kind]
        area = np.where(kind == DRAM.index("hbm2"), a.hbm2_interface_m2.value, lpddr4)
        pin = np.where(width <= 64, a.lpddr4_pin_rate.value, dram["pin_rate"])
        rate = np.where(there, pin * width, np.inf)
        return Component(
            area_m2=np.where(kind == DRAM.index("none"), 0.0, area),
            prices_J={"dram": np.where(there, dram["energy_per_bit"], 0.0)},
            seconds={"dram_bit_s": 1 / (rate * a.dram_efficiency.value)},
        )


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
