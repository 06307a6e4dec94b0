"""Figures: modelled against measured, and random designs beside what was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.silicon.agreement import FACTOR
from experiments.silicon.random_designs import DEVICES, FIGURE_NETWORK
from imcmoo.model.physical.latency import CAUSES
from imcmoo.report.style import COLUMN, HATCHES, LEAST_TEXT, colours, legend_below

PANELS = {
    "t_core_ns": "time (ns)",
    "tops_per_W_1b": "TOPS/W (1 bit)",
    "tops_per_mm2_1b": "TOPS/mm² (1 bit)",
}
"""Titles of the quantities of the scatter."""

DEVICE_MARKERS = {"sram": "o", "rram": "s"}
NAMED = 3
"""Misses that are named in each panel."""

DISTRIBUTIONS = {
    "energy_mJ": "energy (mJ)",
    "latency_ms": "latency (ms)",
    "area_mm2": "area (mm²)",
    "power_W_per_mm2": "power (W/mm²)",
    "tops_per_W": "TOPS/W",
    "tops_per_mm2": "TOPS/mm²",
    "snr_adc_dB": "SNR of conversion (dB)",
}
"""Titles of the quantities of random designs."""

Groups = Sequence[tuple[str, str]]

RESOURCES = {"glb": "global buffer", "buffer": "tile buffer", "dram": "DRAM"}

HIGHEST_DB = 60.0
"""SNR at which the figure is cut."""


def of_random_designs(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Select what the figure of random designs shows: distributions and shares of bottlenecks."""
    spread, bounds = tables["random_designs"], tables["random_bounds"]
    shares = bounds.assign(
        quantity="bound by " + bounds["resource"], workload="", n=0, p50=bounds["share"]
    )
    shown = spread[spread["workload"].isin([FIGURE_NETWORK, ""])]
    return pd.concat([shown, shares], ignore_index=True)[list(spread)]


def scatter(frame: pd.DataFrame, width: float) -> Figure:
    """Draw modelled against measured values, with the band of a factor 3 and the worst misses.

    Args:
        frame: columns row, label, node_nm, device, quantity, measured, model.
        width: inches.
    """
    narrow = width <= COLUMN
    figure = Figure(figsize=(width, 7.6 if narrow else 3.0), layout="constrained")
    axes = figure.subplots(*((3, 1) if narrow else (1, 3)), squeeze=False).ravel()
    nodes = sorted(frame["node_nm"].unique())
    colour = dict(zip(nodes, colours(len(nodes)), strict=True))
    edge = {"markeredgecolor": "white", "markeredgewidth": 0.4, "linestyle": "none"}
    for ax, (name, title) in zip(axes, PANELS.items(), strict=True):
        for (node, device), chips in frame.groupby(["node_nm", "device"], sort=True):
            points = chips[chips["quantity"] == name]
            style: dict[str, Any] = {"color": colour[node], "markersize": 4.5, **edge}
            style["label"] = f"{node:g} nm, {str(device).upper()}"
            ax.plot(points["measured"], points["model"], DEVICE_MARKERS[str(device)], **style)
        of_quantity = frame[frame["quantity"] == name]
        _band(ax, of_quantity)
        _name_misses(ax, of_quantity)
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


def random_designs(frame: pd.DataFrame, width: float) -> Figure:
    """Draw random designs: 5th to 95th percentile, the middle half as a box, and bottlenecks; the
    range of published macros is shaded.

    Args:
        frame: columns device, designs, quantity, n, p5 to p95; "published" as a device for the
            range of macros; quantities "bound by <resource>" have their share as p50.
        width: inches.
    """
    narrow = width <= COLUMN
    rows, columns = (4, 2) if narrow else (2, 4)
    figure = Figure(figsize=(width, 6.0 if narrow else 3.6), layout="constrained")
    axes = figure.subplots(rows, columns, sharey=False, squeeze=False).ravel()
    groups = [(device, designs) for device in DEVICES for designs in ("all", "feasible")]
    for index, (ax, (name, title)) in enumerate(zip(axes, DISTRIBUTIONS.items(), strict=False)):
        _boxes(ax, frame[frame["quantity"] == name], groups)
        decibel = name.endswith("_dB")
        ax.set(xlabel=title, xscale="linear" if decibel else "log", ylim=(3.6, -0.6))
        ax.tick_params(axis="y", length=0)
        _group_names(ax, groups, shown=index % columns == 0)
    _bottlenecks(axes[-1], frame, groups)
    _group_names(axes[-1], groups, shown=False)
    legend_below(figure, axes[-1], title="what binds")
    return figure


def _group_names(ax: Axes, groups: Groups, *, shown: bool) -> None:
    names = (
        [f"{device.upper()}, {designs}" for device, designs in groups]
        if shown
        else [""] * len(groups)
    )
    ax.set_yticks(range(len(groups)), names)


def _boxes(ax: Axes, frame: pd.DataFrame, groups: Groups) -> None:
    published = frame[frame["device"] == "published"]
    for _, band in published[published["n"] > 0].iterrows():
        ax.axvspan(band["p5"], band["p95"], color="0.88", linewidth=0, zorder=0)
        ax.axvline(band["p50"], color="0.6", linewidth=0.6, zorder=0)
    for at, (device, designs) in enumerate(groups):
        line = frame[(frame["device"] == device) & (frame["designs"] == designs)]
        if line.empty or not line["n"].iloc[0]:
            continue
        decibel = str(line["quantity"].iloc[0]).endswith("_dB")
        values = line[["p5", "p25", "p50", "p75", "p95"]].iloc[0].astype(float)
        low, q1, middle, q3, high = np.minimum(values, HIGHEST_DB) if decibel else values
        style: dict[str, Any] = {"color": colours(2)[at // 2], "linewidth": 0.9}
        ax.hlines(at, low, high, **style)
        ax.barh(at, q3 - q1, left=q1, height=0.5, facecolor="white", edgecolor=style["color"])
        ax.vlines(middle, at - 0.25, at + 0.25, color=style["color"], linewidth=1.8)


def _bottlenecks(ax: Axes, frame: pd.DataFrame, groups: Groups) -> None:
    """Draw the shares of networks on designs by bottleneck, stacked."""
    start = np.zeros(len(groups))
    for index, cause in enumerate(CAUSES):
        rows = frame[frame["quantity"] == f"bound by {cause}"]
        shares = np.array(
            [rows[(rows["device"] == d) & (rows["designs"] == t)]["p50"].sum() for d, t in groups]
        )
        if not shares.any():
            continue
        look: dict[str, Any] = {"color": colours(len(CAUSES))[index], "edgecolor": "white"}
        look |= {"hatch": HATCHES[index % len(HATCHES)], "linewidth": 0.4, "height": 0.6}
        name = RESOURCES.get(cause, cause)
        ax.barh(range(len(groups)), 100 * shares, left=start, label=name, **look)
        start += 100 * shares
    ax.set(xlabel="networks on designs (%)", xlim=(0, 100), ylim=(3.6, -0.6))
    ax.tick_params(axis="y", length=0)
