"""The costly stage of a tree, chosen once for several criteria."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from imcmoo.exact.branch_and_bound import BranchAndBound
from imcmoo.exact.goal import BoundedCosts
from imcmoo.model.metrics import Bools

BRANCHED_AT_ONCE = 1 << 13
"""Partial designs taken further in one go: enough for all cores."""


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
    if trunk.stage == len(branches.stages):
        return
    assert trunk.nodes.costs is not None
    nodes = trunk.nodes.take(np.flatnonzero(_worth_to_any(searches, trunk.nodes.costs)))
    others = int(trunk.nodes.n_designs.sum() - nodes.n_designs.sum())
    for search in searches:
        search.restart(nodes.take(np.arange(0)), others)
    assert nodes.costs is not None
    # All stages whose children have relaxed bounds only, and the first with tighter ones.
    last = max(trunk.stage + 1, branches.partials.refined_from)
    bounds = [s.goal.bound(nodes.costs) for s in searches]
    # Those of the least bounds first, by whatever criterion.
    ranks = [np.argsort(np.argsort(own, kind="stable")) for own in bounds]
    order = np.argsort(np.min(ranks, axis=0), kind="stable")
    # The least bound, by each criterion, of what is still to come.
    left = [np.minimum.accumulate(own[order][::-1])[::-1] for own in bounds]
    for at in range(0, len(order), BRANCHED_AT_ONCE):
        for search, least in zip(searches, left, strict=True):
            search.elsewhere = float(least[at])
        if stop():
            rest = nodes.take(order[at:])
            for search in searches:
                search.restart(rest, others)
            break
        some = nodes.rows[order[at : at + BRANCHED_AT_ONCE]]
        for stage in range(trunk.stage, last):
            grown = branches.expand(some, stage, lambda c: _worth_to_any(searches, c))
            some = grown.nodes.rows
            for search in searches:
                search.count(grown, stage)
        for search in searches:
            search.enqueue(grown.nodes, last)
    for search in searches:
        search.elsewhere = np.inf


def _worth_to_any(searches: Sequence[BranchAndBound], costs: BoundedCosts) -> Bools:
    return np.logical_or.reduce([search.worth(costs) for search in searches])
