"""The figures about parameters: what each costs, and what it explains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from imcmoo.report.labels import label
from imcmoo.report.style import WIDTH, colours, legend_below, round_ticks

SHOWN = {
    "voltage_V": ("voltage (V)", 1.0),
    "cycle_s": ("cycle time (ns)", 1e-9),
    "cols": ("columns", 1.0),
    "glb_depth": ("global buffer (MiB)", 4096.0),
}
"""Title of a parameter, and the unit it is shown in."""


def parameter_name(name: str) -> str:
    """Name of a parameter for people, without its unit."""
    return SHOWN.get(name, (label(name),))[0].partition(" (")[0]


def sensitivity(frame: pd.DataFrame) -> Figure:
    """What fixing one parameter costs: the best scores left, over their optima.

    Args:
        frame: columns parameter, value, and <score>_over_best.
    """
    names = list(dict.fromkeys(frame["parameter"]))
    scores = [c for c in map(str, frame) if c.endswith("_over_best")]
    figure = Figure(figsize=(WIDTH, 3.5), layout="constrained")
    axes = figure.subplots(2, -(-len(names) // 2), sharey=True).ravel()
    for ax, name in zip(axes, names, strict=False):
        _steps(ax, frame[frame["parameter"] == name], scores)
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    figure.supylabel("least score, over the optimum", fontsize=8)
    legend_below(figure, axes[0], title="")
    return figure


def _steps(ax: Axes, own: pd.DataFrame, scores: Sequence[str]) -> None:
    name = own["parameter"].iloc[0]
    title, unit = SHOWN.get(name, (label(name), 1.0))
    at = np.arange(len(own))
    for score, colour, marker in zip(scores, colours(len(scores)), "os", strict=False):
        ratio = own[score].to_numpy(dtype=float)
        named = label(score.removesuffix("_over_best"))
        # Hollow and larger, so that the other shows through where they agree.
        size = {"o": 5, "s": 2.5}[marker]
        fill = "none" if marker == "o" else colour
        ax.plot(at, ratio, marker=marker, ms=size, mfc=fill, color=colour, lw=0.9, label=named)
    ax.set_xticks(at, [f"{v:g}" for v in own["value"] / unit], rotation=60 if len(at) > 5 else 0)
    ax.set(yscale="log", xlim=(-0.5, len(own) - 0.5))
    ax.set_title(title, fontsize=7)
    round_ticks(ax.yaxis, "{x:g}×")


def effects(frame: pd.DataFrame) -> Figure:
    """Which share of a quantity's variance a parameter explains alone, and which is left when all
    others are fixed.

    Args:
        frame: columns parameter, quantity, share_alone, share_total.
    """
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    parameters = list(dict.fromkeys(frame["parameter"]))
    quantities = list(dict.fromkeys(frame["quantity"]))
    for ax, column, title in zip(
        axes, ("share_alone", "share_total"), ("alone", "all others fixed"), strict=True
    ):
        table = frame.pivot(index="parameter", columns="quantity", values=column)
        sns.heatmap(
            100 * table.loc[parameters, quantities],
            ax=ax,
            cmap="cividis",
            vmin=0,
            vmax=100,
            linewidths=0.4,
            xticklabels=[_quantity(q) for q in quantities],
            yticklabels=list(map(parameter_name, parameters)),
            cbar=ax is axes[-1],
            cbar_kws={"label": "share of variance (%)"},
        )
        ax.set(xlabel="", ylabel="")
        ax.set_title(title, fontsize=8)
        ax.tick_params(length=0)
        ax.tick_params(axis="x", labelrotation=90, labelsize=6 if len(quantities) > 12 else 7)
    return figure


def _quantity(name: str) -> str:
    kind, _, network = name.partition("_")
    return f"{kind}, {label(network)}" if kind in ("energy", "latency") else label(name)
