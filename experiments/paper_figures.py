"""The figures of the full study: one function each, a table in, a figure out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from experiments.labels import label, networks_in
from experiments.style import HIGHLIGHT, WIDTH, colours, legend_below, workload_styles

SHOWN = {
    "voltage_V": ("voltage (V)", 1.0),
    "cycle_s": ("cycle time (ns)", 1e-9),
    "cols": ("columns", 1.0),
    "glb_depth": ("global buffer (MiB)", 4096.0),
}
"""Title of a parameter, and the unit it is shown in."""


def reductions(joint: pd.DataFrame) -> Figure:
    """By how much the exact joint design reduces EDAP over each baseline, in percent."""
    frame = joint[joint["design"] != "joint, exact"]
    names = networks_in(frame, "reduction_edap_")
    columns = [*names, "max", "mean"]
    percent = 100 * frame[[f"reduction_edap_{n}" for n in columns]].to_numpy()
    percent = np.round(percent) + 0.0  # no minus in front of 0
    height = 0.8 + 0.24 * len(frame)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    ax = figure.subplots()
    rows = [_design(name) for name in frame["design"]]
    sns.heatmap(
        percent,
        ax=ax,
        annot=True,
        fmt=".0f",
        annot_kws={"size": 7},
        cmap="PuOr",
        norm=TwoSlopeNorm(0, -100, 100),
        linewidths=0.6,
        xticklabels=[*map(label, names), "max", "mean"],
        yticklabels=rows,
        cbar_kws={"label": "EDAP reduction by\nthe joint design (%)", "extend": "min"},
    )
    for row, column in np.argwhere(np.isnan(percent)):
        why = "too large" if frame["too_large"].iloc[row] else "does not run"
        ax.text(column + 0.5, row + 0.5, why, ha="center", va="center", size=5.5)
    ax.set(xlabel="", ylabel="", facecolor="0.9")
    ax.tick_params(length=0)
    ax.tick_params(axis="x", labelrotation=30 if len(columns) > 6 else 0)
    return figure


def _design(name: str) -> str:
    kind, _, workload = name.partition(": ")
    return f"{kind}: {label(workload)}" if workload else kind


def aggregations(frame: pd.DataFrame) -> Figure:
    """EDAP of each criterion's exact design on every network, over the network's own best."""
    names = networks_in(frame, "over_own_best_")
    figure = Figure(figsize=(WIDTH, 2.5), layout="constrained")
    ax = figure.subplots()
    width = 0.8 / len(names)
    styles = workload_styles(names)
    for w, name in enumerate(names):
        at = np.arange(len(frame)) + (w - (len(names) - 1) / 2) * width
        colour = styles[w][0] if w < len(styles) else "0.5"
        ax.bar(at, frame[f"over_own_best_{name}"], width, color=colour, label=label(name))
    ax.axhline(1, color="0.2", linewidth=0.6)
    ax.set_xticks(range(len(frame)), [label(c) for c in frame["criterion"]])
    ax.set(ylabel="EDAP over own best", yscale="log")
    _round_ticks(ax.yaxis, "{x:g}×")
    legend_below(figure, ax, title="")
    return figure


def _round_ticks(axis: Axis, form: str) -> None:
    """Ticks of a logarithmic axis at 1, 2, 3 and 5 only, written out."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(form)


def sensitivity(frame: pd.DataFrame) -> Figure:
    """What fixing one parameter costs: the best EDAP (max) left, over the optimum."""
    names = list(dict.fromkeys(frame["parameter"]))
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    axes = figure.subplots(2, -(-len(names) // 2), sharey=True).ravel()
    for ax, name in zip(axes, names, strict=False):
        own = frame[frame["parameter"] == name]
        _steps(ax, own["value"].to_numpy(), own["edap_max_over_best"].to_numpy(dtype=float), name)
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    figure.supylabel("best EDAP (max) left, over the optimum", fontsize=8)
    return figure


def _steps(ax: Axes, values: np.ndarray[Any, Any], ratio: np.ndarray[Any, Any], name: str) -> None:
    title, unit = SHOWN.get(name, (label(name), 1.0))
    shown = values / unit
    at = np.arange(len(shown))
    ax.plot(at, ratio, marker="o", markersize=3, color=colours(1)[0])
    best = ratio == 1
    ax.plot(at[best], ratio[best], "*", color=HIGHLIGHT, markersize=8)
    ax.set_xticks(at, [f"{v:g}" for v in shown], rotation=60 if len(at) > 5 else 0)
    ax.set(yscale="log")
    ax.set_title(title, fontsize=7)
    _round_ticks(ax.yaxis, "{x:g}×")


def generality(left_out: pd.DataFrame, sets: pd.DataFrame, criterion: str) -> Figure:
    """EDAP on a network the design did not know, over the network's own best: left out alone, and
    as the set grows."""
    figure = Figure(figsize=(WIDTH, 2.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    own = left_out[left_out["criterion"] == criterion]
    at = np.arange(len(own))
    for shift, column, name, colour in (
        (-0.2, "unknown_over_own_best", "left out", colours(2)[0]),
        (0.2, "known_over_own_best", "known", colours(2)[1]),
    ):
        values = own[column].to_numpy(dtype=float)
        left.bar(at + shift, np.nan_to_num(values, nan=0.0), 0.4, color=colour, label=name)
        for x in at[np.isnan(values)]:
            left.text(x + shift, 0.05, "does not run", rotation=90, size=6, ha="center")
    left.axhline(1, color="0.2", linewidth=0.6)
    left.set_xticks(at, [label(n) for n in own["left_out"]], rotation=40, ha="right")
    left.set(ylabel="EDAP over own best")
    left.yaxis.set_major_formatter("{x:g}×")
    left.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    grown = sets[sets["criterion"] == criterion]
    runs = grown.dropna(subset=["over_own_best"])
    sns.boxplot(
        runs,
        x="size",
        y="over_own_best",
        ax=right,
        color=colours(1)[0],
        fliersize=1.5,
        linewidth=0.7,
    )
    share = grown.groupby("size")["over_own_best"].apply(lambda v: v.notna().mean())
    right.set_xticks(range(len(share)), [f"{n}\n{100 * s:.0f} %" for n, s in share.items()])
    right.set(xlabel="networks in the set; share of others that run", yscale="log")
    _round_ticks(right.yaxis, "{x:g}×")
    right.set_ylabel("EDAP of a network not in it,\nover its own best")
    return figure


def cost_front(frame: pd.DataFrame) -> Figure:
    """EDAP against cost: each node's own front, and the front of all."""
    figure = Figure(figsize=(WIDTH / 2, 2.9), layout="constrained")
    ax = figure.subplots()
    nodes = sorted(frame["technology_nm"].unique())
    for (colour, marker), node in zip(workload_styles([str(n) for n in nodes]), nodes, strict=True):
        own = frame[frame["technology_nm"] == node].sort_values("cost")
        ax.step(own["cost"], own["edap_max"], where="post", color=colour, linewidth=0.7)
        ax.plot(
            own["cost"], own["edap_max"], marker, color=colour, markersize=2.5, label=f"{node} nm"
        )
    front = frame[frame["on_front"]].sort_values("cost")
    ax.step(
        front["cost"], front["edap_max"], where="post", color="0.1", linewidth=1.6, label="front"
    )
    ax.set(xscale="log", yscale="log")
    _round_ticks(ax.xaxis, "{x:g}")
    ax.set(xlabel="cost (1 cm² at 32 nm = 100)", ylabel="EDAP, max (J·s·mm²)")
    legend_below(figure, ax, title="")
    return figure
