"""Best designs found under a variation, in the numbers that conclusions rest on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from experiments.physics.searches import SOLVED, search_from
from experiments.physics.variations import (
    ALONE,
    DEFAULT,
    REFERENCE,
    WITHOUT,
    Key,
    problem_of,
    sample,
)
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2, Costs, edap, worst_regret
from imcmoo.search.sampling import NoFeasibleDesign
from imcmoo.space.design_space import Levels
from imcmoo.study.power import power
from imcmoo.study.study import Study

SAMPLED = 500
"""Random feasible designs whose order under a variation is compared with the unchanged model."""

SEED = 1
OWN_BUDGET = 200
"""Designs of the search for a single-network optimum, from known designs."""


def best_under(
    physical: Study, reference: Study, key: Key, known: Levels, optimum: Levels, *, detailed: bool
) -> pd.DataFrame:
    """Search under a variation and compare with the unchanged model.

    Args:
        physical: study of the physical model.
        reference: study of the reference model.
        key: of the variation.
        known: exact optima of the unchanged model, where searches begin, shape (n, n_parameters).
        optimum: of these the one by geometric mean, shape (1, n_parameters).
        detailed: also compute costs over the single-network optima, and how designs are ordered.

    Returns:
        One row: study, kind, variation; the columns of `best_of`; `default_regret` (excess of
        `optimum` over the best under the variation) and `regret_by_default` (excess, in the
        unchanged model, of the design that is best under the variation); if detailed, `tau`
        (Kendall, geometric-mean EDAP of random feasible designs, against the unchanged model) and
        `sample_regret` (excess, in the unchanged model, of the one of these that is best under the
        variation). NaN if a design is infeasible, and for the reference model.

    Raises:
        RuntimeError: a search ended above its start, or an exact optimum is none.
    """
    problem = problem_of(physical, reference, key)
    row: dict[str, Any] = {"study": physical.name, "kind": key[0], "variation": key[1]}
    best = None
    # With one rule alone hardly a design keeps the limits: only the order is compared.
    if key[0] != ALONE:
        alone = detailed and key[0] != WITHOUT
        start = None if key[0] == REFERENCE else known
        numbers, best = best_of(problem, physical.budget, start, alone=alone)
        row |= numbers
    if key[0] == REFERENCE:
        return pd.DataFrame([row])
    if detailed:
        row |= _order(physical, reference, problem)
    if best is not None:
        default = _unchanged(physical, reference)
        row |= {
            "default_regret": _feasible(problem, optimum) / _feasible(problem, best) - 1,
            "regret_by_default": _feasible(default, best) / _feasible(default, optimum) - 1,
        }
    _check(row)
    return pd.DataFrame([row])


def _check(row: Mapping[str, Any]) -> None:
    """Raise a RuntimeError if a regret is negative beyond the order of summation."""
    for name in ("default_regret", "regret_by_default"):
        if row.get(name, 0.0) < -SOLVED:
            raise RuntimeError(
                f"{row['study']}, {row['kind']} {row['variation']}: {name} {row[name]:g} says that "
                "something better is known than what was taken for the best"
            )


@lru_cache(maxsize=2)
def _unchanged(physical: Study, reference: Study) -> AcceleratorProblem:
    return problem_of(physical, reference, (DEFAULT, DEFAULT))


@lru_cache(maxsize=2)
def _sampled(physical: Study, reference: Study) -> tuple[Levels, Floats]:
    """Random feasible designs and their scores in the unchanged model."""
    default = _unchanged(physical, reference)
    designs = sample(default, SAMPLED, SEED)
    return designs, _geomean(default.model, designs)


def _order(physical: Study, reference: Study, problem: AcceleratorProblem) -> dict[str, Any]:
    """Order of designs under a variation, compared with the unchanged model."""
    designs, unchanged = _sampled(physical, reference)
    varied = _geomean(problem.model, designs)
    both = np.isfinite(varied) & np.isfinite(unchanged)
    varied, unchanged = varied[both], unchanged[both]
    return {
        "ranked": len(varied),
        "tau": float(kendalltau(varied, unchanged).statistic),
        "sample_regret": float(unchanged[varied.argmin()] / unchanged.min() - 1),
    }


def _geomean(model: CostModel, levels: Levels) -> Floats:
    """Geometric-mean EDAP (J·s·mm²), NaN if a network does not fit, shape (n,)."""
    assert isinstance(model, PhysicalEvaluator)
    m = model.in_full(levels)
    values: Floats = np.exp(np.log(edap(m.energy_J, m.latency_s, m.area_m2)).mean(1))
    return values


def _feasible(problem: AcceleratorProblem, levels: Levels) -> float:
    """Geometric-mean EDAP of one design; NaN if it is infeasible."""
    _, G = problem.evaluate(levels)
    return float(_geomean(problem.model, levels)[0]) if (G <= 0).all() else np.nan


def best_of(
    problem: AcceleratorProblem, budget: int, known: Levels | None, *, alone: bool
) -> tuple[dict[str, Any], Levels | None]:
    """Search and describe the best designs.

    Args:
        problem: the problem to search.
        budget: of the search.
        known: designs to begin with, see `search_from`.
        alone: also search the single-network optima and compute costs over them.

    Returns:
        By name: the best scores; of the design best by geometric mean its parameters, area_mm2,
        least TOPS/W, largest W/mm² and the ADCs' share of the area; if `alone`, the costs of
        networks over the single-network optima by `edap_max` and minimax regret, the chip best for
        the largest network, and a network left out. The design has shape (1, n_parameters); None if
        no design is feasible.
    """
    try:
        archive = search_from(problem, known, budget, SEED)
    except NoFeasibleDesign:
        return {"feasible": False}, None
    rows = np.flatnonzero(archive.feasible)
    costs = problem.costs(archive.F[rows])
    scores = {name: SCORES[name](costs) for name in ("edap_max", "edap_geomean")}
    by = {name: int(values.argmin()) for name, values in scores.items()}
    best = archive.levels[rows[[by["edap_geomean"]]]]
    row = {"feasible": True, **{name: float(values.min()) for name, values in scores.items()}}
    if alone:
        starts = [archive.levels[rows[costs.edap.argmin(axis=0)]]]
        starts += [] if known is None else [known]
        optima = single_network_optima(problem, np.unique(np.concatenate(starts), axis=0))
        row |= _by_network(costs, by, problem.workload_names, optima)
    return row | _chip(problem, best), best


def single_network_optima(problem: AcceleratorProblem, known: Levels) -> Floats:
    """Search the best EDAP of each network on a chip that need run only that one.

    Args:
        problem: of all networks.
        known: designs to begin with, of which some run each network, shape (n, n_parameters).

    Returns:
        J·s·mm², shape (W,).
    """
    model, best = problem.model, []
    for name in problem.workload_names:
        single = AcceleratorProblem(model.for_network(name), area_limit_m2=problem.area_limit_m2)
        archive = search_from(single, known, OWN_BUDGET, SEED)
        best.append(single.costs(archive.F[archive.feasible]).edap.min())
    return np.array(best)


def _by_network(
    costs: Costs, by: Mapping[str, int], names: list[str], alone: Floats
) -> dict[str, Any]:
    """Costs of the best designs over the single-network optima (`alone`)."""
    of_networks = costs.edap
    logs = np.log(of_networks)
    by_max, joint = by["edap_max"], by["edap_geomean"]
    over = of_networks[by_max] / alone
    largest = int(of_networks[joint].argmax())
    for_largest = int(of_networks[:, largest].argmin())
    # The chip that is best for all other networks, for each network.
    blind = [int((logs.sum(axis=1) - logs[:, w]).argmin()) for w in range(len(names))]
    unknown = np.array([of_networks[b, w] for w, b in enumerate(blind)])
    among = of_networks[by_max, largest] / of_networks[:, largest].min()
    return {
        "max_over_own_best": float(over.max()),
        "max_sacrifices": names[int(over.argmax())],
        "max_excess_for_largest": float(among - 1),
        "largest": names[largest],
        "largest_only_over_joint": float(np.exp((logs[for_largest] - logs[joint]).mean())),
        "same_by_max_and_geomean": bool((of_networks[by_max] == of_networks[joint]).all()),
        "minimax_regret": float(worst_regret(of_networks, alone).min()),
        "left_out_over_known": float((unknown / of_networks[joint]).max()),
    }


def _chip(problem: AcceleratorProblem, best: Levels) -> dict[str, Any]:
    """Numbers of the chip that is best by geometric mean."""
    metrics = problem.model.evaluate(best)
    by_power = power(problem, metrics.values)
    model, shares = problem.model, {}
    if (parts := model.breakdown(best)) is not None:
        areas = dict(zip(parts.components, parts.area_m2[0], strict=True))
        shares["adc_area_share"] = float(areas["adc"] / sum(areas.values()))
    return {
        "area_mm2": float(metrics.area_m2[0]) * MM2_PER_M2,
        "W_per_mm2": float(by_power["W_per_mm2"].max()),
        "tops_per_W": float(by_power["tops_per_W"].min()),
        **shares,
        **{n: v[0] for n, v in problem.space.decode(best).items() if n in problem.space.names},
    }
