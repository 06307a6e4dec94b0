"""What a search of a study comes to, in the figures that conclusions are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from experiments.physics.variations import ALONE, DEFAULT, REFERENCE, Key, problem_of, sample
from imcmoo.model.cost_model import CostModel
from imcmoo.model.layer_costs import BreaksDown
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.evaluator import PhysicalEvaluator
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2, Costs, edap, worst_regret
from imcmoo.search.algorithm import run_search
from imcmoo.search.sampling import NoFeasibleDesign
from imcmoo.space.design_space import Levels
from imcmoo.study.power import power
from imcmoo.study.study import Study

SAMPLED = 500
"""Random feasible designs on which variations are ranked against the model as it stands."""

SEED = 1


def findings(physical: Study, reference: Study, key: Key, optimum: Levels) -> pd.DataFrame:
    """One row: what is best under a variation, and how its order of designs differs.

    Args:
        physical: as `problem_of`.
        reference: likewise.
        key: likewise.
        optimum: the exact optimum by geometric mean as the model stands, shape (1, n_parameters).

    Returns:
        study, kind, variation; what `best_of` finds; and, except of the paper's model, `tau`
        (Kendall, geometric-mean EDAP of random feasible designs, against the model as it stands,
        whatever the limits say of them), `default_regret` (excess of `optimum` over the best under
        the variation) and `regret_by_default` (excess, as the model stands, of the design that is
        best under the variation). NaN where a design is infeasible.
    """
    problem = problem_of(physical, reference, key)
    # With one rule alone hardly a design keeps the limits: only the order is asked for.
    row, best = ({}, None) if key[0] == ALONE else best_of(problem, physical.budget)
    row = {"study": physical.name, "kind": key[0], "variation": key[1], **row}
    if key[0] == REFERENCE:
        return pd.DataFrame([row])
    default = problem_of(physical, reference, (DEFAULT, DEFAULT))
    designs = sample(default, SAMPLED, SEED)
    here, there = (_geomean(p.model, designs) for p in (problem, default))
    both = np.isfinite(here) & np.isfinite(there)
    row |= {"ranked": int(both.sum()), "tau": float(kendalltau(here[both], there[both]).statistic)}
    if best is not None:
        row |= {
            "default_regret": _feasible(problem, optimum) / _feasible(problem, best) - 1,
            "regret_by_default": _feasible(default, best) / _feasible(default, optimum) - 1,
        }
    return pd.DataFrame([row])


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


def best_of(problem: AcceleratorProblem, budget: int) -> tuple[dict[str, Any], Levels | None]:
    """Figures of the best designs a search finds, and the best by geometric mean.

    Returns:
        By name: the best scores; what `edap_max` and minimax regret cost networks over their own
        best among chips that run all; the chip best for the largest network alone; a network left
        out; and of the design best by geometric mean its parameters, area_mm2, least TOPS/W,
        largest W/mm² and the ADCs' share of the area. The design has shape (1, n_parameters); None
        where no design is feasible.
    """
    try:
        archive = run_search(problem, budget=budget, rng=np.random.default_rng((SEED, 0))).archive
    except NoFeasibleDesign:
        return {"feasible": False}, None
    own = np.flatnonzero(archive.feasible)
    costs = problem.costs(archive.F[own])
    scores = {name: SCORES[name](costs) for name in ("edap_max", "edap_geomean")}
    by = {name: int(values.argmin()) for name, values in scores.items()}
    best = archive.levels[own[[by["edap_geomean"]]]]
    return {
        "feasible": True,
        **{name: float(values.min()) for name, values in scores.items()},
        **_by_network(costs, by, problem.workload_names),
        **_chip(problem, best),
    }, best


def _by_network(costs: Costs, by: Mapping[str, int], names: list[str]) -> dict[str, Any]:
    """What the best designs cost each network, over its own best."""
    of_networks = costs.edap
    own, logs = of_networks.min(axis=0), np.log(of_networks)
    by_max, joint = by["edap_max"], by["edap_geomean"]
    over = of_networks[by_max] / own
    largest = int(of_networks[joint].argmax())
    for_largest = int(of_networks[:, largest].argmin())
    # Of each network, the chip that is best for the others.
    blind = [int((logs.sum(axis=1) - logs[:, w]).argmin()) for w in range(len(names))]
    unknown = np.array([of_networks[b, w] for w, b in enumerate(blind)])
    return {
        "max_over_own_best": float(over.max()),
        "max_sacrifices": names[int(over.argmax())],
        "max_excess_for_largest": float(over[largest] - 1),
        "largest": names[largest],
        "largest_only_over_joint": float(np.exp((logs[for_largest] - logs[joint]).mean())),
        "same_by_max_and_geomean": bool((of_networks[by_max] == of_networks[joint]).all()),
        "minimax_regret": float(worst_regret(of_networks, own).min()),
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
