"""Checks of a user's criteria before exact answers rely on them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.io.errors import InputError
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.own_score import BOUNDED
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import Costs
from imcmoo.search.sampling import draw_feasible

DESIGNS = 16

LARGER = 1.5
"""Factor of costs with which no score of a monotone criterion may be smaller."""

ROUNDING = 1e-9
"""Relative difference of scores that counts as rounding."""


def check_own_criteria(problem: AcceleratorProblem, names: Collection[str] | None = None) -> None:
    """Check a user's criteria on a few random designs.

    Each design must score the same when it is scored again beside others. A criterion with
    `monotone=True` must not score a design better if one of its costs grows.

    Args:
        problem: the design problem.
        names: criteria to check. If None, all that have an optimum.

    Raises:
        InputError: a criterion fails; names it and the scores.
    """
    checked = [
        c
        for c in problem.criteria
        if c.is_own
        and c.is_judged
        and (names is None or {c.name, c.joint_name}.intersection(names))
    ]
    if not checked:
        return
    levels, metrics = problem.feasible(draw_feasible(problem, DESIGNS, np.random.default_rng(0)))
    if not len(levels):
        return
    costs = problem.costs(problem.score(levels, metrics)[0])
    best = costs.edap.min(axis=0) if problem.has_edap else None
    for criterion in checked:
        _check(criterion, costs, best)


def _check(criterion: Criterion, costs: Costs, best: Floats | None) -> None:
    scores = criterion.scores(costs, best)
    again = criterion.unchecked_scores(costs.take(slice(None, None, -1)), best)[::-1]
    other = ~np.isclose(again, scores, rtol=ROUNDING, atol=0.0)
    if other.any():
        raise InputError(
            f"criterion {criterion.name} scores one design {scores[other][0]:g} and, scored again "
            f"beside the others in another order, {again[other][0]:g}: a score must depend on "
            "nothing but the costs of its design, so no random numbers"
        )
    for name in sorted(BOUNDED.intersection(costs.values)) if criterion.monotone else ():
        values = {**costs.values, name: costs[name] * LARGER}
        worse = criterion.unchecked_scores(replace(costs, values=values), best)
        falls = worse < scores - ROUNDING * np.abs(scores)
        if falls.any():
            raise InputError(
                f"criterion {criterion.name} says monotone=True, but a score falls from "
                f"{scores[falls][0]:g} to {worse[falls][0]:g} if {name} is {LARGER:g} times as "
                "large: no proof by it would hold"
            )
