"""The trade-off front as figures: energy against latency, and all objectives at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from numpy.typing import NDArray

from imcmoo.model.metrics import Floats
from imcmoo.report.labels import label
from imcmoo.report.style import (
    HIGHLIGHT,
    LEAST_TEXT,
    WIDTH,
    legend_below,
    open_sides,
    workload_styles,
)

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

    @property
    def objectives(self) -> Floats:
        """Shape (n, 2 W + 1)."""
        return np.column_stack([self.energy_J, self.latency_s, self.area_m2])


def trade_off(
    workloads: Sequence[str], *, evaluated: Points, front: Points, selected: Points, alone: Points
) -> Figure:
    """Energy against latency, one panel per workload.

    Args:
        workloads: names, W of them.
        evaluated: every feasible design, drawn grey.
        front: the non-dominated ones (over all objectives), coloured by area.
        selected: the joint design, one row.
        alone: the designs optimised for one workload alone, W rows or none.
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
        _mark(ax, workloads, selected, alone, w)
        _log_axes(ax)
        ax.set_title(label(name))
        ax.set(xlabel="latency (µs)", ylabel="energy (mJ)")
    figure.colorbar(image, ax=axes[: len(workloads)], label="area (mm²)", aspect=40, pad=0.01)
    legend_below(figure, axes[0], title="optimised for")
    return figure


def _mark(ax: Axes, workloads: Sequence[str], selected: Points, alone: Points, w: int) -> None:
    """Selected and baseline designs on the panel of workload `w`."""
    for k, (colour, marker) in enumerate(workload_styles(workloads)[: len(alone.area_m2)]):
        ax.scatter(
            alone.latency_s[k, w] * 1e6,
            alone.energy_J[k, w] * 1e3,
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


def parallel_coordinates(
    workloads: Sequence[str], *, front: Points, selected: Points, alone: Points
) -> Figure:
    """All objectives at once, each on a log scale from the best to the worst that is drawn.

    Args: as in `trade_off`.
    """
    drawn = np.concatenate([points.objectives for points in (front, selected, alone)])
    low, high = np.nanmin(drawn, axis=0), np.nanmax(drawn, axis=0)
    span = np.where(high > low, np.log(high) - np.log(low), 1.0)

    def scaled(points: Points) -> Floats:
        return (np.log(points.objectives) - np.log(low)) / span

    figure = Figure(figsize=(WIDTH, 3.1), layout="constrained")
    ax = figure.subplots()
    x = np.arange(len(low))
    values = scaled(front)
    lines = np.stack([np.broadcast_to(x, values.shape), values], axis=-1)
    ax.add_collection(
        LineCollection(list(lines), colors="0.45", alpha=0.12, lw=0.5, rasterized=True)
    )
    # Thin lines over the thick one: a baseline may be the selected design.
    for k, (colour, marker) in enumerate(workload_styles(workloads)[: len(alone.area_m2)]):
        ax.plot(
            x,
            scaled(alone)[k],
            color=colour,
            marker=marker,
            ms=4,
            zorder=3,
            label=label(workloads[k]),
        )
    ax.plot(
        x,
        scaled(selected)[0],
        color=HIGHLIGHT,
        lw=3.5,
        marker="*",
        ms=11,
        mec="black",
        mew=0.5,
        zorder=2.5,
        label=label("joint"),
    )
    _objective_axis(ax, workloads, low, high)
    legend_below(figure, ax, title="optimised for")
    return figure


def _objective_axis(ax: Axes, workloads: Sequence[str], low: Floats, high: Floats) -> None:
    """Name the objectives below, and write the range of each at its ends."""
    n_workloads = len(workloads)
    x = np.arange(len(low))
    scale = np.repeat([1e3, 1e6, 1e6], [n_workloads, n_workloads, 1])
    names = [label(w) for w in workloads]
    ax.set_xticks(x, [*names, *names, "area"], rotation=0 if n_workloads <= 4 else 30)
    for i in range(len(low)):
        ax.axvline(i, color="0.8", lw=0.6, zorder=0)
        for end, value, align in ((-0.03, low[i], "top"), (1.03, high[i], "bottom")):
            text = f"{value * scale[i]:.3g}"
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8}
            ax.text(i, end, text, ha="center", va=align, size=LEAST_TEXT, bbox=box, zorder=5)
    for centre, name in (
        ((n_workloads - 1) / 2, "energy (mJ)"),
        (n_workloads + (n_workloads - 1) / 2, "latency (µs)"),
        (2 * n_workloads, "mm²"),
    ):
        ax.text(centre, 1.02, name, ha="center", va="bottom", transform=ax.get_xaxis_transform())
    ax.set(xlim=(-0.4, 2 * n_workloads + 0.4), ylim=(-0.12, 1.12))
    ax.set_ylabel("place in the range\n(log scale, 0 is best)")
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
    ax.step(cost[order], best, where="post", color="0.2", linewidth=0.9, label="front")
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
