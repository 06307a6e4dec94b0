"""The record of the selected design in design.json: values, costs, and what proves it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from imcmoo.answers.assessment import BESIDE, power, with_unit
from imcmoo.answers.cautions import caution, caution_of_calibration, caution_of_design
from imcmoo.answers.generation import (
    generation_figures,
)
from imcmoo.answers.outcome import Outcome
from imcmoo.exact.bounded_criteria import has_bounds
from imcmoo.io.units import display_column, to_display
from imcmoo.model.metrics import Metrics
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import EdapDefinition
from imcmoo.study.study import Study

MAX_PROPOSED = 10**8
"""Number of designs above which enumeration is not proposed."""


def design(outcome: Outcome) -> dict[str, Any]:
    """Joint design and its costs in SI units (area in mm²), and a `caution` if there is one.

    `proven_by` is the command that proves it; left out where the space is too large for any.
    """
    problem, chosen = outcome.problem, outcome.chosen
    metrics = outcome.metrics([chosen])
    (values,) = problem.space.designs(outcome.design)
    of_chip = [q for q in problem.model.quantities if not q.per_workload]
    chip = {
        display_column(q.column): float(to_display(q.unit, metrics.values[q.name][0]))
        for q in of_chip
    }
    if "dram_area" in metrics.values:
        chip["dram_mm2"] = float(to_display("m2", metrics.values["dram_area"][0]))
        chip["silicon_mm2"] = float(to_display("m2", metrics.values["silicon"][0]))
    workloads = {
        name: _on_workload(outcome, metrics, w) for w, name in enumerate(outcome.workloads)
    }
    calibrated = outcome.study.calibrated
    warning = caution(outcome.study.model, workloads, str(values.get("device", "")))
    warnings = caution_of_calibration(calibrated, values), warning, caution_of_design(values)
    warning = " ".join(filter(None, warnings))
    command = "" if outcome.proof is not None else proven_by(outcome.study, problem)
    has_reference = outcome.reference_edap is not None
    return {
        "study": outcome.study.name,
        "criterion": outcome.criterion,
        **({"proven_by": command} if command else {}),
        **({"regret_reference": outcome.regret_reference} if has_reference else {}),
        "design": values,
        "chip": chip,
        "workloads": workloads,
        **({"scenario": outcome.served.summary()} if outcome.served else {}),
        "scores": {name: s[chosen].item() for name, s in outcome.candidates.scores.items()},
        **({"caution": warning} if warning else {}),
        **({"calibration": calibrated.to_config()} if calibrated else {}),
    }


def proven_by(study: Study, problem: AcceleratorProblem) -> str:
    """The command that proves the answer of a study; empty if none does in reasonable time."""
    if has_bounds(problem, study.default_proof):
        return "certify"
    return "enumerate" if problem.space.size <= MAX_PROPOSED else ""


def _on_workload(outcome: Outcome, metrics: Metrics, w: int) -> dict[str, Any]:
    problem = outcome.problem
    costs = {
        q.column: metrics.values[q.name][0, w].item()
        for q in problem.model.quantities
        if q.per_workload
    }
    if sources := problem.model.snr_sources:
        costs["snr_source"] = sources[outcome.workloads[w]]
    if ran := problem.model.work_shares:
        costs |= ran[outcome.workloads[w]].to_columns()
    costs |= _edaps(problem, metrics, w)
    if problem.has_edap:
        costs["edap_J_s_mm2"] = outcome.candidates.costs.edap[outcome.chosen, w].item()
    if outcome.reference_edap is not None:
        costs["reference_edap_J_s_mm2"] = outcome.reference_edap[w].item()
    costs |= {column: v[0, w].item() for column, v in power(problem, metrics.values).items()}
    figures = generation_figures(problem.model, metrics.values)
    costs |= {n: v[0, w].item() for n, v in figures.items() if np.isfinite(v[0, w])}
    if "utilization" in metrics.values:
        costs["max_utilization_pct"] = 100 * metrics.values["utilization"][0, w].item()
    details = {} if outcome.costs is None else outcome.costs.details
    for kind in (*BESIDE, "accuracy_drop"):
        further = metrics.values.get(kind, details.get(kind))
        if kind == "accuracy_drop":  # known only of networks with data
            further = details.get(kind, further)
        if further is not None and further.ndim == 2 and with_unit(kind) not in costs:
            value = further[0, w].item()
            # JSON knows no infinity, as where an ADC resolves every unit.
            costs[with_unit(kind)] = value if math.isfinite(value) else None
    return costs


def _edaps(problem: AcceleratorProblem, metrics: Metrics, w: int) -> dict[str, float]:
    """Images of an inference of a network, and its EDAP by every definition; empty if the model
    gives no interval or no area of a package."""
    definitions = EdapDefinition.every()
    if not {q for d in definitions for q in d.quantities.values()} <= set(metrics.values):
        return {}
    images = problem.model.images or (1,) * len(problem.workload_names)
    by_definition = {
        f"edap_{d.delay}_{d.area}_J_s_mm2": d.of_images(images).of(metrics.values)[0, w].item()
        for d in definitions
    }
    return {"images": images[w], **by_definition}
