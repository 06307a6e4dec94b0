"""Numbers and tables as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

NONE = "does not run"


def table(header: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A table."""
    header = list(header)
    every = [header, ["---"] * len(header), *map(list, lines)]
    return "".join(f"| {' | '.join(line)} |\n" for line in every)


def percent(value: float) -> str:
    """A share, in percent."""
    return NONE if pd.isna(value) else f"{100 * value + 0.0:.1f} %".replace("-0.0 %", "0.0 %")


def times(value: float) -> str:
    """A ratio."""
    return NONE if pd.isna(value) else f"{value:.2f} ×"


def number(value: float) -> str:
    """Four digits."""
    return NONE if pd.isna(value) else f"{value:.4g}"


def area(value: float) -> str:
    """An area in mm²."""
    return f"{value:.0f} mm²"
