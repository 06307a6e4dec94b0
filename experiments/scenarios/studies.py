"""The shipped scenarios, with each ADC model and without idle power of DRAM."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.cli.catalogue import find_study
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.scenario.model import ScenarioModel
from imcmoo.scenario.requests import Sharing
from imcmoo.space.design_space import Levels
from imcmoo.study.served_design import POLICIES
from imcmoo.study.study import Study

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = tuple(
    f"{name}{device}"
    for name in ("cameras", "burst", "assistant", "xr")
    for device in ("", "_rram")
)
TABLES = Path("results", "published", "scenarios")

POWER, AREA, LOAD = "average_power", "area", "load"


def scenario_study(name: str, adc_model: str | None = None, *, sharing: Sharing = "time") -> Study:
    """A shipped scenario.

    Args:
        name: of `NAMES`.
        adc_model: by default that of the study.
        sharing: "space" for networks side by side, on RRAM.
    """
    folder = EXAMPLES if name == "cameras" else EXAMPLES / "scenarios"
    study = find_study(str(folder / f"{name}.toml"))
    if adc_model is not None:
        study = replace(
            study, space=replace(study.space, fixed={**study.space.fixed, "adc_model": adc_model})
        )
    assert study.scenario is not None
    return replace(study, scenario=replace(study.scenario, sharing=sharing))


def without_dram_idle(study: Study) -> AcceleratorProblem:
    """The problem of a scenario if idle DRAM drew no power."""
    assert study.scenario is not None
    model = PhysicalEvaluator(
        study.space,
        study.network_set(),
        deployment=study.deployment,
        requests_per_switch=1.0,
        interruptible=study.scenario.interruptible,
        assumptions=Assumptions().having(lpddr4_idle_W_per_bit=0.0, hbm2_idle_W=0.0),
    )
    return study.problem(ScenarioModel(model, study.scenario))


def served(problem: AcceleratorProblem, levels: Levels) -> dict[str, Any]:
    """Power, area, capacity and parameters of one chip under a scenario.

    Args:
        problem: of the scenario.
        levels: shape (1, n_parameters); all networks run.
    """
    model = problem.model
    assert isinstance(model, ScenarioModel)
    metrics, service = model.evaluate(levels), model.service(levels)
    power = service.power_W
    (design,) = problem.space.designs(levels)
    return {
        "average_power_W": float(metrics.values[POWER][0]),
        "leakage_W": float(power["leakage"][0]),
        "dram_idle_W": float(power["dram_idle"][0]),
        "area_mm2": float(metrics.area_m2[0]) * MM2_PER_M2,
        "capacity": 1 / float(metrics.values[LOAD][0]),
        "utilization": float(service.chip_utilization[0]),
        "interrupt": POLICIES[bool(np.any(service.interrupts))],
        **{name: design[name] for name in problem.space.names},
    }
