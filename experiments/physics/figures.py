"""The figures of the physical studies: sharing, components, and what decides between devices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.physics.devices import EXTREMES
from experiments.physics.page import chip_of, study_label
from imcmoo.answers import result_tables
from imcmoo.display.labels import label
from imcmoo.report import palette, style
from imcmoo.study.study import Study

SHOWN = 10
"""Assumptions in the figure of devices: those with the widest ranges."""

RATIOS = ["ratio_low", "ratio_today", "ratio_high"]

BEYOND = 1.6
"""Factor beyond the finite ratios to which a line without an end is drawn."""


def over_own_best(frame: pd.DataFrame, width: float) -> Figure:
    """Draw what one chip costs each network, over_own_best by workload, for each study."""
    networks, studies = (list(frame[column].unique()) for column in ("workload", "study"))
    table = frame.pivot(index="workload", columns="study", values="over_own_best")
    table = table.reindex(networks)
    figure = Figure(figsize=(width, 1.0 + 0.2 * len(networks)), layout="constrained")
    ax = figure.subplots()
    at = np.arange(len(networks))
    ax.hlines(at, 0, 1, transform=ax.get_yaxis_transform(), color="0.92", linewidth=0.6, zorder=0)
    ax.axvline(1, color="0.6", linewidth=0.6, zorder=0)
    for study, (colour, marker) in zip(studies, style.workload_styles(studies), strict=True):
        dots: dict[str, Any] = {"color": colour, "ms": 5, "mec": "white", "mew": 0.5}
        ax.plot(table[study], at, marker, label=study_label(study), **dots)
    ax.set_yticks(at, [label(n) for n in networks])
    ax.tick_params(axis="y", length=0)
    ax.set(xscale="log", ylim=(len(networks) - 0.5, -0.5))
    ax.set_xlabel("EDAP / single-network optimum")
    style.round_ticks(ax.xaxis, "{x:g}×")
    style.legend_below(figure, ax, title="")
    return figure


def components(study: Study, optima: pd.DataFrame) -> pd.DataFrame:
    """Energy and area of a study's chip by minimax regret, by component."""
    chip = chip_of(optima, study.name).iloc[:1]
    levels = study.space.encode({n: chip[n].to_numpy() for n in study.space.names})
    return result_tables.breakdown(study.cost_model().breakdown(levels), study.names)


def device_ranges(sensitivity: pd.DataFrame) -> pd.DataFrame:
    """Select how the ratio of the devices changes with the `SHOWN` assumptions of widest range.

    Returns:
        Columns networks, delay, area, factor and `RATIOS`, by `EXTREMES`, the widest range first.
    """
    rows = sensitivity[sensitivity["changes"] == "device"]
    kept = [(by.delay, by.area) for by in EXTREMES]
    rows = rows[[key in kept for key in zip(rows["delay"], rows["area"], strict=True)]]
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.abs(np.log(rows[RATIOS].to_numpy() / rows[["ratio_today"]].to_numpy()))
    width = pd.Series(np.nan_to_num(logs, posinf=99).max(axis=1), rows.index)
    widest = width.groupby(rows["factor"]).max().sort_values(ascending=False, kind="stable")
    order = {name: at for at, name in enumerate(widest.index[:SHOWN])}
    shown = rows[rows["factor"].isin(order)]
    shown = shown.sort_values("factor", key=lambda names: names.map(order), kind="stable")
    return shown[["networks", "delay", "area", "factor", *RATIOS]].reset_index(drop=True)


def device_ratio(frame: pd.DataFrame, width: float) -> Figure:
    """Draw the rows of `device_ranges`: a panel per number of networks, a line per assumption and
    EDAP, a dot for its value today; left of 1 RRAM is better."""
    sets, factors = (list(frame[column].unique()) for column in ("networks", "factor"))
    is_wide = width > style.COLUMN
    rows = 1 if is_wide else len(sets)
    height = (0.8 + 0.22 * len(factors)) * rows + 0.3
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = figure.subplots(rows, len(sets) // rows, sharey=is_wide, squeeze=False).ravel()
    finite = frame[RATIOS].to_numpy()
    finite = finite[np.isfinite(finite) & (finite > 0)]
    ends = finite.min() / BEYOND, finite.max() * BEYOND
    for ax, networks in zip(panels, sets, strict=True):
        _ranges(ax, frame[frame["networks"] == networks], factors, ends)
        ax.set_title(f"{networks} networks")
    for ax in panels if is_wide else panels[-1:]:
        ax.set_xlabel("EDAP of RRAM / SRAM (< 1×: RRAM better)")
    style.legend_below(figure, panels[0], title="")
    return figure


def _ranges(ax: Axes, frame: pd.DataFrame, factors: list[str], ends: tuple[float, float]) -> None:
    """Draw the lines of one panel, within the ends of the axis."""
    ax.axvline(1, color="0.6", linewidth=0.6, zorder=0)
    for at, (by, colour) in enumerate(zip(EXTREMES, palette.COLOURS, strict=False)):
        of_edap = frame[(frame["delay"] == by.delay) & (frame["area"] == by.area)]
        lines = of_edap.set_index("factor")[RATIOS].reindex(factors).fillna(np.inf).clip(*ends)
        y = np.arange(len(factors)) + 0.16 * (2 * at - 1)
        ax.hlines(y, lines.min(axis=1), lines.max(axis=1), color=colour, linewidth=2)
        name = f"{by.delay}, {'chip' if by.area == 'chip' else 'chip and DRAM'}"
        ax.plot(lines["ratio_today"], y, "o", color=colour, ms=4, mec="white", mew=0.5, label=name)
    ax.set_yticks(np.arange(len(factors)), factors)
    ax.tick_params(axis="y", length=0)
    ax.set(xscale="log", xlim=ends, ylim=(len(factors) - 0.5, -0.5))
    style.round_ticks(ax.xaxis, "{x:g}×")
