"""Time, energy and area of one invocation of a macro, by the physical model's own parts.

The model evaluates networks on chips; published macros are described by one invocation of their
array. Times, cells, ADCs and drivers are those of `imcmoo.model.physical`; only the actions are
counted here: every ADC converts once, every input drives one row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.arrays import Floats, Ints
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.chip import (
    OperatingPoint,
    array_read_time,
    leakage,
    operating_point,
    row_prices,
    total,
)
from imcmoo.model.physical.components import CellPrices, Switches, Technology, adder_costs
from imcmoo.model.physical.latency import macro_read_time
from imcmoo.model.physical.memory_cells import Sram, memory_cell
from imcmoo.model.physical.parameters import ADC_MODELS, LIMITS, Designs

MEAN_CELL = 0.5
"""Mean value of a cell over its largest: the measured values are not published."""

MEAN_INPUT = 0.5
"""Mean number of pulses of an input over the largest, where inputs are sent as pulses."""

MEAN_CHANGES = 0.5
"""Mean changes of a one-bit input from one slice to the next."""

PLAIN_CELL_F = 1.2e-15
"""Charge that a plain SRAM cell moves when its row is read (assumption)."""

CELLS = ("charge", "plain")
"""SRAM cells of macros: with a capacitor that shares charge, and without."""


class PlainSram(Sram):
    """SRAM cells without a capacitor of their own."""

    def prices(
        self,
        designs: Designs,
        array: Mapping[str, Floats],
        slowdown: Floats,
        technology: Technology,
    ) -> CellPrices:
        """Charge of a bit line per read."""
        charge = super().prices(designs, array, slowdown, technology)
        return replace(charge, low_J=PLAIN_CELL_F * designs.voltage_V**2)

    def cell_m2(
        self, designs: Designs, array: Mapping[str, Floats], assumptions: Assumptions
    ) -> Floats:
        """Area of NeuroSim's cell."""
        return array["cell_area"]


NODES_NM = (7.0, 45.0)
"""Range of nodes that a macro may have."""

FARTHEST = 2.0
"""Largest factor between the size of an array and the nearest one of the component table."""


class NotTabulated(ValueError):
    """The component table has nothing near a value of a macro.

    Args:
        column: name of the value.
        reason: what is wrong, and what is allowed.
    """

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


def nearest_node(node_nm: float, device: str, table: PhysicalTable, notes: list[str]) -> int:
    """Find the nearest tabulated node, nm; what differs is appended to `notes`.

    Raises:
        NotTabulated: the node is outside `NODES_NM`.
    """
    low, high = NODES_NM
    if not low <= node_nm <= high:
        reason = f"{node_nm:g} nm is outside {low:g} to {high:g} nm"
        raise NotTabulated("technology_nm", reason)
    nearest = _nearest(node_nm, table.sizes(device, "node_nm"))
    if nearest != node_nm:
        notes.append(f"{node_nm:g} nm as {nearest} nm")
    return nearest


def nearest_supply_V(
    volt: float, device: str, node_nm: int, table: PhysicalTable, notes: list[str]
) -> float:
    """Find the nearest supply voltage tabulated at a node, V; what differs is appended to `notes`.

    Raises:
        NotTabulated: the nearest is more than half a step of the table away.
    """
    tabulated = supplies_V(table, device, node_nm)
    nearest = float(tabulated[np.argmin(np.abs(tabulated - volt))])
    if abs(nearest - volt) > np.diff(tabulated).min() / 2 + 1e-9:
        span = f"{tabulated[0]:g} to {tabulated[-1]:g} V tabulated at {node_nm} nm"
        raise NotTabulated("voltage_V", f"{volt:g} V is outside the {span}")
    if abs(nearest - volt) > 1e-9:
        notes.append(f"{volt:g} V as {nearest:g} V")
    return nearest


def nearest_size(
    name: str, value: float, device: str, table: PhysicalTable, notes: list[str]
) -> int:
    """Find the nearest tabulated number of `rows` or `cols`; what differs is appended to `notes`.

    Raises:
        NotTabulated: the nearest is more than `FARTHEST` times off.
    """
    nearest = _nearest(value, table.sizes(device, name))
    if not 1 / FARTHEST <= value / nearest <= FARTHEST:
        reason = f"{value:g} {name} are more than {FARTHEST:g} times off the {nearest} tabulated"
        raise NotTabulated(name, reason)
    if nearest != value:
        notes.append(f"time of {nearest} {name}")
    return nearest


def supplies_V(table: PhysicalTable, device: str, node_nm: int) -> Floats:
    """Return the supply voltages at which a device is tabulated, ascending."""
    rows = table.tables[device]
    millivolts = rows.column("voltage_V")[rows.column("node_nm") == node_nm]
    supplies: Floats = np.unique(millivolts) / 1000
    return supplies


def _nearest(value: float, tabulated: Ints) -> int:
    """The tabulated value with the smallest ratio to a value."""
    return int(tabulated[np.argmin(np.abs(np.log(tabulated / value)))])


def macro_costs(
    macros: pd.DataFrame,
    table: PhysicalTable,
    *,
    assumptions: Assumptions | None = None,
    adc_model: str = ADC_MODELS[0],
    held: bool = False,
) -> pd.DataFrame:
    """Model one invocation of each macro.

    Args:
        macros: at least one, all of one device and cell. Columns device; cell, one of `CELLS`,
            which matters for SRAM; node_nm, voltage_V, array_rows, array_cols (tabulated); rows
            and cols of the macro itself; input_bits and weight_bits of one conversion, perhaps
            fractional; adc_bits; dot_product_length (products summed in one conversion); n_adc
            (ADCs that work in parallel). If present, bits_per_cell (else 1), input_coding (else
            levels), sample_and_hold and adc_noise (else 0, not stated).
        table: energy, area and delay of components.
        assumptions: numbers of the model; the defaults if None.
        adc_model: name of the ADC model.
        held: pulses take their time, also that for which a level of a resistive array is held.

    Returns:
        Columns time_s, of which read_s (array with its pulses) and convert_s; operations (of 1 bit
        by 1 bit, additions counted too); energy_J and area_m2 in all (periphery not multiplied)
        and by part: energy_PART_J of cells, dac (row drivers with it), adc, hold, shift_add,
        leakage; area_PART_m2 of cells, drivers (DACs and sample-and-holds with them), adc,
        shift_add; leak_PART_W of the areas and, `static`, of ADCs besides.
    """
    assumptions = assumptions or Assumptions()
    designs, point = macro_point(macros, table, assumptions=assumptions, adc_model=adc_model)
    names = ["cols", "n_adc", "dot_product_length", "input_bits", "weight_bits"]
    cols, adcs, length, inputs, weights = macros[names].to_numpy(dtype=float).T
    how = technology_of(macros, table, assumptions, Switches(pulses=held))
    time = macro_read_time(designs, point, adcs[:, None], adcs, how)[:, 0]
    adder = _shift_add(macros, designs, table, assumptions)
    areas = _areas(macros, designs, point, how, adder)
    leaks = {**leakage(areas, designs, how), "static": adcs * point.adc.static_W}
    mean_read_J = point.cell.low_J + MEAN_CELL * point.cell.span_J
    per_weight = np.ceil(np.ceil(weights) / designs.bits_per_cell)
    most = 2.0**designs.input_slice_bits - 1
    pulses = np.where(designs.level_coded, 1.0, MEAN_INPUT * most)
    row_J = row_prices(designs, how)
    held_lines = how.device.holds_inputs & (designs.input_slice_bits == 1)
    on_row = np.where(held_lines, MEAN_CHANGES, pulses)
    lines_J = row_J["row_pulse"] * (cols / designs.cols) * on_row
    hold = how.device.hold(assumptions)
    energies = {
        "cells": length * per_weight * adcs * mean_read_J * pulses,
        "dac": length * (row_J["dac"] + lines_J),
        "adc": adcs * point.adc.energy_J,
        "hold": adcs * designs.sample_and_hold * hold.charge_F * designs.voltage_V**2,
        "shift_add": adcs * adder["energy"] * point.supply,
        "leakage": total(leaks.values()) * time,
    }
    columns = {
        "time_s": time,
        "read_s": array_read_time(designs, point, how),
        "convert_s": point.adc.time_s,
        "operations": 2 * length * adcs * inputs * weights,
        "energy_J": np.sum(list(energies.values()), axis=0),
        "area_m2": np.sum(list(areas.values()), axis=0),
        **{f"energy_{part}_J": values for part, values in energies.items()},
        **{f"area_{part}_m2": values for part, values in areas.items()},
        **{f"leak_{part}_W": values for part, values in leaks.items()},
    }
    return pd.DataFrame(columns, index=macros.index)


def _areas(
    macros: pd.DataFrame,
    designs: Designs,
    point: OperatingPoint,
    technology: Technology,
    adder: Mapping[str, Floats],
) -> dict[str, Floats]:
    """Area of cells, drivers, ADCs and adders of each macro; see `macro_costs`.

    Row and column drivers are those of an array of another size, per row and column.
    """
    rows, cols, adcs = macros[["rows", "cols", "n_adc"]].to_numpy(dtype=float).T
    is_shared = designs.columns_per_adc > 1  # by multiplexers
    columns = np.where(is_shared, point.array["column_area_muxed"], point.array["column_area"])
    assumptions = technology.assumptions
    row_m2 = technology.device.row_circuit(designs, technology).area_m2
    drivers = rows / designs.rows * point.array["row_area"] + cols / designs.cols * columns
    holds = cols * designs.sample_and_hold * technology.device.hold(assumptions).area_m2
    factor = assumptions.array_area_factor.value
    return {
        "cells": factor * rows * cols * point.cell_m2,
        "drivers": factor * (drivers + rows * row_m2 + holds),
        "adc": adcs * point.adc.area_m2,
        "shift_add": adcs * adder["area"],
    }


def macro_point(
    macros: pd.DataFrame,
    table: PhysicalTable,
    *,
    assumptions: Assumptions,
    adc_model: str = ADC_MODELS[0],
) -> tuple[Designs, OperatingPoint]:
    """Describe macros of one device and cell as chips, with their speed and costs; see
    `macro_costs`."""
    if len(macros[["device", "cell"]].drop_duplicates()) != 1:
        raise ValueError("macros must be of one device and cell, and at least one")
    designs = _designs(macros, adc_model)
    return designs, operating_point(designs, technology_of(macros, table, assumptions))


def technology_of(
    macros: pd.DataFrame,
    table: PhysicalTable,
    assumptions: Assumptions,
    switches: Switches | None = None,
) -> Technology:
    """Technology of macros of one device and cell; all rules are on by default."""
    device = memory_cell(macros["device"].iloc[0])
    if device.name == Sram.name and macros["cell"].iloc[0] == "plain":
        device = PlainSram()
    switches = switches or Switches()
    return Technology(device=device, table=table, assumptions=assumptions, switches=switches)


def _designs(macros: pd.DataFrame, adc_model: str) -> Designs:
    """Describe macros as chips of one macro, with the smallest size of everything else."""
    per_weight = np.ceil(np.ceil(macros["weight_bits"]) / macros.get("bits_per_cell", 1))
    per_adc = macros["cols"] / macros["n_adc"] / per_weight
    smallest = ("macros_per_tile", "tiles_per_group", "router_groups", "glb_KiB", "glb_banks")
    texts = {"dram": "none", "schedule": "layer"}
    usual: dict[str, Any] = {"bits_per_cell": 1, "input_coding": "levels"}
    usual |= {"sample_and_hold": 0, "adc_noise": 0}
    columns = {
        "technology_nm": macros["node_nm"],
        "voltage_V": macros["voltage_V"],
        "rows": macros["array_rows"],
        "cols": macros["array_cols"],
        "active_rows": np.minimum(np.ceil(macros["dot_product_length"]), macros["array_rows"]),
        "input_slice_bits": np.ceil(macros["input_bits"]),
        "adc_bits": macros["adc_bits"],
        "columns_per_adc": np.clip(np.ceil(per_adc), *LIMITS["columns_per_adc"]),
        **dict.fromkeys((*smallest, "link_bits"), np.ones(len(macros))),
        **{n: macros.get(n, np.repeat(value, len(macros))) for n, value in usual.items()},
        **{name: np.repeat(text, len(macros)) for name, text in texts.items()},
    }
    return Designs.of_columns(
        {name: np.asarray(values) for name, values in columns.items()},
        defaults={"adc_model": adc_model},
    )


def _shift_add(
    macros: pd.DataFrame, designs: Designs, table: PhysicalTable, assumptions: Assumptions
) -> dict[str, Floats]:
    """Costs of the adder of every ADC, as wide as the model's; zero if nothing is shifted."""
    weights = np.ceil(macros["weight_bits"].to_numpy(dtype=float))
    more = np.maximum(weights - designs.bits_per_cell, 0)
    return adder_costs(designs, more, table, assumptions)
