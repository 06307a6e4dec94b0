"""Scores of enumerated designs by each criterion, absolute ones and regrets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Metrics
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import Costs, EdapDefinition
from imcmoo.problem.ties import TieRule


def scores(problem: AcceleratorProblem, costs: Costs) -> dict[str, Floats]:
    """Scores of designs by name, smaller is better, shape (n,) each.

    Criteria that judge a design by itself, EDAP by network (J·s·mm²), and each objective that is no
    criterion, in SI units.
    """
    absolute = [c for c in problem.criteria if c.against == "nothing"]
    by_name = {c.score_name(joint=False): c.scores(costs, None) for c in absolute}
    names = problem.workload_names
    if problem.has_edap:
        by_name |= {f"edap_{name}": v for name, v in zip(names, costs.edap.T, strict=True)}
    kinds = [
        f"{q.name}_{name}" if q.per_workload else q.name
        for q in problem.quantities
        for name in (names if q.per_workload else [""])
    ]
    return by_name | dict(zip(kinds, costs.objectives.T, strict=True)) | by_name


def tie_rules(problem: AcceleratorProblem) -> Mapping[str, TieRule]:
    """Rules that choose among designs with equal scores, by the names of all scores."""
    rules = {
        c.score_name(joint=joint): problem.ties(c)
        for c in problem.criteria
        for joint in (False, True)
    }
    if (tolerance := problem.tolerance) is not None:
        rules[tolerance.name] = problem.ties(tolerance)
    return defaultdict(problem.ties, rules)


def single_network_edap(
    definition: EdapDefinition, models: Sequence[CostModel], parts: Sequence[Metrics]
) -> Floats:
    """EDAP of each network by single-network models, J·s·mm², shape (n, W); NaN where it does not
    run."""
    edaps = [
        definition.of_images(model.images).of(part.values)
        for model, part in zip(models, parts, strict=True)
    ]
    return np.concatenate(edaps, axis=1)


def relative_scores(
    problem: AcceleratorProblem, costs: Costs, joint: Sequence[float], single: Sequence[float]
) -> dict[str, Floats]:
    """Scores by each regret criterion, shape (n,) each; `_joint` ones last.

    Args:
        joint: best EDAP of each network on a feasible design, J·s·mm², shape (W,).
        single: single-network optimum of each network, J·s·mm², shape (W,).
    """
    relative = [c for c in problem.criteria if c.is_regret]
    by_name = {c.name: c.scores(costs, np.asarray(single)) for c in relative}
    return by_name | {c.joint_name: c.scores(costs, np.asarray(joint)) for c in relative}
