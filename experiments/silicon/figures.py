"""Figure of the comparison: modelled against measured values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.silicon.comparison import CLEAN, FACTOR
from imcmoo.report.style import COLUMN, LEAST_TEXT, colours, legend_below

PANELS = {
    "t_core_ns": "time (ns)",
    "tops_per_W_1b": "TOPS/W (1 bit)",
    "tops_per_mm2_1b": "TOPS/mm² (1 bit)",
}
"""Titles of the quantities of the scatter."""

DEVICE_MARKERS = {"sram": "o", "rram": "s"}
NAMED = 3
"""Misses that are named in each panel."""


def scatter(frame: pd.DataFrame, width: float) -> Figure:
    """Draw modelled against measured values, with the band of a factor 3 and the worst misses; rows
    that cleaning leaves out are hollow."""
    clean = frame[frame["state"] == CLEAN]
    frame = pd.concat([clean, frame[~frame["row"].isin(clean["row"])]])
    narrow = width <= COLUMN
    figure = Figure(figsize=(width, 7.6 if narrow else 3.0), layout="constrained")
    axes = figure.subplots(*((3, 1) if narrow else (1, 3)), squeeze=False).ravel()
    nodes = sorted(frame["node_nm"].unique())
    colour = dict(zip(nodes, colours(len(nodes)), strict=True))
    for ax, (name, title) in zip(axes, PANELS.items(), strict=True):
        for (node, device), chips in frame.groupby(["node_nm", "device"], sort=True):
            points, marker = chips[chips["quantity"] == name], DEVICE_MARKERS[str(device)]
            is_clean = points["state"] == CLEAN
            style: dict[str, Any] = {"color": colour[node], "markersize": 4.5, "linestyle": "none"}
            kept, out = points[is_clean], points[~is_clean]
            ax.plot(out["measured"], out["model"], marker, fillstyle="none", **style)
            style |= {"markeredgecolor": "white", "markeredgewidth": 0.4}
            style["label"] = f"{node:g} nm, {str(device).upper()}"
            ax.plot(kept["measured"], kept["model"], marker, **style)
        rows = frame[frame["quantity"] == name]
        _band(ax, rows)
        _name_misses(ax, rows[rows["state"] == CLEAN])
        ax.set(xscale="log", yscale="log")
        ax.set_xlabel(f"{title}, measured")
        ax.set_ylabel("modelled")
    if len(frame):
        legend_below(figure, axes[0], title="")
    return figure


def _band(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw equality, and a factor 3 to either side."""
    if frame.empty:
        ax.text(0.5, 0.5, "nothing to compare", ha="center", transform=ax.transAxes)
        ax.set(xlim=(0.1, 10), ylim=(0.1, 10))
        return
    values = frame[["measured", "model"]].to_numpy()
    # Names of misses stand below all points.
    ends = np.array([values.min() / 20, values.max() * 2])
    ax.fill_between(ends, ends / FACTOR, ends * FACTOR, color="0.9", linewidth=0, zorder=0)
    ax.plot(ends, ends, color="0.5", linewidth=0.6, zorder=0)
    ax.set(xlim=tuple(ends), ylim=tuple(ends))
    ax.set_aspect("equal")


def _name_misses(ax: Axes, frame: pd.DataFrame) -> None:
    """Number the worst points outside the band by their rows, and name them in a corner."""
    if frame.empty:
        return
    off = np.abs(np.log(frame["model"] / frame["measured"]))
    worst = frame.assign(off=off)[off > np.log(FACTOR)].nlargest(NAMED, "off")
    text: dict[str, Any] = {"fontsize": LEAST_TEXT, "parse_math": False}  # a venue may have a $
    for _, miss in worst.iterrows():
        above = miss["model"] > miss["measured"]
        place: dict[str, Any] = {"xytext": (2, 3 if above else -3), "textcoords": "offset points"}
        place["va"] = "bottom" if above else "top"
        ax.annotate(str(miss["row"]), (miss["measured"], miss["model"]), **place, **text)
    names = "\n".join(f"{miss['row']}: {miss['label']}" for _, miss in worst.iterrows())
    ax.text(0.98, 0.02, names, ha="right", va="bottom", transform=ax.transAxes, **text)
