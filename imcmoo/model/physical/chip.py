"""Chips: operating point, and area, leakage, energy per action and speed by component."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, reduce
from operator import attrgetter

import numpy as np
from numpy.typing import ArrayLike

from imcmoo.arrays import Floats, Ints
from imcmoo.model.physical.adder_trees import ADDER
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import (
    GLB_BITS,
    READ_AGAIN,
    AdcCosts,
    CellPrices,
    Technology,
    adcs_per_macro,
    adder_costs,
    check_dac_bits,
    in_turn,
    part_costs,
    tile_buffer,
    with_packed_words,
)
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.parameters import (
    DRAM,
    DRAM_BITS,
    DRAM_FOOTPRINT_M2,
    DRAM_SILICON_M2,
    Designs,
)
from imcmoo.model.physical.processing_element import multiply_accumulate_J

ROUTER_BITS = 128
WITHOUT_TOP = ("dram", "hop_J", "wire_J_per_m", "sum_J")
"""Prices without a share of the top level: off the chip, or part of the price of a link."""
MACRO_PARTS = ("cells", "drivers", "adc", "shift_add")


@dataclass(frozen=True, eq=False)
class OperatingPoint:
    """Speed and component costs of n chips; arrays have shape (n,).

    Args:
        slowdown: κ, delay of logic relative to the nominal supply voltage.
        clock_Hz: clock of links, buffers and the digital unit, Hz.
        supply: (V / nominal)², the factor of library energies.
        wire_ohm_per_m: resistance of the array wires of the node, Ω/m.
        array: quantities of one crossbar, see `physical_costs.crossbar`; areas of drivers with
            the factor of the device.
        adc: circuit of one column: an ADC, or that of the device.
        cell: reading and writing one cell.
        cell_m2, second_cell_m2: area of one cell, and of the second one of ping-pong arrays.
        array_s: one read of an array without pulses and conversion, s.
    """

    slowdown: Floats
    clock_Hz: Floats
    supply: Floats
    wire_ohm_per_m: Floats
    array: Mapping[str, Floats]
    adc: AdcCosts
    cell: CellPrices
    cell_m2: Floats
    second_cell_m2: Floats
    array_s: Floats


def slowdown(voltage_V: Floats, threshold_V: Floats, assumptions: Assumptions) -> Floats:
    """κ(V) = [V / (V − V_th)^α] / [V₀ / (V₀ − V_th)^α].

    Raises:
        ValueError: a supply voltage is at or below the threshold.

    Source: Sakurai and Newton 1990, α-power law; NeuroSim's on-current is that of α = 2.
    """
    if np.any(voltage_V <= threshold_V):
        first = int(np.argmax(voltage_V <= threshold_V))
        raise ValueError(
            f"voltage_V {voltage_V[first]:g} of design {first} is not above the threshold of its "
            f"node, {threshold_V[first]:g} V"
        )
    nominal, power = assumptions.nominal_V.value, assumptions.voltage_exponent.value

    def delay(volt: Floats | float) -> Floats:
        overdrive: Floats = np.asarray(volt) - threshold_V
        return volt / overdrive**power

    ratio: Floats = delay(voltage_V) / delay(nominal)
    return ratio


def operating_point(designs: Designs, technology: Technology) -> OperatingPoint:
    """Look up all that depends on node, supply voltage, array and ADC.

    Raises:
        ValueError: the component table lacks a value; says which it has.
    """
    device, table, assumptions = technology.device, technology.table, technology.assumptions
    node = part_costs("technology", designs, table)
    array = dict(part_costs(device.array, designs, table))
    for driver in ("row_area", "column_area", "column_area_muxed"):
        array[driver] = array[driver] * device.driver_factor(assumptions)
    if device.streams:
        array["memory_write"] = part_costs("cells_as_memory", designs, table)["write"]
    kappa = slowdown(designs.voltage_V, node["threshold_V"], assumptions)
    if not technology.switches.voltage_slows:
        kappa = np.ones_like(kappa)
    timed = part_costs(f"{device.array}_time", designs, table)
    if technology.switches.shared_converters:
        muxed = designs.columns_per_adc > 1
    else:
        muxed = np.zeros(len(designs), bool)
    cell = device.prices(designs, array, kappa, technology)
    read = technology.calibrated("array_energy_factor")
    read_s = np.where(muxed, np.maximum(timed["time"], timed["time_muxed"]), timed["time"])
    if device.exact:  # cells drive gates
        array["column_area"] = array["column_area_muxed"] = read_s = np.zeros(len(designs))
    return OperatingPoint(
        slowdown=kappa,
        clock_Hz=assumptions.clock_Hz.value * np.minimum(1.0, 1 / kappa),
        supply=(designs.voltage_V / assumptions.nominal_V.value) ** 2,
        wire_ohm_per_m=node["wire_ohm_per_m"],
        array=array,
        adc=device.column_circuit(designs, array, kappa, technology),
        cell=cell.read_at(read),
        cell_m2=device.cell_m2(designs, array, assumptions),
        second_cell_m2=device.second_cell_m2(designs, array, assumptions),
        array_s=kappa * read_s,
    )


@dataclass(frozen=True, eq=False)
class Rates:
    """Speeds of n chips, arrays of shape (n,); times in s.

    Args:
        read_s: one read of an array with its pulses.
        convert_s: one conversion.
        adcs: ADCs of a macro.
        in_turn: how reads and conversions follow each other, see `components.in_turn`.
        glb_bit_s: one bit through the global buffer.
        link_bit_s: one bit over the link of a router group.
        buffer_word_s: one word of the input buffer of a tile.
        dram_bit_s: one bit of DRAM; 0 without DRAM.
        row_write_s: writing one row of a macro.
        mac_s: one multiply-accumulate of the whole digital unit.
    """

    read_s: Floats
    convert_s: Floats
    adcs: Floats
    in_turn: Floats
    glb_bit_s: Floats
    link_bit_s: Floats
    buffer_word_s: Floats
    dram_bit_s: Floats
    row_write_s: Floats
    mac_s: Floats

    def of_layers(self, index: slice | Ints) -> Rates:
        """Rates of some chips with an axis for layers, shape (n, 1)."""
        return Rates(*[values[index][:, None] for values in _RATES(self)])

    def take(self, index: Ints) -> Rates:
        """Rates of some chips."""
        return Rates(*[values.take(index) for values in _RATES(self)])


_RATES = attrgetter(*(field.name for field in fields(Rates)))


def array_read_time(designs: Designs, point: OperatingPoint, technology: Technology) -> Floats:
    """Time of one read of an array with its input pulses, without conversions, s, shape (n,)."""
    pulses_s = technology.device.inputs_s(designs, point.slowdown, technology.assumptions)
    time: Floats = point.array_s + pulses_s * technology.switches.pulses
    return time


def row_prices(designs: Designs, technology: Technology) -> dict[str, Floats]:
    """Energy of driving one active row once, J, shape (n,) each.

    Returns:
        `dac` of one input slice, 0 if inputs are sent as pulses; `row_pulse` of one pulse.
    """
    factor = technology.assumptions.input_energy_factor.value
    return {
        "dac": technology.device.row_circuit(designs, technology).energy_J,
        "row_pulse": technology.device.row_pulse_J(designs, technology.assumptions) * factor,
    }


@dataclass(frozen=True, eq=False)
class ComponentCosts:
    """Costs of one component of n chips, arrays of shape (n,).

    Args:
        area_m2: area of all its instances on a chip.
        static_W: static power of all instances besides the leakage of their area, if any.
        prices_J: energy per action by `mapping_features.COMPONENT_OF`: buffers and results per
            word, global buffer, links and DRAM per bit, `dac` per row and slice, `row_pulse` per
            row and pulse; for routers, see `Chip`.
        rates: speeds by field of `Rates`.
    """

    area_m2: Floats
    static_W: Floats | None = None
    prices_J: dict[str, Floats] = field(default_factory=dict)
    rates: dict[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Dram:
    """Power and area of the DRAM beside n chips, arrays of shape (n,); 0 without DRAM.

    Args:
        idle_W: background and refresh power without access, while a network runs.
        rest_W: power in self-refresh, between requests of a scenario; at most `idle_W`.
        area_m2: area of its packages.
        silicon_m2: area of its dies.
    """

    idle_W: Floats
    rest_W: Floats
    area_m2: Floats
    silicon_m2: Floats

    @property
    def waking_W(self) -> Floats:
        """Power while a network runs beyond that in self-refresh."""
        return self.idle_W - self.rest_W

    def take(self, index: Ints) -> Dram:
        """DRAM of some of the chips."""
        return Dram(*[getattr(self, part.name).take(index) for part in fields(self)])

    @classmethod
    def of_designs(cls, designs: Designs, assumptions: Assumptions) -> Dram:
        """DRAM of n designs."""
        a, kind, there = assumptions, designs.dram, designs.has_dram
        hbm2, width = kind == DRAM.index("hbm2"), DRAM_BITS[kind] * there
        idle = np.where(hbm2, a.hbm2_idle_W.value, a.lpddr4_idle_W_per_bit.value * width)
        rest = np.where(hbm2, a.hbm2_rest_W.value, a.lpddr4_rest_W_per_bit.value * width)
        return cls(
            idle_W=idle,
            rest_W=np.minimum(rest, idle),
            area_m2=DRAM_FOOTPRINT_M2[kind] * a.dram_footprint_factor.value,
            silicon_m2=DRAM_SILICON_M2[kind] * a.dram_silicon_factor.value,
        )


@dataclass(frozen=True, eq=False)
class Chip:
    """Areas, leakage, energies per action and speeds of n chips, and their DRAM; arrays of
    shape (n,).

    Args:
        areas_m2: by component; `top` is clock and control.
        leaks_W: by component.
        prices_J: energy per action of all components, see `ComponentCosts`, with a share of clock
            and control but for those `WITHOUT_TOP`; `hop_J`, `wire_J_per_m` and `sum_J` per bit
            give the prices of links (`link_price`) and sums in tiles (`tile_sum_price`).
        rates: speeds of the components.
        dram: beside the chip.
    """

    areas_m2: dict[str, Floats]
    leaks_W: dict[str, Floats]
    prices_J: dict[str, Floats]
    rates: Rates
    dram: Dram

    def take(self, index: Ints) -> Chip:
        """Some of the chips."""
        areas, leaks, prices = (
            {name: values.take(index) for name, values in each.items()}
            for each in (self.areas_m2, self.leaks_W, self.prices_J)
        )
        return Chip(areas, leaks, prices, self.rates.take(index), self.dram.take(index))

    @cached_property
    def macro_leak_W(self) -> Floats:
        """Leakage of all macros, W."""
        return total([self.leaks_W[part] for part in MACRO_PARTS])

    @cached_property
    def other_leak_W(self) -> Floats:
        """Leakage of everything else, W."""
        others = [leak for part, leak in self.leaks_W.items() if part not in MACRO_PARTS]
        return total(others)

    @cached_property
    def leak_W(self) -> Floats:
        """Leakage of the chip."""
        return self.macro_leak_W + self.other_leak_W

    def price_of(self, action: str) -> Floats:
        """Energy per action; conversions include shifting and adding."""
        if action == "conversion":
            return self.prices_J["conversion"] + self.prices_J["shift_add"]
        return self.prices_J[action]

    @property
    def interface_m2(self) -> Floats:
        """Area of the interface to the DRAM, m²; the top level takes no share of it."""
        return self.areas_m2["interface"]

    @cached_property
    def area_m2(self) -> Floats:
        """Area of the chip, m²."""
        return total(self.areas_m2.values())


def total(parts: Iterable[Floats]) -> Floats:
    """Sum of arrays of shape (n,); rounding does not depend on the other designs."""
    summed: Floats = reduce(np.add, parts)
    return summed


def build_chip(context: Context, designs: Designs, point: OperatingPoint) -> Chip:
    """Build n chips from their components.

    Raises:
        ValueError: the component table lacks a value; says which it has.
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
    leaks = leakage(areas, designs, context)
    for name, part in components.items():
        if part.static_W is not None:
            leaks[name] = leaks[name] + part.static_W
    inside = total(area for name, area in areas.items() if name != "interface")
    areas["top"] = context.assumptions.top_area.value * inside
    prices = {name: v for part in components.values() for name, v in part.prices_J.items()}
    area, top = total(areas.values()), 1 + context.assumptions.top_energy.value
    tile_m2 = total(areas[part] for part in (*MACRO_PARTS, "buffers"))
    tile_m2 = tile_m2 / (designs.tiles_per_group * designs.router_groups)
    wire = prices["wire_J_per_m"]
    prices["link"] = link_price(prices["hop_J"], wire, area, context)
    prices["tile_sum"] = tile_sum_price(prices["sum_J"], wire, tile_m2, context)
    prices = {n: v if n in WITHOUT_TOP else v * top for n, v in prices.items()}
    return Chip(
        areas_m2=areas,
        leaks_W=leaks,
        prices_J=prices,
        rates=Rates(**{n: v for part in components.values() for n, v in part.rates.items()}),
        dram=Dram.of_designs(designs, context.assumptions),
    )


class _Builder:
    """Builds the components of n chips, one method each."""

    def __init__(self, context: Context, designs: Designs, point: OperatingPoint) -> None:
        self._context = context
        self._designs = designs
        self._point = point
        self._assumptions = context.assumptions
        self._switches = context.switches
        self._array_area = context.calibrated("array_area_factor") * designs.macros
        self._slow = np.maximum(point.slowdown, 1.0)

    def _look_up(self, component: str, **keys: ArrayLike) -> Mapping[str, Floats]:
        return self._context.table.look_up(component, node_nm=self._designs.technology_nm, **keys)

    @cached_property
    def _references(self) -> Floats:
        """Reference columns of a macro beside its others, shape (n,)."""
        slices = np.ceil(self._context.weight_bits / self._designs.bits_per_cell)
        per_slice = self._context.device.reference_columns(self._designs, self._assumptions)
        columns: Floats = per_slice * slices * self._switches.few_levels
        return columns

    def _of_adcs(self, name: str, without: float) -> float:
        """Value of an assumption about ADCs, or `without` for exact sums, which have none."""
        exact = self._context.device.exact
        return without if exact else float(getattr(self._assumptions, name).value)

    def cells(self) -> ComponentCosts:
        """Cells of all macros, those of second arrays, reference and spare columns included."""
        designs, point = self._designs, self._point
        cell_m2 = point.cell_m2 + designs.ping_pong * point.second_cell_m2
        more = self._references / designs.cols + self._of_adcs("spare_columns", 0.0)
        read_s = array_read_time(designs, point, self._context)
        return ComponentCosts(
            area_m2=self._array_area * designs.rows * designs.cols * (1 + more) * cell_m2,
            prices_J={
                "cell_low": point.cell.low_J,
                "cell_span": point.cell.span_J,
                "tree_span": point.cell.tree_J,
                "write": point.cell.write_J,
            },
            rates={"read_s": read_s, "row_write_s": point.cell.row_write_s},
        )

    def drivers(self) -> ComponentCosts:
        """Row drivers with their DACs, and column circuits with sample-and-holds."""
        designs, array = self._designs, self._point.array
        hold = self._context.device.hold(self._assumptions)
        holds = designs.cols * designs.sample_and_hold * hold.area_m2
        shared = self._switches.shared_converters
        muxed = (designs.columns_per_adc > 1) & shared
        columns = np.where(muxed, array["column_area_muxed"], array["column_area"])
        columns = columns * (1 + self._references / designs.cols)
        check_dac_bits(designs, self._assumptions)
        row_m2 = self._context.device.row_circuit(designs, self._context).area_m2
        order = in_turn(designs, self._context.device)
        # Rows are driven once per read.
        reads = np.where((order == READ_AGAIN) & shared, designs.columns_per_adc, 1.0)
        prices = row_prices(designs, self._context)
        prices["row_pulse"] = prices["row_pulse"] + self._references * self._point.cell.low_J
        circuits_m2 = array["row_area"] + columns + designs.rows * row_m2 + holds
        return ComponentCosts(
            area_m2=self._array_area * circuits_m2,
            prices_J={name: price * reads for name, price in prices.items()},
            rates={"in_turn": order},
        )

    def adcs(self) -> ComponentCosts:
        """ADCs of all macros, with their references, bias and trim."""
        designs, adc = self._designs, self._point.adc
        number = adcs_per_macro(designs, self._switches)
        # Both columns of a pair, and all in parallel, hold their value for one conversion. Slices
        # without columns in parallel are charged alike.
        hold = self._context.device.hold(self._assumptions)
        held = hold.charge_F * designs.voltage_V**2
        held = held * (1 + designs.differential) * designs.redundancy
        supply = designs.voltage_V / self._assumptions.nominal_V.value
        bias_W = self._of_adcs("adc_bias_W", 0.0) * supply
        return ComponentCosts(
            area_m2=designs.macros * number * adc.area_m2 * self._of_adcs("adc_trim_area", 1.0),
            static_W=designs.macros * number * (adc.static_W + bias_W),
            prices_J={"conversion": adc.energy_J + held * designs.sample_and_hold},
            rates={"convert_s": adc.time_s, "adcs": number},
        )

    def shift_add(self) -> ComponentCosts:
        """A shift-and-add per ADC, as wide as the widest network needs, if any shifts."""
        designs, widest = self._designs, self._context
        if widest.device.exact:  # part of the circuit of a column
            none = np.zeros(len(designs))
            return ComponentCosts(area_m2=none, prices_J={"shift_add": none})
        more_inputs = np.maximum(widest.input_bits - designs.input_slice_bits, 0)
        more_weights = np.maximum(widest.weight_bits - designs.bits_per_cell, 0)
        more = (more_inputs + more_weights) * self._switches.wide_sums
        adder = adder_costs(designs, more, self._context.table, self._assumptions)
        number = adcs_per_macro(designs, self._switches)
        return ComponentCosts(
            area_m2=designs.macros * number * adder["area"],
            prices_J={"shift_add": adder["energy"] * self._point.supply},
        )

    def tile_buffers(self) -> ComponentCosts:
        """Input and output buffers of all tiles."""
        designs, supply = self._designs, self._point.supply
        inputs = tile_buffer("input_buffer", with_packed_words(designs), self._context)
        results = tile_buffer("result_buffer", designs, self._context)
        tiles = designs.tiles_per_group * designs.router_groups
        return ComponentCosts(
            area_m2=tiles * (inputs["area"] + results["area"]),
            prices_J={
                "buffer_read": inputs["read"] * supply / designs.buffer_words,
                "buffer_write": inputs["write"] * supply / designs.buffer_words,
                "result": (results["read"] + results["write"]) * supply,
            },
            rates={"buffer_word_s": inputs["cycle"] * self._slow / designs.buffer_words},
        )

    def routers(self) -> ComponentCosts:
        """One router per group, and their links, whose price depends on the area."""
        designs, point, router = self._designs, self._point, self._look_up("router")
        rate = designs.link_bits * point.clock_Hz * self._assumptions.link_efficiency.value
        gate_F = self._assumptions.gate_F.value * designs.technology_nm / 28
        return ComponentCosts(
            area_m2=designs.router_groups * router["area"],
            prices_J={
                "hop_J": router["read"] / ROUTER_BITS * point.supply,
                "wire_J_per_m": 0.5 * self._assumptions.wire_F_per_m.value * designs.voltage_V**2,
                "sum_J": ADDER.charge * gate_F * designs.voltage_V**2,
            },
            rates={"link_bit_s": 1 / rate},
        )

    def global_buffer(self) -> ComponentCosts:
        """The global buffer."""
        designs, supply = self._designs, self._point.supply
        glb = part_costs("glb", designs, self._context.table)
        return ComponentCosts(
            area_m2=glb["area"],
            prices_J={
                "glb_read": glb["read"] / GLB_BITS * supply,
                "glb_write": glb["write"] / GLB_BITS * supply,
            },
            rates={"glb_bit_s": glb["cycle"] * self._slow / designs.glb_banks / GLB_BITS},
        )

    def digital_unit(self) -> ComponentCosts:
        """Multiply-accumulate units of the digital unit."""
        designs, point, unit = self._designs, self._point, self._look_up("mac")
        return ComponentCosts(
            area_m2=designs.mac_units * unit["area"],
            prices_J={"mac": multiply_accumulate_J(designs, self._context)},
            rates={"mac_s": 1 / (designs.mac_units * point.clock_Hz)},
        )

    def memory_interface(self) -> ComponentCosts:
        """Interface to the DRAM, and energy and time per bit; 0 without DRAM."""
        kind, a = self._designs.dram, self._assumptions
        width, there = DRAM_BITS[kind], self._designs.has_dram
        dram = self._context.table.look_up("dram", width_bits=width)
        hbm2 = kind == DRAM.index("hbm2")
        lpddr4_m2 = a.lpddr4_interface_m2_per_bit.value * width
        area = np.where(hbm2, a.hbm2_interface_m2.value, lpddr4_m2)
        pin = np.where(width <= 64, a.lpddr4_pin_rate.value, dram["pin_rate"])
        rate = np.where(there, pin * width, np.inf)
        return ComponentCosts(
            area_m2=np.where(there, area, 0.0),
            prices_J={"dram": np.where(there, dram["energy_per_bit"], 0.0)},
            rates={"dram_bit_s": 1 / (rate * a.dram_efficiency.value)},
        )


def leakage(
    areas_m2: Mapping[str, Floats], designs: Designs, technology: Technology
) -> dict[str, Floats]:
    """Leakage of components with a given area, W, shape (n,) each; none of the DRAM interface.

    Current goes with area; cells that are no CMOS have none.
    """
    a = technology.assumptions
    density = a.leak_W_per_m2.value * designs.voltage_V / a.nominal_V.value
    density = density * a.leak_temperature.value
    leaks = {name: density * area for name, area in areas_m2.items() if name != "interface"}
    if not technology.device.cells_leak:
        leaks["cells"] = np.zeros(len(designs))
    return leaks


def link_price(
    hop_J: Floats, wire_J_per_m: Floats, area_m2: Floats, technology: Technology
) -> Floats:
    """Energy per bit moved across a chip of some area: a router and the wire to it, J, shape
    (n,)."""
    wires = technology.switches.wires
    length = technology.assumptions.wire_length.value * np.sqrt(area_m2) * wires
    price: Floats = hop_J + wire_J_per_m * length
    return price


def tile_sum_price(
    sum_J: Floats, wire_J_per_m: Floats, tile_m2: Floats, technology: Technology
) -> Floats:
    """Energy per bit of a partial sum added within a tile of some area: a wire over its side and a
    full adder, J, shape (n,)."""
    price: Floats = sum_J + wire_J_per_m * np.sqrt(tile_m2) * technology.switches.wires
    return price
