"""Questions of Krestinskaya et al., asked of a study all of whose designs are evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from moocore import is_nondominated
from scipy.stats import spearmanr

from experiments.compare import comparison, statistics
from experiments.compare.algorithms import from_random, paper_ga, plain_ga, this_work
from experiments.compare.comparison import PRIMARY, Rules
from experiments.compare.evaluation_counter import Method
from experiments.enumerated_study import EnumeratedStudy
from experiments.publish import Result, read_tables
from experiments.recorded import recorded_largest
from imcmoo.arrays import Floats, Ints
from imcmoo.exact.enumeration import Enumeration
from imcmoo.exact.regret import ExactRegret
from imcmoo.io.units import MM2_PER_M2
from imcmoo.problem.criteria import MINIMAX, SCORES
from imcmoo.problem.scale import RATIO
from imcmoo.problem.scores import AGGREGATIONS, Score, costs_of, ela_score
from imcmoo.study.study import Study

STUDIES = tuple(f"{n}_workload_{device}" for n in ("four", "nine") for device in ("rram", "sram"))

TECHNOLOGY = "technology_cost_sram"

SEED = 1
"""Of single searches and of sampled sets of networks."""

Tables = dict[str, dict[str, pd.DataFrame]]
"""Tables by study and name."""

PAPER_SCORE = "ela_max"
"""Score of Krestinskaya et al., which their main search and their sequential baseline optimise."""

SCORED = ("edap_max", PAPER_SCORE)
"""The two scores that aggregate by the maximum."""

GENERAL = "edap_geomean"
"""Criterion of the designs shown for generality: no network decides it alone."""

GENERALITY = (GENERAL, PAPER_SCORE, "regret_minimax")
"""Criteria of designs that are to generalise."""

SELECTED_BY: dict[str, str | Score] = {
    **{name: name for name in SCORES},
    "ela_product": partial(ela_score, aggregate=AGGREGATIONS["product"]),
    MINIMAX: MINIMAX,
}
"""Selection criteria: those of a study, and the product as Krestinskaya et al. form it."""

SAMPLED_SETS = 30
"""Sets of networks of one size that are evaluated if there are more."""

ALL, RECORDED = "all feasible designs", "designs of the paper's recorded search"

_ga = partial(plain_ga, score=SCORES[PAPER_SCORE])

STEPS: dict[str, Method] = {
    "plain GA": partial(from_random, _ga),
    "with diverse sampling": _ga,
    "with four phases": partial(paper_ga, score=SCORES[PAPER_SCORE]),
    "ours": this_work,
}
"""The published search part by part, and ours. The four phases include the published population,
initial designs and operators."""

PHASED = frozenset({"with four phases"})

BUDGETS = (500, 1000, PRIMARY)


def read_studies(folder: Path) -> Tables:
    """Read the tables of all studies, each from its folder."""
    return {study: read_tables(folder / study) for study in (*STUDIES, TECHNOLOGY)}


def aggregations(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """Compare what each selection criterion costs every network.

    Returns:
        By criterion the exact design; by network its EDAP normalised to the single-network optimum
        and the loss, 1 - optimum / EDAP; the network that is sacrificed most; and whether no design
        that runs all networks is better for the largest one.
    """
    space, names = enumerated.problem.space, enumerated.workloads
    best = [enumerated.best_for(range(len(names)), score) for score in SELECTED_BY.values()]
    levels, over = enumerated.levels(np.array(best)), enumerated.edap[best]
    over /= enumerated.single_network_optima
    of_largest = enumerated.edap[:, enumerated.largest]
    return pd.DataFrame(
        {
            "criterion": list(SELECTED_BY),
            **{n: space.column(levels, n) for n in space.names},
            **{f"over_own_best_{n}": v for n, v in zip(names, over.T, strict=True)},
            **{f"loss_{n}": v for n, v in zip(names, 1 - 1 / over.T, strict=True)},
            "sacrificed_most": [names[w] for w in over.argmax(axis=1)],
            "is_best_for_largest": of_largest[best] == of_largest[enumerated.joint].min(),
        }
    )


def quantities(enumerated: EnumeratedStudy) -> dict[str, Floats]:
    """Quantities of the designs that run all networks, shape (n_joint,), by name: two scores
    (J·s·mm²), energy (J) and latency (s) of each network, and area (mm²)."""
    rows, networks = enumerated.joint, range(len(enumerated.workloads))
    values = {name: enumerated.score(SCORES[name], rows, networks) for name in SCORED}
    for kind, costs in (("energy", enumerated.energy_J), ("latency", enumerated.latency_s)):
        values |= {f"{kind}_{n}": costs[rows, w] for w, n in enumerate(enumerated.workloads)}
    values["area"] = enumerated.area_m2[rows] * MM2_PER_M2
    return values


def sensitivity(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """Fix one parameter at a time and re-optimise the others: by parameter and value the least of
    every quantity over its optimum, 1 where the value costs nothing, NaN where no design runs all
    networks."""
    levels = enumerated.levels(enumerated.joint)
    values = pd.DataFrame(quantities(enumerated)).add_suffix("_over_best")
    parts = []
    for i, parameter in enumerate(enumerated.problem.space.parameters):
        least = values.groupby(levels[:, i]).min().reindex(range(len(parameter)))
        keys = {"parameter": parameter.name, "value": parameter.values}
        parts.append(pd.DataFrame(keys).join(least / values.min()))
    return pd.concat(parts)


def effects(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """Attribute the variance of each quantity's logarithm, over designs that run all networks.

    Returns:
        By parameter and quantity `share_alone`, explained by the parameter alone, and
        `share_total`, left when all others are fixed: the first-order and total indices of Sobol'
        if all combinations of values run. As some do not, shares need not add up.

    Source: Saltelli et al., Computer Physics Communications 181 (2010) 259.
    """
    space = enumerated.problem.space
    levels, values = enumerated.levels(enumerated.joint), quantities(enumerated)
    rows = []
    for i, parameter in enumerate(space.parameters):
        others = space.rank(levels, [n for n in space.names if n != parameter.name])
        _, groups = np.unique(others, return_inverse=True)
        for name, costs in values.items():
            logs = np.log(costs)
            spread = logs.var()
            row = {"parameter": parameter.name, "quantity": name}
            row |= {"share_alone": 1 - _variance_within(logs, levels[:, i]) / spread}
            rows.append(row | {"share_total": _variance_within(logs, groups) / spread})
    return pd.DataFrame(rows)


def _variance_within(values: Floats, groups: Ints) -> float:
    """Mean variance within groups, weighted by their size."""
    size = np.bincount(groups)
    mean = np.bincount(groups, values) / np.maximum(size, 1)
    return float(((values - mean[groups]) ** 2).mean())


def leave_one_out(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """Leave out one network at a time and design for the others.

    Returns:
        By criterion of `GENERALITY` and network left out the EDAP of that design, and of the design
        for all, normalised to the single-network optimum, and their ratio; NaN where the network
        does not run.
    """
    networks, optima = range(len(enumerated.workloads)), enumerated.single_network_optima
    frames = []
    for criterion in GENERALITY:
        all_networks = enumerated.edap[enumerated.best_for(networks, criterion)]
        others = [[other for other in networks if other != w] for w in networks]
        unknown = enumerated.edap[[enumerated.best_for(o, criterion) for o in others], networks]
        columns = {
            "left_out": enumerated.workloads,
            "criterion": criterion,
            "unknown_over_own_best": unknown / optima,
            "known_over_own_best": all_networks / optima,
            "unknown_over_known": unknown / all_networks,
        }
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames)


def growing_sets(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """Design for sets of networks (all, or `SAMPLED_SETS` of a size) by each criterion of
    `GENERALITY`, and evaluate on each unseen network: its EDAP normalised to the single-network
    optimum; NaN where it does not run."""
    names, rows = enumerated.workloads, []
    rng = np.random.default_rng((SEED, 3))
    sets = [chosen for size in range(1, len(names)) for chosen in _sets(len(names), size, rng)]
    for criterion in GENERALITY:
        for chosen in sets:
            edap = enumerated.edap[enumerated.best_for(chosen, criterion)]
            over = edap / enumerated.single_network_optima
            row = {"size": len(chosen), "set": "+".join(names[i] for i in chosen)}
            rows += [
                row | {"unknown": names[w], "criterion": criterion, "over_own_best": over[w]}
                for w in range(len(names))
                if w not in chosen
            ]
    return pd.DataFrame(rows)


def by_size(sets: pd.DataFrame) -> pd.DataFrame:
    """Summarise `growing_sets` by criterion and size: number of pairs of set and unseen network,
    share of them that run, and quartiles of their normalised EDAP."""
    grouped = sets.groupby(["criterion", "size"], sort=False)["over_own_best"]
    quartiles = grouped.quantile(np.array([0.25, 0.5, 0.75])).unstack()
    quartiles.columns = pd.Index(["lower_quartile", "median", "upper_quartile"])
    counts = grouped.agg(pairs="size", runs_share=lambda v: v.notna().mean())
    return counts.join(quartiles).reset_index()


def _sets(n: int, size: int, rng: np.random.Generator) -> Sequence[tuple[int, ...]]:
    sets = list(combinations(range(n), size))
    if len(sets) <= SAMPLED_SETS:
        return sets
    return [sets[i] for i in np.sort(rng.choice(len(sets), SAMPLED_SETS, replace=False))]


def largest(enumerated: EnumeratedStudy, study: str) -> pd.DataFrame:
    """Measure how far the largest network alone decides aggregation by the maximum: `decided_by`
    over all feasible designs and over those of the recorded search."""
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
    """Measure how far the network of a column decides scores that aggregate by the maximum.

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
    excess = {f"{n}_excess": RATIO.excess(edap[s.argmin()], edap.min()) for n, s in scores.items()}
    return {"designs": len(edap), **shares, **correlations, **excess}


def search(study: Study, seed: int) -> Result:
    """Run all of `STEPS` from equal starts; a table of regrets."""
    return comparison.search(_rules(study), seed)


@lru_cache(maxsize=1)
def _rules(study: Study) -> Rules:
    """Enumerate the study, once in each process: it takes longer than a few searches."""
    judge = partial(ExactRegret, answer=Enumeration(study.problem()).answer())
    return Rules(study, judge, BUDGETS, None, STEPS, PHASED, (PAPER_SCORE,))


def paper_search(results: Sequence[Result]) -> pd.DataFrame:
    """Summarise regret in the published score over seeds, by budget in designs and by search; of
    stored results of `search`, one for each seed."""
    runs = comparison.tables(results)["runs"]
    of_score = runs["indicator"] == PAPER_SCORE
    counted = runs["counted"] == comparison.DESIGNS
    summary = statistics.summary(runs[of_score & counted]).drop(columns="counted")
    return summary.rename(columns={"indicator": "criterion"})


def cost_front(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """Compute the Pareto front in cost and EDAP (max) of each technology node: one design for each
    point, and whether it is also on the front of all nodes."""
    problem, space = enumerated.problem, enumerated.problem.space
    rows = enumerated.joint
    levels = enumerated.levels(rows)
    score = enumerated.score(SCORES["edap_max"], rows, range(len(enumerated.workloads)))
    points = np.column_stack([problem.cost(levels, enumerated.area_m2[rows]), score])
    nodes = levels[:, space.names.index("technology_nm")]
    of_nodes = [np.flatnonzero(nodes == node) for node in np.unique(nodes)]
    kept = np.concatenate([designs[is_nondominated(points[designs])] for designs in of_nodes])
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
    nodes = front.groupby("technology_nm")
    best = front.loc[nodes["edap_max_J_s_mm2"].idxmin()].set_index("technology_nm")
    table = {
        "least_edap_max_J_s_mm2": best["edap_max_J_s_mm2"],
        "its_cost": best["cost"],
        "least_cost": nodes["cost"].min(),
        "on_front": nodes["on_front"].sum(),
    }
    return pd.DataFrame(table).reset_index()
