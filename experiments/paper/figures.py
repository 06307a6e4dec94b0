"""The figures of the full study: what each shows of its table, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from experiments.markdown import select
from experiments.paper.questions import GENERAL, PAPER_SCORE, Tables
from experiments.paper.reductions import EXACT
from experiments.publish import Draw
from imcmoo.display.columns import networks_in
from imcmoo.display.labels import label
from imcmoo.problem.criteria import MINIMAX
from imcmoo.report.network_figures import breakdown
from imcmoo.report.palette import HIGHLIGHT
from imcmoo.report.style import (
    COLUMN,
    LEAST_TEXT,
    colours,
    is_narrow,
    legend_below,
    round_ticks,
    workload_styles,
)

EARLY = 1000
"""Designs after which searches are drawn: with the published budget most are at the optimum."""

RATIO = "baseline / joint design (< 1×: better)"
"""Label of the ratios."""

OVER_JOINT = "_over_joint"
"""Suffix of columns that hold a ratio of baseline over joint design."""

SCORE = PAPER_SCORE + OVER_JOINT

CRITERIA = ("edap_geomean", PAPER_SCORE, MINIMAX)
"""Criteria whose designs are compared by network."""


def _over_joint(frame: pd.DataFrame) -> pd.DataFrame:
    """EDAP by network and the score of each baseline over those of the joint design."""
    exact = select(frame, criterion=PAPER_SCORE, joint=EXACT)
    scores = [PAPER_SCORE, *(f"edap_{n}" for n in networks_in(frame, "edap_"))]
    ratios = (1 / (1 - exact[scores])).add_suffix(OVER_JOINT)
    table = exact[["study", "baseline", "too_large"]].join(ratios)
    return table.sort_values(PAPER_SCORE + OVER_JOINT, ascending=False, kind="stable")


def _scored(frame: pd.DataFrame) -> pd.DataFrame:
    columns = ["study", "method", "median", "percentile_95", "solved"]
    return select(frame, criterion=PAPER_SCORE, budget=EARLY)[columns]


def ratio(value: float) -> str:
    """Format a ratio in a figure: two digits, or all before the point."""
    if np.isnan(value):
        return ""
    return f"{value:.0f}×" if value >= 9.95 else f"{value:.{1 if value >= 0.95 else 2}f}×"


def reductions(frame: pd.DataFrame, width: float) -> Figure:
    """Draw EDAP by network and the score of each baseline over those of the joint design; in one
    column a line shows the range over the networks. The table is that of `_over_joint` for a
    study."""
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
        xticklabels=[label(c.removesuffix(OVER_JOINT).removeprefix("edap_")) for c in columns],
        cbar_kws={"label": RATIO, "extend": "both", "format": "{x:g}×"},
    )
    for row, column in np.argwhere(np.isnan(values)):
        ax.text(column + 0.5, row + 0.5, "—", ha="center", va="center", size=LEAST_TEXT)
    ax.axvline(1, color="white", linewidth=4)
    ax.set(xlabel="", ylabel="", facecolor="0.9")
    ax.tick_params(length=0)
    ax.tick_params(axis="x", labelrotation=30 if len(columns) > 6 else 0)


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
    round_ticks(ax.xaxis, "{x:g}×")


def _design(name: str, too_large: bool) -> str:
    kind, _, workload = name.partition(": ")
    shown = f"{label(workload)}-specific design" if kind == "alone" else name
    return shown + (" †" if too_large else "")


def aggregations(frame: pd.DataFrame, width: float) -> Figure:
    """Draw the normalised EDAP, over_own_best_<network>, of every network on the exact designs of
    `CRITERIA`."""
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


def growing_sets(frame: pd.DataFrame, width: float) -> Figure:
    """Draw the normalised EDAP of unseen networks over the size of the set designed for: every pair
    of a set and an unseen network, and medians."""
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
    percentile, and success rate."""
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
    """Draw EDAP against cost: the front of each node, and the front of all."""
    figure = Figure(figsize=(width, 2.9), layout="constrained")
    ax = figure.subplots()
    x, y = "cost", "edap_max_J_s_mm2"
    frame = frame.sort_values(x)
    nodes = sorted(frame["technology_nm"].unique())
    for (colour, marker), node in zip(workload_styles([str(n) for n in nodes]), nodes, strict=True):
        designs = frame[frame["technology_nm"] == node]
        ax.step(designs[x], designs[y], where="post", color=colour, linewidth=0.7)
        ax.plot(designs[x], designs[y], marker, color=colour, markersize=2.5, label=f"{node} nm")
    front = frame[frame["on_front"]]
    ax.step(front[x], front[y], where="post", color="0.1", linewidth=1.6, label="Pareto front")
    ax.set(xscale="log", yscale="log")
    round_ticks(ax.xaxis, "{x:g}")
    ax.yaxis.set_major_formatter("{x:g}")  # exponents would be smaller than text may be
    ax.set(xlabel="cost (1 cm² at 32 nm = 100)", ylabel="EDAP of the worst network (J·s·mm²)")
    legend_below(figure, ax, title="")
    return figure


Select = Callable[[pd.DataFrame], pd.DataFrame]
"""Selects what a figure shows of a table, which has a column `study`."""

SPECS: dict[str, tuple[Select, Draw]] = {
    "breakdown": (pd.DataFrame, breakdown),
    "reductions": (_over_joint, reductions),
    "aggregations": (pd.DataFrame, aggregations),
    "growing_sets": (
        lambda f: f[f["criterion"] == GENERAL].drop(columns="criterion"),
        growing_sets,
    ),
    "cost_front": (pd.DataFrame, cost_front),
    "paper_search": (_scored, paper_search),
}
"""Every kind of figure, named as the table of a study that it is drawn from. The template
`paper/readme.md` has the captions."""

TOGETHER = "paper_search"
"""Shows all studies; of the others one is drawn of each study that has the table."""


def named_figures(tables: Tables) -> dict[str, tuple[str, list[str]]]:
    """Kind and studies of every figure that can be drawn, by its name."""
    names = {}
    for kind in SPECS:
        studies = [study for study, frames in tables.items() if kind in frames]
        if kind == TOGETHER:
            names[kind] = (kind, studies)
        else:
            names |= {f"{study}_{kind}": (kind, [study]) for study in studies}
    return names


def figures(tables: Tables) -> dict[str, tuple[pd.DataFrame, Draw]]:
    """Data and drawing function of every figure, by its name."""
    drawn = {}
    for name, (kind, studies) in named_figures(tables).items():
        select, draw = SPECS[kind]
        drawn[name] = select(pd.concat([tables[study][kind] for study in studies])), draw
    return drawn
