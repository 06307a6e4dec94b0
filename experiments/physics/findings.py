"""What a search of a study comes to, in the figures that conclusions are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from experiments.physics.searches import SOLVED, searched_from
from experiments.physics.variations import (
    ALONE,
    DEFAULT,
    REFERENCE,
    WITHOUT,
    Key,
    problem_of,
    sample,
)
from imcmoo.model.cost_model import CostModel, TakesApart
from imcmoo.model.layer_costs import BreaksDown
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
"""Random feasible designs on which variations are ranked against the model as it stands."""

SEED = 1
OWN_BUDGET = 200
"""Designs of the search for a network's own best chip, which begins at those known."""


def findings(
    physical: Study, reference: Study, key: Key, known: Levels, optimum: Levels, *, figures: bool
) -> pd.DataFrame:
    """One row: what is best under a variation, and how its order of designs differs.

    Args:
        physical: as `problem_of`.
        reference: likewise.
        key: likewise.
        known: the exact optima as the model stands, where searches begin, shape (n, n_parameters).
        optimum: of these the one by geometric mean, shape (1, n_parameters).
        figures: whether to ask for more than the best designs: what they cost networks over their
            own best, and how designs are ordered.

    Returns:
        study, kind, variation; what `best_of` finds; `default_regret` (excess of `optimum` over the
        best under the variation) and `regret_by_default` (excess, as the model stands, of the
        design that is best under the variation); if asked for, `tau` (Kendall, geometric-mean EDAP
        of random feasible designs, against the model as it stands, whatever the limits say of
        them) and `sample_regret` (excess, as the model stands, of the one of these that is best
        under the variation over the best of them). NaN where a design is
        infeasible, and of the paper's model.

    Raises:
        RuntimeError: a search ended above what it began at, or an exact optimum is none.
    """
    problem = problem_of(physical, reference, key)
    row: dict[str, Any] = {"study": physical.name, "kind": key[0], "variation": key[1]}
    best = None
    # With one rule alone hardly a design keeps the limits: only the order is asked for.
    if key[0] != ALONE:
        apart = figures and key[0] != WITHOUT
        begun = None if key[0] == REFERENCE else known
        found, best = best_of(problem, physical.budget, begun, apart=apart)
        row |= found
    if key[0] == REFERENCE:
        return pd.DataFrame([row])
    if figures:
        row |= _order(physical, reference, problem)
    if best is not None:
        default = _as_it_stands(physical, reference)
        row |= {
            "default_regret": _feasible(problem, optimum) / _feasible(problem, best) - 1,
            "regret_by_default": _feasible(default, best) / _feasible(default, optimum) - 1,
        }
    _check(row)
    return pd.DataFrame([row])


def _check(row: Mapping[str, Any]) -> None:
    """No regret is negative but for the order of summation."""
    for name in ("default_regret", "regret_by_default"):
        if row.get(name, 0.0) < -SOLVED:
            raise RuntimeError(
                f"{row['study']}, {row['kind']} {row['variation']}: {name} {row[name]:g} says that "
                "something better is known than what was taken for the best"
            )


@lru_cache(maxsize=2)
def _as_it_stands(physical: Study, reference: Study) -> AcceleratorProblem:
    return problem_of(physical, reference, (DEFAULT, DEFAULT))


@lru_cache(maxsize=2)
def _sampled(physical: Study, reference: Study) -> tuple[Levels, Floats]:
    """Random feasible designs and their scores as the model stands."""
    default = _as_it_stands(physical, reference)
    designs = sample(default, SAMPLED, SEED)
    return designs, _geomean(default.model, designs)


def _order(physical: Study, reference: Study, problem: AcceleratorProblem) -> dict[str, Any]:
    """How a variation orders designs, against the model as it stands."""
    designs, there = _sampled(physical, reference)
    here = _geomean(problem.model, designs)
    both = np.isfinite(here) & np.isfinite(there)
    here, there = here[both], there[both]
    return {
        "ranked": len(here),
        "tau": float(kendalltau(here, there).statistic),
        "sample_regret": float(there[here.argmin()] / there.min() - 1),
    }


def _geomean(model: CostModel, levels: Levels) -> Floats:
    """Geometric-mean EDAP (J·s·mm²), NaN where a network is not held, shape (n,)."""
    assert isinstance(model, PhysicalEvaluator)
    found = model.in_full(levels)
    values: Floats = np.exp(np.log(edap(found.energy_J, found.latency_s, found.area_m2)).mean(1))
    return values


def _feasible(problem: AcceleratorProblem, levels: Levels) -> float:
    """Geometric-mean EDAP of one design; NaN where it is infeasible."""
    _, G = problem.evaluate(levels)
    return float(_geomean(problem.model, levels)[0]) if (G <= 0).all() else np.nan


def best_of(
    problem: AcceleratorProblem, budget: int, known: Levels | None, *, apart: bool
) -> tuple[dict[str, Any], Levels | None]:
    """Figures of the best designs a search finds, and the best by geometric mean.

    Args:
        problem: what is searched.
        budget: of the search.
        known: where it begins, as `searched_from`.
        apart: whether to find each network's best chip of its own, which need not run the others,
            and what is over it.

    Returns:
        By name: the best scores; of the design best by geometric mean its parameters, area_mm2,
        least TOPS/W, largest W/mm² and the ADCs' share of the area; if asked for, what `edap_max`
        and minimax regret cost networks over their own best, the chip best for the largest network
        alone, and a network left out. The design has shape (1, n_parameters); None where no design
        is feasible.
    """
    try:
        archive = searched_from(problem, known, budget, SEED)
    except NoFeasibleDesign:
        return {"feasible": False}, None
    own = np.flatnonzero(archive.feasible)
    costs = problem.costs(archive.F[own])
    scores = {name: SCORES[name](costs) for name in ("edap_max", "edap_geomean")}
    by = {name: int(values.argmin()) for name, values in scores.items()}
    best = archive.levels[own[[by["edap_geomean"]]]]
    row = {"feasible": True, **{name: float(values.min()) for name, values in scores.items()}}
    if apart:
        begun = [
            archive.levels[own[costs.edap.argmin(axis=0)]],
            *([] if known is None else [known]),
        ]
        alone = own_bests(problem, np.unique(np.concatenate(begun), axis=0))
        row |= _by_network(costs, by, problem.workload_names, alone)
    return row | _chip(problem, best), best


def own_bests(problem: AcceleratorProblem, known: Levels) -> Floats:
    """The best EDAP found of each network on a chip that need run only that one, J·s·mm².

    Args:
        problem: of all networks.
        known: designs to begin with, of which some run it, shape (n, n_parameters).

    Returns:
        Shape (W,).
    """
    model, found = problem.model, []
    assert isinstance(model, TakesApart)
    for name in problem.workload_names:
        own = AcceleratorProblem(model.only(name), area_limit_m2=problem.area_limit_m2)
        archive = searched_from(own, known, OWN_BUDGET, SEED)
        found.append(own.costs(archive.F[archive.feasible]).edap.min())
    return np.array(found)


def _by_network(
    costs: Costs, by: Mapping[str, int], names: list[str], alone: Floats
) -> dict[str, Any]:
    """What the best designs cost each network, over its best on a chip of its own (`alone`)."""
    of_networks = costs.edap
    logs = np.log(of_networks)
    by_max, joint = by["edap_max"], by["edap_geomean"]
    over = of_networks[by_max] / alone
    largest = int(of_networks[joint].argmax())
    for_largest = int(of_networks[:, largest].argmin())
    # Of each network, the chip that is best for the others.
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
    """The chip that is best by geometric mean."""
    metrics = problem.model.evaluate(best)
    by_power = power(problem, metrics.values)
    model, found = problem.model, {}
    if isinstance(model, BreaksDown):
        parts = model.breakdown(best)
        areas = dict(zip(parts.components, parts.area_m2[0], strict=True))
        found["adc_area_share"] = float(areas["adc"] / sum(areas.values()))
    return {
        "area_mm2": float(metrics.area_m2[0]) * MM2_PER_M2,
        "W_per_mm2": float(by_power["W_per_mm2"].max()),
        "tops_per_W": float(by_power["tops_per_W"].min()),
        **found,
        **{n: v[0] for n, v in problem.space.decode(best).items() if n in problem.space.names},
    }
