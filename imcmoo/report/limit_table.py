"""Which limits a design meets, and which of them are active."""

from __future__ import annotations

import pandas as pd
from rich.table import Table

from imcmoo.report.explanation_words import lack, limit_name, new_table, used
from imcmoo.report.labels import label


def limit_table(limits: pd.DataFrame) -> Table:
    """Each limit, of a resource for the network that is nearest its end."""
    table = new_table("limit", "network", title="Limits: what is active, and what is near")
    table.add_column("used", justify="right")
    table.add_column("neighbours it rules out", justify="right")
    table.add_column("lacking")
    nearness = (
        limits["used"].fillna(-1.0) + 1e6 * limits["excess"].fillna(0) + limits["stops"] * 1e-6
    )
    nearest = limits.loc[nearness.groupby(limits["limit"], sort=False).idxmax()]
    nearest = nearest.assign(near=nearness[nearest.index]).sort_values(
        "near", ascending=False, kind="stable"
    )
    for _, row in nearest.iterrows():
        broken = row["excess"] > 0
        over = lack(str(row["limit"]), row["missing"], row["excess"]) if broken else ""
        stops = limits.loc[limits["limit"] == row["limit"], "stops"].max()
        table.add_row(
            limit_name(str(row["limit"])),
            label(row["network"]) if row["network"] else "chip",
            used(str(row["limit"]), row["used"]),
            str(stops) if stops else "",
            over,
            style="bold" if broken or stops else "",
        )
    return table
