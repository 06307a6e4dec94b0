"""The figures of a run but for its front: one function each, data in, figure out.

Figures are built without pyplot: nothing global, no window system, nothing to close.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from imcmoo.model.metrics import Bools, Floats
from imcmoo.report.labels import label, networks_in
from imcmoo.report.style import (
    COLUMN,
    CREST,
    DARK_GREY,
    HIGHLIGHT,
    LEAST_TEXT,
    MARKERS,
    WIDTH,
    colours,
    component_style,
    legend_below,
    open_sides,
    round_ticks,
    workload_styles,
)

LIGHT = 0.408
"""Luminance above which a background takes dark text."""

MS = 1e3


def baseline_matrix(
    relative: Floats, runs: Bools, *, rows: Sequence[str], columns: Sequence[str]
) -> Figure:
    """EDAP of every design on every workload, relative to the workload's best.

    Args:
        relative: shape (n_rows, n_columns), at least 1; NaN where the network does not map or
            breaks a limit of its own.
        runs: whether it maps, same shape.
        rows: what each design was optimised for.
        columns: what it runs on.
    """
    height = 0.9 + 0.32 * len(rows)
    figure = Figure(figsize=(max(4.2, 1.6 + 0.78 * len(columns)), height), layout="constrained")
    ax, bar = figure.subplots(1, 2, width_ratios=(24, 1))
    top = max(2.0, float(np.nanmax(relative)))
    mesh = ax.pcolormesh(
        np.ma.masked_invalid(relative),
        cmap=CREST,
        norm=LogNorm(1.0, top),
        edgecolor="w",
        linewidth=0.8,
    )
    ax.spines[:].set_visible(False)
    ax.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    ax.set_xticks(np.arange(len(columns)) + 0.5, [label(c) for c in columns])
    ax.set_yticks(np.arange(len(rows)) + 0.5, [label(r) for r in rows], va="center")
    colorbar = figure.colorbar(
        mesh,
        cax=bar,
        label="EDAP relative to the best",
        ticks=LogLocator(subs=(1.0, 2.0, 5.0)),
        format="{x:g}×",
    )
    colorbar.outline.set_linewidth(0)
    for (row, column), value in np.ndenumerate(relative):
        if np.isfinite(value):
            colour = DARK_GREY if _luminance(mesh.to_rgba(value)) > LIGHT else "w"
            place = {"ha": "center", "va": "center", "size": LEAST_TEXT, "color": colour}
            ax.text(column + 0.5, row + 0.5, f"{value:.2f}", **place)
    bar.yaxis.set_minor_locator(NullLocator())
    for row, column in np.argwhere(np.isnan(relative)):
        why = "beyond\nits limits" if runs[row, column] else "does not\nmap"
        ax.text(column + 0.5, row + 0.5, why, ha="center", va="center", size=LEAST_TEXT)
    ax.set(xlabel="runs on", ylabel="optimised for", facecolor="0.9")
    ax.tick_params(length=0, labelrotation=0)
    return figure


def _luminance(rgba: Any) -> float:
    """Relative luminance of a colour, 0 black to 1 white. Source: WCAG 2.1."""
    rgb = np.asarray(rgba[:3])
    linear = np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def convergence(joint: Mapping[str, pd.DataFrame], baselines: Mapping[str, pd.DataFrame]) -> Figure:
    """Distance of the best design so far from the final one, over the evaluations.

    Args:
        joint: by criterion, the improvements of the joint search: columns `evaluations` and `best`,
            the last row being the end of the search.
        baselines: by workload, the same of its own search by its EDAP; may be empty.
    """
    figure = Figure(figsize=(WIDTH, 2.5), layout="constrained")
    panels = [("joint search", joint)]
    panels += [("one network alone (EDAP)", baselines)] if baselines else []
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    dashes = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))]
    for ax, (title, curves) in zip(axes, panels, strict=True):
        for i, (name, rows) in enumerate(curves.items()):
            best = rows["best"].to_numpy()
            ax.step(
                rows["evaluations"].to_numpy(),
                100 * (best - best[-1]) / abs(best[-1]),
                where="post",
                color=colours(len(curves))[i],
                ls=dashes[i % len(dashes)],
                marker=MARKERS[i % len(MARKERS)],
                ms=3,
                markevery=(0.03 * i, 0.3),  # of the axes' diagonal: a few, not one on another
                label=label(name),
            )
        # Linear below 0.1 %, so that the final design itself is on the axis.
        ax.set_yscale("symlog", linthresh=0.1)
        ax.set(title=title, xlabel="unique designs evaluated", xscale="log")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter("{x:g}")
            axis.set_minor_locator(NullLocator())
        ax.legend(loc="lower left")
        open_sides(ax)
    axes[0].set(ylabel="above the final best (%)", ylim=(0, None))
    return figure


def breakdown(table: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Share of each component in the area of one design and in the energy of each network.

    Args:
        table: columns component, energy_<network>_J, area_mm2.
        width: of the figure, inches.
    """
    networks = [name.removesuffix("_J") for name in networks_in(table, "energy_")]
    energy_J = table[[f"energy_{name}_J" for name in networks]].to_numpy().T
    area_mm2 = table["area_mm2"].to_numpy()
    totals = [f"{e * 1e3:.3g} mJ" for e in energy_J.sum(axis=1)]
    names = [f"{label(n)}\n{total}" for n, total in zip(networks, totals, strict=True)]
    names = [f"chip area\n{area_mm2.sum():.3g} mm²", *names]
    values = np.vstack([area_mm2, energy_J])
    shares = 100 * values / values.sum(axis=1, keepdims=True)
    room = 1.6 if width <= COLUMN else 1.1  # for the legend
    figure = Figure(figsize=(width, room + 0.3 * len(names)), layout="constrained")
    ax = figure.subplots()
    start = np.zeros(len(names))
    for component, share in zip(table["component"], shares.T, strict=True):
        if not share.any():
            continue
        colour, hatch = component_style(component)
        look: dict[str, Any] = {"color": colour, "hatch": hatch, "edgecolor": "white"}
        look |= {"height": 0.7, "linewidth": 0.3, "label": label(component)}
        ax.barh(names, share, left=start, **look)
        start += share
    ax.axhline(0.5, color="0.6", linewidth=0.6)
    ax.set(xlabel="share (%)", xlim=(0, 100))
    ax.invert_yaxis()
    open_sides(ax)
    legend_below(figure, ax, title="component")
    return figure


def timeline(networks: list[str], pieces: pd.DataFrame) -> Figure:
    """Work of a chip over time, a row per network from top to bottom, with requests and
    deadlines."""
    figure = Figure(figsize=(WIDTH, 0.9 + 0.3 * len(networks)), layout="constrained")
    ax = figure.subplots()
    until = pieces["released_s"].max() + (pieces["due_s"] - pieces["released_s"]).min()
    end = max(pieces["end_s"].max(), until) * MS
    for row, (name, (colour, _)) in enumerate(
        zip(networks, workload_styles(networks), strict=False)
    ):
        work = pieces[pieces["network"] == name]
        spans = np.column_stack([work["start_s"], work["end_s"] - work["start_s"]]) * MS
        ax.broken_barh(list(map(tuple, spans)), (row - 0.3, 0.6), color=colour, linewidth=0.3)
        requests = work.drop_duplicates("request")
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
