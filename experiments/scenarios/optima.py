"""Proven best chips of the shipped scenarios, and chips of least EDAP under the same requests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.scenarios.studies import (
    AREA,
    LOAD,
    POWER,
    scenario_study,
    served,
    without_dram_idle,
)
from imcmoo.exact.branch_and_bound import prove
from imcmoo.io.errors import InputError
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.study.certify_study import SolverOptions, certify_study

EDAP = ("edap_geomean", "regret_minimax")
"""Criteria of chips that are chosen without their requests."""


def proven(problem: AcceleratorProblem, criterion: str) -> dict[str, Any]:
    """The best chip by a criterion among those that serve the scenario, with proof."""
    began = time.process_time()
    proof = prove(problem, criterion)
    row = {"chip": criterion, "feasible": proof.levels is not None}
    cost = {"cpu_s": time.process_time() - began}
    if proof.levels is None:
        return row | cost
    chip = served(problem, np.atleast_2d(proof.levels)[:1])
    return row | {"value": proof.value, "bound": proof.bound} | cost | chip


def by_edap(name: str) -> Iterator[dict[str, Any]]:
    """Chips chosen by EDAP of the same networks, under the requests."""
    study = scenario_study(name)
    problem = study.problem()
    chosen = replace(study, scenario=None, criterion="edap_geomean")
    for criterion in EDAP:
        began = time.process_time()
        try:
            *_, certificate = certify_study(chosen, criterion, SolverOptions())
        except InputError:  # no chip runs all networks
            yield from ({"chip": name, "feasible": False} for name in EDAP)
            return
        levels = study.space.levels_of(certificate.design)
        chip = served(problem, levels)
        proof = {"value": certificate.value, "bound": certificate.bound}
        cost = {"cpu_s": time.process_time() - began}
        yield {"chip": criterion, "feasible": chip["capacity"] >= 1} | proof | cost | chip


def rows(name: str) -> Iterator[dict[str, Any]]:
    """All chips of one scenario."""
    for adc_model in ADC_MODELS:
        study = scenario_study(name, adc_model)
        for criterion in (POWER, AREA, LOAD):
            row = proven(study.problem(), criterion)
            yield {"scenario": name, "adc_model": adc_model, "dram_idle": True} | row
    study = scenario_study(name)
    adc_model = ADC_MODELS[0]
    for criterion in (POWER, AREA):
        row = proven(without_dram_idle(study), criterion)
        yield {"scenario": name, "adc_model": adc_model, "dram_idle": False} | row
    for row in by_edap(name):
        yield {"scenario": name, "adc_model": adc_model, "dram_idle": True} | row
