"""Time, energy and area of one invocation of a macro, by the physical model's own parts.

The model evaluates networks on chips; published macros are described by one invocation of their
array. Times, cells, ADCs and drivers are those of `imcmoo.model.physical`; only the actions are
counted here: every ADC converts once, every input drives one row at one level.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from imcmoo.arrays import Floats
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.chip import OperatingPoint, operating_point, row_prices
from imcmoo.model.physical.components import Switches, Technology, adder_costs
from imcmoo.model.physical.latency import macro_read_time
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.model.physical.parameters import LIMITS, Designs

MEAN_CELL = 0.5
"""Mean value of a 1-bit cell over its largest: the measured values are not published."""


def macro_costs(
    macros: pd.DataFrame,
    table: PhysicalTable,
    *,
    assumptions: Assumptions | None = None,
    adc_model: str = "zigzag",
    held: bool = False,
) -> pd.DataFrame:
    """Model one invocation of each macro of one device, at least one, as `macros.judged` describes
    them; with `held` a level of a resistive array also takes the pulse that it is charged for.

    Returns:
        Columns time_s (array and conversion), operations (of 1 bit by 1 bit, additions counted
        too), energy_J and area_m2 in all (periphery not multiplied) and by part: energy_PART_J of
        cells, dac, adc, shift_add, leakage; area_PART_m2 of cells, drivers, adc, shift_add.
    """
    assumptions = assumptions or Assumptions()
    designs, point = macro_point(macros, table, assumptions=assumptions, adc_model=adc_model)
    names = ["rows", "cols", "n_adc", "dot_product_length", "input_bits", "weight_bits"]
    rows, cols, adcs, length, inputs, weights = macros[names].to_numpy(dtype=float).T
    how = technology_of(macros, table, assumptions, Switches(pulses=held))
    time = macro_read_time(designs, point, adcs[:, None], adcs, how)[:, 0]
    adder = _shift_add(macros, designs, table, assumptions)
    # Row and column drivers are those of an array of another size: per row and column.
    leak = (
        rows * cols * point.array["cell_leak"]
        + rows / designs.rows * point.array["row_leak"]
        + cols / designs.cols * point.array["column_leak"]
        + adcs * (point.adc.leak_W + adder["leak"] * np.sqrt(point.supply))
    )
    mean_read_J = point.cell.low_J + MEAN_CELL * point.cell.span_J
    energies = {
        "cells": length * np.ceil(weights) * adcs * mean_read_J,
        "dac": length * row_prices(designs, how)["dac"],
        "adc": adcs * point.adc.energy_J,
        "shift_add": adcs * adder["energy"] * point.supply,
        "leakage": leak * time,
    }
    areas = _areas(macros, designs, point, table, assumptions, adder)
    columns = {
        "time_s": time,
        "operations": 2 * length * adcs * inputs * weights,
        "energy_J": np.sum(list(energies.values()), axis=0),
        "area_m2": np.sum(list(areas.values()), axis=0),
        **{f"energy_{part}_J": values for part, values in energies.items()},
        **{f"area_{part}_m2": values for part, values in areas.items()},
    }
    return pd.DataFrame(columns, index=macros.index)


def _areas(
    macros: pd.DataFrame,
    designs: Designs,
    point: OperatingPoint,
    table: PhysicalTable,
    assumptions: Assumptions,
    adder: Mapping[str, Floats],
) -> dict[str, Floats]:
    """Area of cells, drivers, ADCs and adders of each macro; see `macro_costs`."""
    rows, cols, adcs = macros[["rows", "cols", "n_adc"]].to_numpy(dtype=float).T
    is_shared = designs.columns_per_adc > 1  # by multiplexers
    columns = np.where(is_shared, point.array["column_area_muxed"], point.array["column_area"])
    bits = np.minimum(designs.input_slice_bits, int(assumptions.highest_level_bits.value))
    dac = table.look_up("dac", node_nm=designs.technology_nm, bits=bits)
    drivers = rows / designs.rows * point.array["row_area"] + cols / designs.cols * columns
    factor = assumptions.array_area_factor.value
    return {
        "cells": factor * rows * cols * point.cell_m2,
        "drivers": factor * (drivers + rows * dac["area"]),
        "adc": adcs * point.adc.area_m2,
        "shift_add": adcs * adder["area"],
    }


def macro_point(
    macros: pd.DataFrame,
    table: PhysicalTable,
    *,
    assumptions: Assumptions,
    adc_model: str = "zigzag",
) -> tuple[Designs, OperatingPoint]:
    """Describe macros of one device as chips, with their speed and costs; see `macro_costs`."""
    if macros["device"].nunique() != 1:
        raise ValueError("macros must be of one device, and at least one")
    designs = _designs(macros, adc_model)
    return designs, operating_point(designs, technology_of(macros, table, assumptions))


def technology_of(
    macros: pd.DataFrame,
    table: PhysicalTable,
    assumptions: Assumptions,
    switches: Switches | None = None,
) -> Technology:
    """Technology of macros of one device; all rules are on by default."""
    device = memory_cell(macros["device"].iloc[0])
    switches = switches or Switches()
    return Technology(device=device, table=table, assumptions=assumptions, switches=switches)


def _designs(macros: pd.DataFrame, adc_model: str) -> Designs:
    """Describe macros as chips of one macro, with the smallest size of everything else."""
    per_adc = macros["cols"] / macros["n_adc"] / np.ceil(macros["weight_bits"])
    smallest = ("macros_per_tile", "tiles_per_group", "router_groups", "glb_KiB", "glb_banks")
    texts = {"dram": "none", "schedule": "layer", "input_coding": "levels"}
    columns = {
        "technology_nm": macros["node_nm"],
        "voltage_V": macros["voltage_V"],
        "rows": macros["array_rows"],
        "cols": macros["array_cols"],
        "active_rows": np.minimum(np.ceil(macros["dot_product_length"]), macros["array_rows"]),
        "input_slice_bits": np.ceil(macros["input_bits"]),
        "adc_bits": macros["adc_bits"],
        "columns_per_adc": np.clip(np.ceil(per_adc), *LIMITS["columns_per_adc"]),
        **dict.fromkeys((*smallest, "link_bits", "bits_per_cell"), np.ones(len(macros))),
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
