"""The tables of the full study as they lie in a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.paper.settings import STUDIES, TECHNOLOGY

Row = dict[str, Any]

FIGURES = "figures"
"""The folder beside those of the studies."""


def studies_with(folder: Path, table: str) -> list[str]:
    """The paper's studies of which a folder has a table (`*` for any), in order of their names."""
    there = {path.parent.name for path in folder.glob(f"*/{table}.csv")}
    return sorted(there & {*STUDIES, TECHNOLOGY})


def read(folder: Path, study: str, table: str) -> pd.DataFrame:
    """A table of a study."""
    return pd.read_csv(folder / study / f"{table}.csv")


def rows(folder: Path, study: str, table: str, **where: Any) -> list[Row]:
    """The rows of a table in which some columns have some values."""
    frame = read(folder, study, table)
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def by(key: str, found: Iterable[Row]) -> dict[str, Row]:
    """Rows by the value in one column."""
    return {str(row[key]): row for row in found}


def reductions(folder: Path, study: str) -> dict[tuple[str, str, str], Row]:
    """The table of that name by joint design, criterion and baseline."""
    found = rows(folder, study, "reductions")
    return {(row["joint"], row["criterion"], row["baseline"]): row for row in found}
