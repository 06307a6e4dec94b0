"""Proven best chips of each device for each question, over the bands of the assumptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd

from experiments.physics.devices import figures
from experiments.scenarios.chips import EXAMPLES, POWER
from imcmoo.exact.branch_and_bound import prove
from imcmoo.hardware.physical_table import OPEN
from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.model.physical.latency import CAUSES
from imcmoo.model.physical.memory_cells import is_exact, memory_cell
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.scenario.model import ScenarioModel
from imcmoo.space.design_space import Levels
from imcmoo.space.restricted import restricted
from imcmoo.study.catalogue import find_study
from imcmoo.study.spaces import spaces
from imcmoo.study.study import Study

DEVICES = ("sram", "dimc", "rram")
"""Devices in the order of tables; the first is the reference of ratios."""
REFERENCE, DIGITAL = DEVICES[:2]
TITLES = {name: memory_cell(name).label for name in DEVICES}
"""Names of the devices, in the same order."""

QUESTIONS = {"four": "edap_geomean", "nine": "edap_geomean", "cameras": POWER}
"""Criterion of each question."""

_ADC = ("adc_energy_factor", "adc_area_factor", "adc_time_factor", "shift_add_factor")
BANDS = {
    "sram": ("sram_cell_F2", "sram_line_F", "sample_hold_F", "sample_hold_m2", *_ADC),
    "dimc": ("gate_F", "gate_m2", "gate_s", "line_F", "logic_overhead", "tree_wires"),
    "rram": (
        *("rram_cell_F2", "rram_driver_factor", "word_line_factor"),
        *("current_hold_F", "current_hold_m2", *_ADC),
    ),
}
"""Costs of each device alone that the study varies; a low value is a cheap one."""

ASSUMED, CHEAPEST, DEAREST, UNPIPELINED, DEAREST_UNPIPELINED = (
    *("as assumed", "cheapest", "dearest"),
    *("unpipelined trees", "dearest, unpipelined trees"),
)
STATES = (ASSUMED, CHEAPEST, DEAREST)
DIGITAL_STATES = (UNPIPELINED, DEAREST_UNPIPELINED, OPEN)
"""Further states of the digital device."""

Task = tuple[str, str, str]
"""Question, device and state."""


def tasks() -> Iterator[Task]:
    """All proofs."""
    for question in QUESTIONS:
        for device in DEVICES:
            for state in (*STATES, *(DIGITAL_STATES if device == DIGITAL else ())):
                yield question, device, state


def study_of(question: str, device: str) -> Study:
    """The study of a question for one device."""
    if question != "cameras":
        return find_study(f"{question}_workload_{device}_physical")
    file = "scenarios/cameras_rram.toml" if device == "rram" else "cameras.toml"
    study = find_study(str(EXAMPLES / file))
    if device == DIGITAL:
        study = study.replace(name=f"cameras_{device}", space=spaces()[f"{device}_physical"])
    return study


def assumptions(device: str, state: str) -> Assumptions:
    """Assumptions with those of the device at an end of their bands, or as they are."""
    usual = Assumptions()
    if state not in (CHEAPEST, DEAREST, DEAREST_UNPIPELINED):
        return usual
    bands: dict[str, Assumption] = {f.name: getattr(usual, f.name) for f in fields(usual)}
    end = "low" if state == CHEAPEST else "high"
    return usual.having(**{name: getattr(bands[name], end) for name in BANDS[device]})


def problem_of(question: str, device: str, state: str) -> AcceleratorProblem:
    """The problem of a question for one device in a state."""
    study = study_of(question, device)
    if state in (UNPIPELINED, DEAREST_UNPIPELINED):
        space = restricted(study.space, {"tree_stages": [1]}, name=study.space.name)
        study = study.replace(space=space)
    if state == OPEN:
        study = study.replace(components=OPEN)
    return study.problem(study.cost_model(assumptions=assumptions(device, state)))


def best_chip(question: str, device: str, state: str) -> pd.DataFrame:
    """Prove the best chip by the criterion of the question.

    Returns:
        One row: question, device, state, criterion, feasible, value, bound, `figures` and
        `bottlenecks`; without a feasible chip, the first five.
    """
    problem, criterion = problem_of(question, device, state), QUESTIONS[question]
    proof = prove(problem, criterion)
    row: dict[str, Any] = {"question": question, "device": device, "state": state}
    row |= {"criterion": criterion, "feasible": proof.levels is not None}
    if proof.levels is not None:
        row |= {"value": proof.value, "bound": proof.bound}
        row |= costs(problem, np.atleast_2d(proof.levels)[:1])
    return pd.DataFrame([row])


def costs(problem: AcceleratorProblem, levels: Levels) -> dict[str, Any]:
    """Parameters and costs of one design, and its networks by bottleneck."""
    model = problem.model.inner if isinstance(problem.model, ScenarioModel) else problem.model
    assert isinstance(model, PhysicalEvaluator)
    chip = figures(model, levels)
    if is_exact(str(model.space.fixed["device"])):
        chip = {name: value for name, value in chip.items() if not name.startswith("snr_")}
    causes = [CAUSES[cause] for cause in model.in_full(levels).bound_by[0]]
    counts = {cause: causes.count(cause) for cause in CAUSES if cause in causes}
    return chip | {"bottlenecks": ", ".join(f"{cause} ({n})" for cause, n in counts.items())}
