"""The figure of the physical studies."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.physics.summary import chip_of, device_of, main_studies, study_label
from imcmoo.report import style
from imcmoo.report.labels import label

MARKERS = {"SRAM": "o", "RRAM": "s"}


def shown(optima: pd.DataFrame) -> pd.DataFrame:
    """Select what the figure shows: normalised EDAP of the chips by minimax regret."""
    chips = [chip_of(optima, study) for study in main_studies(optima)]
    return pd.concat(chips)[["study", "workload", "over_own_best"]].reset_index(drop=True)


def over_own_best(frame: pd.DataFrame, width: float) -> Figure:
    """Draw what one chip costs each network, by device.

    Args:
        frame: columns study, workload, over_own_best.
        width: inches.
    """
    networks = list(dict.fromkeys(frame["workload"]))
    height = (0.9 if width <= style.COLUMN else 0.8) + 0.2 * len(networks)
    figure = Figure(figsize=(width, height), layout="constrained")
    ax = figure.subplots()
    at = np.arange(len(networks))
    ax.hlines(at, 0, 1, transform=ax.get_yaxis_transform(), color="0.92", linewidth=0.6, zorder=0)
    ax.axvline(1, color="0.6", linewidth=0.6, zorder=0)
    studies = list(dict.fromkeys(frame["study"]))
    for colour, study in zip(style.colours(len(studies)), studies, strict=True):
        values = frame[frame["study"] == study].set_index("workload")["over_own_best"]
        ax.plot(
            values.loc[networks], at, MARKERS[device_of(study)], color=colour, markersize=5,
            markeredgecolor="white", markeredgewidth=0.5, label=study_label(study),
        )  # fmt: skip
    ax.set_yticks(at, [label(n) for n in networks])
    ax.tick_params(axis="y", length=0)
    ax.set(xscale="log", ylim=(len(networks) - 0.5, -0.5))
    style.round_ticks(ax.xaxis, "{x:g}×")
    ax.set_xlabel("EDAP divided by its single-network optimum")
    style.legend_below(figure, ax, title="")
    return figure
