"""Searches on random cases: how often each finds the optimum of every criterion at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments import EXPERIMENTS_VERSION
from experiments.arena.contest import search_all
from experiments.arena.contestants import PHASED
from experiments.arena.evaluation_counter import Method
from experiments.arena.random_cases import SPACES, Case, draw_case
from experiments.arena.rules import Rules
from imcmoo.exact.behaviour import behaviour_mark
from imcmoo.exact.regret import ExactRegret
from imcmoo.networks.workloads import SHIPPED
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.study.study import Study

BUDGETS = (1000, 3300)

SEEDS = 5
"""Runs of each method on each case."""


def mark() -> str:
    """All that finished cases depend on, but their series: versions, data and cost model."""
    studies = [Study(space.name, space, tuple(SHIPPED)) for space in SPACES]
    return " ".join([str(EXPERIMENTS_VERSION), *(behaviour_mark(s.problem()) for s in studies)])


def play(
    series: int, methods: Mapping[str, Method], seeds: int, number: int
) -> dict[str, NDArray[Any]]:
    """Let methods search one case of a series, with each of `seeds` seeds.

    Returns:
        Columns of two tables, named "table.column": `case`, what was drawn, and `regret` (see
        `contest.search_all`).
    """
    case = draw_case(series, number)
    judge = ExactRegret(case.problem, case.answer)
    criteria, by = tuple(judge.criteria), partial(ExactRegret, answer=case.answer)
    rules = Rules(case.study, by, BUDGETS, None, dict(methods), PHASED, criteria)
    runs = [search_all(rules, judge, seed) for seed in range(seeds)]
    columns = {key: np.concatenate([run[key] for run in runs]) for key in runs[0]}
    return columns | {f"case.{k}": np.array([v]) for k, v in _described(case).items()}


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


def tables(parts: Sequence[dict[str, NDArray[Any]]]) -> dict[str, pd.DataFrame]:
    """The two tables of `play` over all cases, with their numbers in the first column."""
    frames = {}
    for table in ("case", "regret"):
        some = [
            pd.DataFrame({k.split(".")[1]: v for k, v in part.items() if k.startswith(table)})
            for part in parts
        ]
        frame = pd.concat(some, keys=range(len(some)), names=["case"])
        frames[table] = frame.reset_index("case").reset_index(drop=True)
    return frames
