"""Why a design beats its neighbours: what each step away from it changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rich.table import Table

from imcmoo.report.explanation_words import new_table, plain
from imcmoo.report.labels import label
from imcmoo.report.violations import violation
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
    neighbours, names = tables["neighbours"], list(tables["networks"]["network"])
    by_network = 68 + 9 * len(names) <= width
    figures = _figures(explanation)
    by = f": what networks gain (+) and pay (−), % of {explanation.judged_by}"
    table = new_table(title="One step away" + (by if explanation.judged_by else ""))
    table.add_column("step", no_wrap=not by_network)
    for head in (*figures, *(label(name) for name in names if by_network)):
        table.add_column(head, justify="right")
    table.add_column("why infeasible" if by_network else "gains and pays most, or why infeasible")
    room = width - 24 - max(len(_step(row)) for _, row in neighbours.iterrows())
    gains = tables["changes"].pivot(index="step", columns="network", values="gain")
    # Feasible ones first, by score.
    ordered = neighbours.assign(infeasible=~neighbours["feasible"].astype(bool))
    for _, row in ordered.sort_values(["infeasible", "score"], kind="stable").iterrows():
        row_gains = gains.loc[row["step"], names]
        lacking = _lacked(tables["lacking"][tables["lacking"]["step"] == row["step"]])
        note = (
            lacking
            if by_network
            else "\n".join(filter(None, (_extremes(row_gains, room), lacking)))
        )
        better = row["feasible"] and row["score"] < explanation.score
        table.add_row(
            _step(row),
            *(column[int(row["step"])] for column in figures.values()),
            *(_signed(gain) for gain in row_gains if by_network),
            note,
            style="bold" if better else "",
        )
    return table


def _figures(explanation: Explanation) -> dict[str, list[str]]:
    """Score and change of area of each neighbour, as far as there are any, by their headings."""
    neighbours = explanation.tables["neighbours"]
    figures = {}
    if neighbours["score"].notna().any():
        figures["score"] = ["—" if pd.isna(v) else f"{v:.4g}" for v in neighbours["score"]]
    if "area_mm2" in neighbours:
        area_mm2 = explanation.chip["area_mm2"]
        figures["area"] = [_signed(area / area_mm2 - 1) for area in neighbours["area_mm2"]]
    return figures


def verdict(explanation: Explanation) -> str:
    """One sentence on whether the design is the best of its neighbourhood."""
    neighbours = explanation.tables["neighbours"]
    feasible = neighbours[neighbours["feasible"].astype(bool)]
    if not len(feasible):
        return f"All {len(neighbours)} neighbours are infeasible."
    infeasible = f"{len(neighbours) - len(feasible)} of {len(neighbours)} neighbours are infeasible"
    if np.isnan(explanation.score) or feasible["score"].isna().all():
        return f"{infeasible}; there is no score by {label(explanation.criterion)} to compare."
    better = int((feasible["score"] < explanation.score).sum())
    equal = int((feasible["score"] == explanation.score).sum())
    judgement = {0: "no feasible one is better", 1: "1 is better"}.get(
        better, f"{better} are better"
    )
    ties = f", {equal} as good" if equal else ""
    return f"By {label(explanation.criterion)} {judgement}{ties}; {infeasible}."


def _step(row: pd.Series[float]) -> str:
    beside = f", {row['beside']}" if row["beside"] else ""
    return f"{row['parameter']} {plain(row['before'])} → {plain(row['after'])}{beside}"


def _signed(share: float) -> str:
    """A change in per cent."""
    return "—" if np.isnan(share) else f"{100 * share:+.1f}".replace("-", "−")


def _extremes(gains: pd.Series[float], room: int) -> str:
    """The network that gains most and the one that pays most, if any do, in so many columns."""
    if gains.isna().all():
        return ""
    if len(gains) > 1 and np.ptp(gains) < SMALLEST_SHOWN and abs(gains.iloc[0]) > SMALLEST_SHOWN:
        return f"all {_signed(gains.mean())}"
    ends = {str(gains.idxmax()): gains.max(), str(gains.idxmin()): gains.min()}
    texts = [f"{label(n)} {_signed(g)}" for n, g in ends.items() if abs(g) > SMALLEST_SHOWN]
    line = ", ".join(texts) or "no change"
    return line if len(line) <= room else ",\n".join(texts)


def _lacked(lacking: pd.DataFrame) -> str:
    """The largest missing resource and its network."""
    if not len(lacking):
        return ""
    worst = lacking.loc[lacking["excess"].groupby(lacking["limit"], sort=False).idxmax()]
    return ", ".join(
        violation(str(r["limit"]), r["missing"], r["excess"])
        + (f" ({label(str(r['network']))})" if r["network"] else "")
        for _, r in worst.iterrows()
    )
