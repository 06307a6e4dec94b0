"""Figures of the Pareto front: objectives against each other, with the selected designs marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from imcmoo.answers.results import Results
from imcmoo.arrays import Floats
from imcmoo.display.labels import label
from imcmoo.report import palette, style


def trade_off(
    workloads: Sequence[str],
    evaluated: pd.DataFrame,
    front: pd.DataFrame,
    selected: pd.DataFrame,
    baselines: pd.DataFrame,
    width: float = style.WIDTH,
) -> Figure:
    """Energy against latency by network: feasible designs, front, joint design and baselines.

    Tables have `energy_NETWORK_J` and `latency_NETWORK_s`, NaN where a network does not run, and
    `area_mm2`; baselines are in the order of the networks.
    """
    is_narrow = width <= style.COLUMN
    columns = 2 if is_narrow or len(workloads) <= 4 else 3
    rows = -(-len(workloads) // columns)
    height = 1.5 + 1.4 * rows if is_narrow else 0.75 + 2.15 * rows
    figure = Figure(figsize=(width, height), layout="constrained" if is_narrow else None)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for unused in axes[len(workloads) :]:
        unused.remove()
    for at, (ax, name) in enumerate(zip(axes, workloads, strict=False)):
        ax.scatter(*_place(evaluated, name), 3, "0.8", label="evaluated design", **style.DENSE)
        area_mm2 = front["area_mm2"].to_numpy()
        image = ax.scatter(
            *_place(front, name), 5, area_mm2, cmap="viridis", label="Pareto front", **style.DENSE
        )
        _mark(ax, workloads, selected, baselines, name)
        _log_axes(ax, at_most=4 if is_narrow else None)
        ax.set_title(label(name))
        if not is_narrow or at + columns >= len(workloads):
            ax.set(xlabel="latency (µs)")
        if not is_narrow or at % columns == 0:
            ax.set(ylabel="energy (mJ)")
    runs = [np.isfinite(_place(baselines, name)[0]).all() for name in workloads]
    missing = "" if all(runs) else " (no mark: it does not run there)"
    below = style.legend_below(figure, axes[0], title=f"chip optimised for a network{missing}")
    if is_narrow:
        bar: dict[str, Any] = {"ax": axes[: len(workloads)], "location": "top", "pad": 0.01}
        bar["aspect"] = 40
    else:
        low, high = below + 0.4, height - 0.22
        sides = 0.5, low, 0.75, height - high
        style.place_panels(figure, (rows, columns), sides=sides, gaps=(0.6, 0.53))
        place = 1 - 0.65 / width, low / height, 0.1 / width, (high - low) / height
        bar = {"cax": figure.add_axes(place)}
    figure.colorbar(image, label="area (mm²)", **bar)
    return figure


def _place(designs: pd.DataFrame, network: str) -> tuple[Floats, Floats]:
    """Latency (µs) and energy (mJ) of designs for a network, shape (n,)."""
    latency_s, energy_J = designs[f"latency_{network}_s"], designs[f"energy_{network}_J"]
    return style.US * latency_s.to_numpy(dtype=float), style.MJ * energy_J.to_numpy(dtype=float)


def _mark(
    ax: Axes,
    workloads: Sequence[str],
    selected: pd.DataFrame,
    baselines: pd.DataFrame,
    network: str,
) -> None:
    """Mark selected and baseline designs on the panel of a network."""
    styles = style.workload_styles(workloads)[: len(baselines)]
    places = zip(*_place(baselines, network), strict=True)
    for name, place, (colour, marker) in zip(workloads, places, styles, strict=False):
        ax.scatter(
            *place,
            32,
            facecolors="none",  # shows the front below, and the selected design inside
            edgecolors=[colour],
            marker=marker,
            linewidths=1.1,
            zorder=3,
            label=label(name),
        )
    ax.scatter(
        *_place(selected, network),
        28,
        color=palette.HIGHLIGHT,
        marker="*",
        edgecolors="black",
        linewidths=0.4,
        zorder=4,
        label=label("joint"),
    )


def _log_axes(ax: Axes, at_most: int | None = None) -> None:
    """Logarithmic scales with a few labelled ticks, even within a decade; `at_most` of decades."""
    ax.set(xscale="log", yscale="log")
    for axis in (ax.xaxis, ax.yaxis):
        low, high = axis.get_view_interval()
        subs = (1.0,) if high / low > 100 else (1.0, 2.0, 5.0)
        ticks = np.asarray(LogLocator(subs=subs, numticks=at_most).tick_values(low, high))
        # No tick beyond the frame: each costs time and is not seen.
        axis.set_major_locator(FixedLocator(ticks[(low <= ticks) & (ticks <= high)].tolist()))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())
    style.open_sides(ax)


def cost_front(results: Results, designs: pd.DataFrame, selected: int) -> Figure:
    """EDAP against cost of feasible designs by technology node, their front, and row `selected`."""
    worst = results.edap_values(designs).max(axis=1)
    cost, node_nm = designs["cost"].to_numpy(), designs["technology_nm"].to_numpy()
    figure = Figure(figsize=(style.COLUMN, 2.9), layout="constrained")
    ax = figure.subplots()
    nodes = np.unique(node_nm)
    styles = style.workload_styles([str(node) for node in nodes])
    for (colour, marker), node in zip(styles, nodes, strict=True):
        at = node_nm == node
        look: dict[str, Any] = {"color": colour, "marker": marker, "alpha": 0.5, **style.DENSE}
        ax.scatter(cost[at], worst[at], s=7, label=f"{node} nm", **look)
    _front_of_two(ax, cost, worst, selected, name="Pareto front")
    ax.set(xlabel="cost (1 cm² at 32 nm = 100)", ylabel="EDAP, max (J·s·mm²)")
    style.legend_below(figure, ax, title="")
    return figure


def _front_of_two(ax: Axes, x: Floats, y: Floats, selected: int, *, name: str) -> None:
    """Draw the smallest `y` up to each `x` and the selected design, on logarithmic axes."""
    order = np.lexsort((y, x))
    least = np.minimum.accumulate(y[order])
    ax.step(x[order], least, where="post", color="0.2", linewidth=0.9, label=name)
    star: dict[str, Any] = {"color": palette.HIGHLIGHT, "marker": "*", "zorder": 5}
    ax.scatter(x[selected], y[selected], s=60, label="selected", **star)
    ax.set(xscale="log", yscale="log")


def power_against_area(designs: pd.DataFrame, selected: int) -> Figure:
    """Average power against area of chips that serve their load, coloured by capacity (1 / load).

    `selected` is the row of the joint design.
    """
    area, power_W = designs["area_mm2"].to_numpy(), designs["average_power_W"].to_numpy()
    capacity = 1 / designs["load"].to_numpy()
    figure = Figure(figsize=(style.COLUMN, 2.9), layout="constrained")
    ax = figure.subplots()
    order = np.argsort(capacity, kind="stable")
    norm = LogNorm(max(1.0, capacity.min()), max(1.01, capacity.max()))
    points = ax.scatter(
        area[order], power_W[order], 7, capacity[order], cmap=style.CREST, norm=norm, **style.DENSE
    )
    _front_of_two(ax, area, power_W, selected, name="front")
    ax.set(xlabel="area (mm²)", ylabel="average power (W)")
    bar = figure.colorbar(
        points,
        ax=ax,
        label="capacity (times the load)",
        format="{x:g}",
        ticks=LogLocator(subs=(1.0, 2.0, 5.0)),
    )
    bar.outline.set_linewidth(0)
    bar.ax.minorticks_off()
    style.round_ticks(ax.xaxis, "{x:g}")
    style.round_ticks(ax.yaxis, "{x:g}")
    figure.legend(loc="outside upper center", ncols=2)
    style.open_sides(ax)
    return figure
