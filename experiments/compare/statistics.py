"""Statistics of a comparison: medians with their uncertainty, tests, and the ECDF figure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.compare.comparison import OURS
from imcmoo.analysis.statistics import (
    ecdf,
    holm,
    median_interval,
    paired_wilcoxon,
    vargha_delaney,
)
from imcmoo.report.style import HIGHLIGHT, WIDTH, colours

LINES = ("-", "--", "-.", ":")

KEYS = ["counted", "budget", "criterion"]
"""Keys of the groups that are compared."""


def summary(regret: pd.DataFrame) -> pd.DataFrame:
    """Summarise regret over seeds.

    Args:
        regret: columns method, seed, counted, budget, criterion, regret.

    Returns:
        By counted, budget, criterion and method: the median with its 95 % bootstrap interval, 95th
        percentile, largest value, and success rate. Regret is infinite if nothing feasible was
        found; with such a run there is no interval.
    """
    rows = []
    for keys, group in regret.groupby([*KEYS, "method"], sort=False):
        values = np.sort(group["regret"].to_numpy(dtype=float))
        if np.isfinite(values).all():
            rng = np.random.default_rng(0)
            low, median, high = median_interval(values, rng)
        else:
            low, median, high = np.nan, values[len(values) // 2], np.nan
        rows.append(
            {
                **dict(zip([*KEYS, "method"], keys, strict=True)),
                "median": median,
                "median_low": low,
                "median_high": high,
                # The next larger value: interpolation would average with infinity.
                "percentile_95": values[int(np.ceil(0.95 * len(values))) - 1],
                "largest": values[-1],
                "solved": (values == 0).mean(),
                "seeds": len(values),
            }
        )
    return pd.DataFrame(rows)


def tests(regret: pd.DataFrame) -> pd.DataFrame:
    """Test ours against every other algorithm.

    Args:
        regret: columns method, seed, counted, budget, criterion, regret.

    Returns:
        By `KEYS`, Wilcoxon's one-sided signed-rank test over seeds with Holm's correction over the
        algorithms, and A12, the probability that a run of ours is better.
    """
    frames = []
    for keys, group in regret.groupby(KEYS, sort=False):
        table = group.pivot(index="seed", columns="method", values="regret")
        others = [m for m in group["method"].unique() if m != OURS]
        if not others:
            continue
        # Slow algorithms have fewer seeds.
        pairs = [table[[OURS, m]].dropna().to_numpy().T for m in others]
        p = [paired_wilcoxon(*pair) for pair in pairs]
        frames.append(
            pd.DataFrame(
                {
                    **dict(zip(KEYS, keys, strict=True)),
                    "method": others,
                    "p": p,
                    "p_holm": holm(np.array(p)),
                    "A12": [vargha_delaney(*pair) for pair in pairs],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def ecdf_figure(
    targets: pd.DataFrame, recorded: pd.DataFrame, budget: int, title: Mapping[str, str]
) -> Figure:
    """Draw the share of runs that reached a regret over the designs evaluated.

    A panel for each criterion with all its targets.

    Args:
        targets: columns method, seed, criterion, target, evaluations.
        recorded: the same columns of the published search, with its budget; may be empty.
        budget: of the runs.
        title: of each panel, by criterion, in order.
    """
    figure = Figure(figsize=(WIDTH, 2.6), layout="constrained")
    axes = figure.subplots(1, len(title), sharey=True, squeeze=False)[0]
    at = np.unique(np.geomspace(10, budget, 200).astype(int)).astype(float)
    methods = list(targets["method"].unique())
    palette = colours(len(methods))
    for ax, (criterion, name) in zip(axes, title.items(), strict=True):
        reached = targets[targets["criterion"] == criterion]
        for i, method in enumerate(methods):
            hits = reached.loc[reached["method"] == method, "evaluations"].to_numpy(dtype=float)
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
