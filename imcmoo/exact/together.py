"""The costly stage of a tree, chosen once for several criteria."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from imcmoo.exact.branch_and_bound import ROWS_AT_ONCE, BranchAndBound
from imcmoo.exact.branches import Nodes
from imcmoo.exact.goal import BoundedCosts


def branch_together(searches: Sequence[BranchAndBound], stop: Callable[[], bool]) -> None:
    """Choose the stage behind the trunk for several criteria at once.

    What a step costs is nearly all the model's, which bounds for all criteria alike.

    Args:
        searches: of one trunk, which were just begun.
        stop: asked after every step; what is left then waits in each of the searches.
    """
    branches, trunk = searches[0].branches, searches[0].trunk
    for search in searches:
        search.catch_up()
    rows, costs = trunk.nodes.rows, trunk.nodes.costs
    assert costs is not None
    # Those of the least bounds first, by whatever criterion.
    ranks = [np.argsort(np.argsort(s.goal.bound(costs), kind="stable")) for s in searches]
    order = np.argsort(np.min(ranks, axis=0), kind="stable")
    order = order[_worth_to_any(searches, costs)[order]]
    others = branches.designs(rows) - branches.designs(rows[order])
    for search in searches:
        search.restart(Nodes(rows[:0], costs.take(order[:0])), others)
    # The least bound, by each criterion, of what is still to come.
    left = [np.minimum.accumulate(s.goal.bound(costs)[order][::-1])[::-1] for s in searches]
    for at in range(0, len(order), ROWS_AT_ONCE):
        for search, bounds in zip(searches, left, strict=True):
            search.elsewhere = float(bounds[at])
        if stop():
            rest = order[at:]
            for search in searches:
                search.restart(Nodes(rows[rest], costs.take(rest)), others)
            break
        some = rows[order[at : at + ROWS_AT_ONCE]]
        grown = branches.expand(some, trunk.stage, lambda c: _worth_to_any(searches, c))
        for search in searches:
            search.grow(grown, trunk.stage)
    for search in searches:
        search.elsewhere = np.inf


def _worth_to_any(searches: Sequence[BranchAndBound], costs: BoundedCosts) -> NDArray[np.bool_]:
    return np.logical_or.reduce([search.worth(costs) for search in searches])
