"""Component costs from public textbooks and papers, free for any use (MIT).

The shipped component table of the reference model comes from the NeuroSim core, which is licensed
for non-commercial use. This table has the same rows and quantities
(`imcmoo.hardware.component_table`), from formulas of a few lines each. It makes problems of the
same structure; it is not fitted to the other table, and says nothing about a real chip.

Sources:
    [WH] Weste & Harris, CMOS VLSI Design, 4th ed., 2011: wires 0.2 fF/µm, gates and drains 1 fF
        per µm of width, transistor pitch 8 λ = 4 F, fan-out of 4 for each stage of a driver.
    [H] Horowitz, Computing's energy problem, ISSCC 2014, 45 nm, 0.9 V: 32-bit integer addition
        0.1 pJ and 137 µm²; 64 bits from a cache of 8 KiB 10 pJ, of 32 KiB 20 pJ, of 1 MiB 100 pJ,
        hence the square root of the capacity; 64 bits of DRAM 1.3 nJ.
    [I] Shafiee et al., ISAAC, ISCA 2016, 32 nm: 8-bit ADC at 1.2 GS/s 2 mW and 1,200 µm²; router
        of 8 ports of 32 bits at 1.2 GHz 42 mW and 0.151 mm².
    [M] Murmann, ADC Performance Survey: energy of a conversion doubles with each bit.
    [C] Mistry et al., IEDM 2007: 6T SRAM cell of 0.346 µm² at 45 nm.
    [N] Dong et al., NVSim, IEEE TCAD 31(7), 2012: area of a 1T1R cell 3 (W/L + 1) F².
    [W] Wong et al., Metal-oxide RRAM, Proc. IEEE 100(6), 2012: resistances of 10 kΩ to 1 MΩ,
        switching within 50 ns; the values here are choices within that range.
    [R] ITRS 2011: 10 pA of leakage per µm of width, low standby power.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np

from imcmoo.hardware import open_costs
from imcmoo.hardware.component_table import COMPONENTS, ComponentTable
from imcmoo.hardware.lookup import KEY_SCALE, KeyedRows
from imcmoo.hardware.open_costs import (
    FAN_OUT,
    GATE_F_PER_M,
    SRAM_WIDTH_F,
    driver_area_m2,
)

TABLE = Path(__file__).parent / "textbook_components.npz"
"""The stored table."""

NODE_NM = 32
F_M = NODE_NM * 1e-9
OF_45_NM = NODE_NM / 45

LEAK_A_PER_M = 10e-6
NOMINAL_V = 0.9

SRAM_CELL_M2_AT_45_NM = 0.346e-12
"""Area of a cell of six transistors [C]."""

WIDTH_M = {"sram": SRAM_WIDTH_F * F_M, "rram": 3 * F_M}
"""Width of the access transistor of a cell, m."""

CELL_AREA_M2 = {"sram": SRAM_CELL_M2_AT_45_NM * OF_45_NM**2, "rram": 3 * (3 + 1) * F_M**2}

RESISTANCE_OHM = {"low": 1e6, "high": 1e5}
"""Resistance of an RRAM cell at 0 and at full scale, Ω."""

READ_S, WRITE_S, WRITE_V = 1e-9, 50e-9, 2.0

ADC_BITS = 5
ADC_J = 2e-3 / 1.2e9 * 2.0 ** (ADC_BITS - 8)
ADC_AREA_M2 = 1200e-12 * 2.0 ** (ADC_BITS - 8)

ROUTER_J = 42e-3 / 1.2e9 * 128 / (8 * 32)
ROUTER_AREA_M2 = 0.151e-6

DRAM_J_PER_BIT = 1.3e-9 / 64

VOLTAGES_V = tuple(round(0.45 + 0.05 * step, 2) for step in range(12))
SIZES = tuple(2**k for k in range(4, 10))
BUFFERS = (
    *itertools.product([2**k for k in range(4, 11)], [2**k for k in range(4, 11)]),
    *((2048, 2**k) for k in range(11, 20)),
)
"""Widths, bits, and depths, words, of the buffers."""

ADDER_BITS = range(4, 20)


def leakage_W(area_m2: float, voltage_V: float = NOMINAL_V) -> float:
    """Leakage, W, of a circuit as dense as SRAM: two transistors of 2 F per cell are off [R]."""
    cells = area_m2 / CELL_AREA_M2["sram"]
    return cells * 2 * WIDTH_M["sram"] * LEAK_A_PER_M * voltage_V


def line_F(device: str, n_cells: int) -> float:
    """Capacitance, F, of a line along cells, each with a wire and a transistor [WH]."""
    return open_costs.line_F(n_cells, CELL_AREA_M2[device], WIDTH_M[device])


def crossbar(device: str, voltage_V: float, rows: int, cols: int) -> dict[str, float]:
    """Costs of one macro; see `imcmoo.hardware.component_table`."""
    row, column = line_F(device, cols), line_F(device, rows)
    square = voltage_V**2
    write_square = square if device == "sram" else WRITE_V**2
    costs = {
        "row_area": rows * driver_area_m2(row, F_M),
        "column_area": 0.0 if device == "sram" else cols * driver_area_m2(column, F_M),
        "adc_area": cols * ADC_AREA_M2,
        "cell_area": CELL_AREA_M2[device],
    }
    for part in ("row", "column", "adc", "cell"):
        costs[f"{part}_leak"] = leakage_W(costs[f"{part}_area"], voltage_V)
    if device == "rram":
        costs["cell_leak"] = 0.0
    for state, resistance in RESISTANCE_OHM.items():
        costs |= {
            # A pulse charges the row and the last stage; otherwise only earlier stages work.
            f"row_read_on_{state}": row * (1 + 1 / FAN_OUT) * square,
            f"row_read_off_{state}": row / FAN_OUT**2 * square,
            f"row_write_{state}": (row + cols * column) * write_square,
            f"adc_read_{state}": ADC_J,
        }
        if device == "sram":
            four_gates = 4 * WIDTH_M["sram"] * GATE_F_PER_M
            costs |= {f"cell_read_{state}": 0.0, f"cell_write_{state}": four_gates * square}
        else:
            costs[f"cell_read_{state}"] = square / resistance * READ_S
            costs[f"cell_write_{state}"] = WRITE_V**2 / resistance * WRITE_S
    return costs


def adder(bits: int) -> dict[str, float]:
    """Costs of an adder: energy per addition, leakage and area [H]."""
    area = bits * 137e-12 / 32 * OF_45_NM**2
    return {"energy": bits * 0.1e-12 / 32 * OF_45_NM, "leak": leakage_W(area), "area": area}


def buffer(width_bits: int, depth_words: int) -> dict[str, float]:
    """Costs of an SRAM buffer: energy per word [H]; cells take 70 % of the area [WH]."""
    bits = width_bits * depth_words
    access = 10e-12 * math.sqrt(bits / (8 * 8192)) * width_bits / 64 * OF_45_NM
    area = bits * CELL_AREA_M2["sram"] / 0.7
    return {"read": access, "write": access, "leak": leakage_W(area), "area": area}


def content() -> ComponentTable:
    """The complete table."""
    tables = {}
    for device in CELL_AREA_M2:
        sizes = itertools.product(VOLTAGES_V, SIZES, SIZES)
        costs = {
            (NODE_NM, round(v * KEY_SCALE["voltage_V"]), *size): crossbar(device, v, *size)
            for v, *size in sizes
        }
        tables[device] = _rows(device, costs)
    tables["adder"] = _rows("adder", {(NODE_NM, bits): adder(bits) for bits in ADDER_BITS})
    tables["buffer"] = _rows("buffer", {(NODE_NM, *size): buffer(*size) for size in BUFFERS})
    tables["router"] = _rows("router", {(NODE_NM,): {"read": ROUTER_J, "area": ROUTER_AREA_M2}})
    metadata = {
        "licences": {"all numbers": "MIT"},
        "sources": {"all numbers": f"formulas in {__name__}"},
        "versions": {},
        "cells": {},
    }
    return ComponentTable(tables, DRAM_J_PER_BIT, metadata)


def _rows(name: str, costs: dict[tuple[int, ...], dict[str, float]]) -> KeyedRows:
    component = COMPONENTS[name]
    values = [[row[quantity] for row in costs.values()] for quantity in component.quantities]
    return component.rows(name, np.array(list(costs)), np.array(values))


def write(path: Path = TABLE) -> None:
    """Write the table."""
    content().write(path)
