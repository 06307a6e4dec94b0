"""The table of a scenario for the terminal and the report."""

from __future__ import annotations

import pandas as pd
from rich.table import Table

from imcmoo.report.explanation_words import add_names, new_table, number, percent
from imcmoo.report.labels import label

MS = 1e3


def scenario_table(rows: pd.DataFrame) -> Table:
    """Requests, response and capacity of each network, and which deadline breaks first.

    Args:
        rows: table `scenario` of a run or an explanation.
    """
    table = new_table(title="Requests: response bound and its parts (ms), capacity, power")
    add_names(table, rows["network"])
    columns = ("rate (Hz)", "deadline", "response", "service", "blocked", "by", "interference")
    for name in (*columns, "simulated", "busy (%)", "capacity", "power (W)"):
        table.add_column(name, justify="left" if name == "by" else "right")
    least = int(rows["capacity"].to_numpy().argmin())
    for at, (_, row) in enumerate(rows.iterrows()):
        times = (f"{number(MS * row[name])}" for name in ("service_s", "blocking_s"))
        table.add_row(
            label(row["network"]),
            number(row["rate_Hz"]) + (f" × {row['burst']}" if row["burst"] > 1 else ""),
            number(MS * row["deadline_s"]),
            number(MS * row["response_s"]),
            *times,
            label(row["blocked_by"]) if isinstance(row["blocked_by"], str) else "",
            number(MS * row["interference_s"]),
            number(MS * row["simulated_s"]),
            percent(row["utilization"]),
            number(row["capacity"]),
            number(row["average_power_W"]),
            style="bold" if at == least else "",
        )
    table.caption = verdict(rows)
    table.caption_justify = "left"
    return table


def verdict(rows: pd.DataFrame) -> str:
    """Which network misses its deadline first as the load grows, and why."""
    row = rows.iloc[int(rows["capacity"].to_numpy().argmin())]
    parts = {
        "its own service": row["service_s"],
        f"blocking by {label(str(row['blocked_by']))}": row["blocking_s"],
        "interference of more urgent requests": row["interference_s"],
    }
    response = row["response_s"]
    shares = [f"{percent(v / response)} % {name}" for name, v in parts.items() if v > 0]
    return (
        f"{label(row['network'])} misses its deadline first, at {row['capacity']:.4g} times the "
        f"load; its response is {', '.join(shares)}. Requests are interrupted: "
        f"{'between layers' if row['interrupt'] == 'layer' else 'never'}."
    )
