"""Texts of an explanation: headings and cells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from rich import box
from rich.table import Table

from imcmoo.report.labels import label, on_screen
from imcmoo.report.violations import IN_DECIBELS, decibels

COLUMN_TITLES = {
    "power_W": "power (W)",
    "W_per_mm2": "W/mm²",
    "tops": "TOPS",
    "tops_per_W": "TOPS/W",
    "utilization": "array use (%)",
    "bound_by": "bottleneck",
    "streamed": "streams weights",
    "regret": "EDAP over best (%)",
}
"""Figures of networks that are shown, and their headings."""

ACCURACY_TITLES = {
    "accuracy_drop": "this design",
    "drop_with_1_more_adc_bit": "1 more ADC bit",
    "drop_with_half_the_rows": "half the rows",
    "drop_with_other_coding": "other weight coding",
    "accuracy_lost_in": "lost in (share)",
}
"""Figures of a network's predicted accuracy, which have a table of their own."""

PERCENT = ("utilization", "regret")

LONGEST_NAME = 20
"""Names of networks up to this long are not broken."""


def new_table(*columns: str, title: str) -> Table:
    """A table without lines between its columns, which narrow terminals have no room for."""
    return Table(
        *columns, title=title, title_justify="left", title_style="bold", min_width=len(title),
        box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
    )  # fmt: skip


def add_names(table: Table, networks: Iterable[str]) -> None:
    """Add a column for the names of networks."""
    longest = max((len(label(name)) for name in networks), default=0)
    table.add_column("network", no_wrap=longest <= LONGEST_NAME, overflow="fold")


def headed(column: str) -> str:
    """The heading of a column of figures."""
    if column in COLUMN_TITLES:
        return COLUMN_TITLES[column]
    stem, _, unit = column.rpartition("_")
    if not stem:
        return label(column)
    return f"{label(stem)} ({on_screen(unit)[1]})"


def quantity(column: str, value: float) -> str:
    """A figure with its name and unit."""
    heading = headed(column)
    name, bracket, unit = heading.partition(" (")
    return f"{name} {number(value)}" + (f" {unit.removesuffix(')')}" if bracket else "")


def cell(column: str, value: Any) -> str:
    """A figure as its heading says; a dash where it is not known."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "—"
    if isinstance(value, str):
        return value
    if column in PERCENT:
        return percent(value)
    return number(value * on_screen(column.rpartition("_")[2])[0])


def number(value: float) -> str:
    """A number in four digits, or all before the point."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"


def percent(share: float) -> str:
    """A share in per cent, without the sign for it."""
    return "—" if np.isnan(share) else f"{100 * share:.1f}"


def plain(value: Any) -> str:
    """The value of a parameter."""
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def used(limit: str, share: float, excess: float) -> str:
    """Text of the used share of a limit; without a share, of whether the limit is kept."""
    if pd.isna(share):
        return "enough" if excess <= 0 else "unknown"
    if limit in IN_DECIBELS and share > 0:
        return f"{decibels(1 / share)} to spare" if share <= 1 else f"{decibels(share)} short"
    return f"{100 * share:.4g} %"
