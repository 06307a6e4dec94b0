"""The figures of the full study about networks: gains and losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from experiments.paper.questions import PAPER_SCORE
from imcmoo.problem.criteria import MINIMAX
from imcmoo.report.labels import label
from imcmoo.report.style import (
    HIGHLIGHT,
    LEAST_TEXT,
    colours,
    is_narrow,
    legend_below,
    round_ticks,
    workload_styles,
)

RATIO = "baseline / joint design (< 1×: better)"
"""Label of the ratios."""

OVER_JOINT = "_over_joint"
"""Suffix of columns that hold a ratio of baseline over joint design."""

SCORE = PAPER_SCORE + OVER_JOINT

CRITERIA = ("edap_geomean", PAPER_SCORE, MINIMAX)
"""Criteria whose designs are compared by network."""


def ratio(value: float) -> str:
    """Format a ratio in a figure: two digits, or all before the point."""
    if np.isnan(value):
        return ""
    return f"{value:.0f}×" if value >= 9.95 else f"{value:.{1 if value >= 0.95 else 2}f}×"


def reductions(frame: pd.DataFrame, width: float) -> Figure:
    """Draw EDAP by network and the score of each baseline over those of the joint design; in one
    column a line shows the range over the networks.

    Args:
        frame: columns baseline, too_large, and ratios of the score (ela_max_over_joint) and by
            network (edap_<network>_over_joint); sorted.
        width: inches.
    """
    figure = Figure(figsize=(width, 0.8 + 0.2 * len(frame)), layout="constrained")
    ax = figure.subplots()
    if is_narrow(figure):
        _ranges(ax, frame)
        legend_below(figure, ax, title="")
    else:
        _ratio_matrix(ax, frame)
    ax.set_yticks(
        np.arange(len(frame)) + (0 if is_narrow(figure) else 0.5),
        [_design(*row) for row in frame[["baseline", "too_large"]].to_numpy()],
        rotation=0,
    )
    return figure


def _ratio_matrix(ax: Axes, frame: pd.DataFrame) -> None:
    networks = [c for c in map(str, frame) if c.startswith("edap_")]
    columns = [SCORE, *networks]
    values = frame[columns].to_numpy(dtype=float)
    sns.heatmap(
        values,
        ax=ax,
        annot=np.array([[ratio(v) for v in row] for row in values]),
        fmt="",
        annot_kws={"size": LEAST_TEXT},
        cmap="PuOr",
        norm=LogNorm(0.1, 10),
        linewidths=0.6,
        xticklabels=[_network_or_score(c.removesuffix(OVER_JOINT)) for c in columns],
        cbar_kws={"label": RATIO, "extend": "both", "format": "{x:g}×"},
    )
    for row, column in np.argwhere(np.isnan(values)):
        ax.text(column + 0.5, row + 0.5, "—", ha="center", va="center", size=LEAST_TEXT)
    ax.axvline(1, color="white", linewidth=4)
    ax.set(xlabel="", ylabel="", facecolor="0.9")
    ax.tick_params(length=0)
    ax.tick_params(axis="x", labelrotation=30 if len(columns) > 6 else 0)


def _network_or_score(name: str) -> str:
    return label(name if name == PAPER_SCORE else name.removeprefix("edap_"))


def _ranges(ax: Axes, frame: pd.DataFrame) -> None:
    networks = frame[[c for c in map(str, frame) if c.startswith("edap_")]].to_numpy(dtype=float)
    at = np.arange(len(frame))
    line: dict[str, Any] = {"color": colours(1)[0], "label": "EDAP of a network: range"}
    ax.hlines(at, np.nanmin(networks, axis=1), np.nanmax(networks, axis=1), linewidth=1.5, **line)
    ax.plot(frame[SCORE], at, "D", ms=4, mec="black", mew=0.5, color=HIGHLIGHT)
    ax.lines[-1].set_label(label(PAPER_SCORE))
    ax.axvline(1, color="0.2", linewidth=0.6)
    for y in at[frame[SCORE].isna()]:
        ax.text(0.98, y, "not all run", transform=ax.get_yaxis_transform(),
                ha="right", va="center", size=LEAST_TEXT, color="0.3")  # fmt: skip
    ax.set(xscale="log", xlabel=RATIO, ylim=(len(frame) - 0.5, -0.5))
    few_ticks(ax, "{x:g}×")


def _design(name: str, too_large: bool) -> str:
    kind, _, workload = name.partition(": ")
    shown = f"{label(workload)}-specific design" if kind == "alone" else name
    return shown + (" †" if too_large else "")


def aggregations(frame: pd.DataFrame, width: float) -> Figure:
    """Draw the normalised EDAP of every network on the exact designs of `CRITERIA`.

    Args:
        frame: columns criterion and over_own_best_<network>.
        width: inches.
    """
    columns = [c for c in map(str, frame) if c.startswith("over_own_best_")]
    figure = Figure(figsize=(width, 1.1 + 0.2 * len(columns)), layout="constrained")
    ax = figure.subplots()
    rows = frame.set_index("criterion").loc[list(CRITERIA), columns]
    at = np.arange(len(columns))
    ax.hlines(at, rows.min(), rows.max(), color="0.8", linewidth=1.0)
    sizes = (8.0, 5.5, 3.5)  # the others show around one that coincides with them
    styles = zip(sizes, workload_styles(CRITERIA), strict=True)
    for (name, values), (size, (colour, marker)) in zip(rows.iterrows(), styles, strict=True):
        ax.plot(values, at, marker, ms=size, mew=0, color=colour, label=label(str(name)))
    ax.axvline(1, color="0.2", linewidth=0.6)
    ax.set_yticks(at, [label(c.removeprefix("over_own_best_")) for c in columns])
    ax.set(xlabel="EDAP / single-network optimum", xscale="log", ylim=(len(at) - 0.5, -0.5))
    round_ticks(ax.xaxis, "{x:g}×")
    legend_below(figure, ax, title="design selected by")
    return figure


def few_ticks(ax: Axes, form: str) -> None:
    """Set at most about four labels on a logarithmic x axis."""
    ax.autoscale_view()
    low, high = ax.get_xlim()
    decades = np.log10(high / low)
    subs = (1.0,) if decades > 2 else (1.0, 3.0) if decades > 1 else (1.0, 2.0, 5.0)
    ax.xaxis.set_major_locator(LogLocator(subs=subs, numticks=5))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_formatter(form)
