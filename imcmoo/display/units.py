"""Numbers and units as people read them.

Files hold SI units and mm²; people read mJ, µs and mm², four digits, and shares in per cent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    pass


ON_SCREEN = {
    "J": (1e3, "mJ"),
    "s": (1e6, "µs"),
    **dict.fromkeys(("mm2", "m2"), (1.0, "mm²")),
}
"""Factor to display units and their name, by unit in files; areas in files are in mm²."""


def on_screen(unit: str) -> tuple[float, str]:
    """Factor from a unit in files to its display unit, and the name of the latter."""
    return ON_SCREEN.get(unit, (1.0, unit))


TOKENS = "tokens_per_s"
"""A rate, whose name does not end in its unit."""


IN_MS = ("time_to_first_token_s", "time_per_token_s", "request_s")
"""Columns of times that people know in milliseconds."""


def display_unit(column: str) -> tuple[float, str]:
    """Factor from a column in files to its display unit, and the name of the latter."""
    return (1e3, "ms") if column in IN_MS else on_screen(column.rpartition("_")[2])


def number(value: float) -> str:
    """Number with four digits, or all before the decimal point."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"


def times(ratio: float) -> str:
    """A ratio as text: `1.528 ×`, or a whole number from 100 on."""
    return f"{ratio:.3f} ×" if ratio < 100 else f"{ratio:,.0f} ×"


SMALLEST_SHOWN = 5e-4
"""Smallest share by which a difference is shown."""


PREFIXES = {1.0: "", 1e-3: "m", 1e-6: "µ", 1e-9: "n", 1e-12: "p"}


def engineering(value: float, unit: str) -> str:
    """Value with three digits, a prefix below 1, and its unit.

    `unbounded` if infinite; a dash if unknown.
    """
    if not np.isfinite(value):
        return "–" if np.isnan(value) else "unbounded"
    rounded = float(f"{value:.3g}")
    usual = 1.0 if rounded == 0 else 1e-12
    size = next((size for size in PREFIXES if abs(rounded) >= size), usual)
    return f"{number(float(f'{rounded / size:.3g}'))} {PREFIXES[size]}{unit}"


def percent(share: float) -> str:
    """Share in per cent, without the sign."""
    return "—" if np.isnan(share) else f"{100 * share:.1f}"


def plain(value: Any) -> str:
    """Text of the value of a parameter."""
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


BYTES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


BITS_PER_BYTE = 8


def _bytes(bits: float) -> str:
    number = bits / BITS_PER_BYTE
    for size, unit in BYTES:
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g} B"
