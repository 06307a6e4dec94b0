"""Table of the requests of a scenario, and which network misses its deadline first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich.table import Table

from imcmoo.display.labels import label
from imcmoo.display.rich_tables import add_numbers, open_table
from imcmoo.display.units import number, percent
from imcmoo.scenario.requests import Interrupt

if TYPE_CHECKING:
    pass


MS = 1e3


UNBOUNDED = "unbounded"


ROOMY = 120
"""Columns of a terminal with room for everything."""


ROUNDED = 1 + 1e-4
"""Factor up to which capacities read the same."""


LESS_NEEDED = ("simulated", "busy (%)", "power (W)")
"""Columns omitted on narrow terminals."""


def scenario_table(rows: pd.DataFrame, width: int = ROOMY) -> Table:
    """Requests, response and capacity of each network, and the deadline that breaks first."""
    title = "Requests: response bound and its parts (ms), capacity, power"
    table = open_table(title=title, networks=rows["network"])
    # Infinite times are null in a file.
    names = [str(name) for name in rows if str(name).endswith("_s")]
    rows = rows.assign(**{n: pd.to_numeric(rows[n]).fillna(np.inf) for n in names})
    cells = [_requests(row) for _, row in rows.iterrows()]
    shown = [name for name in cells[0] if width >= ROOMY or name not in LESS_NEEDED]
    add_numbers(table, *(name.replace(" ", "\n") for name in shown), texts=["by"])
    least = int(rows["capacity"].to_numpy().argmin())
    for at, (network, by_name) in enumerate(zip(rows["network"], cells, strict=True)):
        style = "bold" if at == least else ""
        table.add_row(label(network), *(by_name[name] for name in shown), style=style)
    table.caption = verdict(rows)
    return table


def _requests(row: pd.Series[Any]) -> dict[str, str]:
    blocker = row["blocked_by"]
    return {
        "rate (Hz)": number(row["rate_Hz"]) + (f" × {row['burst']}" if row["burst"] > 1 else ""),
        "deadline": _ms(row["deadline_s"]),
        "response": _ms(row["response_s"]),
        "service": _ms(row["service_s"]),
        "blocked": _ms(row["blocking_s"]),
        "by": label(blocker) if isinstance(blocker, str) else "",
        "interference": _ms(row["interference_s"]),
        "simulated": _ms(row["simulated_s"]),
        "busy (%)": percent(row["utilization"]),
        "capacity": number(row["capacity"]),
        "power (W)": number(row["average_power_W"]),
    }


def _ms(seconds: float) -> str:
    return number(MS * seconds) if np.isfinite(seconds) else UNBOUNDED


INTERRUPTED: Mapping[Interrupt, str] = {
    "none": "never",
    "layer": "between layers",
    "inference": "between inferences",
}


def verdict(rows: pd.DataFrame) -> str:
    """State which network misses its deadline first as the load grows, and why."""
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
        f"{INTERRUPTED[row['interrupt']]}."
    )
