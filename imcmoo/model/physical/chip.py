"""Chips built component by component: area, leakage, energy per action and speed of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce

import numpy as np
from numpy.typing import ArrayLike

from imcmoo.model.metrics import Floats
from imcmoo.model.physical.components import (
    GLB_BITS,
    OperatingPoint,
    adcs_per_macro,
    check_dac_bits,
    part_costs,
)
from imcmoo.model.physical.constraints import COMPUTE_SNR
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.latency import Rates, input_pulse_time
from imcmoo.model.physical.parameters import COLUMNS, DRAM, DRAM_BITS, Designs
from imcmoo.model.physical.technology import Technology

ROUTER_BITS = 128
MACRO_PARTS = ("cells", "drivers", "adc", "shift_add")


@dataclass(frozen=True, eq=False)
class Component:
    """Costs of one component of n chips, arrays of shape (n,).

    Args:
        area_m2: area of all its instances on a chip.
        leak_W: leakage of all of them, if it leaks.
        prices_J: energy per action by `mapping_features.COMPONENT_OF`: buffers and results per
            word, global buffer, links and DRAM per bit, `dac` per row and slice;
            routers have those that `Chip` names.
        rates: speeds by field of `Rates`.
        dram_idle_W: power of the DRAM that no access causes.
    """

    area_m2: Floats
    leak_W: Floats | None = None
    prices_J: dict[str, Floats] = field(default_factory=dict)
    rates: dict[str, Floats] = field(default_factory=dict)
    dram_idle_W: Floats | None = None


@dataclass(frozen=True, eq=False)
class Chip:
    """Areas, leakage, energies per action and speeds of n chips; arrays of shape (n,).

    Args:
        areas_m2: by component.
        leaks_W: by component.
        prices_J: energy per action as in `Component`, all components together; `hop_J` and
            `wire_J_per_m` of a bit, of which `link_price` makes the price of a link.
        rates: speeds of the components.
        dram_idle_W: power of the DRAM, background and refresh, beside the chip's own leakage.
    """

    areas_m2: dict[str, Floats]
    leaks_W: dict[str, Floats]
    prices_J: dict[str, Floats]
    rates: Rates
    dram_idle_W: Floats

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
    prices = {name: v for part in components.values() for name, v in part.prices_J.items()}
    area = total(areas.values())
    link = link_price(prices["hop_J"], prices["wire_J_per_m"], area, context)
    return Chip(
        areas_m2=areas,
        leaks_W={n: part.leak_W for n, part in components.items() if part.leak_W is not None},
        prices_J=prices | {"link": link},
        rates=Rates(**{n: v for part in components.values() for n, v in part.rates.items()}),
        dram_idle_W=total(p.dram_idle_W for p in components.values() if p.dram_idle_W is not None),
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
        designs, point = self._designs, self._point
        cells = designs.rows * designs.cols * (1 + designs.ping_pong)
        read_s = input_pulse_time(designs, point, self._context)
        return Component(
            area_m2=self._periphery * cells * point.array["cell_area"],
            leak_W=designs.macros * cells * point.array["cell_leak"],
            prices_J={
                "cell_low": point.cell.low_J,
                "cell_span": point.cell.span_J,
                "write": point.cell.write_J,
            },
            rates={"read_s": read_s, "row_write_s": point.cell.row_write_s},
        )

    def drivers(self) -> Component:
        """Row drivers with their DACs, and column circuits with sample-and-holds."""
        designs, array = self._designs, self._point.array
        holds = designs.cols * designs.sample_and_hold * self._assumptions.sample_hold_m2.value
        muxed = (designs.columns_per_adc > 1) & self._switches.shared_converters
        columns = np.where(muxed, array["column_area_muxed"], array["column_area"])
        check_dac_bits(designs, self._assumptions)
        # Inputs sent as pulses need no DAC.
        bits, coded = designs.input_slice_bits, designs.level_coded
        dac = np.where(coded, self._look_up("dac", bits=np.where(coded, bits, 1))["area"], 0.0)
        energy = self._assumptions.dac_F_per_bit.value * bits * designs.voltage_V**2
        return Component(
            area_m2=self._periphery * (array["row_area"] + columns + designs.rows * dac + holds),
            leak_W=designs.macros * (array["row_leak"] + array["column_leak"]),
            prices_J={"dac": np.where(coded, energy, 0.0)},
            rates={"in_turn": (designs.sample_and_hold == 0).astype(float)},
        )

    def adcs(self) -> Component:
        """ADCs of all macros."""
        designs, adc = self._designs, self._point.adc
        number = adcs_per_macro(designs, self._switches)
        # Both columns of a pair, and all in parallel, hold their value for one conversion. Slices
        # without columns in parallel are charged alike.
        held = self._assumptions.sample_hold_F.value * designs.voltage_V**2
        held = held * (1 + designs.differential) * designs.redundancy
        return Component(
            area_m2=self._periphery * number * adc.area_m2,
            leak_W=designs.macros * number * adc.leak_W,
            prices_J={"conversion": adc.energy_J + held * designs.sample_and_hold},
            rates={"convert_s": adc.time_s * self._point.slowdown, "adcs": number},
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
            rates={"buffer_word_s": inputs["cycle"] * self._slow},
        )

    def routers(self) -> Component:
        """Routers, one per group, and their links, whose price depends on the chip's area."""
        designs, point, router = self._designs, self._point, self._look_up("router")
        rate = designs.link_bits * point.clock_Hz * self._assumptions.link_efficiency.value
        return Component(
            area_m2=designs.router_groups * router["area"],
            prices_J={
                "hop_J": router["read"] / ROUTER_BITS * point.supply,
                "wire_J_per_m": 0.5 * self._assumptions.wire_F_per_m.value * designs.voltage_V**2,
            },
            rates={"link_bit_s": 1 / rate},
        )

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
            rates={"glb_bit_s": glb["cycle"] * self._slow / designs.glb_banks / GLB_BITS},
        )

    def digital_unit(self) -> Component:
        """Multiply-accumulate units of the digital unit."""
        designs, point, unit = self._designs, self._point, self._look_up("mac")
        return Component(
            area_m2=designs.mac_units * unit["area"],
            leak_W=designs.mac_units * unit["leak"] * self._leak_scale,
            prices_J={"mac": unit["energy"] * point.supply},
            rates={"mac_s": 1 / (designs.mac_units * point.clock_Hz)},
        )

    def memory_interface(self) -> Component:
        """Interface to the DRAM, its idle power, and energy and time of a bit; 0 without a DRAM."""
        kind, a = self._designs.dram, self._assumptions
        width, there = DRAM_BITS[kind], self._designs.has_dram
        dram = self._context.table.look_up("dram", width_bits=width)
        hbm2 = kind == DRAM.index("hbm2")
        lpddr4_m2 = a.lpddr4_interface_m2_per_bit.value * width
        area = np.where(hbm2, a.hbm2_interface_m2.value, lpddr4_m2)
        idle = np.where(hbm2, a.hbm2_idle_W.value, a.lpddr4_idle_W_per_bit.value * width)
        pin = np.where(width <= 64, a.lpddr4_pin_rate.value, dram["pin_rate"])
        rate = np.where(there, pin * width, np.inf)
        return Component(
            area_m2=np.where(there, area, 0.0),
            prices_J={"dram": np.where(there, dram["energy_per_bit"], 0.0)},
            rates={"dram_bit_s": 1 / (rate * a.dram_efficiency.value)},
            dram_idle_W=np.where(there, idle, 0.0),
        )


def link_price(
    hop_J: Floats, wire_J_per_m: Floats, area_m2: Floats, technology: Technology
) -> Floats:
    """Energy of moving a bit across chips of some area: a router and the wire to it, (n,)."""
    wires = technology.switches.wires
    length = technology.assumptions.wire_length.value * np.sqrt(area_m2) * wires
    price: Floats = hop_J + wire_J_per_m * length
    return price


CostTerms = dict[str, Floats]
INFEASIBLE = "infeasible_"
"""How a term begins whose group only has limits; it is 0, and infinite where one is broken."""


@dataclass(frozen=True)
class CostTermGroup:
    """Cost terms that depend on the same parameters; bounds tabulate them over these.

    Args:
        name: of the unit that the terms are of; columns of designs name it in `Column.decides`.
        components: components whose area and leakage are divided by the number of units.
        number: function of chips and designs that returns the number of units, shape (n,).
        prices: names of `Chip.prices_J`; that of a conversion includes shifting and adding.
        rates: names of fields of `Rates`.
        powers: names of powers among the fields of `Chip`.
        limits: circuit limits that a chip must keep for its terms to count.
    """

    name: str
    components: tuple[str, ...] = ()
    number: Callable[[Chip, Designs], Floats | float] = lambda chip, designs: 1.0
    prices: tuple[str, ...] = ()
    rates: tuple[str, ...] = ()
    powers: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    def terms(self, chip: Chip, designs: Designs) -> CostTerms:
        """Terms of n chips by name, shape (n,) each."""
        number = self.number(chip, designs)
        areas = [chip.areas_m2[name] for name in self.components]
        leaks = [chip.leaks_W[name] for name in self.components if name in chip.leaks_W]
        terms = {name: chip.price_of(name) for name in self.prices}
        terms |= {name: getattr(chip.rates, name) for name in self.rates}
        terms |= {name: getattr(chip, name) for name in self.powers}
        if areas:
            terms[f"{self.name}_m2"] = total(areas) / number
        if leaks:
            terms[f"{self.name}_W"] = total(leaks) / number
        if "adcs" in terms:  # whose minimum is that of the most ADCs
            terms["negated_adcs"] = -terms["adcs"]
        return terms or {f"{INFEASIBLE}{self.name}": np.zeros(len(designs))}


COST_TERM_GROUPS = (
    CostTermGroup(
        "macro",
        components=("cells", "drivers"),
        number=lambda chip, designs: designs.macros,
        prices=("cell_low", "cell_span", "dac", "write"),
        rates=("read_s", "row_write_s", "in_turn"),
    ),
    CostTermGroup(
        "adc",
        components=("adc", "shift_add"),
        number=lambda chip, designs: designs.macros * chip.rates.adcs,
        prices=("conversion",),
        rates=("convert_s",),
        limits=("snr", COMPUTE_SNR),
    ),
    CostTermGroup("sharing", rates=("adcs",)),
    CostTermGroup("array", limits=("wires", "levels")),
    CostTermGroup(
        "memory",
        components=("glb", "interface"),
        prices=("glb_read", "glb_write", "dram"),
        rates=("glb_bit_s", "dram_bit_s"),
        powers=("dram_idle_W",),
    ),
    CostTermGroup(
        "tile",
        components=("buffers",),
        number=lambda chip, designs: designs.tiles_per_group * designs.router_groups,
        prices=("buffer_read", "buffer_write", "result"),
        rates=("buffer_word_s",),
    ),
    CostTermGroup(
        "router",
        components=("routers",),
        number=lambda chip, designs: designs.router_groups,
        prices=("hop_J", "wire_J_per_m"),
        rates=("link_bit_s",),
    ),
    CostTermGroup("digital", components=("digital",), prices=("mac",), rates=("mac_s",)),
)
"""All cost terms of a chip. Bounds are refused if one depends on a parameter whose column does not
say so, as far as 500 random designs of the space show, or if they read another free column of a
design that has no most optimistic value."""

_KNOWN = {"replication", "mapping", "noise", *(group.name for group in COST_TERM_GROUPS)}
assert _KNOWN.issuperset(word for c in COLUMNS.values() for word in c.decides.split())

ACCURACY = CostTermGroup("accuracy", limits=("accuracy",))
"""Limits of predicted accuracy, for models that have any."""
