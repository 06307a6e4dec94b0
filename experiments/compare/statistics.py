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

KEYS = ["counted", "budget", "indicator"]
"""Keys of the groups that are compared."""

LARGER_IS_BETTER = ("hypervolume", "coverage")

BEST = {"hypervolume": 1.0, "coverage": 1.0, "epsilon_multiplicative": 1.0}
"""Best value of an indicator, if not 0."""


def _losses(group: pd.DataFrame) -> pd.Series:
    """Values of a group of one indicator, negated where larger is better."""
    sign = -1.0 if group["indicator"].iloc[0] in LARGER_IS_BETTER else 1.0
    return sign * group["value"].astype(float)


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Summarise indicators over seeds.

    Args:
        runs: columns method, seed, counted, budget, indicator, value.

    Returns:
        By counted, budget, indicator and method: the median with its 95 % bootstrap interval, the
        value that 95 % of the runs are at least as good as, the worst value, and the share of runs
        at the best value possible. Regret is infinite if nothing feasible was found; with such a
        run there is no interval.
    """
    rows = []
    for keys, group in runs.groupby([*KEYS, "method"], sort=False):
        losses = _losses(group)
        values = group["value"].to_numpy(dtype=float)[np.argsort(losses, kind="stable")]
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
                # The next worse value: interpolation would average with infinity.
                "percentile_95": values[int(np.ceil(0.95 * len(values))) - 1],
                "largest": values[-1],
                "solved": (values == BEST.get(str(keys[2]), 0.0)).mean(),
                "seeds": len(values),
            }
        )
    return pd.DataFrame(rows)


def tests(runs: pd.DataFrame) -> pd.DataFrame:
    """Test one algorithm, ours or else the first, against every other one.

    Args:
        runs: columns method, seed, counted, budget, indicator, value.

    Returns:
        By `KEYS`, Wilcoxon's one-sided signed-rank test over seeds with Holm's correction over the
        algorithms, and A12, the probability that a run of the tested one is better.
    """
    methods = list(runs["method"].unique())
    tested = OURS if OURS in methods else methods[0]
    columns = [*KEYS, "method", "p", "p_holm", "A12"]
    frames = [pd.DataFrame(columns=columns)]
    for keys, group in runs.groupby(KEYS, sort=False):
        table = group.assign(loss=_losses(group)).pivot(
            index="seed", columns="method", values="loss"
        )
        others = [m for m in group["method"].unique() if m != tested]
        if not others or tested not in table:
            continue
        # Slow algorithms have fewer seeds.
        pairs = [table[[tested, m]].dropna().to_numpy().T for m in others]
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
    return pd.concat(frames[1:] or frames, ignore_index=True)


def ecdf_figure(
    targets: pd.DataFrame, recorded: pd.DataFrame, budget: int, title: Mapping[str, str]
) -> Figure:
    """Draw the share of runs that reached a target over the designs evaluated.

    A panel for each indicator with all its targets.

    Args:
        targets: columns method, seed, indicator, target, evaluations.
        recorded: of the published search, with `criterion` for `indicator` and its budget; may be
            empty.
        budget: of the runs.
        title: of each panel, by indicator, in order.
    """
    figure = Figure(figsize=(WIDTH, 2.6), layout="constrained")
    axes = figure.subplots(1, len(title), sharey=True, squeeze=False)[0]
    at = np.unique(np.geomspace(10, budget, 200).astype(int)).astype(float)
    methods = list(targets["method"].unique())
    palette = colours(len(methods))
    for ax, (indicator, name) in zip(axes, title.items(), strict=True):
        reached = targets[targets["indicator"] == indicator]
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
        theirs = recorded[recorded["criterion"] == indicator]
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
