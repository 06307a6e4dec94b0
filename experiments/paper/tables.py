"""The tables of the full study as they are stored in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from experiments import markdown
from imcmoo.report.labels import networks_in

STUDIES = (
    "four_workload_rram",
    "four_workload_sram",
    "nine_workload_rram",
    "nine_workload_sram",
)

TECHNOLOGY = "technology_cost_sram"

SEED = 1
"""Of single searches and of sampled sets of networks."""

Row = dict[str, Any]


class Tables:
    """Tables of the studies in a folder.

    Args:
        folder: has `<study>/<table>.csv`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def studies(self, table: str = "*") -> list[str]:
        """Names of the studies of which a table is stored, in their order."""
        stored = {path.parent.name for path in self.folder.glob(f"*/{table}.csv")}
        return sorted(stored & {*STUDIES, TECHNOLOGY})

    def read(self, study: str, table: str) -> pd.DataFrame:
        """Read a table of a study."""
        return pd.read_csv(self.folder / study / f"{table}.csv")

    def rows(self, study: str, table: str, **where: Any) -> list[Row]:
        """Select the rows of a table in which some columns have some values."""
        return markdown.rows(self.read(study, table), **where)

    def row(self, study: str, table: str, **where: Any) -> Row:
        """Select the only row of a table in which some columns have some values."""
        return markdown.row(self.read(study, table), **where)

    def by_network(self, study: str, criterion: str, quantity: str) -> dict[str, float]:
        """Values of a quantity of the exact design that a criterion selects, by network."""
        row = self.row(study, "aggregations", criterion=criterion)
        return {n: row[f"{quantity}_{n}"] for n in networks_in(row, f"{quantity}_")}
