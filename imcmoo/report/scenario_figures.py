"""Figures of a scenario: a chip's timeline, and power against area of chips that meet."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from imcmoo.model.metrics import Floats
from imcmoo.report.labels import label
from imcmoo.report.style import (
    CREST,
    DARK_GREY,
    HIGHLIGHT,
    WIDTH,
    open_sides,
    round_ticks,
    workload_styles,
)

MS = 1e3


def timeline(networks: list[str], pieces: pd.DataFrame) -> Figure:
    """Work of a chip over time, a row per network, with requests and deadlines.

    Args:
        networks: names, from top to bottom.
        pieces: table `timeline` of a run.
    """
    figure = Figure(figsize=(WIDTH, 0.9 + 0.3 * len(networks)), layout="constrained")
    ax = figure.subplots()
    until = pieces["released_s"].max() + (pieces["due_s"] - pieces["released_s"]).min()
    end = max(pieces["end_s"].max(), until) * MS
    for row, (name, (colour, _)) in enumerate(
        zip(networks, workload_styles(networks), strict=False)
    ):
        own = pieces[pieces["network"] == name]
        spans = np.column_stack([own["start_s"], own["end_s"] - own["start_s"]]) * MS
        ax.broken_barh(list(map(tuple, spans)), (row - 0.3, 0.6), color=colour, linewidth=0.3)
        requests = own.drop_duplicates("request")
        late = requests[requests["due_s"] * MS <= end]
        first = row == 0
        ax.vlines(
            requests["released_s"] * MS, row - 0.42, row + 0.42, colors=DARK_GREY, linewidth=0.8,
            label="request" if first else "_",
        )  # fmt: skip
        ax.scatter(
            late["due_s"] * MS, np.full(len(late), row - 0.3), 14, HIGHLIGHT, marker="v",
            linewidths=0, zorder=3, label="deadline" if first else "_",
        )  # fmt: skip
    ax.set_yticks(range(len(networks)), [label(name) for name in networks])
    ax.set(xlim=(-0.01 * end, 1.01 * end), ylim=(len(networks) - 0.5, -0.6), xlabel="time (ms)")
    ax.tick_params(axis="y", length=0)
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2)
    open_sides(ax)
    return figure


def power_against_area(power_W: Floats, area_m2: Floats, load: Floats, *, selected: int) -> Figure:
    """Average power against area of chips that serve their load, coloured by capacity.

    Args:
        power_W, area_m2, load: shape (n,); the capacity is 1 over the load.
        selected: index of the joint design.
    """
    figure = Figure(figsize=(WIDTH / 2, 2.9), layout="constrained")
    ax = figure.subplots()
    capacity, area = 1 / load, area_m2 * 1e6
    order = np.argsort(capacity, kind="stable")
    points = ax.scatter(
        area[order], power_W[order], 7, capacity[order], cmap=CREST, linewidths=0, rasterized=True,
        norm=LogNorm(max(1.0, capacity.min()), max(1.01, capacity.max())),
    )  # fmt: skip
    by_area = np.lexsort((power_W, area))
    least = np.minimum.accumulate(power_W[by_area])
    ax.step(area[by_area], least, where="post", color="0.2", linewidth=0.9, label="front")
    ax.scatter(
        area[selected], power_W[selected], 60, HIGHLIGHT, marker="*", zorder=5, label="selected"
    )
    ax.set(xscale="log", yscale="log", xlabel="area (mm²)", ylabel="average power (W)")
    bar = figure.colorbar(
        points,
        ax=ax,
        label="capacity (times the load)",
        format="{x:g}",
        ticks=LogLocator(subs=(1.0, 2.0, 5.0)),
    )
    bar.outline.set_linewidth(0)
    bar.ax.minorticks_off()
    round_ticks(ax.xaxis, "{x:g}")
    round_ticks(ax.yaxis, "{x:g}")
    figure.legend(loc="outside upper center", ncols=2)
    open_sides(ax)
    return figure
