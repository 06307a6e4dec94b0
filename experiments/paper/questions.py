"""Questions asked of the reference model only: the largest network, the parts of the published
search, technology and cost."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np
import pandas as pd
from moocore import is_nondominated
from scipy.stats import spearmanr

from experiments.compare import comparison, statistics
from experiments.compare.algorithms import from_random, ours, paper_ga, plain_ga
from experiments.compare.comparison import PRIMARY, Columns, Rules
from experiments.compare.evaluation_counter import Method
from experiments.enumerated_study import EnumeratedStudy
from experiments.questions import PAPER_SCORE, SCORED
from experiments.recorded import recorded_largest
from imcmoo.exact.enumeration import Enumeration
from imcmoo.exact.regret import ExactRegret
from imcmoo.model.metrics import Floats
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.scores import costs_of
from imcmoo.study.study import Study

ALL, RECORDED = "all feasible designs", "designs of the paper's recorded search"

_ga = partial(plain_ga, score=SCORES[PAPER_SCORE])

STEPS: dict[str, Method] = {
    "plain GA": partial(from_random, _ga),
    "with diverse sampling": _ga,
    "with four phases": partial(paper_ga, score=SCORES[PAPER_SCORE]),
    "ours": ours,
}
"""The published search part by part, and ours. The four phases include the published population,
initial designs and operators."""

PHASED = frozenset({"with four phases", "ours"})

BUDGETS = (500, 1000, PRIMARY)


def largest(enumerated: EnumeratedStudy, study: str) -> pd.DataFrame:
    """Measure how far the largest network alone decides aggregation by the maximum.

    Returns:
        Values of `decided_by` over all feasible designs and over those of the recorded search.
    """
    rows, network = enumerated.joint, enumerated.largest
    costs = enumerated.energy_J[rows], enumerated.latency_s[rows], enumerated.area_m2[rows]
    row = {
        "data": ALL,
        "network": enumerated.workloads[network],
        "evaluated": enumerated.problem.space.size,
        **decided_by(*costs, network),
    }
    recorded = recorded_largest(study).assign(data=RECORDED)
    return pd.concat([pd.DataFrame([row]), recorded], ignore_index=True)


def decided_by(energy: Floats, latency: Floats, area: Floats, network: int) -> dict[str, float]:
    """Measure how far one network decides scores that aggregate by the maximum.

    Args:
        energy: J, shape (n, W).
        latency: s, shape (n, W).
        area: m², shape (n,).
        network: its column.

    Returns:
        Number of `designs`; shares of them on which the network has the largest EDAP, energy and
        latency; and for each of `SCORED` the rank correlation (Spearman) with the network's EDAP,
        and the excess of that EDAP on the design with the best score over its least value: 0 if the
        design best by the score is the best for this network.
    """
    costs = costs_of(energy, latency, area)
    shares = {
        f"largest_{kind}_share": float((values[:, network] == values.max(axis=1)).mean())
        for kind, values in (("edap", costs.edap), ("energy", energy), ("latency", latency))
    }
    edap = costs.edap[:, network]
    scores = {name: SCORES[name](costs) for name in SCORED}
    correlations = {f"{n}_correlation": spearmanr(s, edap).statistic for n, s in scores.items()}
    excess = {f"{n}_excess": edap[s.argmin()] / edap.min() - 1 for n, s in scores.items()}
    return {"designs": len(edap), **shares, **correlations, **excess}


def search(study: Study, seed: int) -> Columns:
    """Run all of `STEPS` from equal starts; columns of a table of regrets, by name."""
    return comparison.search(_rules(study), seed)


@lru_cache(maxsize=1)
def _rules(study: Study) -> Rules:
    """Enumerate the study, once in each process: it takes longer than a few searches."""
    judge = partial(ExactRegret, answer=Enumeration(study.problem()).answer())
    return Rules(study, judge, BUDGETS, None, STEPS, PHASED, (PAPER_SCORE,))


def paper_search(results: Sequence[Columns]) -> pd.DataFrame:
    """Summarise regret in the published score over seeds, by budget in designs and by search.

    Args:
        results: of `search`, one for each seed.
    """
    runs = comparison.tables(results)["runs"]
    of_score = runs["indicator"] == PAPER_SCORE
    counted = runs["counted"] == comparison.DESIGNS
    summary = statistics.summary(runs[of_score & counted]).drop(columns="counted")
    return summary.rename(columns={"indicator": "criterion"})


def cost_front(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """Compute the Pareto front in cost and EDAP (max) of each technology node.

    Returns:
        One design for each point, and whether it is also on the front of all nodes.
    """
    problem, space = enumerated.problem, enumerated.problem.space
    rows = enumerated.joint
    levels = enumerated.levels(rows)
    score = enumerated.score(SCORES["edap_max"], rows, range(len(enumerated.workloads)))
    points = np.column_stack([problem.cost(levels, enumerated.area_m2[rows]), score])
    nodes = levels[:, space.names.index("technology_nm")]
    fronts = []
    for node in np.unique(nodes):
        designs = np.flatnonzero(nodes == node)
        fronts.append(designs[is_nondominated(points[designs])])
    kept = np.concatenate(fronts)
    kept = kept[np.lexsort((points[kept, 0], nodes[kept]))]
    return pd.DataFrame(
        {
            **{n: space.column(levels[kept], n) for n in space.names},
            "cost": points[kept, 0],
            "edap_max_J_s_mm2": points[kept, 1],
            "on_front": is_nondominated(points[kept]),
        }
    )


def by_node(front: pd.DataFrame) -> pd.DataFrame:
    """Summarise `cost_front` by node: least EDAP and its cost, least cost, points on the front of
    all nodes."""
    rows = []
    for node, points in front.groupby("technology_nm"):
        best = points.iloc[int(points["edap_max_J_s_mm2"].argmin())]
        rows.append(
            {
                "technology_nm": node,
                "least_edap_max_J_s_mm2": best["edap_max_J_s_mm2"],
                "its_cost": best["cost"],
                "least_cost": points["cost"].min(),
                "on_front": points["on_front"].sum(),
            }
        )
    return pd.DataFrame(rows)
