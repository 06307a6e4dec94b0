"""The smallest chip that runs all networks: what to name where an area limit leaves none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from imcmoo.exact.enumeration import Enumeration
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Floats, Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.space.design_space import Levels

MOST_CHIPS = 1 << 21
"""Chips looked at at the most: some seconds."""

AT_ONCE = 512


@dataclass(frozen=True)
class SmallestChip:
    """The smallest chip of a space on which all networks run, whatever its size.

    Args:
        design: physical values by name.
        area_m2: its area.
        binding: the network that alone needs the largest chip.
        binding_area_m2: the smallest chip for that network alone.
    """

    design: dict[str, Any]
    area_m2: float
    binding: str
    binding_area_m2: float

    def __str__(self) -> str:
        values = ", ".join(
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in self.design.items()
        )
        return (
            f"the smallest chip that runs all networks takes {self.area_m2 * MM2_PER_M2:.4g} mm² "
            f"({values}); {self.binding} binds: alone it needs "
            f"{self.binding_area_m2 * MM2_PER_M2:.4g} mm²"
        )


def nothing_feasible(problem: AcceleratorProblem) -> str:
    """Message where no design is feasible: names the smallest chip, if it is known."""
    limit = problem.area_limit_m2
    within = f" within {limit * MM2_PER_M2:g} mm²" if limit else ""
    networks = ", ".join(problem.workload_names)
    smallest = smallest_chip(problem)
    return (
        f"no design of space {problem.space.name} is feasible{within} for {networks}: "
        f"{smallest or 'relax the limits or widen the space'}"
    )


def smallest_chip(problem: AcceleratorProblem) -> SmallestChip | None:
    """The smallest chip that runs all networks of a problem; None where there is none, or where the
    model cannot tell without evaluating everything."""
    model, space = problem.model, problem.space
    enumeration = Enumeration(problem)
    if not (model.offers("screen") and model.offers("resources")):
        return None
    if space.size_of(enumeration.mapping_parameters) > MOST_CHIPS:
        return None
    bodies = space.grid(enumeration.mapping_parameters)
    relevant = np.array([name in model.screened_by for name in space.names])
    points = np.unique(enumeration.points * relevant, axis=0)
    designs = (bodies[:, None] + points).reshape(-1, len(space.names))
    quick = model.screen(designs)
    order = np.argsort(quick.area_m2, kind="stable")
    n = len(problem.workload_names)
    joint = _first(model, designs, order[quick.runs[order].all(axis=1)], list(range(n)))
    alone = [_first(model, designs, order[quick.runs[order, w]], [w]) for w in range(n)]
    single_areas = [(area, w) for w, chip in enumerate(alone) if chip for area in [chip[1]]]
    if joint is None or not single_areas:
        return None
    row, area = joint
    largest, w = max(single_areas)
    values = {k: v[0].item() for k, v in space.decode(designs[[row]]).items() if k in space.names}
    return SmallestChip(values, area, problem.workload_names[w], largest)


def _first(
    model: CostModel, designs: Levels, rows: Ints, networks: list[int]
) -> tuple[int, float] | None:
    """The first of some designs that truly runs some networks, and its area."""
    for at in range(0, len(rows), AT_ONCE):
        chunk = rows[at : at + AT_ONCE]
        resources = model.resources(designs[chunk])
        areas: Floats = resources.area_m2
        runs = np.flatnonzero(resources.runs[:, networks].all(axis=1))
        if len(runs):
            return int(chunk[runs[0]]), float(areas[runs[0]])
    return None
