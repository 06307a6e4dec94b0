"""The figures of the full study: one function each, a table in, a figure out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from imcmoo.report.labels import label, networks_in
from imcmoo.report.style import WIDTH, colours, legend_below, round_ticks, workload_styles


def reductions(frame: pd.DataFrame) -> Figure:
    """By how much a joint design reduces EDAP by network, and its own score, over each baseline.

    Args:
        frame: columns baseline, too_large, and shares by network and by scores.
    """
    columns = [c for c in map(str, frame) if c not in ("baseline", "too_large")]
    percent = np.round(100 * frame[columns].to_numpy()) + 0.0  # no minus in front of 0
    written = np.char.replace(np.char.mod("%.0f", percent), "-", "\N{MINUS SIGN}")
    figure = Figure(figsize=(WIDTH, 0.8 + 0.24 * len(frame)), layout="constrained")
    ax = figure.subplots()
    sns.heatmap(
        percent,
        ax=ax,
        annot=written,
        fmt="",
        annot_kws={"size": 7},
        cmap="PuOr",
        norm=TwoSlopeNorm(0, -100, 100),
        linewidths=0.6,
        xticklabels=[label(c.removeprefix("edap_") if _is_network(c) else c) for c in columns],
        yticklabels=[_design(*row) for row in frame[["baseline", "too_large"]].to_numpy()],
        cbar_kws={"label": "reduction by\nthe joint design (%)", "extend": "min"},
    )
    for row, column in np.argwhere(np.isnan(percent)):
        ax.text(column + 0.5, row + 0.5, "does not run", ha="center", va="center", size=5.5)
    ax.set(xlabel="", ylabel="", facecolor="0.9")
    ax.tick_params(length=0)
    ax.tick_params(axis="x", labelrotation=30 if len(columns) > 6 else 0)
    return figure


def _is_network(column: str) -> bool:
    return bool(networks_in([column], "edap_"))


def _design(name: str, too_large: bool) -> str:
    kind, _, workload = name.partition(": ")
    return (f"{kind}: {label(workload)}" if workload else kind) + (" †" if too_large else "")


def aggregations(frame: pd.DataFrame) -> Figure:
    """EDAP of each criterion's exact design on every network, over the network's own best; criteria
    that select the same design stand together.

    Args:
        frame: columns criterion and over_own_best_<network>.
    """
    names = networks_in(frame, "over_own_best_")
    columns = [f"over_own_best_{n}" for n in names]
    groups = frame.groupby(columns, sort=False)["criterion"].agg(list).reset_index()
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    ax = figure.subplots()
    width = 0.8 / len(names)
    styles = workload_styles(names)
    for w, (name, (colour, _)) in enumerate(zip(names, styles, strict=True)):
        at = np.arange(len(groups)) + (w - (len(names) - 1) / 2) * width
        ax.bar(at, groups[columns[w]] - 1, width, 1, color=colour, label=label(name))
    ax.axhline(1, color="0.2", linewidth=0.6)
    titles = ["\n".join(map(label, criteria)) for criteria in groups["criterion"]]
    ax.set_xticks(range(len(groups)), titles)
    ax.set(ylabel="EDAP over own best", yscale="log")
    round_ticks(ax.yaxis, "{x:g}×")
    legend_below(figure, ax, title="")
    return figure


def left_out(frame: pd.DataFrame) -> Figure:
    """EDAP over its own best on a network the design did not know, and of the design that knew it.

    Args:
        frame: columns left_out, unknown_over_own_best, known_over_own_best.
    """
    figure = Figure(figsize=(WIDTH / 2, 2.5), layout="constrained")
    ax = figure.subplots()
    at = np.arange(len(frame))
    for shift, column, name, colour in (
        (-0.2, "unknown_over_own_best", "left out", colours(2)[0]),
        (0.2, "known_over_own_best", "known", colours(2)[1]),
    ):
        values = frame[column].to_numpy(dtype=float)
        ax.bar(at + shift, np.nan_to_num(values, nan=1.0) - 1, 0.4, 1, color=colour, label=name)
        for x in at[np.isnan(values)]:
            ax.text(x + shift, 1.05, "does not run", rotation=90, size=6, ha="center", va="bottom")
    ax.axhline(1, color="0.2", linewidth=0.6)
    ax.set_xticks(at, [label(n) for n in frame["left_out"]], rotation=40, ha="right")
    ax.set(ylabel="EDAP over own best", yscale="log", ylim=(0.95, None))
    round_ticks(ax.yaxis, "{x:g}×")
    legend_below(figure, ax, title="")
    return figure


def growing_sets(frame: pd.DataFrame) -> Figure:
    """EDAP over its own best on networks a design did not know, as the set it knows grows.

    Args:
        frame: columns size, over_own_best.
    """
    figure = Figure(figsize=(WIDTH / 2, 2.5), layout="constrained")
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


def paper_search(frame: pd.DataFrame) -> Figure:
    """Regret over seeds of the paper's search part by part, and of ours: median and 95th
    percentile, and the share of seeds at the optimum.

    Args:
        frame: columns study, method, median, percentile_95, solved.
    """
    studies = list(dict.fromkeys(frame["study"]))
    figure = Figure(figsize=(WIDTH, 2.0), layout="constrained")
    axes = figure.subplots(1, len(studies), sharey=True, squeeze=False)[0]
    for ax, study in zip(axes, studies, strict=True):
        own = frame[frame["study"] == study].iloc[::-1]
        at = np.arange(len(own))
        median, tail = 100 * own["median"], 100 * own["percentile_95"]
        right = tail.max() or 1.0
        ax.hlines(at, median, tail, color="0.6", linewidth=1.0)
        ax.plot(tail, at, "|", color="0.3", markersize=7, label="95th percentile")
        ax.plot(median, at, "o", color=colours(1)[0], markersize=4, label="median")
        for y, solved in zip(at, own["solved"], strict=True):
            ax.text(1.35 * right, y, f"{100 * solved:.0f} %", ha="right", va="center", size=6)
        ax.set_yticks(at, own["method"])
        ax.set(ylim=(-0.5, len(own) - 0.5), xlabel="regret (%)")
        ax.set_xlim(-0.06 * right, 1.4 * right)
        ax.set_title(label(study), fontsize=7)
    legend_below(figure, axes[0], title="")
    return figure


def cost_front(frame: pd.DataFrame) -> Figure:
    """EDAP against cost: each node's own front, and the front of all.

    Args:
        frame: columns technology_nm, cost, edap_max_J_s_mm2, on_front.
    """
    figure = Figure(figsize=(WIDTH / 2, 2.9), layout="constrained")
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
    ax.set(xlabel="cost (1 cm² at 32 nm = 100)", ylabel="EDAP, max (J·s·mm²)")
    legend_below(figure, ax, title="")
    return figure
