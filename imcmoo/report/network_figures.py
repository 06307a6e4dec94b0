"""Figures of networks on one chip: energy by component, requests over time, tokens of language
models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from imcmoo.display.columns import networks_in
from imcmoo.display.labels import label
from imcmoo.networks.language_model import STEP
from imcmoo.report import palette, style

SMALL = 0.01
"""Share of the energy below which components are joined in figures of tokens."""


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
    time, floor = (style.MS * steps[name] for name in ("time_per_token_s", "dram_floor_s"))
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
        ax.barh(names, style.MJ * joules, left=start, **look)
        start += style.MJ * joules
    ax.set(xlabel="energy per token (mJ)", xlim=(0, None))


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
    end = max(pieces["end_s"].max(), until) * style.MS
    for row, (name, (colour, _)) in enumerate(
        zip(networks, style.workload_styles(networks), strict=False)
    ):
        work = pieces[pieces["network"] == name]
        spans = np.column_stack([work["start_s"], work["end_s"] - work["start_s"]]) * style.MS
        ax.broken_barh(list(map(tuple, spans)), (row - 0.3, 0.6), color=colour, linewidth=0.3)
        requests = work.drop_duplicates("request")
        late = requests[requests["due_s"] * style.MS <= end]
        first = row == 0
        ax.vlines(
            requests["released_s"] * style.MS, row - 0.42, row + 0.42, colors=style.DARK_GREY,
            linewidth=0.8, label="request" if first else "_",
        )  # fmt: skip
        ax.scatter(
            late["due_s"] * style.MS, np.full(len(late), row - 0.3), 14, palette.HIGHLIGHT,
            marker="v", linewidths=0, zorder=3, label="deadline" if first else "_",
        )  # fmt: skip
    ax.set_yticks(range(len(networks)), [label(name) for name in networks])
    ax.set(xlim=(-0.01 * end, 1.01 * end), ylim=(len(networks) - 0.5, -0.6), xlabel="time (ms)")
    ax.tick_params(axis="y", length=0)
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2)
    style.open_sides(ax)
    return figure
