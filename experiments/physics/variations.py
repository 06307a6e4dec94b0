"""Variations of the assumptions, limits and ADC model of the physical studies."""

from __future__ import annotations

from dataclasses import replace

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.constraints import CircuitLimits
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.study.study import Study

DEFAULT, CONVERTER, ASSUMPTION, LIMIT = "default", "converter", "assumption", "limit"

Key = tuple[str, str]
"""Kind and name of a variation; the name determines it."""


def problem_of(study: Study, key: Key) -> AcceleratorProblem:
    """Return the problem of a physical study under a variation."""
    kind, name = key
    space = study.space
    if kind == CONVERTER:
        space = replace(space, fixed={**space.fixed, "adc_model": name})
    quantity, _, value = name.partition("=")
    assumptions = {quantity: float(value)} if kind == ASSUMPTION else {}
    limits = {quantity: float(value)} if kind == LIMIT else {}
    model = PhysicalEvaluator(
        space,
        study.network_set(),
        assumptions=Assumptions().having(**assumptions),
        limits=CircuitLimits.of_device(space.fixed["device"], **limits),
    )
    return replace(study, space=space).problem(model)
