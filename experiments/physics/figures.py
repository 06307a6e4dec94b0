"""Figures of the physical studies: a table in, a figure out, and both as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.physics.answers import device_of, study_label
from experiments.physics.in_short import chip_of, main_studies
from imcmoo.io.files import replacing
from imcmoo.report import style
from imcmoo.report.labels import label

FIGURES = "figures"
NAME = "over_own_best"
MARKERS = {"SRAM": "o", "RRAM": "s"}


def shown(optima: pd.DataFrame) -> pd.DataFrame:
    """What the figure shows: by study and network, EDAP over its own best of the chip by minimax
    regret."""
    chips = [chip_of(optima, study) for study in main_studies(optima)]
    return pd.concat(chips)[["study", "workload", "over_own_best"]].reset_index(drop=True)


def over_own_best(frame: pd.DataFrame, width: float) -> Figure:
    """What one chip costs each network, by device.

    Args:
        frame: columns study, workload, over_own_best.
        width: inches.
    """
    networks = list(dict.fromkeys(frame["workload"]))
    narrow = width <= style.COLUMN
    figure = Figure(
        figsize=(width, (0.9 if narrow else 0.8) + 0.2 * len(networks)), layout="constrained"
    )
    ax = figure.subplots()
    at = np.arange(len(networks))
    ax.hlines(at, 0, 1, transform=ax.get_yaxis_transform(), color="0.92", linewidth=0.6, zorder=0)
    ax.axvline(1, color="0.6", linewidth=0.6, zorder=0)
    studies = list(dict.fromkeys(frame["study"]))
    for colour, study in zip(style.colours(len(studies)), studies, strict=True):
        own = frame[frame["study"] == study].set_index("workload")["over_own_best"]
        marker = MARKERS[device_of(study)]
        ax.plot(
            own.loc[networks], at, marker, color=colour, markersize=5, markeredgecolor="white",
            markeredgewidth=0.5, label=study_label(study),
        )  # fmt: skip
    ax.set_yticks(at, [label(n) for n in networks])
    ax.tick_params(axis="y", length=0)
    ax.set(xscale="log", ylim=(len(networks) - 0.5, -0.5))
    style.round_ticks(ax.xaxis, "{x:g}×")
    ax.set_xlabel("EDAP over that of the best chip for the network alone")
    style.legend_below(figure, ax, title="")
    return figure


def draw(optima: pd.DataFrame, folder: Path) -> None:
    """Write the figure as PNG and PDF, wide and for one column, and what it shows as CSV.

    Args:
        optima: as `optimum_table` makes it, of all studies.
        folder: gets `figures/`.
    """
    target = folder / FIGURES
    target.mkdir(parents=True, exist_ok=True)
    frame = shown(optima)
    with replacing(target / f"{NAME}.csv") as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")
    for ending, width in (("", style.WIDTH), ("_narrow", style.COLUMN)):
        with style.paper_style():
            figure = over_own_best(frame, width)
        style.save(figure, target, NAME + ending)
