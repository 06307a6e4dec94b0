"""Published runs of the suite's protocol, a row for each problem, algorithm, seed and budget."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from imcmoo.io.errors import InputError

TABLE = Path(__file__).parent / "baselines.csv"
"""The shipped table; `python -m experiments.baselines` makes it."""

TEXTS = ("problem", "digest", "algorithm")
COUNTS = ("seed", "budget", "evaluations", "constraint_evaluations")
INDICATORS = (
    *("igd_plus", "hypervolume", "epsilon_multiplicative", "coverage"),
    "largest_regret",
)
COLUMNS = (*TEXTS, *COUNTS[:2], *INDICATORS, *COUNTS[2:], "cpu_s")
"""Columns, in order; `cpu_s` is the processor time of the run up to its largest budget, s."""


def baselines(problem: str | None = None, *, path: Path = TABLE) -> list[dict[str, Any]]:
    """Read runs of NSGA-II, NSGA-III, mixed-variable NSGA-II, random search and this package's
    search by the suite's protocol.

    Args:
        problem: name of a problem. If None, all.
        path: the table.

    Returns:
        A dictionary by `COLUMNS` for each run and budget.

    Raises:
        InputError: there is no table, or it is damaged.
    """
    if not path.is_file():
        raise InputError(
            f"{path}: there are no baselines; python -m experiments.baselines makes them"
        )
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InputError(f"{path}: the header must be {','.join(COLUMNS)}")
        rows = [_typed(row, path, at) for at, row in enumerate(reader, start=2)]
    return [row for row in rows if problem in (None, row["problem"])]


def _typed(row: dict[str, Any], path: Path, line: int) -> dict[str, Any]:
    try:
        kinds = dict.fromkeys(TEXTS, str) | dict.fromkeys(COUNTS, int)
        return {name: kinds.get(name, float)(row[name]) for name in COLUMNS}
    except (TypeError, ValueError):
        raise InputError(f"{path}, line {line}: not a row of baselines") from None
