"""Question 4: does a design serve a network it was not made for?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from experiments.paper.enumerated_study import EnumeratedStudy

SAMPLED_SETS = 30
"""Sets of networks of one size looked at, where there are more."""


def leave_one_out(enumerated: EnumeratedStudy, criterion: str) -> pd.DataFrame:
    """By network left out: EDAP on it of the design for the others, and of the design for all, over
    the network's own best; and of the first over the second. NaN where it does not run."""
    everything = set(range(len(enumerated.workloads)))
    knew = enumerated.edap[enumerated.best_for(sorted(everything), criterion)]
    rows = []
    for w, name in enumerate(enumerated.workloads):
        blind = enumerated.edap[enumerated.best_for(sorted(everything - {w}), criterion)]
        rows.append(
            {
                "left_out": name,
                "criterion": criterion,
                "unknown_over_own_best": blind[w] / enumerated.own_best[w],
                "known_over_own_best": knew[w] / enumerated.own_best[w],
                "unknown_over_known": blind[w] / knew[w],
            }
        )
    return pd.DataFrame(rows)


def growing_sets(enumerated: EnumeratedStudy, criterion: str, seed: int) -> pd.DataFrame:
    """By set of networks and network not in it: EDAP on it of the design for the set, over its own
    best; NaN where it does not run. All sets, or `SAMPLED_SETS` of a size where there are more."""
    n = len(enumerated.workloads)
    rng = np.random.default_rng((seed, 3))
    rows = []
    for size in range(1, n):
        for subset in _sets(n, size, rng):
            values = enumerated.edap[enumerated.best_for(subset, criterion)]
            rows += [
                {
                    "size": size,
                    "set": "+".join(enumerated.workloads[i] for i in subset),
                    "unknown": enumerated.workloads[w],
                    "criterion": criterion,
                    "over_own_best": values[w] / enumerated.own_best[w],
                }
                for w in range(n)
                if w not in subset
            ]
    return pd.DataFrame(rows)


def by_size(sets: pd.DataFrame) -> pd.DataFrame:
    """How the gap changes as networks join, by criterion and size of the set: how many pairs of set
    and network there are, the share that runs, and of these the quartiles of EDAP over own best.

    Args:
        sets: as `growing_sets` makes it.
    """
    groups = sets.groupby(["criterion", "size"], sort=False)["over_own_best"]
    quartiles = groups.quantile(np.array([0.25, 0.5, 0.75])).unstack()
    quartiles.columns = pd.Index(["lower_quartile", "median", "upper_quartile"])
    counts = groups.agg(pairs="size", runs_share=lambda v: v.notna().mean())
    return counts.join(quartiles).reset_index()


def _sets(n: int, size: int, rng: np.random.Generator) -> Sequence[tuple[int, ...]]:
    every = list(combinations(range(n), size))
    if len(every) <= SAMPLED_SETS:
        return every
    return [every[i] for i in np.sort(rng.choice(len(every), SAMPLED_SETS, replace=False))]
