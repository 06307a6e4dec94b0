"""Statistics of a comparison: medians with their uncertainty, tests, and the ECDF figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.compare.comparison import LARGEST_REGRET, OURS, USED
from imcmoo.analysis.statistics import ecdf, holm, mann_whitney, median_interval, vargha_delaney
from imcmoo.report.palette import COLOURS, HIGHLIGHT
from imcmoo.report.style import COLUMN, legend_below

LINES = ("-", "--", "-.", ":")

LINED = (
    "NSGA-II",
    "AGE-MOEA-II",
    "NSGA-II, criteria",
    "AGE-MOEA-II, criteria",
    "Pareto local search",
    "best-first",
    "NSGA-III",
    "NSGA-II, mixed",
    "NSGA-III, criteria",
    "C-TAEA",
    "paper's GA",
    "random",
)
"""Methods with a line of their own in every figure."""

N_COLOURS = 6
"""Colours of lines; further methods have the same colours with another dash pattern."""

KEYS = ["counted", "budget", "indicator"]
"""Keys of the groups that are compared."""

LARGER_IS_BETTER = ("hypervolume", "coverage", USED)

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
    """Test one algorithm, ours or else the first, against every other one in a table as of
    `summary`.

    Returns:
        By `KEYS`, the two-sided Mann-Whitney test of the runs with Holm's correction over the
        algorithms, and A12, the probability that a run of the tested one is better: below 0.5 the
        other algorithm is ahead. `USED` is no quality, so it is not tested.
    """
    methods = list(runs["method"].unique())
    tested = OURS if OURS in methods else methods[0]
    columns = [*KEYS, "method", "p", "p_holm", "A12"]
    frames = [pd.DataFrame(columns=columns).astype({"budget": int})]  # one method: no test
    for keys, group in runs[runs["indicator"] != USED].groupby(KEYS, sort=False):
        losses = {m: _losses(of).to_numpy() for m, of in group.groupby("method", sort=False)}
        first = losses.pop(tested, None)
        if first is None or not losses:
            continue
        p = np.array([mann_whitney(first, other) for other in losses.values()])
        frames.append(
            pd.DataFrame(
                {
                    **dict(zip(KEYS, keys, strict=True)),
                    "method": [*losses],
                    "p": p,
                    "p_holm": holm(p),
                    "A12": [vargha_delaney(first, other) for other in losses.values()],
                }
            )
        )
    return pd.concat(frames[1:] or frames, ignore_index=True)


def ecdf_figure(
    targets: pd.DataFrame, recorded: pd.DataFrame, budget: int, title: Mapping[str, str]
) -> Figure:
    """Draw the share of runs that reached a target over the designs evaluated.

    Args:
        targets: columns method, seed, indicator, target, evaluations.
        recorded: of the published search, with `criterion` for `indicator` and its budget; may be
            empty.
        budget: of the runs.
        title: of each panel, with all targets of an indicator, in order.
    """
    figure = Figure(figsize=(COLUMN, 1.5 + 1.3 * len(title)), layout="constrained")
    axes = figure.subplots(len(title), 1, sharex=True, squeeze=False)[:, 0]
    at = np.unique(np.geomspace(10, budget, 200).astype(int)).astype(float)
    for ax, (indicator, name) in zip(axes, title.items(), strict=True):
        for method, group in _by_method(targets[targets["indicator"] == indicator]):
            reached = ecdf(group["evaluations"].to_numpy(dtype=float), at)
            ax.step(at, reached, where="post", **_line(method))
        theirs = recorded[recorded["criterion"] == indicator]
        if len(theirs):
            until = at[at <= theirs["budget"].iloc[0]]
            hits = theirs["evaluations"].to_numpy(dtype=float)
            ax.step(until, ecdf(hits, until), where="post", color="black", label="paper's records")
        ax.set(xscale="log", xlim=(at[0], budget), ylim=(0, 1.02), title=name)
        ax.set_ylabel("share reached")
    axes[-1].set_xlabel("unique designs")
    legend_below(figure, axes[0], title="")
    return figure


def regret_figure(targets: pd.DataFrame, budget: int) -> Figure:
    """Draw the largest regret over the designs evaluated up to a budget, from targets as in
    `ecdf_figure`: median and quartiles of the runs."""
    figure = Figure(figsize=(COLUMN, 3.2), layout="constrained")
    ax = figure.subplots()
    reached = targets[targets["indicator"] == LARGEST_REGRET]
    goals = np.sort(reached["target"].unique())[::-1]
    shown = np.maximum(goals, goals[goals > 0].min() / 2)
    for method, hits in _by_method(reached):
        table = hits.pivot(index="seed", columns="target", values="evaluations")[goals]
        # Not interpolated, since runs that never reach a target count as infinite.
        low, median, high = np.quantile(table, (0.25, 0.5, 0.75), axis=0, method="higher")
        line = _line(method)
        ends = np.minimum(low, budget), np.minimum(high, budget)
        ax.fill_betweenx(shown, *ends, color=line["color"], alpha=0.15, linewidth=0)
        ax.plot(np.append(median, np.inf), np.append(shown, shown[-1]), **{**line, "marker": "."})
    ax.set(xscale="log", yscale="log", xlim=(budget / 100, budget))
    ax.set(xlabel="unique designs", ylabel="largest regret (%)")
    ax.set_yticks(shown, [f"{100 * goal:g}" for goal in goals], minor=False)
    ax.set_yticks([], minor=True)
    legend_below(figure, ax, title="")
    return figure


def _by_method(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(str(method), group) for method, group in table.groupby("method", sort=False)]


def _line(method: str) -> dict[str, Any]:
    """Line of a method, the same in every figure; grey for one that has none."""
    if method == OURS:
        return {"label": method, "color": HIGHLIGHT, "linewidth": 2.0, "zorder": 5}
    if method not in LINED:
        return {"label": method, "color": "#949494"}
    dashes, colour = divmod(LINED.index(method), N_COLOURS)
    return {"label": method, "color": COLOURS[colour], "linestyle": LINES[dashes]}
