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
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from imcmoo.answers.results import Results
from imcmoo.arrays import Bools, Floats
from imcmoo.networks.language_model import STEP
from imcmoo.problem.criteria import LOG10, NAMED
from imcmoo.problem.scale import Scale
from imcmoo.report import palette, style
from imcmoo.report.labels import label, networks_in

MAX_NETWORKS = 40
"""Largest number of networks of figures with a panel, axis or row per network."""

SMALL = 0.01
"""Share of the energy below which components are joined in figures of tokens."""

LIGHT = 0.408
"""Luminance above which a background has dark text."""

MS, US, MJ = 1e3, 1e6, 1e3
"""Per second and per joule."""

DENSE: dict[str, Any] = {"rasterized": True, "linewidths": 0}
"""Thousands of points or lines become an image in a PDF; text and axes stay vectors."""


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
        ax.scatter(*_place(evaluated, name), 3, "0.8", label="evaluated design", **DENSE)
        area_mm2 = front["area_mm2"].to_numpy()
        image = ax.scatter(
            *_place(front, name), 5, area_mm2, cmap="viridis", label="Pareto front", **DENSE
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
    return US * latency_s.to_numpy(dtype=float), MJ * energy_J.to_numpy(dtype=float)


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
        look: dict[str, Any] = {"color": colour, "marker": marker, "alpha": 0.5, **DENSE}
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
        area[order], power_W[order], 7, capacity[order], cmap=style.CREST, norm=norm, **DENSE
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


def breakdown(table: pd.DataFrame, width: float = style.WIDTH) -> Figure:
    """Share of components in area and energy of a design (`breakdown.csv`); width in inches."""
    networks = [name.removesuffix("_J") for name in networks_in(table, "energy_")]
    energy_J = table[[f"energy_{name}_J" for name in networks]].to_numpy().T
    area_mm2 = table["area_mm2"].to_numpy()
    totals = [f"{e * 1e3:.3g} mJ" for e in energy_J.sum(axis=1)]
    names = [f"{label(n)}\n{total}" for n, total in zip(networks, totals, strict=True)]
    names = [f"chip area\n{area_mm2.sum():.3g} mm²", *names]
    values = np.vstack([area_mm2, energy_J])
    shares = 100 * values / values.sum(axis=1, keepdims=True)
    room = 1.6 if width <= style.COLUMN else 1.1  # for the legend
    figure = Figure(figsize=(width, room + 0.3 * len(names)), layout="constrained")
    ax = figure.subplots()
    start = np.zeros(len(names))
    for component, share in zip(table["component"], shares.T, strict=True):
        if not share.any():
            continue
        colour, hatch = palette.component_style(component)
        look: dict[str, Any] = {"color": colour, "hatch": hatch, "edgecolor": "white"}
        look |= {"height": 0.7, "linewidth": 0.3, "label": label(component)}
        ax.barh(names, share, left=start, **look)
        start += share
    ax.axhline(0.5, color="0.6", linewidth=0.6)
    ax.set(xlabel="share (%)", xlim=(0, 100))
    ax.invert_yaxis()
    style.open_sides(ax)
    style.legend_below(figure, ax, title="component")
    return figure


def timeline(networks: list[str], pieces: pd.DataFrame, width: float = style.WIDTH) -> Figure:
    """Work of a chip over time, one row per network, with requests and deadlines."""
    figure = Figure(figsize=(width, 0.9 + 0.3 * len(networks)), layout="constrained")
    ax = figure.subplots()
    until = pieces["released_s"].max() + (pieces["due_s"] - pieces["released_s"]).min()
    end = max(pieces["end_s"].max(), until) * MS
    for row, (name, (colour, _)) in enumerate(
        zip(networks, style.workload_styles(networks), strict=False)
    ):
        work = pieces[pieces["network"] == name]
        spans = np.column_stack([work["start_s"], work["end_s"] - work["start_s"]]) * MS
        ax.broken_barh(list(map(tuple, spans)), (row - 0.3, 0.6), color=colour, linewidth=0.3)
        requests = work.drop_duplicates("request")
        late = requests[requests["due_s"] * MS <= end]
        first = row == 0
        ax.vlines(
            requests["released_s"] * MS, row - 0.42, row + 0.42, colors=style.DARK_GREY,
            linewidth=0.8, label="request" if first else "_",
        )  # fmt: skip
        ax.scatter(
            late["due_s"] * MS, np.full(len(late), row - 0.3), 14, palette.HIGHLIGHT, marker="v",
            linewidths=0, zorder=3, label="deadline" if first else "_",
        )  # fmt: skip
    ax.set_yticks(range(len(networks)), [label(name) for name in networks])
    ax.set(xlim=(-0.01 * end, 1.01 * end), ylim=(len(networks) - 0.5, -0.6), xlabel="time (ms)")
    ax.tick_params(axis="y", length=0)
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2)
    style.open_sides(ax)
    return figure


def energy_per_token(breakdown: pd.DataFrame, generation: pd.DataFrame) -> pd.DataFrame:
    """Energy of a token of each step by component, J: a row per component, a column per network.

    Args:
        breakdown: energies of inferences (`breakdown.csv`).
        generation: phases and sequences (`generation.csv`).
    """
    steps = generation[generation["phase"] == STEP]
    by_network = {
        str(name): breakdown[f"energy_{name}_J"] / batch
        for name, batch in zip(steps["network"], steps["batch"], strict=True)
    }
    return pd.DataFrame({"component": breakdown["component"], **by_network})


def generation(steps: pd.DataFrame, energy: pd.DataFrame, width: float = style.WIDTH) -> Figure:
    """Time per token at the first, mean and last step over the floor of DRAM; energy per token.

    Args:
        steps: rows of each network by step (`steps.csv`).
        energy: joules by component; see `energy_per_token`.
        width: inches; panels stand one above the other in a figure of one column.
    """
    networks = list(dict.fromkeys(steps["network"]))
    times, energies = 0.35 + 0.2 * len(steps), 0.35 + 0.3 * len(networks)
    is_narrow = width <= style.COLUMN
    height = (times + energies if is_narrow else max(times, energies)) + 1.2
    figure = Figure(figsize=(width, height), layout="constrained")
    if is_narrow:
        above, below = figure.subplots(2, 1, height_ratios=(times, energies))
    else:
        above, below = figure.subplots(1, 2)
    _time_of_steps(above, steps, several=len(networks) > 1)
    _energy_of_tokens(below, networks, energy)
    for ax in (above, below):
        ax.invert_yaxis()
        ax.tick_params(axis="y", length=0)
        style.open_sides(ax)
    style.legend_below(figure, below, title="component")
    return figure


def _time_of_steps(ax: Axes, steps: pd.DataFrame, *, several: bool) -> None:
    """Draw a bar for each step, and a thinner shaded one for the floor of DRAM."""
    rows = [
        (f"{label(str(row.network))}, " if several else "") + f"{row.step}: {row.keys:,} keys"
        for row in steps.itertuples()
    ]
    time, floor = (MS * steps[name] for name in ("time_per_token_s", "dram_floor_s"))
    ax.barh(rows, time, color="0.35", height=0.7, linewidth=0.3, label="time of the step")
    look: dict[str, Any] = {"color": "0.75", "hatch": "////", "edgecolor": "white"}
    ax.barh(rows, floor, height=0.35, linewidth=0.3, label="least time of DRAM", **look)
    ax.set(xlabel="time per token (ms)", xlim=(0, None))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _energy_of_tokens(ax: Axes, networks: Sequence[str], energy: pd.DataFrame) -> None:
    """Draw the energy of a token of each network, split by component; small ones are joined."""
    names = [label(name) for name in networks]
    start = np.zeros(len(names))
    joules_of = energy.set_index("component")[networks]
    is_small = (joules_of < SMALL * joules_of.sum()).all(axis=1)
    joules_of = pd.concat([joules_of[~is_small], joules_of[is_small].sum().to_frame("others").T])
    for component, joules in zip(joules_of.index, joules_of.to_numpy(), strict=True):
        colour, hatch = palette.component_style(component)
        look: dict[str, Any] = {"color": colour, "hatch": hatch, "edgecolor": "white"}
        look |= {"height": 0.7, "linewidth": 0.3, "label": label(component)}
        ax.barh(names, MJ * joules, left=start, **look)
        start += MJ * joules
    ax.set(xlabel="energy per token (mJ)", xlim=(0, None))
