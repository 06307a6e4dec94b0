"""From the name of a problem to its cost model, and to what can be searched or enumerated."""

from __future__ import annotations

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.model.reference.chips import Deployment
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.problem import AcceleratorProblem
from problems import get


def build_evaluator(
    name: str, *, deployment: Deployment = "alone", scaling: str = "reference"
) -> Evaluator:
    """The cost model of a problem's space and networks.

    Args:
        name: a name in `PROBLEMS`.
        deployment: whether resident weights share a chip "alone" or "together" with the others'.
        scaling: technology scaling of the component table.

    Raises:
        ValueError: unknown name or scaling.
    """
    spec = get(name)
    workloads = WorkloadSet.load(spec.workloads)
    table = ComponentTable.load(scaling=scaling)
    return Evaluator(spec.space, workloads, table, deployment=deployment)


def pose(name: str, evaluator: Evaluator, area_limit_m2: float | None = None) -> AcceleratorProblem:
    """The problem of this name, for all the networks of an evaluator.

    Args:
        name: a name in `PROBLEMS`.
        evaluator: as `build_evaluator` gives it, or `only` one network of it.
        area_limit_m2: largest chip allowed; None for the problem's own limit.

    Raises:
        ValueError: unknown name, or a limit that is not positive.
    """
    spec = get(name)
    limit = spec.area_limit_m2 if area_limit_m2 is None else area_limit_m2
    return AcceleratorProblem(evaluator, area_limit_m2=limit, cost_per_cm2=spec.cost_per_cm2)


def build(
    name: str,
    area_limit_m2: float | None = None,
    deployment: Deployment = "alone",
    scaling: str = "reference",
) -> tuple[AcceleratorProblem, Evaluator]:
    """The problem of this name for all its networks, and its cost model; arguments as above."""
    evaluator = build_evaluator(name, deployment=deployment, scaling=scaling)
    return pose(name, evaluator, area_limit_m2), evaluator
