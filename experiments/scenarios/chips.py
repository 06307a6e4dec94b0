"""Chips of the shipped scenarios: proven best, of least EDAP, of the whole space, and searched."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from experiments.enumerated_study import running
from imcmoo.exact.branch_and_bound import prove
from imcmoo.io.errors import InputError
from imcmoo.io.units import MM2_PER_M2
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.model.physical.settings import ChipSharing
from imcmoo.problem.criteria import SCENARIO_CRITERIA
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.scenario.model import ScenarioModel
from imcmoo.scenario.requests import Sharing
from imcmoo.search.algorithm import BUDGET, Search
from imcmoo.solve.certify import certify
from imcmoo.space.design_space import Levels
from imcmoo.space.restricted import restricted
from imcmoo.study.catalogue import find_study
from imcmoo.study.study import Study

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = tuple(
    f"{name}{device}"
    for name in ("cameras", "burst", "assistant", "xr")
    for device in ("", "_rram")
)

BY_ADC_MODEL = NAMES[:2]
"""Scenarios whose chips are proven for every ADC model; the others have the default one."""

POWER, AREA, LOAD = "average_power", "area", "load"
EDAP = ("edap_geomean", "regret_minimax")
"""Criteria of chips that are chosen without their requests."""

SEARCHED = (POWER, AREA)
"""Criteria of the searches."""
SEEDS = 11
SOLVED = 1e-9
"""Excess over the optimum that counts as 0: the order of summation moves the last digits."""

Row = dict[str, Any]


def scenario_study(
    name: str, adc_model: str = ADC_MODELS[0], *, sharing: Sharing = "time"
) -> Study:
    """A shipped scenario of `NAMES` with an ADC model; sharing is "space" for networks side by
    side, on RRAM."""
    folder = EXAMPLES if name == "cameras" else EXAMPLES / "scenarios"
    study = find_study(str(folder / f"{name}.toml"))
    assert study.scenario_table is not None
    space = replace(study.space, fixed={**study.space.fixed, "adc_model": adc_model})
    if adc_model != ADC_MODELS[0]:  # others take no more energy for less noise
        least = min(space.values_of("adc_noise"))
        space = restricted(space, {"adc_noise": [least]}, name=space.name)
    return study.replace(
        space=space,
        scenario=study.scenario_table.replace(sharing=sharing),
    )


def without_dram_idle(study: Study) -> AcceleratorProblem:
    """The problem of a scenario if idle DRAM drew no power."""
    assert study.scenario is not None
    model = PhysicalEvaluator(
        study.space,
        study.network_set(),
        sharing=ChipSharing(study.deployment, requests_per_switch=1.0),
        saves_between_layers=study.scenario.saves,
        assumptions=Assumptions().having(lpddr4_idle_W_per_bit=0.0, hbm2_idle_W=0.0),
    )
    return study.problem(ScenarioModel(model, study.scenario))


def served(problem: AcceleratorProblem, levels: Levels) -> Row:
    """Power, area, capacity and parameters of one chip, shape (1, n_parameters), under the scenario
    of a problem; all networks run."""
    model = problem.model
    assert isinstance(model, ScenarioModel)
    metrics, service = model.evaluate(levels), model.service(levels)
    (design,) = problem.space.designs(levels)
    return {
        "average_power_W": float(metrics.values[POWER][0]),
        "leakage_W": float(service.power_W["leakage"][0]),
        "dram_rest_W": float(service.power_W["dram_rest"][0]),
        "area_mm2": float(metrics.area_m2[0]) * MM2_PER_M2,
        "capacity": 1 / float(metrics.values[LOAD][0]),
        "utilization": float(service.chip_utilization[0]),
        "interrupt": model.scenario.policy(interrupts=bool(np.any(service.interrupts))),
        **{name: design[name] for name in problem.space.names},
    }


def proven(problem: AcceleratorProblem, criterion: str) -> Row:
    """The best chip by a criterion among those that serve the scenario, with proof."""
    began = time.process_time()
    proof = prove(problem, criterion)
    row = {"chip": criterion, "feasible": proof.levels is not None}
    cost = {"cpu_s": time.process_time() - began}
    if proof.levels is None:
        return row | cost
    chip = served(problem, np.atleast_2d(proof.levels)[:1])
    return row | {"value": proof.value, "bound": proof.bound} | cost | chip


def least_edap(study: Study, criterion: str) -> Row:
    """The best chip of the same networks by a criterion of EDAP, under the requests."""
    began = time.process_time()
    chosen = study.replace(networks=study.workloads, scenario=None, criterion="edap_geomean")
    try:
        *_, certificate = certify(chosen, criterion)
    except InputError:  # no chip runs all networks
        return {"chip": criterion, "feasible": False}
    chip = served(study.problem(), study.space.levels_of(certificate.design))
    return {
        "chip": criterion,
        "feasible": chip["capacity"] >= 1,
        "value": certificate.value,
        "bound": certificate.bound,
        "cpu_s": time.process_time() - began,
        **chip,
    }


def optima(name: str) -> Iterator[Row]:
    """All best chips of one scenario; those of least EDAP only if a chip serves it."""
    for adc_model in ADC_MODELS if name in BY_ADC_MODEL else ADC_MODELS[:1]:
        problem = scenario_study(name, adc_model).problem()
        for criterion in (POWER, AREA, LOAD):
            row = proven(problem, criterion)
            yield {"scenario": name, "adc_model": adc_model, "dram_idle": True} | row
    study, case = scenario_study(name), {"scenario": name, "adc_model": ADC_MODELS[0]}
    for criterion in (POWER, AREA):
        row = proven(without_dram_idle(study), criterion)
        yield case | {"dram_idle": False} | row
    if row["feasible"]:  # some chip serves the scenario
        for criterion in EDAP:
            yield case | {"dram_idle": True} | least_edap(study, criterion)


def enumerated(name: str, sharings: Iterable[Sharing]) -> Iterator[Row]:
    """Every chip of a space: numbers of designs, and best values of those that serve the scenario;
    a row for each way in which networks share the chip."""
    designs = list(running(scenario_study(name).problem()))
    for sharing in sharings:
        problem = scenario_study(name, sharing=sharing).problem()
        n_serve, power, area, load = 0, np.inf, np.inf, np.inf
        for levels in designs:
            metrics = problem.model.evaluate(levels)
            serve = (problem.score(levels, metrics)[1] <= 0).all(axis=1)
            n_serve += int(serve.sum())
            power = min(power, metrics.values[POWER][serve].min(initial=np.inf))
            area = min(area, metrics.area_m2[serve].min(initial=np.inf))
            load = min(load, metrics.values[LOAD].min(initial=np.inf))
        yield {
            "scenario": name,
            "sharing": sharing,
            "designs": problem.space.size,
            "run_all": sum(map(len, designs)),
            "serve": n_serve,
            "average_power_W": power,
            "area_mm2": area * MM2_PER_M2,
            "capacity": 1 / load,
        }


def search(problem: AcceleratorProblem, optimum: Mapping[str, float], seed: int) -> list[Row]:
    """One search: its best chip by each criterion, over the optimum.

    It ends early once its best chips are the proven ones: more designs cannot improve on them.

    Returns:
        Rows of seed, criterion, ratio (infinite if no chip serves the load), found_after (unique
        designs), evaluated and cpu_s.
    """
    began = time.process_time()
    run = Search(problem, budget=BUDGET, rng=np.random.default_rng((seed, 0)))
    best = dict.fromkeys(SEARCHED, (np.inf, 0))
    while len(levels := run.ask()):
        run.tell(problem.model.evaluate(levels))
        serving = np.flatnonzero(run.archive.feasible)
        if not len(serving):
            continue
        costs = problem.costs(run.archive.F[serving])
        for name in SEARCHED:
            scores = SCENARIO_CRITERIA[name].scores(costs, None)
            at = int(scores.argmin())
            best[name] = float(scores[at]) / optimum[name], int(serving[at]) + 1
        if all(ratio <= 1 + SOLVED for ratio, _ in best.values()):
            break
    cost = {"evaluated": len(run.archive), "cpu_s": round(time.process_time() - began, 1)}
    return [
        {"seed": seed, "criterion": name, "ratio": ratio, "found_after": after} | cost
        for name, (ratio, after) in best.items()
    ]


def searches(name: str, chips: Iterable[Row]) -> Iterator[Row]:
    """Search a scenario with all seeds, unless none of its chips, rows of `optima`, serves it."""
    usual = (r for r in chips if r["adc_model"] == ADC_MODELS[0] and r["dram_idle"])
    best = {r["chip"]: r["value"] for r in usual if r["chip"] in SEARCHED and r["feasible"]}
    if best:
        problem = scenario_study(name).problem()
        for seed in range(1, SEEDS + 1):
            yield from ({"scenario": name} | row for row in search(problem, best, seed))
