"""The page `silicon.md`: every number in it stands in one of the tables beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from experiments.markdown import render, row
from experiments.silicon.agreement import CLASSES, FEW_PRODUCTS, SLOW
from experiments.silicon.comparison import fitted_periphery
from experiments.silicon.random_designs import DESIGNS, FIGURE_NETWORK, SEED
from imcmoo.hardware.physical_table import PhysicalTable

NONE = "–"
UNITS = {"1": "ratio", "mm2": "mm²", "us": "µs"}
GOALS = {
    ("t_core_ns", "within"): 0.60,
    ("tops_per_W_1b", "within"): 0.50,
    ("tops_per_W_1b", "rank"): 0.50,
    ("tops_per_mm2_1b", "rank"): 0.50,
}
"""Goals that were set before the model was compared."""


def page(tables: Mapping[str, pd.DataFrame], to_folder: str, *, is_shipped: bool) -> str:
    """Write the page.

    Args:
        tables: by name.
        to_folder: path from the page to where they are published.
        is_shipped: whether the macros are the shipped ones, whose misses are explained.
    """
    silicon = tables["silicon"]
    is_covered = silicon["covered"].astype(bool)
    reasons = silicon.loc[~is_covered, "reason"]
    left_out = [(plain(reason), count) for reason, count in Counter(reasons).most_common()]

    def class_row(key: str, quantity: str, reading: str = "default") -> dict[str, Any]:
        where = {"class": CLASSES[key], "quantity": quantity, "reading": reading}
        return row(tables["by_class"], **where)

    return render(
        "silicon.md",
        **{name: frame for name, frame in tables.items() if name != "silicon"},
        to_folder=to_folder,
        is_shipped=is_shipped,
        covered=int(is_covered.sum()),
        macros=len(silicon),
        stand_ins=int((silicon.loc[is_covered, "reason"] != "").sum()),
        left_out=left_out,
        class_row=class_row,
        factor=fitted_periphery(PhysicalTable.load()),
        **{f.__name__: f for f in (share, rank, goal)},
        **{"UNITS": UNITS, "SEED": SEED},
        **{"FEW_PRODUCTS": FEW_PRODUCTS, "SLOW": SLOW},
        **{"NETWORK": FIGURE_NETWORK, "DESIGNS": DESIGNS},
    )


def share(value: float) -> str:
    """Format a share in percent, without decimals from 1 % up."""
    if pd.isna(value):
        return NONE
    return f"{100 * value:.0f} %" if value >= 0.01 or value == 0 else f"{100 * value:.2f} %"


def rank(value: float) -> str:
    """Format a correlation with two decimals."""
    return NONE if pd.isna(value) else f"{value:.2f}".replace("-", "−")


def goal(name: str, kind: str, value: float) -> str:
    """Format the goal for a quantity and whether it is met."""
    least = GOALS.get((name, kind))
    if least is None:
        return NONE
    text = f"{100 * least:.0f} %" if kind == "within" else f"{least:g}"
    return text if pd.isna(value) else f"{text}, {'met' if value >= least else 'not met'}"


def plain(text: str) -> str:
    """Escape text of a user's table so that it cannot break the page."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
