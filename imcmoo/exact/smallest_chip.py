"""Message if no design is feasible: the smallest chip that runs all networks, or the least average
power that serves their requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.exact.bounded_criteria import BoundedCriterion, NotProvable, ProofTask
from imcmoo.exact.branch_and_bound import BranchAndBound, RootExpansion, expand_shared_root
from imcmoo.exact.enumeration import Enumeration, costs_of_networks
from imcmoo.exact.node_expander import NodeExpander
from imcmoo.io.units import MM2_PER_M2
from imcmoo.model.cost_model import CostModel
from imcmoo.problem.nearest import dram_ceilings, nearest, nearest_text
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import DesignSpace, Levels

MAX_CHIPS = 1 << 21
"""Largest number of chips checked (some seconds)."""

MAX_S = 20.0
"""Largest time of a proof, s."""

AREA = BoundedCriterion("area", lambda costs: costs["area"], lambda costs: costs["area"])
"""Area of the chip, m²."""

POWER = BoundedCriterion(
    "average_power", lambda costs: costs["average_power"], lambda costs: costs["average_power"]
)
"""Average power of the chip with its DRAM under the requests of a scenario, W."""

MAX_NEAREST = 1024
"""Number of designs among which the nearest is searched."""

CHIPS_PER_RESOURCE_CHUNK = 512
DESIGNS_PER_SCREEN_CHUNK = 1 << 16


def nothing_feasible(problem: AcceleratorProblem) -> str:
    """Message for a problem without a feasible design.

    Names the smallest chip that runs all networks if it is too large, the least average power if
    that is too large, or else the nearest chip and the limits it breaks. A limit above what the
    DRAM delivers is named before them.
    """
    networks = ", ".join(problem.workload_names)
    if ceilings := dram_ceilings(problem):
        return f"no design of space {problem.space.name} is feasible for {networks}: {ceilings}"
    reason = smallest_chip(problem) or _least_power(problem)
    if not reason and problem.model.offers("resources"):
        levels = _some_designs(problem.space)
        _, G = problem.score(levels, problem.model.evaluate(levels))
        return nearest_text(problem, nearest(problem, levels, G))
    limit = problem.area_limit_m2
    within = f" within {limit * MM2_PER_M2:g} mm²" if limit else ""
    return (
        f"no design of space {problem.space.name} is feasible{within} for {networks}: "
        f"{reason or 'relax the limits or widen the space'}"
    )


def _some_designs(space: DesignSpace) -> Levels:
    """All designs, or `MAX_NEAREST` random ones of a larger space."""
    if space.size <= MAX_NEAREST:
        return space.unrank(np.arange(space.size))
    return space.random(MAX_NEAREST, np.random.default_rng(0))


def smallest_chip(problem: AcceleratorProblem) -> str:
    """Text of the smallest chip, if it is too large, and of the network that needs the largest;
    else empty. Takes some seconds."""
    if problem.area_limit_m2 is None:
        return ""  # another limit binds
    chips = problem.model.mapping_parameters or problem.space.names
    if problem.space.size_of([*chips]) > MAX_CHIPS:
        return ""
    find = _by_bounds(problem) or _by_scan(problem)
    joint = find("") if find else None
    if not find or joint is None or joint[1] <= problem.area_limit_m2:
        return ""
    single = [(chip[1], name) for name in problem.workload_names if (chip := find(name))]
    if not single:
        return ""
    levels, area = joint
    largest, name = max(single, key=lambda each: each[0])
    return (
        f"the smallest chip that runs all networks takes {area * MM2_PER_M2:.4g} mm² "
        f"({problem.space.text_of(levels[0])}); {name} binds: "
        f"alone it needs {largest * MM2_PER_M2:.4g} mm²"
    )


def _least_power(problem: AcceleratorProblem) -> str:
    """Text of the least average power within all other limits, if its own rules it out; else
    empty."""
    stated = problem.limits.given
    allowed = [n.max_average_power_W for n in stated.values() if n.max_average_power_W is not None]
    if not allowed:
        return ""
    others = {name: replace(n, max_average_power_W=None) for name, n in stated.items()}
    free = AcceleratorProblem(
        problem.model, area_limit_m2=problem.area_limit_m2, limits=others, edap=problem.edap
    )
    if not _has_bounds(free) or not (best := _least(free, POWER)):
        return ""
    levels, power_W = best
    if power_W <= min(allowed):
        return ""
    return (
        f"the least average power within all other limits is {power_W:.4g} W, above "
        f"max_average_power_W = {min(allowed):g} ({problem.space.text_of(levels[0])})"
    )


Find = Callable[[str], tuple[Levels, float] | None]
"""Finds the smallest chip that runs a network ("" for all), shape (1, n_parameters), and its area,
m²; None if there is none."""


def _by_bounds(problem: AcceleratorProblem) -> Find | None:
    """Branch and bound by area without limits; None if the model has no bounds."""
    unlimited = AcceleratorProblem(problem.model, edap=problem.edap)
    return partial(_least, unlimited, AREA) if _has_bounds(unlimited) else None


def _has_bounds(problem: AcceleratorProblem) -> bool:
    try:
        problem.model.partials(problem.largest_area_m2)
    except ValueError:
        return False
    return True


def _least(
    problem: AcceleratorProblem, criterion: BoundedCriterion, network: str = ""
) -> tuple[Levels, float] | None:
    """The proven best design for a network ("" for all), shape (1, n_parameters), and its value;
    None if there is none, or if `MAX_S` do not suffice."""
    deadline = time.perf_counter() + MAX_S
    with suppress(NotProvable):
        expander = NodeExpander(ProofTask((criterion.name,), network).problem(problem))
        search = BranchAndBound(expander, RootExpansion.expand(expander), criterion, 0.0)
        expand_shared_root([search], lambda: time.perf_counter() > deadline)
        proof = search.run(lambda _: time.perf_counter() > deadline)
        if proof.levels is not None and proof.gap == 0:
            return proof.levels[None], proof.value
    return None


def _by_scan(problem: AcceleratorProblem) -> Find | None:
    """Check all chips in the order of their areas; None if these are unknown."""
    model, space = problem.model, problem.space
    if not (model.offers("screen") and model.offers("resources")):
        return None
    enumeration = Enumeration(problem)
    bodies = space.grid(enumeration.mapping_parameters)
    relevant = np.array([name in model.screened_by for name in space.names], dtype=bool)
    points = np.unique(enumeration.points * relevant, axis=0)

    def designs(rows: Ints) -> Levels:
        return bodies[rows // len(points)] + points[rows % len(points)]

    area_m2, can_run = _screened(model, designs, len(bodies) * len(points))
    order = np.argsort(area_m2, kind="stable")
    names = problem.workload_names
    others = space.grid([n for n in enumeration.point_parameters if n not in model.screened_by])

    def find(network: str) -> tuple[Levels, float] | None:
        wanted = [names.index(network)] if network else list(range(len(names)))
        rows = order[can_run[order][:, wanted].all(axis=1)]
        area = _smallest_area(model, designs, rows, wanted)
        if area is None:
            return None
        tied = designs(rows[area_m2[rows] <= problem.ties().limit(area)])
        every = np.repeat(tied, len(others), axis=0) + np.tile(others, (len(tied), 1))
        return _first_of_equals(problem, every, wanted, area), area

    return find


def _screened(model: CostModel, designs: Callable[[Ints], Levels], n: int) -> tuple[Floats, Bools]:
    """Areas of n designs, and which networks may run on each."""
    parts = [
        model.screen(designs(np.arange(at, min(at + DESIGNS_PER_SCREEN_CHUNK, n))))
        for at in range(0, n, DESIGNS_PER_SCREEN_CHUNK)
    ]
    return np.concatenate([p.area_m2 for p in parts]), np.concatenate([p.runs for p in parts])


def _smallest_area(
    model: CostModel, designs: Callable[[Ints], Levels], rows: Ints, networks: list[int]
) -> float | None:
    """Area of the first design that runs some networks, m²; None if none does."""
    for at in range(0, len(rows), CHIPS_PER_RESOURCE_CHUNK):
        chunk = rows[at : at + CHIPS_PER_RESOURCE_CHUNK]
        resources = model.resources(designs(chunk))
        areas: Floats = resources.area_m2
        runs = np.flatnonzero(resources.runs[:, networks].all(axis=1))
        if len(runs):
            return float(areas[runs[0]])
    return None


def _first_of_equals(
    problem: AcceleratorProblem, levels: Levels, networks: list[int], area: float
) -> Levels:
    """The design that the `TieRule` chooses among those that run some networks on an area, m²."""
    ties, found = problem.ties(), []
    for at in range(0, len(levels), DESIGNS_PER_SCREEN_CHUNK):
        chunk = levels[at : at + DESIGNS_PER_SCREEN_CHUNK]
        metrics = problem.model.evaluate(chunk)
        fits = metrics.runs[:, networks].all(axis=1) & (metrics.area_m2 <= ties.limit(area))
        if fits.any():
            chunk, metrics = chunk[fits], metrics.take(fits)
            costs = costs_of_networks(metrics, networks)
            place, first = ties.first(costs, problem.space.rank(chunk))
            found.append((place, chunk[[first]]))
    return min(found, key=lambda each: each[0])[1]
