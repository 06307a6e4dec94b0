"""The figures of the full study about sets of networks, searches and cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
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
    """Draw the normalised EDAP of unseen networks over the size of the set designed for: every
    pair of a set and an unseen network, and medians.

    Args:
        frame: columns size, over_own_best.
        width: inches.
    """
    figure = Figure(figsize=(width, 2.5), layout="constrained")
    ax = figure.subplots()
    random = np.random.default_rng(0)
    share = frame.groupby("size")["over_own_best"].apply(lambda v: v.notna().mean())
    for at, size in enumerate(share.index):
        values = frame.loc[frame["size"] == size, "over_own_best"].dropna()
        across = at + random.uniform(-0.2, 0.2, len(values))
        ax.plot(across, values, "o", ms=2.5, mew=0, alpha=0.5, color=colours(1)[0])
        ax.hlines(values.median(), at - 0.3, at + 0.3, color="0.1", linewidth=1.4, zorder=3)
    ax.set_xticks(range(len(share)), [f"{n}\n{100 * s:.0f} %" for n, s in share.items()])
    ax.set(xlabel="networks in the set; share of unseen networks that run", yscale="log")
    round_ticks(ax.yaxis, "{x:g}×")
    ax.set_ylabel("EDAP of unseen networks /\nsingle-network optimum")
    return figure


def paper_search(frame: pd.DataFrame, width: float) -> Figure:
    """Draw regret over seeds of the published search part by part, and of ours: median, 95th
    percentile, and success rate.

    Args:
        frame: columns study, method, median, percentile_95, solved.
        width: inches.
    """
    studies = list(dict.fromkeys(frame["study"]))
    columns = min(len(studies), 2 if width <= COLUMN else 4)
    lines = -(-len(studies) // columns)
    figure = Figure(figsize=(width, 0.5 + 1.4 * lines), layout="constrained")
    axes = figure.subplots(lines, columns, sharey=True, squeeze=False).ravel()
    for ax, study in zip(axes, studies, strict=False):
        rows = frame[frame["study"] == study].iloc[::-1]
        at = np.arange(len(rows))
        median, tail = 100 * rows["median"], 100 * rows["percentile_95"]
        right = tail.max() or 1.0
        ax.hlines(at, median, tail, color="0.6", linewidth=1.0)
        ax.plot(tail, at, "|", color="0.3", markersize=7, label="95th percentile")
        ax.plot(median, at, "o", color=colours(1)[0], markersize=4, label="median")
        for y, solved in zip(at, rows["solved"], strict=True):
            ax.text(
                1.5 * right, y, f"{100 * solved:.0f} %", ha="right", va="center", size=LEAST_TEXT
            )
        ax.set_yticks(at, rows["method"].replace("ours", "this work"))
        ax.set(ylim=(-0.5, len(rows) - 0.5), xlabel="regret (%)")
        ax.set_xlim(-0.06 * right, 1.55 * right)
        ax.set_title(label(study), fontsize=LEAST_TEXT)
    legend_below(figure, axes[0], title="")
    return figure


def cost_front(frame: pd.DataFrame, width: float) -> Figure:
    """Draw EDAP against cost: the front of each node, and the front of all.

    Args:
        frame: columns technology_nm, cost, edap_max_J_s_mm2, on_front.
        width: inches.
    """
    figure = Figure(figsize=(width, 2.9), layout="constrained")
    ax = figure.subplots()
    nodes = sorted(frame["technology_nm"].unique())
    for (colour, marker), node in zip(workload_styles([str(n) for n in nodes]), nodes, strict=True):
        designs = frame[frame["technology_nm"] == node].sort_values("cost")
        points = designs["cost"], designs["edap_max_J_s_mm2"]
        ax.step(*points, where="post", color=colour, linewidth=0.7)
        ax.plot(*points, marker, color=colour, markersize=2.5, label=f"{node} nm")
    front = frame[frame["on_front"]].sort_values("cost")
    ax.step(
        front["cost"],
        front["edap_max_J_s_mm2"],
        where="post",
        color="0.1",
        linewidth=1.6,
        label="Pareto front",
    )
    ax.set(xscale="log", yscale="log")
    round_ticks(ax.xaxis, "{x:g}")
    ax.yaxis.set_major_formatter("{x:g}")  # exponents would be smaller than text may be
    ax.set(xlabel="cost (1 cm² at 32 nm = 100)", ylabel="EDAP of the worst network (J·s·mm²)")
    legend_below(figure, ax, title="")
    return figure
