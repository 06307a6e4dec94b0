"""What the arena shows: medians with their uncertainty, and who is ahead of whom for certain."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.arena.rules import OURS
from imcmoo.analysis.statistics import holm, median_interval, paired_wilcoxon, vargha_delaney

KEYS = ["counted", "budget", "criterion"]
"""What is compared apart."""


def summary(regret: pd.DataFrame) -> pd.DataFrame:
    """By what is counted, budget, criterion and method: regret's median with its 95 % bootstrap
    interval, 95th percentile and largest value, and share of runs without regret.

    A run that found nothing feasible counts as infinitely far; with such a run among them the
    seeds have no interval.

    Args:
        regret: columns method, seed, counted, budget, criterion, regret.
    """
    rows = []
    for own, group in regret.groupby([*KEYS, "method"], sort=False):
        values = np.sort(group["regret"].to_numpy(dtype=float))
        if np.isfinite(values).all():
            rng = np.random.default_rng(0)
            low, median, high = median_interval(values, rng)
        else:
            low, median, high = np.nan, values[len(values) // 2], np.nan
        rows.append(
            {
                **dict(zip([*KEYS, "method"], own, strict=True)),
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
    """Ours against every other method, by `KEYS`: Wilcoxon's signed-rank test over
    seeds, one-sided, with Holm's correction over the methods, and A12, the probability that a run
    of ours is better.

    Args:
        regret: as for `summary`.
    """
    frames = []
    for own, group in regret.groupby(KEYS, sort=False):
        table = group.pivot(index="seed", columns="method", values="regret")
        others = [m for m in group["method"].unique() if m != OURS]
        if not others:
            continue
        # Some are dear and were given fewer seeds.
        pairs = [table[[OURS, m]].dropna().to_numpy().T for m in others]
        p = [paired_wilcoxon(*pair) for pair in pairs]
        frames.append(
            pd.DataFrame(
                {
                    **dict(zip(KEYS, own, strict=True)),
                    "method": others,
                    "p": p,
                    "p_holm": holm(np.array(p)),
                    "A12": [vargha_delaney(*pair) for pair in pairs],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
