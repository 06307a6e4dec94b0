"""Every chip of a space under the requests of a scenario, networks in turn and side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from experiments.enumerated_study import running
from experiments.scenarios.studies import AREA, LOAD, POWER, scenario_study
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.scenario.requests import Sharing
from imcmoo.space.design_space import Levels


def survey(problem: AcceleratorProblem, designs: Iterable[Levels]) -> dict[str, Any]:
    """Numbers of designs, and best values among those that serve the scenario."""
    counts: dict[str, Any] = {"designs": problem.space.size, "run_all": 0, "serve": 0}
    best = {POWER: np.inf, AREA: np.inf, LOAD: np.inf}
    most = np.inf
    for levels in designs:
        metrics = problem.model.evaluate(levels)
        serve = (problem.score(levels, metrics)[1] <= 0).all(axis=1)
        counts["run_all"] += len(levels)
        counts["serve"] += int(serve.sum())
        most = min(most, metrics.values[LOAD].min(initial=np.inf))
        for name, value in best.items():
            best[name] = min(value, metrics.values[name][serve].min(initial=np.inf))
    return counts | {
        "average_power_W": best[POWER],
        "area_mm2": best[AREA] * MM2_PER_M2,
        "capacity": 1 / most,
    }


def rows(name: str, adc_model: str, sharings: Iterable[Sharing]) -> Iterator[dict[str, Any]]:
    """Survey a scenario with an ADC model, a row for each way in which networks share the chip."""
    designs = list(running(scenario_study(name, adc_model).problem()))
    for sharing in sharings:
        problem = scenario_study(name, adc_model, sharing=sharing).problem()
        case = {"scenario": name, "adc_model": adc_model, "sharing": sharing}
        yield case | survey(problem, designs)
