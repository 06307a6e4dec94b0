"""How many runs have come how close after how many designs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.arena.rules import OURS
from imcmoo.analysis.statistics import ecdf
from imcmoo.report.style import HIGHLIGHT, WIDTH, colours

LINES = ("-", "--", "-.", ":")


def ecdf_figure(
    targets: pd.DataFrame, recorded: pd.DataFrame, budget: int, title: Mapping[str, str]
) -> Figure:
    """Share of runs that reached a regret, over the designs evaluated; a panel per criterion, all
    targets of it together.

    Args:
        targets: columns method, seed, criterion, target, evaluations.
        recorded: the same of the paper's one published search, with its budget; may be empty.
        budget: of the runs.
        title: of each panel, by criterion, in order.
    """
    figure = Figure(figsize=(WIDTH, 2.6), layout="constrained")
    axes = figure.subplots(1, len(title), sharey=True, squeeze=False)[0]
    at = np.unique(np.geomspace(10, budget, 200).astype(int)).astype(float)
    methods = list(targets["method"].unique())
    palette = colours(len(methods))
    for ax, (criterion, name) in zip(axes, title.items(), strict=True):
        own = targets[targets["criterion"] == criterion]
        for i, method in enumerate(methods):
            hits = own.loc[own["method"] == method, "evaluations"].to_numpy(dtype=float)
            ours = method == OURS
            ax.step(
                at,
                ecdf(hits, at),
                where="post",
                label=method,
                color=HIGHLIGHT if ours else palette[i],
                linestyle="-" if ours else LINES[i % len(LINES)],
                linewidth=2.0 if ours else 1.2,
                zorder=5 if ours else 2,
            )
        theirs = recorded[recorded["criterion"] == criterion]
        if len(theirs):
            until = at[at <= theirs["budget"].iloc[0]]
            hits = theirs["evaluations"].to_numpy(dtype=float)
            ax.step(until, ecdf(hits, until), where="post", color="black", label="paper's records")
        ax.set(xscale="log", xlim=(at[0], budget), ylim=(0, 1.02), title=name)
        ax.set_xlabel("unique designs")
    axes[0].set_ylabel("share of runs and targets\nreached")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return figure
