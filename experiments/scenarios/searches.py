"""Searches of the shipped scenarios against the proven optima.

A search ends early once its best chips are the proven ones: more designs cannot improve on them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from experiments.scenarios.studies import AREA, POWER, scenario_study
from imcmoo.problem.criteria import OF_SCENARIOS
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.ask_tell import Search
from imcmoo.search.schedule import PAPER

SEEDS = 11
SOLVED = 1e-9
"""Excess over the optimum that counts as 0: the order of summation moves the last digits."""

CRITERIA = (POWER, AREA)


def search(
    problem: AcceleratorProblem, optimum: Mapping[str, float], seed: int
) -> list[dict[str, Any]]:
    """One search: its best chip by each criterion, over the optimum.

    Returns:
        Rows of seed, criterion, ratio (infinite if no chip serves the load), found_after (unique
        designs), evaluated and cpu_s.
    """
    began = time.process_time()
    run = Search(problem, budget=PAPER.budget, rng=np.random.default_rng((seed, 0)))
    best = dict.fromkeys(CRITERIA, (np.inf, 0))
    while len(levels := run.ask()):
        run.tell(problem.model.evaluate(levels))
        serving = np.flatnonzero(run.archive.feasible)
        if not len(serving):
            continue
        costs = problem.costs(run.archive.F[serving])
        for name in CRITERIA:
            scores = OF_SCENARIOS[name].scores(costs, None)
            at = int(scores.argmin())
            best[name] = float(scores[at]) / optimum[name], int(serving[at]) + 1
        if all(ratio <= 1 + SOLVED for ratio, _ in best.values()):
            break
    cost = {"evaluated": len(run.archive), "cpu_s": round(time.process_time() - began, 1)}
    return [
        {"seed": seed, "criterion": name, "ratio": ratio, "found_after": after} | cost
        for name, (ratio, after) in best.items()
    ]


def rows(name: str, proven: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Search a scenario with all seeds.

    Args:
        name: of the scenario.
        proven: its rows of proven chips by `CRITERIA`; if no chip serves it, nothing is searched.
    """
    optima = {chip["chip"]: chip["value"] for chip in proven if chip["feasible"]}
    if not optima:
        return
    problem = scenario_study(name).problem()
    for seed in range(1, SEEDS + 1):
        yield from ({"scenario": name} | row for row in search(problem, optima, seed))
