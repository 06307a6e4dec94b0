"""Units at the edge, where people read: files and tables give areas in mm²."""

from __future__ import annotations

from typing import Any

import numpy as np

MM2_PER_M2 = 1e6

SHOWN = {"m2": ("mm2", MM2_PER_M2)}
"""For an SI unit, the unit people read and how many of it make one."""


def display_column(column: str) -> str:
    """Name of a column with the unit people read: `area_m2` becomes `area_mm2`."""
    stem, _, unit = column.rpartition("_")
    return f"{stem}_{SHOWN[unit][0]}" if unit in SHOWN else column


def to_display(unit: str, values: Any) -> Any:
    """Values in the unit people read."""
    return values * SHOWN[unit][1] if unit in SHOWN else values


def to_si(unit: str, values: Any) -> Any:
    """Values in SI, from the unit people read."""
    return values / SHOWN[unit][1] if unit in SHOWN else values


def decibels(ratio: float) -> str:
    """Ratio of powers in dB, as text."""
    return f"{10 * np.log10(ratio):.3g} dB"
