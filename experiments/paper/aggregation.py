"""Question 2: how should networks become one number, and whom does each way sacrifice?"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from experiments.paper.enumerated_study import EnumeratedStudy
from experiments.paper.settings import SCORED
from experiments.recorded import recorded_largest
from imcmoo.model.metrics import Floats
from imcmoo.problem.criteria import MINIMAX, SCORES
from imcmoo.problem.scores import AGGREGATIONS, Score, costs_of, ela_score

SELECTED_BY: dict[str, str | Score] = {
    **{name: name for name in SCORES},
    "ela_product": partial(ela_score, aggregate=AGGREGATIONS["product"]),
    MINIMAX: MINIMAX,
}
"""What selects one design: all that a study offers, and the product as the paper forms it."""

EVERY, RECORDED = "all feasible designs", "designs of the paper's recorded search"


def aggregations(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """By criterion, the exact design, its EDAP over each network's own best, what the network loses
    by that (1 - own best / EDAP), the network it sacrifices most, and whether no design that runs
    all networks is better for the largest."""
    space, names = enumerated.problem.space, enumerated.workloads
    everything = range(len(enumerated.workloads))
    of_largest = enumerated.edap[:, enumerated.largest]
    least = of_largest[enumerated.joint].min()
    rows = []
    for name, criterion in SELECTED_BY.items():
        index = enumerated.best_for(everything, criterion)
        over = enumerated.edap[index] / enumerated.own_best
        design = enumerated.levels(np.array([index]))
        rows.append(
            {
                "criterion": name,
                **{n: space.column(design, n)[0] for n in space.names},
                **{f"over_own_best_{n}": v for n, v in zip(names, over, strict=True)},
                **{f"loss_{n}": v for n, v in zip(names, 1 - 1 / over, strict=True)},
                "sacrificed_most": names[int(over.argmax())],
                "is_best_for_largest": of_largest[index] == least,
            }
        )
    return pd.DataFrame(rows)


def largest(enumerated: EnumeratedStudy, study: str) -> pd.DataFrame:
    """How far the largest network decides `max` alone, over all feasible designs and over those of
    the paper's recorded search; see `decided_by`."""
    rows = enumerated.joint
    costs = enumerated.energy_J[rows], enumerated.latency_s[rows], enumerated.area_m2[rows]
    every = decided_by(*costs, enumerated.largest)
    named = {"data": EVERY, "network": enumerated.workloads[enumerated.largest]}
    own = pd.DataFrame([named | {"evaluated": enumerated.problem.space.size} | every])
    return pd.concat([own, recorded_largest(study).assign(data=RECORDED)], ignore_index=True)


def decided_by(energy: Floats, latency: Floats, area: Floats, network: int) -> dict[str, float]:
    """How far one network decides the score of the worst.

    Args:
        energy: J, shape (n, W).
        latency: s, shape (n, W).
        area: m², shape (n,).
        network: its column.

    Returns:
        `designs`, how many; the shares of them on which it has the largest EDAP, energy and
        latency; and for EDAP (max) and the paper's score (max) the rank correlation (Spearman) with
        its own EDAP, and the excess of the best design's EDAP on it over the least of all: 0 if the
        best design by that score is the best design for this network.
    """
    costs = costs_of(energy, latency, area)
    own = costs.edap
    shares = {
        f"largest_{kind}_share": float((values[:, network] == values.max(axis=1)).mean())
        for kind, values in (("edap", own), ("energy", energy), ("latency", latency))
    }
    alone = own[:, network]
    scores = {name: SCORES[name](costs) for name in SCORED}
    correlations = {f"{n}_correlation": spearmanr(s, alone).statistic for n, s in scores.items()}
    excess = {f"{n}_excess": alone[s.argmin()] / alone.min() - 1 for n, s in scores.items()}
    return {"designs": len(own), **shares, **correlations, **excess}
