"""Figures of a run (`_drawn` chooses them) from the tables in its folder, and of its front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from numpy.typing import NDArray

from imcmoo.model.metrics import Floats
from imcmoo.problem.scores import edap
from imcmoo.report import figures, style
from imcmoo.report.labels import label
from imcmoo.report.style import HIGHLIGHT, WIDTH, legend_below, open_sides, workload_styles
from imcmoo.study.results import Results

M2_PER_MM2 = 1e-6

MOST_NETWORKS = 40
"""Networks up to which figures with a panel, an axis or a row for each are drawn; with more they
could not be read, and drawing hundreds takes gigabytes."""


def draw_figures(results: Results, folder: Path) -> None:
    """Draw every figure of a run into a folder that exists, as PNG and PDF.

    Figures of tables that the run does not have are left out, and above `MOST_NETWORKS` networks
    those with something for each network.
    """
    with style.paper_style():
        for name, figure in _drawn(results).items():
            style.save(figure, folder, name)


def _drawn(results: Results) -> dict[str, Figure]:
    drawn = {"convergence": _convergence(results)}
    if len(results.workloads) > MOST_NETWORKS:
        return drawn
    feasible = results.evaluations[results.evaluations["feasible"]]
    if results.has_edap_columns:
        drawn |= _fronts(results, feasible)
    if results.timeline is not None:
        drawn["timeline"] = figures.timeline(results.workloads, results.timeline)
        drawn["power_area"] = figures.power_against_area(
            feasible["average_power_W"].to_numpy(),
            feasible["area_mm2"].to_numpy() * M2_PER_MM2,
            feasible["load"].to_numpy(),
            selected=_selected(results, feasible),
        )
    if results.breakdown is not None:
        drawn["breakdown"] = figures.breakdown(results.breakdown)
    if results.baselines is not None:
        drawn["baselines"] = figures.baseline_matrix(
            results.of_workloads(results.baselines, "relative_edap_{}"),
            np.isfinite(results.of_workloads(results.baselines, "energy_{}_J")),
            rows=results.baselines["optimised_for"].tolist(),
            columns=results.workloads,
        )
    return drawn


def _fronts(results: Results, feasible: pd.DataFrame) -> dict[str, Figure]:
    points = _points(results, feasible)
    none = results.front.iloc[:0]
    baselines = none if results.baselines is None else results.baselines.iloc[1:]
    drawn = {
        "trade_off": trade_off(
            results.workloads,
            evaluated=points,
            front=_points(results, results.front),
            selected=_points(results, results.selected),
            baselines=_points(results, baselines),
        )
    }
    if "cost" in feasible:
        drawn["cost"] = cost_front(
            feasible["cost"].to_numpy(),
            edap(points.energy_J, points.latency_s, points.area_m2).max(axis=1),
            feasible["technology_nm"].to_numpy(),
            selected=_selected(results, feasible),
        )
    return drawn


def _points(results: Results, frame: pd.DataFrame) -> Points:
    return Points(
        results.of_workloads(frame, "energy_{}_J"),
        results.of_workloads(frame, "latency_{}_s"),
        frame["area_mm2"].to_numpy() * M2_PER_MM2,
    )


def _convergence(results: Results) -> Figure:
    table = results.convergence
    first = str(table["search"].iloc[0]) if len(table) else ""
    joint = table[table["search"] == first]
    baselines = table[table["search"] != first]
    return figures.convergence(
        {str(name): rows for name, rows in joint.groupby("criterion", sort=False)},
        {str(name): rows for name, rows in baselines.groupby("search", sort=False)},
    )


def _selected(results: Results, designs: pd.DataFrame) -> int:
    """Row of the joint design."""
    design = results.selected[results.parameters].iloc[0]
    (selected,) = np.flatnonzero((designs[results.parameters] == design).all(axis=1))
    return int(selected)


DENSE = {"rasterized": True, "linewidths": 0}
"""Thousands of points or lines are one image in a PDF; text and axes stay vector."""


@dataclass(frozen=True)
class Points:
    """Designs as figures see them.

    Args:
        energy_J, latency_s: shape (n, W); NaN where a network does not map: not drawn.
        area_m2: shape (n,).
    """

    energy_J: Floats
    latency_s: Floats
    area_m2: Floats


def trade_off(
    workloads: Sequence[str],
    *,
    evaluated: Points,
    front: Points,
    selected: Points,
    baselines: Points,
) -> Figure:
    """Energy against latency, one panel per workload.

    Args:
        workloads: names, W of them.
        evaluated: every feasible design, drawn grey.
        front: the non-dominated ones (over all objectives), coloured by area.
        selected: the joint design, one row.
        baselines: the designs optimised for one workload alone, W rows or none.
    """
    columns = 2 if len(workloads) <= 4 else 3
    rows = -(-len(workloads) // columns)
    figure = Figure(figsize=(WIDTH, 0.55 + 2.15 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for unused in axes[len(workloads) :]:
        unused.remove()
    area = front.area_m2 * 1e6
    for w, (ax, name) in enumerate(zip(axes, workloads, strict=False)):
        ax.scatter(
            evaluated.latency_s[:, w] * 1e6, evaluated.energy_J[:, w] * 1e3, 3, "0.8", **DENSE
        )
        image = ax.scatter(
            front.latency_s[:, w] * 1e6,
            front.energy_J[:, w] * 1e3,
            5,
            area,
            cmap="viridis",
            **DENSE,
        )
        _mark(ax, workloads, selected, baselines, w)
        _log_axes(ax)
        ax.set_title(label(name))
        ax.set(xlabel="latency (µs)", ylabel="energy (mJ)")
    figure.colorbar(image, ax=axes[: len(workloads)], label="area (mm²)", aspect=40, pad=0.01)
    legend_below(figure, axes[0], title="optimised for")
    return figure


def _mark(ax: Axes, workloads: Sequence[str], selected: Points, baselines: Points, w: int) -> None:
    """Selected and baseline designs on the panel of workload `w`."""
    for k, (colour, marker) in enumerate(workload_styles(workloads)[: len(baselines.area_m2)]):
        ax.scatter(
            baselines.latency_s[k, w] * 1e6,
            baselines.energy_J[k, w] * 1e3,
            90,
            facecolors="none",  # a baseline may be the selected design, which shows inside
            edgecolors=[colour],
            marker=marker,
            linewidths=1.6,
            zorder=3,
            label=label(workloads[k]),
        )
    ax.scatter(
        selected.latency_s[0, w] * 1e6,
        selected.energy_J[0, w] * 1e3,
        45,
        color=HIGHLIGHT,
        marker="*",
        edgecolors="black",
        linewidths=0.5,
        zorder=4,
        label=label("joint"),
    )


def _log_axes(ax: Axes) -> None:
    """Log scales with a few labelled ticks even where an axis spans less than a decade."""
    ax.set(xscale="log", yscale="log")
    for axis in (ax.xaxis, ax.yaxis):
        low, high = axis.get_view_interval()
        subs = (1.0,) if high / low > 100 else (1.0, 2.0, 5.0)
        axis.set_major_locator(LogLocator(subs=subs))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())
    open_sides(ax)


def cost_front(
    cost: Floats, edap_max: Floats, node_nm: NDArray[np.int64], *, selected: int
) -> Figure:
    """EDAP against cost of every feasible design, by technology node, and the front of the two.

    Args:
        cost: relative to that of 1 cm² = 100 at 32 nm, shape (n,).
        edap_max: EDAP of the worst workload, J·s·mm², shape (n,).
        node_nm: technology node of each design, shape (n,).
        selected: index of the joint design.
    """
    figure = Figure(figsize=(WIDTH / 2, 2.9), layout="constrained")
    ax = figure.subplots()
    nodes = np.unique(node_nm)
    for (colour, marker), node in zip(workload_styles([str(n) for n in nodes]), nodes, strict=True):
        at_node = node_nm == node
        ax.scatter(
            cost[at_node],
            edap_max[at_node],
            s=7,
            color=colour,
            marker=marker,
            linewidths=0,
            alpha=0.5,
            rasterized=True,
            label=f"{node} nm",
        )
    order = np.lexsort((edap_max, cost))
    best = np.minimum.accumulate(edap_max[order])
    ax.step(cost[order], best, where="post", color="0.2", linewidth=0.9, label="Pareto front")
    ax.scatter(
        cost[selected],
        edap_max[selected],
        s=60,
        color=HIGHLIGHT,
        marker="*",
        zorder=5,
        label="selected",
    )
    ax.set(xscale="log", yscale="log")
    ax.set(xlabel="cost (1 cm² at 32 nm = 100)", ylabel="EDAP, max (J·s·mm²)")
    legend_below(figure, ax, title="")
    return figure
