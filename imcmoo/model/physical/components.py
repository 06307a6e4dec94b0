"""Components of chips: operating point, parts from the component table, and its coverage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.hardware.lookup import MissingRow
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.adc_models import AdcCosts, adc_costs, flash_costs
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.memory_cells import CellPrices, Device
from imcmoo.model.physical.parameters import (
    ADC_MODELS,
    DRAM,
    DRAM_BITS,
    DesignRefused,
    Designs,
    refuse,
)
from imcmoo.model.physical.switches import Switches

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OperatingPoint:
    """Speed and component costs of n chips; every array has shape (n,).

    Args:
        slowdown: κ, how much slower logic is than at nominal supply.
        clock_Hz: of links, buffers and the digital unit.
        supply: (V / nominal)², what library energies are scaled by.
        threshold_V: of the node.
        wire_ohm_per_m: of the node's array wires.
        array: quantities of one crossbar, as `physical_costs.array` names them.
        adc: one ADC.
        cell: one cell.
        array_s: one read of an array, without pulses and conversion.
    """

    slowdown: Floats
    clock_Hz: Floats
    supply: Floats
    threshold_V: Floats
    wire_ohm_per_m: Floats
    array: Mapping[str, Floats]
    adc: AdcCosts
    cell: CellPrices
    array_s: Floats


def slowdown(voltage_V: Floats, threshold_V: Floats, assumptions: Assumptions) -> Floats:
    """κ(V) = [V / (V − V_th)^α] / [V₀ / (V₀ − V_th)^α].

    Raises:
        ValueError: a supply at or below the threshold.

    Source: NeuroSim's on-current ∝ (V − V_th)² for α = 2; Sakurai and Newton, α-power law.
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


def operating_point(
    designs: Designs,
    *,
    device: Device,
    table: PhysicalTable,
    assumptions: Assumptions,
    switches: Switches,
) -> OperatingPoint:
    """Look up everything that depends on node, supply voltage, array and ADC.

    Raises:
        ValueError: a value the component table lacks; says what it has.
    """
    node = designs.technology_nm
    size = {"node_nm": node, "rows": designs.rows, "cols": designs.cols}
    technology = table.look_up("technology", node_nm=node)
    array = table.look_up(device.name, voltage_V=designs.voltage_V, **size)
    kappa = slowdown(designs.voltage_V, technology["threshold_V"], assumptions)
    timed = array
    if not switches.voltage_slows:
        kappa = np.ones_like(kappa)
        timed = table.look_up(device.name, voltage_V=assumptions.nominal_V.value, **size)
    if switches.shared_converters:
        adc = adc_costs(designs, table, assumptions.nominal_V.value)
        muxed = designs.columns_per_adc > 1
    else:
        adc, muxed = flash_costs(array), np.zeros(len(designs), bool)
    return OperatingPoint(
        slowdown=kappa,
        clock_Hz=assumptions.clock_Hz.value * np.minimum(1.0, 1 / kappa),
        supply=(designs.voltage_V / assumptions.nominal_V.value) ** 2,
        threshold_V=technology["threshold_V"],
        wire_ohm_per_m=technology["wire_ohm_per_m"],
        array=array,
        adc=adc,
        cell=device.prices(designs, array, kappa, table=table, assumptions=assumptions),
        array_s=np.where(muxed, np.maximum(timed["time"], timed["time_muxed"]), timed["time"]),
    )


GLB_BITS = 2048
"""Width of the global buffer's word."""
ROUTER_BITS = 128


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts of n chips from the component table; arrays of shape (n,).

    Args:
        designs, point: the chips and their operating points.
        assumptions, switches: of the model.
        glb: the global buffer.
        inputs, results: input and output buffer of a tile.
        router, unit, adder: a router, a unit that multiplies and adds, a shift-and-add.
        dac_area, dac_energy: of one row's DAC, energy per slice.
        adcs: ADCs of one macro.
        interface_area: of the memory interface.
        dram_energy: per bit.
        dram_rate: peak, bit/s.
    """

    designs: Designs
    point: OperatingPoint
    assumptions: Assumptions
    switches: Switches
    glb: Mapping[str, Floats]
    inputs: Mapping[str, Floats]
    results: Mapping[str, Floats]
    router: Mapping[str, Floats]
    unit: Mapping[str, Floats]
    adder: Mapping[str, Floats]
    dac_area: Floats
    dac_energy: Floats
    adcs: Floats
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
    assumptions: Assumptions,
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
    dac_area, dac_energy = _dac(designs, table, assumptions)
    dram_energy, dram_rate = _dram(designs, table, assumptions)
    return Parts(
        designs=designs,
        point=point,
        assumptions=assumptions,
        switches=switches,
        glb=glb,
        inputs=inputs,
        results=results,
        router=table.look_up("router", node_nm=node),
        unit=table.look_up("mac", node_nm=node),
        adder=_shift_add(layers, designs, table, switches),
        dac_area=dac_area,
        dac_energy=dac_energy,
        adcs=adcs_per_macro(designs, switches),
        interface_area=_interface_m2(designs, assumptions),
        dram_energy=dram_energy,
        dram_rate=dram_rate,
    )


def adcs_per_macro(designs: Designs, switches: Switches) -> Floats:
    """ADCs of one macro; one per column, or pair, where they are not shared."""
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


def _dac(designs: Designs, table: PhysicalTable, assumptions: Assumptions) -> tuple[Floats, Floats]:
    """Area of one row's DAC and its energy per slice; pulses need none.

    Raises:
        DesignRefused: more bits at once than a DAC settles.
    """
    bits = designs.input_slice_bits
    highest = assumptions.highest_level_bits.value
    wrong = designs.levels & (bits > highest)
    refuse("input_slice_bits", bits, wrong, f"at most {highest:g} where input_coding is levels")
    found = table.look_up(
        "dac", node_nm=designs.technology_nm, bits=np.where(designs.levels, bits, 1)
    )
    energy = assumptions.dac_F_per_bit.value * bits * designs.voltage_V**2
    return np.where(designs.levels, found["area"], 0.0), np.where(designs.levels, energy, 0.0)


def _interface_m2(designs: Designs, assumptions: Assumptions) -> Floats:
    kind = designs.dram
    lpddr4 = assumptions.lpddr4_interface_m2_per_bit.value * DRAM_BITS[kind]
    wide = np.where(kind == DRAM.index("hbm2"), assumptions.hbm2_interface_m2.value, lpddr4)
    return np.where(kind == DRAM.index("none"), 0.0, wide)


def _dram(
    designs: Designs, table: PhysicalTable, assumptions: Assumptions
) -> tuple[Floats, Floats]:
    """Energy per bit and peak rate, bit/s, of each design's DRAM; without one free and at once."""
    width = DRAM_BITS[designs.dram]
    found = table.look_up("dram", width_bits=width)
    lpddr4 = width <= 64
    pin = np.where(lpddr4, assumptions.lpddr4_pin_rate.value, found["pin_rate"])
    there = designs.dram != DRAM.index("none")
    return np.where(there, found["energy_per_bit"], 0.0), np.where(there, pin * width, np.inf)


Ints = NDArray[np.int64]
Source = tuple[str | None, float]
"""Where a key comes from: design column, and what one of its units is in the key's; or a value."""

NODE: Source = ("technology_nm", 1)


def _needs(device: Device) -> Iterator[tuple[str, dict[str, Source]]]:
    """Components of every design, and what their keys are."""
    rows: Source = ("rows", 1)
    cols: Source = ("cols", 1)
    yield "technology", {"node_nm": NODE}
    yield (
        device.name,
        {"node_nm": NODE, "voltage_V": ("voltage_V", 1), "rows": rows, "cols": cols},
    )
    tile = ("macros_per_tile", 8)
    for depth in (rows, cols):
        yield (
            "buffer",
            {"node_nm": NODE, "width_bits": tile, "depth_words": depth, "banks": (None, 1)},
        )
    yield (
        "buffer",
        {
            "node_nm": NODE,
            "width_bits": (None, GLB_BITS),
            "depth_words": ("glb_KiB", 8192 / GLB_BITS),
            "banks": ("glb_banks", 1),
        },
    )
    if device.streams:
        yield (
            "buffer",
            {"node_nm": NODE, "width_bits": cols, "depth_words": rows, "banks": (None, 1)},
        )


def require_coverage(
    designs: Designs,
    *,
    device: Device,
    table: PhysicalTable,
    assumptions: Assumptions,
) -> None:
    """Check that every component of n designs is in the table.

    Raises:
        DesignRefused: one is not; names design column, design and what is allowed.
    """
    every = np.arange(len(designs))
    for component, keys in _needs(device):
        _require(designs, every, table, component, keys)
    bits: dict[str, Source] = {"node_nm": NODE, "bits": ("adc_bits", 1)}
    for index, name in enumerate(ADC_MODELS):
        if name in table.tables:
            _require(designs, every[designs.adc_model == index], table, name, bits)
    highest = assumptions.highest_level_bits.value
    slices = designs.input_slice_bits
    wrong = designs.levels & (slices > highest)
    refuse("input_slice_bits", slices, wrong, f"at most {highest:g} where input_coding is levels")


def _require(
    designs: Designs, some: Ints, table: PhysicalTable, component: str, keys: dict[str, Source]
) -> None:
    """Check one component of some of the designs."""
    values = {
        key: scale if name is None else getattr(designs, name)[some] * scale
        for key, (name, scale) in keys.items()
    }
    try:
        table.look_up(component, **values)
    except MissingRow as missing:
        name, scale = keys[missing.key]
        column = name or "technology_nm"
        design = int(some[missing.index])
        allowed = ", ".join(f"{value / scale:g}" for value in missing.available)
        raise DesignRefused(
            column,
            design,
            f"{getattr(designs, column)[design]:g} is given, but the component table has "
            f"{component} only for {allowed}",
        ) from None
