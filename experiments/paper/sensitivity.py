"""Question 3b: which hardware parameter matters to what? From all designs, not from samples."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.paper.enumerated_study import EnumeratedStudy, Ints
from experiments.paper.settings import SCORED
from imcmoo.model.metrics import Floats
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.scores import MM2_PER_M2


def quantities(enumerated: EnumeratedStudy) -> dict[str, Floats]:
    """What parameters act on, for the designs that run all networks: two scores (J·s·mm²), energy
    (J) and latency (s) of each network, and area (mm²); shape (n_joint,) each."""
    rows = enumerated.joint
    everything = range(len(enumerated.workloads))
    found = {name: enumerated.score(SCORES[name], rows, everything) for name in SCORED}
    for kind, values in (("energy", enumerated.energy_J), ("latency", enumerated.latency_s)):
        found |= {f"{kind}_{n}": values[rows, w] for w, n in enumerate(enumerated.workloads)}
    found["area"] = enumerated.area_m2[rows] * MM2_PER_M2
    return found


def best_left(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """The best of every quantity that is left when one parameter is fixed, over the optimum: 1
    where the value costs nothing; NaN where no design runs all networks."""
    levels, found = enumerated.levels(enumerated.joint), quantities(enumerated)
    rows = []
    for i, parameter in enumerate(enumerated.problem.space.parameters):
        for level, value in enumerate(parameter.values):
            own = levels[:, i] == level
            over = {
                f"{name}_over_best": values[own].min() / values.min() if own.any() else np.nan
                for name, values in found.items()
            }
            rows.append({"parameter": parameter.name, "value": value} | over)
    return pd.DataFrame(rows)


def effects(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """Shares of the variance of each quantity's logarithm, over the designs that run all networks:
    what is explained by a parameter alone, and what is left when all others are fixed.

    These are the first-order and total indices of Sobol' where designs run whatever the values; as
    some do not, the shares need not add up.

    Source: Saltelli et al., Computer Physics Communications 181 (2010) 259.
    """
    space = enumerated.problem.space
    levels, found = enumerated.levels(enumerated.joint), quantities(enumerated)
    rows = []
    for i, parameter in enumerate(space.parameters):
        others = space.rank(levels, [n for n in space.names if n != parameter.name])
        _, rest = np.unique(others, return_inverse=True)
        for name, values in found.items():
            logs = np.log(values)
            spread = logs.var()
            within = _variance_within(logs, levels[:, i]), _variance_within(logs, rest)
            alone, total = 1 - within[0] / spread, within[1] / spread
            rows.append(
                {
                    "parameter": parameter.name,
                    "quantity": name,
                    "share_alone": alone,
                    "share_total": total,
                }
            )
    return pd.DataFrame(rows)


def _variance_within(values: Floats, groups: Ints) -> float:
    """Mean variance within groups, weighted by their size."""
    size = np.bincount(groups)
    mean = np.bincount(groups, values) / np.maximum(size, 1)
    return float(((values - mean[groups]) ** 2).mean())
