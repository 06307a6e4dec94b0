"""Proven best chips by the geometric mean of each EDAP, as they are and under variations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.exact.branch_and_bound import prove
from imcmoo.io.units import MM2_PER_M2
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.constraints import CircuitLimits
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import ADC_MODELS, DEFAULTS
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import EdapDefinition
from imcmoo.space.design_space import Levels
from imcmoo.space.restricted import restricted
from imcmoo.study.study import Study

CRITERION = "edap_geomean"
DEFAULT = "default"

DEFINITIONS = [by for by in EdapDefinition.every() if by.area != "silicon"]
"""Delay and area of each EDAP of the default chips."""

EXTREMES = (DEFINITIONS[0], DEFINITIONS[-1])
"""EDAPs under variations: latency and chip; interval and chip with its DRAM."""

VARIATIONS = {
    **dict.fromkeys(ADC_MODELS[1:], "ADC model"),
    "snr_adc_dB=-100": "limit",
    "adc_window=sigma range least_error": "column",
}
"""Kind of each variation of both devices."""

RRAM_VARIATIONS = {
    "rram_driver_factor=1": "assumption",
    "current_hold_m2=5e-12": "assumption",
    "cell_errors=wan2022_1s": "column",
    "redundancy=1 2 4; snr_dB=15": "column",
    "cell_errors=wan2022_1s; redundancy=1 2 4; snr_dB=15": "column",
}
"""Variations of RRAM alone: the areas that decide, errors by level, and the limit of SRAM."""


def problem_of(study: Study, variation: str) -> AcceleratorProblem:
    """Return the problem of a physical study under a variation: `DEFAULT`, an ADC model with the
    least noise of the space, or assumptions and limits with a value and optional design columns
    with one or several, such as `redundancy=1 2; snr_dB=15`."""
    numbers, columns = {}, {}
    parts, space = variation, study.space
    if variation in ADC_MODELS:  # others take no more energy for less noise
        parts = f"adc_model={variation}; adc_noise={min(space.values_of('adc_noise'))}"
    for part in [] if variation == DEFAULT else parts.split("; "):
        quantity, _, texts = part.partition("=")
        if quantity in DEFAULTS:
            columns[quantity] = [type(DEFAULTS[quantity])(text) for text in texts.split()]
        else:
            numbers[quantity] = float(texts)
    absent = {n: DEFAULTS[n] for n in columns if n not in space.names}
    space = replace(space, fixed={**absent, **space.fixed})
    varied = study.replace(space=restricted(space, columns, name=space.name))
    usual = Assumptions()
    assumed = {name: value for name, value in numbers.items() if hasattr(usual, name)}
    limits = {name: value for name, value in numbers.items() if name not in assumed}
    options: dict[str, Any] = {"assumptions": usual.having(**assumed)}
    if limits:
        options["limits"] = CircuitLimits.of_device(space.fixed["device"], **limits)
    return varied.problem(varied.cost_model(**options))


def best_chips(study: Study) -> pd.DataFrame:
    """Prove the best chips of a study: by all `DEFINITIONS`, and by `EXTREMES` under variations.

    Returns:
        Columns study, kind, variation, delay, area, feasible, edap_geomean (by that delay and
        area), design; geometric means over networks energy_J, latency_s, interval_s (per image);
        area_mm2, package_mm2 (with DRAM), and the least snr_adc_dB, snr_dev_dB and snr_dB.
    """
    return pd.DataFrame(_rows(study))


def _rows(study: Study) -> Iterator[dict[str, Any]]:
    for definition in DEFINITIONS:
        yield _best_chip(study, DEFAULT, DEFAULT, definition)
    is_rram = study.space.fixed["device"] == "rram"
    for variation, kind in (VARIATIONS | (RRAM_VARIATIONS if is_rram else {})).items():
        for definition in EXTREMES:
            yield _best_chip(study, variation, kind, definition)


def _best_chip(
    study: Study, variation: str, kind: str, definition: EdapDefinition
) -> dict[str, Any]:
    """The proven best chip of a study under a variation, and its figures."""
    by = {"delay": definition.delay, "area": definition.area}
    problem = problem_of(study.replace(**by), variation)
    proof = prove(problem, CRITERION)
    row: dict[str, Any] = {"study": study.name, "kind": kind, "variation": variation, **by}
    row["feasible"] = proof.levels is not None
    if proof.levels is None:
        return row
    levels, fixed = np.atleast_2d(proof.levels)[:1], problem.space.fixed
    fixed_by_variation = {name: fixed[name] for name in study.space.names if name in fixed}
    assert isinstance(problem.model, PhysicalEvaluator)
    costs = figures(problem.model, levels)
    return row | {CRITERION: proof.value} | fixed_by_variation | costs


def figures(model: PhysicalEvaluator, levels: Levels) -> dict[str, Any]:
    """Parameters and costs of one design, shape (1, n_parameters)."""
    full, (design,) = model.in_full(levels), model.space.designs(levels)
    means = {name: getattr(full, name) for name in ("energy_J", "latency_s", "interval_s")}
    least = {name: getattr(full, name) for name in ("snr_adc_dB", "snr_dev_dB", "snr_dB")}
    return {
        **{name: design[name] for name in model.space.names},
        **{name: float(np.exp(np.log(values[0]).mean())) for name, values in means.items()},
        "area_mm2": float(full.area_m2[0]) * MM2_PER_M2,
        "package_mm2": float(full.area_m2[0] + full.dram_m2[0]) * MM2_PER_M2,
        **{name: float(values[0].min()) for name, values in least.items()},
    }
