"""Variations of the assumptions, limits and ADC model of the physical studies."""

from __future__ import annotations

from dataclasses import replace

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.constraints import CircuitLimits
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import ADC_MODELS, DEFAULTS
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.restricted import restricted
from imcmoo.study.study import Study

DEFAULT = "default"


def problem_of(study: Study, variation: str) -> AcceleratorProblem:
    """Return the problem of a physical study under a variation.

    Args:
        study: the study.
        variation: `DEFAULT`, an ADC model, or assumptions and limits with a value and optional
            design columns with one or several: `redundancy=1 2; snr_dB=15`.
    """
    numbers, columns = {}, {}
    parts = f"adc_model={variation}" if variation in ADC_MODELS else variation
    for part in [] if variation == DEFAULT else parts.split("; "):
        quantity, _, texts = part.partition("=")
        if quantity in DEFAULTS:
            columns[quantity] = [type(DEFAULTS[quantity])(text) for text in texts.split()]
        else:
            numbers[quantity] = float(texts)
    space = study.space
    space = replace(space, fixed={**{n: DEFAULTS[n] for n in columns}, **space.fixed})
    space = restricted(space, columns, name=space.name)
    usual = Assumptions()
    assumed = {name: value for name, value in numbers.items() if hasattr(usual, name)}
    limits = {name: value for name, value in numbers.items() if name not in assumed}
    model = PhysicalEvaluator(
        space,
        study.network_set(),
        assumptions=usual.having(**assumed),
        limits=CircuitLimits.of_device(space.fixed["device"], **limits),
    )
    return replace(study, space=space).problem(model)
