"""Why a design beats its neighbours: what each step away from it changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rich.table import Table

from imcmoo.report.explanation_words import lack, new_table, plain
from imcmoo.report.labels import label
from imcmoo.study.explanation import Explanation

SMALLEST_SHOWN = 5e-4
"""Smallest change of a network that is called a change."""


def neighbour_table(explanation: Explanation, width: int) -> Table:
    """One row per neighbour, the best first: its score, and which networks gain and pay.

    Args:
        explanation: as shown.
        width: of the terminal; each network has a column of its own where there is room.
    """
    tables = explanation.tables
    neighbours, changes = tables["neighbours"], tables["changes"]
    names = list(tables["networks"]["network"])
    apart = 68 + 9 * len(names) <= width
    title = f"One step away: what networks gain (+) and pay (−), % of {explanation.judged_by}"
    table = new_table(title=title)
    table.add_column("step", no_wrap=not apart)
    scored = neighbours["score"].notna().any()
    if scored:
        table.add_column("score", justify="right")
    has_area = "area_mm2" in neighbours
    if has_area:
        table.add_column("area", justify="right")
    for name in names if apart else ():
        table.add_column(label(name), justify="right")
    table.add_column("infeasible: lacks" if apart else "gains and pays most; lacks")
    for _, row in _in_order(neighbours).iterrows():
        own = changes[changes["step"] == row["step"]].set_index("network")["gain"]
        cells = [_signed(own[n]) for n in names] if apart else []
        if has_area:
            cells.insert(0, _signed(row["area_mm2"] / explanation.chip["area_mm2"] - 1))
        if scored:
            cells.insert(0, "—" if pd.isna(row["score"]) else f"{row['score']:.4g}")
        lacking = tables["lacking"][tables["lacking"]["step"] == row["step"]]
        better = row["feasible"] and row["score"] < explanation.score
        said = [] if apart else [_extremes(own)]
        said += [_lacked(lacking)] if len(lacking) else []
        table.add_row(_step(row), *cells, "\n".join(said), style="bold" if better else "")
    return table


def verdict(explanation: Explanation) -> str:
    """Whether the design is the best of its neighbourhood, in a sentence."""
    neighbours = explanation.tables["neighbours"]
    feasible = neighbours[neighbours["feasible"].astype(bool)]
    if not len(feasible):
        return f"All {len(neighbours)} neighbours are infeasible."
    lost = f"{len(neighbours) - len(feasible)} of {len(neighbours)} neighbours are infeasible"
    if np.isnan(explanation.score) or feasible["score"].isna().all():
        return f"{lost}; there is no score by {label(explanation.criterion)} to compare."
    better = int((feasible["score"] < explanation.score).sum())
    equal = int((feasible["score"] == explanation.score).sum())
    said = {0: "no feasible one is better", 1: "1 is better"}.get(better, f"{better} are better")
    ties = f", {equal} as good" if equal else ""
    return f"By {label(explanation.criterion)} {said}{ties}; {lost}."


def _in_order(neighbours: pd.DataFrame) -> pd.DataFrame:
    """Feasible ones first, by score."""
    return neighbours.assign(no=~neighbours["feasible"].astype(bool)).sort_values(
        ["no", "score"], kind="stable"
    )


def _step(row: pd.Series[float]) -> str:
    beside = f", {row['beside']}" if row["beside"] else ""
    return f"{row['parameter']} {plain(row['before'])} → {plain(row['after'])}{beside}"


def _signed(share: float) -> str:
    """A change in per cent."""
    return "—" if np.isnan(share) else f"{100 * share:+.1f}".replace("-", "−")


def _extremes(gains: pd.Series[float]) -> str:
    """The network that gains most and the one that pays most, if any do."""
    if gains.isna().all():
        return ""
    ends = {str(gains.idxmax()): gains.max(), str(gains.idxmin()): gains.min()}
    said = [f"{label(n)} {_signed(g)}" for n, g in ends.items() if abs(g) > SMALLEST_SHOWN]
    return ", ".join(said) or "no change"


def _lacked(lacking: pd.DataFrame) -> str:
    """What is missing most, and for which network."""
    if not len(lacking):
        return ""
    worst = lacking.loc[lacking["excess"].groupby(lacking["limit"], sort=False).idxmax()]
    return ", ".join(
        lack(str(r["limit"]), r["missing"], r["excess"])
        + (f" ({label(str(r['network']))})" if r["network"] else "")
        for _, r in worst.iterrows()
    )
