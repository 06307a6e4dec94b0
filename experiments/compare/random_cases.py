"""Searches of random problems, small enough to be enumerated, that no algorithm was tuned to.

A case is a device, some of the shipped networks, an area limit, and a space in which each parameter
keeps a few of its values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from experiments.compare.algorithms import PHASED
from experiments.compare.comparison import Rules, search_all
from experiments.compare.evaluation_counter import Method
from experiments.publish import Result
from imcmoo.benchmark.random_problems import thinned
from imcmoo.exact.enumeration import Enumeration, ExactAnswer
from imcmoo.exact.regret import ExactRegret
from imcmoo.io.units import MM2_PER_M2
from imcmoo.networks.workloads import SHIPPED
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import DesignSpace
from imcmoo.study.study import Study
from problems import RRAM, SRAM_LARGE

SPACES = (RRAM, SRAM_LARGE)
"""A space for each device."""

NETWORKS = (2, 6)
"""Least and largest number of networks of a case."""

AREA_LIMITS_MM2 = (60.0, 3200.0)
"""Smallest and largest area limit, drawn uniformly in its logarithm."""

DESIGNS = (100_000, 1_000_000)
"""Smallest and largest space: far beyond any budget, and enumerated in seconds."""

FEWEST_FEASIBLE = 1000
"""A case with fewer feasible designs is drawn again: a small budget would exhaust it."""

BUDGETS = (1000, 3300)

SEEDS = 5
"""Runs of each algorithm on each case."""


@dataclass(frozen=True)
class Case:
    """A random problem and its exact answer."""

    study: Study
    problem: AcceleratorProblem
    answer: ExactAnswer


def draw_case(seed: int, number: int) -> Case:
    """Draw a case of the series of a seed by its number, from 0; it does not depend on the other
    cases."""
    rng = np.random.default_rng((seed, number))
    # Drawn once: few small chips with resident weights hold several networks.
    device = SPACES[rng.integers(len(SPACES))]
    while True:
        study = draw(device, rng)
        problem = study.problem()
        enumeration = Enumeration(problem)
        results = [enumeration.evaluate_chunk(chunk) for chunk in enumeration.chunks()]
        if sum(result.n_feasible for result in results) >= FEWEST_FEASIBLE:
            return Case(study, problem, enumeration.merge(results))


def problems() -> list[AcceleratorProblem]:
    """Make a problem of each of `SPACES` with all networks, which all cases depend on."""
    return [Study(name=space.name, space=space, networks=SHIPPED).problem() for space in SPACES]


def draw(device: DesignSpace, rng: np.random.Generator) -> Study:
    """Draw networks, an area limit and a thinned space of a device."""
    n_networks = rng.integers(NETWORKS[0], NETWORKS[1] + 1)
    chosen = np.sort(rng.choice(len(SHIPPED), n_networks, replace=False))
    limit_mm2 = np.exp(rng.uniform(*np.log(AREA_LIMITS_MM2)))
    return Study(
        name="random_case",
        space=thinned(device, rng, DESIGNS),
        networks=[SHIPPED[i] for i in chosen],
        area_limit_mm2=float(limit_mm2),
    )


def play(series: int, methods: Mapping[str, Method], seeds: int, number: int) -> Result:
    """Run algorithms on one case of a series, with each of `seeds` seeds; tables `case`, the drawn
    case, and `runs`, see `search_all`."""
    case = draw_case(series, number)
    judge = ExactRegret(case.problem, case.answer)
    criteria, by = tuple(judge.criteria), partial(ExactRegret, answer=case.answer)
    rules = Rules(case.study, by, BUDGETS, None, dict(methods), PHASED, criteria)
    runs = pd.concat([search_all(rules, judge, seed)["runs"] for seed in range(seeds)])
    runs.insert(0, "case", number)
    return {"case": pd.DataFrame([{"case": number} | _described(case)]), "runs": runs}


def _described(case: Case) -> dict[str, Any]:
    study = case.study
    return {
        "space": study.space.name,
        "networks": " ".join(study.workloads),
        "area_limit_mm2": (study.area_limit_m2 or np.inf) * MM2_PER_M2,
        "designs": study.space.size,
        "feasible_designs": case.answer.n_feasible,
        "front_points": len(case.answer.front),
    }
