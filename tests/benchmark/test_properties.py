"""Properties of problems: dimension and objectives of the front, constraints, landscape."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from imcmoo.benchmark import properties
from imcmoo.problem.dominance import is_nondominated
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Ordinal


def keeps(front, columns):
    part = front[:, list(columns)]
    return is_nondominated(part).all() and len(np.unique(part, axis=0)) == len(part)


@pytest.mark.parametrize("seed", range(6))
def test_the_least_set_of_objectives_is_that_of_all_subsets(seed):
    rng = np.random.default_rng(seed)
    points = np.round(rng.random((40, 5)), 1 + seed % 2)
    front = np.unique(points[is_nondominated(points)], axis=0)
    chosen = properties.least_objectives(front)
    assert keeps(front, chosen)
    smaller = combinations(range(5), len(chosen) - 1)
    assert not any(keeps(front, columns) for columns in smaller if columns)


def test_a_repeated_and_a_constant_objective_are_not_needed():
    x = np.linspace(0, 1, 30)
    front = np.column_stack([x, np.full(30, 2.0), 1 - x, 2 * x + 1e-12])
    assert len(properties.least_objectives(front)) == 2


def test_the_dimension_is_that_of_the_set_that_points_are_drawn_from():
    rng = np.random.default_rng(1)
    plane = rng.random((2000, 2)) @ rng.random((2, 6))
    assert properties.intrinsic_dimension(plane) == pytest.approx(2, abs=0.15)


def test_components_are_those_of_a_search_over_neighbours():
    space = DesignSpace(
        "small",
        (
            Ordinal("a", (1, 2, 3, 4, 5)),
            Categorical("b", ("x", "y", "z", "w")),
            Ordinal("c", (1, 2)),
        ),
        {},
    )
    kept = np.random.default_rng(5).random(space.size) < 0.4
    model = SimpleNamespace(evaluate=lambda levels: None)
    score = lambda levels, _: (None, np.where(kept[space.rank(levels)], 0.0, 1.0)[:, None])  # noqa: E731
    problem = SimpleNamespace(space=space, accelerator=SimpleNamespace(score=score, model=model))
    left, sizes = set(np.flatnonzero(kept).tolist()), []
    while left:
        waiting, size = [left.pop()], 0
        while waiting:
            size += 1
            around = space.neighbours(space.unrank(np.array([waiting.pop()]))[0])
            new = left.intersection(space.rank(around).tolist())
            left -= new
            waiting += new
        sizes.append(size)
    assert len(sizes) > 1
    expected = {"components": len(sizes), "largest_component": max(sizes) / kept.sum()}
    assert properties.feasible_components(problem) == expected
