"""Numbers and tables as Markdown, and the tables of a folder as rows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

Row = dict[str, Any]

NONE = "does not run"


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
