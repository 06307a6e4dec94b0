"""Variations of the assumptions, limits and ADC model of the physical studies."""

from __future__ import annotations

from dataclasses import replace

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.constraints import CircuitLimits
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import DEFAULTS
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.restricted import restricted
from imcmoo.study.study import Study

DEFAULT, CONVERTER, ASSUMPTION, LIMIT = "default", "converter", "assumption", "limit"
COLUMN = "column"
"""Kind of a variation that gives optional design columns one or several values, and limits of
circuits one: `column=a b; limit=c`."""

Key = tuple[str, str]
"""Kind and name of a variation; the name determines it."""


def problem_of(study: Study, key: Key) -> AcceleratorProblem:
    """Return the problem of a physical study under a variation."""
    kind, name = key
    space = study.space
    if kind == CONVERTER:
        space = replace(space, fixed={**space.fixed, "adc_model": name})
    limits: dict[str, float] = {}
    if kind == COLUMN:
        space, limits = _with_columns(space, name)
    quantity, _, value = name.partition("=")
    assumptions = {quantity: float(value)} if kind == ASSUMPTION else {}
    if kind == LIMIT:
        limits = {quantity: float(value)}
    model = PhysicalEvaluator(
        space,
        study.network_set(),
        assumptions=Assumptions().having(**assumptions),
        limits=CircuitLimits.of_device(space.fixed["device"], **limits),
    )
    return replace(study, space=space).problem(model)


def _with_columns(space: DesignSpace, name: str) -> tuple[DesignSpace, dict[str, float]]:
    """Give optional design columns the values that a variation names; return its limits, too."""
    limits, columns = {}, {}
    for part in name.split("; "):
        quantity, _, texts = part.partition("=")
        usual = DEFAULTS.get(quantity)
        if usual is None:
            limits[quantity] = float(texts)
        else:
            columns[quantity] = [type(usual)(text) for text in texts.split()]
    space = replace(space, fixed={**{n: DEFAULTS[n] for n in columns}, **space.fixed})
    return restricted(space, columns, name=space.name), limits
