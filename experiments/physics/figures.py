"""The figures of the physical studies: sharing, devices, components, and area against EDAP."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.physics.page import MAIN, chip_of, rram_over_sram, study_label
from imcmoo.report import style
from imcmoo.report.labels import label
from imcmoo.study import result_tables
from imcmoo.study.study import Study

MEAN = "geometric mean"
"""Row of the mean over networks, which is published for every ADC model."""


def over_own_best(frame: pd.DataFrame, width: float) -> Figure:
    """Draw what one chip costs each network, over_own_best by workload, for each study."""
    return _by_network(frame, width, study_label, "EDAP / single-network optimum")


def ratio_table(optima: Mapping[str, pd.DataFrame], means: Mapping[str, float]) -> pd.DataFrame:
    """Select EDAP of the best RRAM chip over that of the best SRAM chip from optima by ADC model,
    with the ratio of the geometric means: columns adc_model, workload (or `MEAN`) and ratio."""
    by_network = pd.concat({model: rram_over_sram(frame, MAIN) for model, frame in optima.items()})
    mean = pd.Series({(model, MEAN): ratio for model, ratio in means.items()})
    ratios = pd.concat([by_network, mean]).rename_axis(["adc_model", "workload"])
    return ratios.reset_index(name="ratio")


def device_ratio(frame: pd.DataFrame, width: float) -> Figure:
    """Draw the rows of `ratio_table`; left of 1 RRAM is better."""
    title = "EDAP of RRAM / SRAM (< 1×: RRAM better)"
    figure = _by_network(frame, width, lambda model: f"ADC: {label(model)}", title)
    figure.axes[0].axhline(frame["workload"].nunique() - 1.5, color="0.6", linewidth=0.6)
    return figure


def _by_network(
    frame: pd.DataFrame, width: float, name: Callable[[str], str], title: str
) -> Figure:
    """Draw ratios, the last column, by network from top to bottom on a logarithmic axis, with the
    display name of each series, which the first column names."""
    series, workload, ratio = frame.columns
    networks, keys = (list(frame[column].unique()) for column in (workload, series))
    table = frame.pivot(index=workload, columns=series, values=ratio).reindex(networks)
    figure = Figure(figsize=(width, 1.0 + 0.2 * len(networks)), layout="constrained")
    ax = figure.subplots()
    at = np.arange(len(networks))
    ax.hlines(at, 0, 1, transform=ax.get_yaxis_transform(), color="0.92", linewidth=0.6, zorder=0)
    ax.axvline(1, color="0.6", linewidth=0.6, zorder=0)
    for key, (colour, marker) in zip(keys, style.workload_styles(keys), strict=True):
        ax.plot(table[key], at, marker, color=colour, ms=5, mec="white", mew=0.5, label=name(key))
    ax.set_yticks(at, [label(n) for n in networks])
    ax.tick_params(axis="y", length=0)
    ax.set(xscale="log", ylim=(len(networks) - 0.5, -0.5), xlabel=title)
    style.round_ticks(ax.xaxis, "{x:g}×")
    style.legend_below(figure, ax, title="")
    return figure


def components(study: Study, optima: pd.DataFrame) -> pd.DataFrame:
    """Energy and area of a study's chip by minimax regret, by component."""
    chip = chip_of(optima, study.name).iloc[:1]
    levels = study.space.encode({n: chip[n].to_numpy() for n in study.space.names})
    return result_tables.breakdown(study.cost_model().breakdown(levels), study.names)


def area_against_edap(frame: pd.DataFrame, width: float) -> Figure:
    """Draw the Pareto front of area and the EDAP of the worst-served network."""
    figure = Figure(figsize=(width, 2.5), layout="constrained")
    ax = figure.subplots()
    x, y, best = "area_mm2", "worst_over_own_best", frame[frame["selected"]]
    ax.step(frame[x], frame[y], where="post", color="0.6", lw=0.8)
    ax.plot(frame[x], frame[y], "o", ms=3, color=style.COLOURS[0])
    ax.plot(best[x], best[y], "*", ms=11, color=style.HIGHLIGHT, mec="black", mew=0.5)
    ax.lines[-1].set_label("minimax regret")
    ax.set(xscale="log", yscale="log", xlabel="area (mm²)")
    ax.set_ylabel("EDAP of the worst network /\nsingle-network optimum")
    style.round_ticks(ax.xaxis, "{x:g}")
    style.round_ticks(ax.yaxis, "{x:g}×")
    ax.legend()
    return figure
