"""Costs of SRAM arrays and logic from public textbooks and papers, free for any use (MIT).

They replace NeuroSim's in the open component table, which serves digital in-memory computing.

Sources:
    [WH] Weste & Harris, CMOS VLSI Design, 4th ed., 2011: wires 0.2 fF/µm, gates and drains 1 fF
        per µm of width, transistor pitch 8 λ = 4 F, fan-out of 4 for each stage of a driver.
"""

from __future__ import annotations

import math

WIRE_F_PER_M, GATE_F_PER_M = 0.2e-9, 1e-9
FAN_OUT = 4

SRAM_WIDTH_F = 2
"""Width of the access transistor of an SRAM cell, in feature sizes."""
CELL_F2 = 280.0
"""Area of an SRAM cell in a macro, squares of the node (assumption, 150 to 400)."""
THRESHOLD_V = 0.44
"""Threshold voltage of low-standby-power transistors at all nodes (assumption, 0.35 to 0.5)."""

UNREAD = 1.0
"""Placeholder of quantities that no digital chip reads, in J, W, m², s or Ω/m: absurd if read."""


def line_F(n_cells: int, cell_m2: float, width_m: float) -> float:
    """Capacitance, F, of a line along cells, each with a wire and a transistor [WH]."""
    return n_cells * (math.sqrt(cell_m2) * WIRE_F_PER_M + width_m * GATE_F_PER_M)


def driver_area_m2(load_F: float, feature_m: float) -> float:
    """Area, m², of a driver whose gates have a quarter of its load; two rows of pitch 4 F [WH]."""
    return load_F / FAN_OUT / GATE_F_PER_M * 2 * 4 * feature_m


def array_m2(node_nm: int, rows: int, cols: int) -> dict[str, float]:
    """Areas, m², of all row drivers of an SRAM array (`row_area`) and of one cell (`cell_area`)."""
    feature_m = node_nm * 1e-9
    cell_m2 = CELL_F2 * feature_m**2
    load_F = line_F(cols, cell_m2, SRAM_WIDTH_F * feature_m)
    return {"row_area": rows * driver_area_m2(load_F, feature_m), "cell_area": cell_m2}
