"""Validate lower bounds on designs: no ancestor of a design in the search tree may bound it above
its evaluated cost, at any stage.

A bound that is too high loses designs, and the walk of `check` uses the same bounds. So they are
compared with `evaluate` on random feasible designs, on every certified optimum and on its feasible
neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imcmoo.exact.check import Refused
from imcmoo.model.metrics import Bools, Floats, Metrics, edp
from imcmoo.model.partials import PartialDesignTree
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.sampling import draw_feasible
from imcmoo.space.design_space import Levels

RANDOM_DESIGNS = 1300
CHILDREN_LOOKED_FOR = 16
"""Designs that are looked for among all children of their ancestors."""

Costs = dict[str, Floats]


def validate_bounds(
    problem: AcceleratorProblem,
    partials: PartialDesignTree,
    optima: Sequence[Levels],
) -> int:
    """Compare the bounds of all ancestors of feasible designs with the costs of these designs.

    Args:
        problem: the study's.
        partials: the search tree of its model.
        optima: certified designs, shape (n, n_parameters) each; their feasible neighbours are
            validated as well.

    Returns:
        Number of designs; 0 where the tree has no bounds or cannot tell the ancestors of a design.

    Raises:
        Refused: a bound is above the cost of a design, or the tree lacks a design.
    """
    if partials.ancestors(np.zeros((1, len(problem.space.shape)), np.int64), 0) is None:
        return 0
    rng = np.random.default_rng(0)
    neighbours = [problem.space.neighbours(design) for levels in optima for design in levels]
    drawn = draw_feasible(problem, RANDOM_DESIGNS, rng)
    levels = np.unique(np.concatenate([drawn, *optima, *neighbours]), axis=0)
    # Bounds of average power hold for chips that serve their load only.
    levels, metrics = problem.feasible(levels)
    if not len(levels):
        return 0
    for stage in range(len(partials.stages)):
        _validate_stage(partials, levels, _costs(metrics), stage, rng)
    return len(levels)


def _costs(metrics: Metrics) -> Costs:
    values = metrics.values
    costs = {**values, "edp": edp(metrics.energy_J, metrics.latency_s)}
    if {"leak", "dram_idle", "interval"} <= set(values):
        static = values["leak"] + values["dram_idle"]
        costs["static_power"] = static
        costs["dynamic_energy"] = values["energy"] - static[:, None] * values["interval"]
    return costs


def _validate_stage(
    partials: PartialDesignTree, levels: Levels, costs: Costs, stage: int, rng: np.random.Generator
) -> None:
    """Validate tree, screen, relaxed bounds and bounds of one more chosen stage."""
    parents, rows = partials.ancestors(levels, stage), partials.ancestors(levels, stage + 1)
    assert parents is not None
    assert rows is not None
    name = partials.stages[stage]
    sampled = rng.choice(len(rows), min(CHILDREN_LOOKED_FOR, len(rows)), replace=False)
    for at in sampled:
        children, _ = partials.children(parents[[at]], stage)
        if not (children == rows[at]).all(axis=1).any():
            raise Refused(f"the search tree lacks a feasible design at stage {name}")
    screened = partials.screen(rows)
    _refuse(~screened.runs.all(axis=1) | ~(screened.area_m2 <= costs["area"]), "screen", name)
    relaxed = partials.relaxed_bound(parents, stage)
    if relaxed is not None:
        children, of = partials.children(parents, stage)
        positions = np.flatnonzero((children == rows[of]).all(axis=1))
        if len(positions) != len(rows):
            raise Refused(f"the search tree lacks a feasible design at stage {name}")
        _compare(relaxed, positions, costs, "relaxed bound", name)
    if stage + 1 >= partials.bound_from:
        _compare(partials.bound(rows), np.arange(len(rows)), costs, "bound", name)


def _compare(
    bounds: Metrics,
    at: np.ndarray[tuple[int], np.dtype[np.int64]],
    costs: Costs,
    what: str,
    name: str,
) -> None:
    for quantity, values in bounds.values.items():
        _refuse(~(values[at] <= costs[quantity]), f"{what} of {quantity}", name)


def _refuse(wrong: Bools, what: str, stage: str) -> None:
    if wrong.any():
        n = int(wrong.reshape(len(wrong), -1).any(axis=1).sum())
        raise Refused(
            f"{what} at stage {stage} is above the cost of {n:,} of {len(wrong):,} designs"
        )
