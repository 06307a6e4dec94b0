"""Message where limits leave no design: the nearest chip, what it breaks, and by how much."""

from __future__ import annotations

import numpy as np

from imcmoo.model.metrics import Floats, Metrics
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.scenario.model import ScenarioModel
from imcmoo.scenario.unserved import unserved_text
from imcmoo.space.design_space import Levels


def nearest(problem: AcceleratorProblem, levels: Levels, G: Floats) -> Levels:
    """The design that violates its constraints least, shape (1, n_parameters).

    Least in all; of a scenario by the constraint it violates most, which is that of the largest
    capacity if all networks run.

    Args:
        problem: what the designs are for.
        levels: shape (n, n_parameters), at least one design.
        G: their constraints in octaves, shape (n, n_constraints).
    """
    violation = np.maximum(G, 0.0)
    served = isinstance(problem.model, ScenarioModel)
    total = violation.max(axis=1) if served else violation.sum(axis=1)
    return levels[[int(total.argmin())]]


def nearest_text(problem: AcceleratorProblem, design: Levels) -> str:
    """The nearest design, and everything it breaks, the worst first.

    Args:
        design: shape (1, n_parameters).
    """
    shown = problem.space.text_of(design[0])
    if isinstance(problem.model, ScenarioModel):
        unserved = unserved_text(problem.model, design)
        if unserved:
            return f"no design of space {problem.space.name} found that {unserved} ({shown})"
    broken = _broken(problem, problem.model.evaluate(design))
    return (
        f"no design of space {problem.space.name} found that keeps all limits for "
        f"{', '.join(problem.workload_names)}; the nearest ({shown}) breaks "
        + "; ".join(f"{what} ({factor:.3g} times)" for factor, what in broken)
    )


def _broken(problem: AcceleratorProblem, metrics: Metrics) -> list[tuple[float, str]]:
    """Limits that a design breaks and by what factor, the worst first."""
    broken = problem.limits.broken(metrics.values)
    limit = problem.area_limit_m2
    if limit is not None and metrics.area_m2[0] > limit:
        area, most = metrics.area_m2[0] * MM2_PER_M2, limit * MM2_PER_M2
        broken.append((area / most, f"area: {area:.4g} mm² against {most:g} mm²"))
    for name, resource in metrics.resources.items():
        for network, missing in zip(problem.workload_names, resource.missing[0], strict=True):
            if missing > 0:
                capacity = resource.own[0]
                text = f"{name} of {network}: {missing:.4g} more than the {capacity:.4g} there are"
                broken.append((1 + missing / capacity, text))
    return sorted(broken, reverse=True)
