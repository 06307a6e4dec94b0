"""Which figures a run makes, and of what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from imcmoo.model.metrics import Floats
from imcmoo.problem.scores import AGGREGATIONS, edap
from imcmoo.problem.selection import CRITERIA, Candidates
from imcmoo.report import figures, style
from imcmoo.report import front_figures as fronts
from imcmoo.report.front_figures import Points
from imcmoo.study.pipeline import JOINT, Found, Outcome
from imcmoo.study.result_tables import relative_edap

CONVERGING = ("edap_max", "edap_mean", "edap_geomean")
"""Criteria shown over time: those that judge a design by itself, whatever else is found. The
product orders designs as the geometric mean does."""


def draw_figures(outcome: Outcome, folder: Path) -> None:
    """Draw every figure of a run into a folder, as PNG and PDF."""
    marked = {"front": _front(outcome), "selected": _selected(outcome), "alone": _alone(outcome)}
    with style.paper_style():
        drawn = {
            "trade_off": fronts.trade_off(
                outcome.workloads, evaluated=_feasible(outcome.joint), **marked
            ),
            "objectives": fronts.parallel_coordinates(outcome.workloads, **marked),
            "convergence": figures.convergence(
                _best_so_far(outcome.joint, CONVERGING),
                {w: _best_so_far(f, ("edap_max",))["edap_max"] for w, f in outcome.alone.items()},
            ),
            "breakdown": _breakdown(outcome),
        }
        if outcome.baselines:
            drawn["baselines"] = figures.baseline_matrix(
                relative_edap(outcome), rows=[JOINT, *outcome.alone], columns=outcome.workloads
            )
        if outcome.joint.problem.cost_per_cm2:
            drawn["cost"] = _cost(outcome)
        for name, figure in drawn.items():
            style.save(figure, folder, name)


def _front(outcome: Outcome) -> Points:
    c = outcome.candidates
    return Points(c.energy_J, c.latency_s, c.area_m2)


def _selected(outcome: Outcome) -> Points:
    c, i = outcome.candidates, [outcome.chosen]
    return Points(c.energy_J[i], c.latency_s[i], c.area_m2[i])


def _alone(outcome: Outcome) -> Points:
    n = len(outcome.workloads)
    if outcome.baselines is None:
        return Points(np.empty((0, n)), np.empty((0, n)), np.empty(0))
    m = outcome.baselines.metrics
    return Points(m.energy_J, m.latency_s, m.resources.area_m2)


def _feasible(found: Found) -> Points:
    archive = found.result.archive
    return Points(*found.problem.split(archive.F[archive.feasible]))


def _best_so_far(found: Found, criteria: tuple[str, ...]) -> dict[str, Floats]:
    """The best score after each evaluation; NaN before the first feasible design."""
    archive = found.result.archive
    feasible = archive.feasible
    points = _feasible(found)
    designs = Candidates(
        found.problem.space,
        archive.levels[feasible],
        points.energy_J,
        points.latency_s,
        points.area_m2,
    )
    curves = {}
    for name in criteria:
        scores = np.full(len(archive), np.inf)
        scores[feasible] = CRITERIA[name](designs)
        best = np.minimum.accumulate(scores)
        curves[name] = np.where(np.isfinite(best), best, np.nan)
    return curves


def _cost(outcome: Outcome) -> Figure:
    archive, problem = outcome.joint.result.archive, outcome.joint.problem
    levels = archive.levels[archive.feasible]
    points = _feasible(outcome.joint)
    scores = AGGREGATIONS["max"](edap(points.energy_J, points.latency_s, points.area_m2))
    (selected,) = np.flatnonzero((levels == outcome.design).all(axis=1))
    return fronts.cost_front(
        problem.cost(levels, points.area_m2),
        scores,
        problem.space.column(levels, "technology_nm"),
        selected=int(selected),
    )


def _breakdown(outcome: Outcome) -> Figure:
    b = outcome.joint.evaluator.breakdown(outcome.design)
    owner = np.array([outcome.workloads.index(workload) for workload, _ in b.layers])
    energy = np.zeros((len(outcome.workloads), len(b.components)))
    np.add.at(energy, owner, b.energy_J[0])
    return figures.breakdown(outcome.workloads, b.components, energy_J=energy, area_m2=b.area_m2[0])
