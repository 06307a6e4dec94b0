"""Message if no design is feasible: the smallest chip that runs all networks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.exact.enumeration import Enumeration
from imcmoo.io.units import MM2_PER_M2
from imcmoo.model.cost_model import CostModel
from imcmoo.problem.nearest import dram_ceilings, nearest, nearest_text
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import DesignSpace, Levels

MOST_CHIPS = 1 << 21
"""Largest number of chips checked (some seconds)."""

MOST_NEAREST = 1024
"""Number of designs among which the nearest is searched."""

CHIPS_PER_RESOURCE_CHUNK = 512
DESIGNS_PER_SCREEN_CHUNK = 1 << 16


def nothing_feasible(problem: AcceleratorProblem) -> str:
    """Message for a problem without a feasible design.

    Names the smallest chip that runs all networks if it is too large, or else the nearest chip and
    the limits it breaks. A limit above what the DRAM delivers is named before them.
    """
    networks = ", ".join(problem.workload_names)
    if ceilings := dram_ceilings(problem):
        return f"no design of space {problem.space.name} is feasible for {networks}: {ceilings}"
    smallest = _smallest_chip(problem)
    if not smallest and problem.model.offers("resources"):
        levels = _some_designs(problem.space)
        _, G = problem.score(levels, problem.model.evaluate(levels))
        return nearest_text(problem, nearest(problem, levels, G))
    limit = problem.area_limit_m2
    within = f" within {limit * MM2_PER_M2:g} mm²" if limit else ""
    return (
        f"no design of space {problem.space.name} is feasible{within} for {networks}: "
        f"{smallest or 'relax the limits or widen the space'}"
    )


def _some_designs(space: DesignSpace) -> Levels:
    """All designs, or `MOST_NEAREST` random ones of a larger space."""
    if space.size <= MOST_NEAREST:
        return space.unrank(np.arange(space.size))
    return space.random(MOST_NEAREST, np.random.default_rng(0))


def _smallest_chip(problem: AcceleratorProblem) -> str:
    """Text of the smallest chip, if it is too large, and of the network that needs the largest;
    else empty."""
    model, space = problem.model, problem.space
    enumeration = Enumeration(problem)
    if not (model.offers("screen") and model.offers("resources")):
        return ""
    if space.size_of(enumeration.mapping_parameters) > MOST_CHIPS:
        return ""
    bodies = space.grid(enumeration.mapping_parameters)
    relevant = np.array([name in model.screened_by for name in space.names], dtype=bool)
    points = np.unique(enumeration.points * relevant, axis=0)

    def designs(rows: Ints) -> Levels:
        return bodies[rows // len(points)] + points[rows % len(points)]

    area_m2, can_run = _screened(model, designs, len(bodies) * len(points))
    order = np.argsort(area_m2, kind="stable")
    n = len(problem.workload_names)
    joint = _first(model, designs, order[can_run[order].all(axis=1)], list(range(n)))
    single = [_first(model, designs, order[can_run[order, w]], [w]) for w in range(n)]
    single_areas = [(area, w) for w, chip in enumerate(single) if chip for area in [chip[1]]]
    if joint is None or not single_areas:
        return ""
    row, area = joint
    if area <= (problem.area_limit_m2 or np.inf):
        return ""  # another limit binds
    largest, w = max(single_areas)
    return (
        f"the smallest chip that runs all networks takes {area * MM2_PER_M2:.4g} mm² "
        f"({space.text_of(designs(np.array([row]))[0])}); {problem.workload_names[w]} binds: "
        f"alone it needs {largest * MM2_PER_M2:.4g} mm²"
    )


def _screened(model: CostModel, designs: Callable[[Ints], Levels], n: int) -> tuple[Floats, Bools]:
    """Areas of n designs, and which networks may run on each."""
    parts = [
        model.screen(designs(np.arange(at, min(at + DESIGNS_PER_SCREEN_CHUNK, n))))
        for at in range(0, n, DESIGNS_PER_SCREEN_CHUNK)
    ]
    return np.concatenate([p.area_m2 for p in parts]), np.concatenate([p.runs for p in parts])


def _first(
    model: CostModel, designs: Callable[[Ints], Levels], rows: Ints, networks: list[int]
) -> tuple[int, float] | None:
    """The first design that runs some networks, and its area."""
    for at in range(0, len(rows), CHIPS_PER_RESOURCE_CHUNK):
        chunk = rows[at : at + CHIPS_PER_RESOURCE_CHUNK]
        resources = model.resources(designs(chunk))
        areas: Floats = resources.area_m2
        runs = np.flatnonzero(resources.runs[:, networks].all(axis=1))
        if len(runs):
            return int(chunk[runs[0]]), float(areas[runs[0]])
    return None
