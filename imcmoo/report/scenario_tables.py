"""The table of a scenario for the terminal and the report."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from rich.table import Table

from imcmoo.report.explanation_words import add_names, new_table, number, percent
from imcmoo.report.labels import label

MS = 1e3
UNBOUNDED = "unbounded"
ROOMY = 120
"""Columns of a terminal from which on there is room for everything."""

ROUNDED = 1 + 1e-4
"""Factor up to which capacities read the same."""

LESS_NEEDED = ("simulated", "busy (%)", "power (W)")
"""Left out where there is little room."""


def scenario_table(rows: pd.DataFrame, width: int = ROOMY) -> Table:
    """Requests, response and capacity of each network, and which deadline breaks first."""
    table = new_table(title="Requests: response bound and its parts (ms), capacity, power")
    add_names(table, rows["network"])
    columns = ["rate (Hz)", "deadline", "response", "service", "blocked", "by", "interference"]
    columns += ["simulated", "busy (%)", "capacity", "power (W)"]
    shown = [name for name in columns if width >= ROOMY or name not in LESS_NEEDED]
    for name in shown:
        side: Literal["left", "right"] = "left" if name == "by" else "right"
        table.add_column(name.replace(" ", "\n"), justify=side)
    rows = _in_numbers(rows)
    least = int(rows["capacity"].to_numpy().argmin())
    for at, (_, row) in enumerate(rows.iterrows()):
        blocker = row["blocked_by"]
        cells = (
            number(row["rate_Hz"]) + (f" × {row['burst']}" if row["burst"] > 1 else ""),
            *(_ms(row[name]) for name in ("deadline_s", "response_s", "service_s", "blocking_s")),
            label(blocker) if isinstance(blocker, str) else "",
            *(_ms(row[name]) for name in ("interference_s", "simulated_s")),
            percent(row["utilization"]),
            number(row["capacity"]),
            number(row["average_power_W"]),
        )
        by_name = dict(zip(columns, cells, strict=True))
        table.add_row(
            label(row["network"]),
            *(by_name[name] for name in shown),
            style="bold" if at == least else "",
        )
    table.caption = verdict(rows)
    table.caption_justify = "left"
    return table


def _in_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose unbounded times, null in a file, are infinite."""
    names = [str(name) for name in rows if str(name).endswith("_s")]
    seconds = {name: pd.to_numeric(rows[name]).fillna(np.inf) for name in names}
    return rows.assign(**seconds)


def _ms(seconds: float) -> str:
    return number(MS * seconds) if np.isfinite(seconds) else UNBOUNDED


def verdict(rows: pd.DataFrame) -> str:
    """Which network misses its deadline first as the load grows, and why."""
    row = rows.iloc[int(rows["capacity"].to_numpy().argmin())]
    factor = f"{row['capacity']:.4g} times the load"
    if (largest := row.get("largest_capacity", 0.0)) > ROUNDED * row["capacity"]:
        factor += f" (with groups allocated for capacity, not for power: {largest:.4g} times)"
    start = f"{label(row['network'])} misses its deadline first, at {factor}"
    if not np.isfinite(row["response_s"]):
        return f"{start}; its response is not bounded."
    parts = {
        "its own service": row["service_s"],
        f"blocking by {label(str(row['blocked_by']))}": row["blocking_s"],
        "interference of more urgent requests": row["interference_s"],
    }
    response = row["response_s"]
    shares = [f"{percent(v / response)} % {name}" for name, v in parts.items() if v > 0]
    return (
        f"{start}; its response is {', '.join(shares)}. Requests are interrupted: "
        f"{'between layers' if row['interrupt'] == 'layer' else 'never'}."
    )
