"""The figures of the full study about searches, sets and cost: a table in, a figure out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from imcmoo.report.labels import label
from imcmoo.report.style import (
    COLUMN,
    LEAST_TEXT,
    colours,
    legend_below,
    round_ticks,
    workload_styles,
)


def growing_sets(frame: pd.DataFrame, width: float) -> Figure:
    """EDAP over its own best on networks a design did not know, as the set it knows grows.

    Args:
        frame: columns size, over_own_best.
        width: inches.
    """
    figure = Figure(figsize=(width, 2.5), layout="constrained")
    ax = figure.subplots()
    runs = frame.dropna(subset=["over_own_best"])
    style: dict[str, Any] = {"color": colours(1)[0], "fliersize": 1.5, "linewidth": 0.7}
    sizes = sorted(frame["size"].unique())
    sns.boxplot(runs, x="size", y="over_own_best", order=sizes, ax=ax, **style)
    share = frame.groupby("size")["over_own_best"].apply(lambda v: v.notna().mean())
    ax.set_xticks(range(len(share)), [f"{n}\n{100 * s:.0f} %" for n, s in share.items()])
    ax.set(xlabel="networks in the set; share of others that run", yscale="log")
    round_ticks(ax.yaxis, "{x:g}×")
    ax.set_ylabel("EDAP of a network not in it,\nover its own best")
    return figure


def paper_search(frame: pd.DataFrame, width: float) -> Figure:
    """Regret over seeds of the paper's search part by part, and of ours: median and 95th
    percentile, and the share of seeds at the optimum.

    Args:
        frame: columns study, method, median, percentile_95, solved.
        width: inches.
    """
    studies = list(dict.fromkeys(frame["study"]))
    columns = min(len(studies), 2 if width <= COLUMN else 4)
    rows = -(-len(studies) // columns)
    figure = Figure(figsize=(width, 0.5 + 1.4 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for ax, study in zip(axes, studies, strict=False):
        own = frame[frame["study"] == study].iloc[::-1]
        at = np.arange(len(own))
        median, tail = 100 * own["median"], 100 * own["percentile_95"]
        right = tail.max() or 1.0
        ax.hlines(at, median, tail, color="0.6", linewidth=1.0)
        ax.plot(tail, at, "|", color="0.3", markersize=7, label="95th percentile")
        ax.plot(median, at, "o", color=colours(1)[0], markersize=4, label="median")
        for y, solved in zip(at, own["solved"], strict=True):
            ax.text(
                1.5 * right, y, f"{100 * solved:.0f} %", ha="right", va="center", size=LEAST_TEXT
            )
        ax.set_yticks(at, own["method"])
        ax.set(ylim=(-0.5, len(own) - 0.5), xlabel="regret (%)")
        ax.set_xlim(-0.06 * right, 1.55 * right)
        ax.set_title(label(study), fontsize=LEAST_TEXT)
    legend_below(figure, axes[0], title="")
    return figure


def cost_front(frame: pd.DataFrame, width: float) -> Figure:
    """EDAP against cost: each node's own front, and the front of all.

    Args:
        frame: columns technology_nm, cost, edap_max_J_s_mm2, on_front.
        width: inches.
    """
    figure = Figure(figsize=(width, 2.9), layout="constrained")
    ax = figure.subplots()
    nodes = sorted(frame["technology_nm"].unique())
    for (colour, marker), node in zip(workload_styles([str(n) for n in nodes]), nodes, strict=True):
        own = frame[frame["technology_nm"] == node].sort_values("cost")
        points = own["cost"], own["edap_max_J_s_mm2"]
        ax.step(*points, where="post", color=colour, linewidth=0.7)
        ax.plot(*points, marker, color=colour, markersize=2.5, label=f"{node} nm")
    front = frame[frame["on_front"]].sort_values("cost")
    ax.step(
        front["cost"],
        front["edap_max_J_s_mm2"],
        where="post",
        color="0.1",
        linewidth=1.6,
        label="front",
    )
    ax.set(xscale="log", yscale="log")
    round_ticks(ax.xaxis, "{x:g}")
    ax.yaxis.set_major_formatter("{x:g}")  # exponents would be smaller than text may be
    ax.set(xlabel="cost (1 cm² at 32 nm = 100)", ylabel="EDAP, max (J·s·mm²)")
    legend_below(figure, ax, title="")
    return figure
