"""Agreement of the physical model with published macros, for pages that state its optima."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from experiments.markdown import row

TABLE = Path(__file__).parents[1] / "results" / "published" / "silicon" / "agreement.csv"


def of_a_model() -> str:
    """Name the model of proven optima: "a model within 3 × of n of m published macros"."""
    shares = [f"{n} of {m} ({name})" for name, n, m in _shares()]
    return f"a model within 3 × of {' and '.join(shares)} published macros"


def agreed() -> str:
    """Text: "n of m macros by latency and n of m by TOPS/W", those within a factor of 3."""
    (first, n, m), (second, k, of) = _shares()
    return f"{n} of {m} macros by {first} and {k} of {of} by {second}"


def agreement(quantity: str) -> dict[str, Any]:
    """Agreement of a quantity, with the share `within` a factor of 3 and the number of `rows`."""
    usual = {"state": "clean", "reading": "default", "calibration": "none"}
    return row(pd.read_csv(TABLE), quantity=quantity, **usual)


def _shares() -> list[tuple[str, int, int]]:
    """Name, macros within a factor of 3, and all macros, by quantity."""
    counts = []
    for quantity, name in (("t_core_ns", "latency"), ("tops_per_W_1b", "TOPS/W")):
        share = agreement(quantity)
        counts.append((name, round(share["within"] * share["rows"]), int(share["rows"])))
    return counts
