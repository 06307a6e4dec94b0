"""Figures of a run, from its tables: one function each, data in, figure out.

Figures are built without pyplot, so there is no global state and no window.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from imcmoo.answers.results import Results
from imcmoo.arrays import Bools, Floats
from imcmoo.display.labels import label
from imcmoo.problem.criteria import LOG10, NAMED
from imcmoo.problem.scale import Scale
from imcmoo.report import palette, style
from imcmoo.report.front_figures import cost_front, power_against_area, trade_off
from imcmoo.report.network_figures import breakdown, energy_per_token, generation, timeline

MAX_NETWORKS = 40
"""Largest number of networks of figures with a panel, axis or row per network."""


LIGHT = 0.408
"""Luminance above which a background has dark text."""


def draw_figures(results: Results, folder: Path) -> None:
    """Draw all figures of a run for the screen, as PNG, into an existing folder.

    Skips figures without tables, and above `MAX_NETWORKS` networks those with a part per network.
    """
    with style.paper_style():
        for name, figure in _drawn(results).items():
            style.save(figure, folder, name, ("png",))


def draw_paper_figures(results: Results, folder: Path) -> None:
    """Draw the figures of `draw_figures` for papers, as PNG and PDF, into an existing folder: for
    two columns of a page, and as NAME_narrow for one.
    """
    with style.paper_style():
        for width, ending in ((style.WIDTH, ""), (style.COLUMN, "_narrow")):
            for name, figure in _drawn(results, width).items():
                style.save(figure, folder, f"{name}{ending}", dpi=style.PAPER_DPI)


def _drawn(results: Results, width: float = style.WIDTH) -> dict[str, Figure]:
    """Figures by name, for a width in inches."""
    drawn: dict[str, Figure] = {}
    if len(results.convergence):  # a proof has none
        drawn["convergence"] = convergence(results.convergence, width)
    if len(results.workloads) > MAX_NETWORKS:
        return drawn
    feasible = results.evaluations[results.evaluations["feasible"]]
    baselines = results.baselines
    if results.has_edap_columns:
        alone = results.front.iloc[:0] if baselines is None else baselines.iloc[1:]
        designs = feasible, results.front, results.selected, alone
        drawn["trade_off"] = trade_off(results.workloads, *designs, width=width)
        if "cost" in feasible:
            drawn["cost"] = cost_front(results, feasible, _selected(results, feasible))
    if results.timeline is not None:
        drawn["timeline"] = timeline(results.workloads, results.timeline, width)
        drawn["power_area"] = power_against_area(feasible, _selected(results, feasible))
    if results.breakdown is not None:
        drawn["breakdown"] = breakdown(results.breakdown, width)
        if results.steps is not None and results.generation is not None:
            of_tokens = energy_per_token(results.breakdown, results.generation)
            drawn["generation"] = generation(results.steps, of_tokens, width)
    if baselines is not None:
        relative = results.workload_values(baselines, "relative_edap_{}")
        drawn["baselines"] = baseline_matrix(
            relative,
            np.isfinite(results.workload_values(baselines, "energy_{}_J")),
            rows=baselines["optimised_for"].tolist(),
            columns=results.workloads,
            width=width,
        )
        if len(relative) > 2 and np.isfinite(relative[0]).all():
            drawn["joint_sequential"] = joint_and_sequential(relative, results.workloads, width)
    return drawn


def _selected(results: Results, designs: pd.DataFrame) -> int:
    design = results.selected[results.parameters].iloc[0]
    (selected,) = np.flatnonzero((designs[results.parameters] == design).all(axis=1))
    return int(selected)


def baseline_matrix(
    relative: Floats,
    runs: Bools,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    width: float = style.WIDTH,
) -> Figure:
    """EDAP of every design on every network, relative to the optimum of the network.

    Args:
        relative: shape (n_rows, n_columns), at least 1; NaN where the network does not run or
            breaks a limit of its own.
        runs: True where it runs, same shape.
        rows, columns: names of designs and networks.
        width: largest width, inches.
    """
    is_narrow = width <= style.COLUMN
    height = (1.3 if is_narrow else 0.9) + 0.32 * len(rows)
    width = width if is_narrow else min(width, max(4.2, 1.6 + 0.78 * len(columns)))
    figure = Figure(figsize=(width, height), layout="constrained")
    ax, bar = figure.subplots(1, 2, width_ratios=(24, 1))
    top = max(2.0, float(np.nanmax(relative)))
    mesh = ax.pcolormesh(
        np.ma.masked_invalid(relative),
        cmap=style.CREST,
        norm=LogNorm(1.0, top),
        edgecolor="w",
        linewidth=0.8,
    )
    ax.spines[:].set_visible(False)
    ax.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    is_tight = is_narrow and len(columns) > 2
    turned: dict[str, Any] = {"rotation": 90} if is_tight else {}
    ax.set_xticks(np.arange(len(columns)) + 0.5, [label(c) for c in columns], **turned)
    ax.set_yticks(np.arange(len(rows)) + 0.5, [label(r) for r in rows], va="center")
    colorbar = figure.colorbar(
        mesh,
        cax=bar,
        label="EDAP relative to the best\nchip for that network",
        ticks=LogLocator(subs=(1.0, 2.0, 5.0)),
        format="{x:g}×",
    )
    colorbar.outline.set_linewidth(0)
    bar.yaxis.set_minor_locator(NullLocator())
    _write_cells(ax, mesh, relative, runs, is_tight=is_tight)
    ax.set(xlabel="runs on", ylabel="optimised for", facecolor="0.9")
    ax.tick_params(length=0)
    return figure


def _write_cells(
    ax: Axes, mesh: QuadMesh, relative: Floats, runs: Bools, *, is_tight: bool
) -> None:
    """Write values into the cells of a matrix, or why there is none; short ones if it is tight."""
    centred: dict[str, Any] = {"ha": "center", "va": "center", "size": style.LEAST_TEXT}
    for row, column in np.argwhere(np.isfinite(relative)):
        value = relative[row, column]
        colour = style.DARK_GREY if _luminance(mesh.to_rgba(value)) > LIGHT else "w"
        text = f"{value:.3g}" if is_tight else f"{value:.2f}"
        ax.text(column + 0.5, row + 0.5, text, color=colour, **centred)
    for row, column in np.argwhere(np.isnan(relative)):
        why = "beyond\nits limits" if runs[row, column] else "does not\nmap"
        if is_tight:
            why = "limit" if runs[row, column] else "–"
        ax.text(column + 0.5, row + 0.5, why, **centred)


def joint_and_sequential(relative: Floats, networks: Sequence[str], width: float) -> Figure:
    """EDAP of the joint chip and of chips optimised for one network, on each network.

    Args:
        relative: EDAP relative to the best chip for the network, shape (1 + W, W): the joint chip,
            then the chip of each network; NaN where a network does not run.
        networks: names of the W networks.
        width: inches.
    """
    joint, sequential = relative[0], relative[1:]
    others = np.where(np.eye(len(networks), dtype=bool), np.nan, sequential)
    figure = Figure(figsize=(width, 2.6), layout="constrained")
    ax = figure.subplots()
    at = np.arange(len(networks))
    runs = np.isfinite(others).any(axis=0)
    least, most = np.full((2, len(networks)), np.nan)
    least[runs], most[runs] = (f(others[:, runs], axis=0) for f in (np.nanmin, np.nanmax))
    bars = (
        (-0.27, joint, palette.HIGHLIGHT, "", "joint: one chip for all"),
        (0.0, least, palette.COLOURS[0], "////", "sequential: best chip of another network"),
        (0.27, most, "0.7", "", "sequential: worst chip of another network"),
    )
    for offset, values, colour, hatch, name in bars:
        ax.bar(at + offset, values, 0.25, color=colour, hatch=hatch, edgecolor="w", label=name)
    ax.axhline(1.0, color=style.DARK_GREY, linewidth=0.6, label="best chip for that network")
    for column in np.flatnonzero(~runs):
        ax.text(column + 0.13, 1.0, "none runs", ha="center", va="bottom", rotation=90)
    turn = 90 if width <= style.COLUMN and len(networks) > 4 else 0
    ax.set_xticks(at, [label(name) for name in networks], rotation=turn)
    ax.set(yscale="log", ylabel="EDAP relative to the best\nchip for that network")
    style.round_ticks(ax.yaxis, "{x:g}×")
    style.open_sides(ax)
    style.legend_below(figure, ax, title="")
    return figure


def _luminance(rgba: Any) -> float:
    """Relative luminance of a colour, 0 black to 1 white. Source: WCAG 2.1."""
    rgb = np.asarray(rgba[:3])
    linear = np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def _panels(width: float, curves: Sequence[int]) -> tuple[Figure, Any]:
    """Axes beside one another, or in one column below one another with room for legends."""
    n = len(curves)
    if width > style.COLUMN:
        figure = Figure(figsize=(width, 2.5))
        style.place_panels(figure, (1, n), sides=(0.56, 0.42, 0.1, 0.24), gaps=(0.0, 0.15))
        return figure, figure.subplots(1, n, sharey=True, squeeze=False)[0]
    heights = [2.5 + 0.16 * math.ceil(each / 2) for each in curves]
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    return figure, figure.subplots(n, 1, squeeze=False, height_ratios=heights)[:, 0]


def convergence(table: pd.DataFrame, width: float = style.WIDTH) -> Figure:
    """Gap of the best design so far over evaluations (`convergence.csv`), the joint search
    first."""
    is_joint = table["search"] == (table["search"].iloc[0] if len(table) else "")
    joint = {str(n): rows for n, rows in table[is_joint].groupby("criterion", sort=False)}
    baselines = {str(n): rows for n, rows in table[~is_joint].groupby("search", sort=False)}
    panels = [("joint search", joint)]
    panels += [("one network alone (EDAP)", baselines)] if baselines else []
    figure, axes = _panels(width, [len(curves) for _, curves in panels])
    dashes = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))]
    for ax, (title, curves) in zip(axes, panels, strict=True):
        for i, (name, rows) in enumerate(curves.items()):
            best = rows["best"].to_numpy()
            if name.startswith(LOG10):
                over = Scale("log10").excess(best, best[-1])
            else:  # a share of the magnitude, since scores of a user's criterion may be negative
                zero = NAMED[name].zero if name in NAMED else 0.0
                over = (best - best[-1]) / abs(best[-1] + zero)
            ax.step(
                rows["evaluations"].to_numpy(),
                100 * over,
                where="post",
                color=style.colours(len(curves))[i],
                ls=dashes[i % len(dashes)],
                marker=style.MARKERS[i % len(style.MARKERS)],
                ms=3,
                markevery=(0.03 * i, 0.3),  # share of the diagonal: few marks that do not overlap
                label=label(name),
            )
        # Linear below 0.1 %, so that the final design itself is on the axis.
        ax.set_yscale("symlog", linthresh=0.1)
        ax.set(title=title, xlabel="unique designs evaluated", xscale="log")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter("{x:g}")
            axis.set_minor_locator(NullLocator())
        if width <= style.COLUMN:  # no room beside the curves
            ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.22), ncols=2)
        else:
            ax.legend(loc="lower left")
        style.open_sides(ax)
    for ax in axes if width <= style.COLUMN else axes[:1]:
        ax.set(ylabel="above the final best (%)", ylim=(0, None))
    return figure
