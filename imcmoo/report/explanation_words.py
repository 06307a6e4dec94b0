"""Texts of an explanation: headings, cells, and missing resources."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from rich import box
from rich.table import Table

from imcmoo.report.labels import label
from imcmoo.report.terminal_tables import SHOWN, short

COLUMN_TITLES = {
    "power_W": "power (W)",
    "W_per_mm2": "W/mm²",
    "tops": "TOPS",
    "tops_per_W": "TOPS/W",
    "utilization": "cells used (%)",
    "bound_by": "bound by",
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

IN_DECIBELS = ("snr", "compute_snr")
"""Limits whose shares are of noise power."""

LONGEST_NAME = 20
"""Names of networks up to this long are not broken."""

UNITS = {"mm2": "mm²"}


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
    return f"{label(stem)} ({SHOWN[unit][1] if unit in SHOWN else UNITS.get(unit, unit)})"


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
    return number(value * SHOWN.get(column.rpartition("_")[2], (1.0, ""))[0])


def number(value: float) -> str:
    """A number in four digits, or all before the point."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"


def percent(share: float) -> str:
    """A share in per cent, without the sign for it."""
    return "—" if np.isnan(share) else f"{100 * share:.1f}"


def plain(value: Any) -> str:
    """The value of a parameter."""
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def limit_name(limit: str) -> str:
    """The name of a limit; those of a study are called as there, unit and all."""
    return limit if limit.startswith(("max_", "min_")) else label(limit)


def lack(limit: str, missing: float, excess: float) -> str:
    """Text of the missing amount of a resource.

    Args:
        limit: its name.
        missing: of a resource, in its own unit; NaN for other limits.
        excess: as a share of what there is.
    """
    at_least = limit.startswith("min_")
    if limit in IN_DECIBELS:
        return f"{limit_name(limit)} {decibels(1 + excess)} short"
    # What counts in shares of a limit has no other unit.
    if pd.isna(missing) or np.isclose(missing, excess):
        return f"{limit_name(limit)} {100 * excess:.3g} % {'short' if at_least else 'over'}"
    return f"lacks {short(missing)} {label(limit)}"


def used(limit: str, share: float) -> str:
    """Text of the used share of a limit."""
    if pd.isna(share):
        return "not told"
    if limit in IN_DECIBELS and share > 0:
        return f"{decibels(1 / share)} to spare" if share <= 1 else f"{decibels(share)} short"
    return f"{100 * share:.4g} %"


def decibels(ratio: float) -> str:
    """A ratio of powers."""
    return f"{10 * np.log10(ratio):.3g} dB"


def lacked(limits: pd.DataFrame) -> str:
    """Text of all that is missing."""
    rows = limits[limits["excess"].fillna(0) > 0]
    return ", ".join(
        lack(str(row["limit"]), row["missing"], row["excess"]) for _, row in rows.iterrows()
    )
