"""The costly stage of a tree, chosen once for several criteria."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from imcmoo.exact.bounded_criteria import BoundedCosts
from imcmoo.exact.branch_and_bound import BranchAndBound
from imcmoo.model.metrics import Bools

BRANCHED_AT_ONCE = 1 << 13
"""Partial designs taken further in one go: enough for all cores."""


def expand_shared_root(searches: Sequence[BranchAndBound], stop: Callable[[], bool]) -> None:
    """Choose the stage after the root expansion for several criteria at once.

    Bounds of the model take most of the time and serve all criteria.

    Args:
        searches: new searches with the same root expansion.
        stop: called after every step; nodes that are left then are queued in each search.
    """
    expander, root = searches[0].expander, searches[0].root
    for search in searches:
        search.import_incumbent()
    if root.stage == len(expander.stages):
        return
    assert root.nodes.costs is not None
    nodes = root.nodes.take(np.flatnonzero(_can_improve_any(searches, root.nodes.costs)))
    others = int(root.nodes.n_designs.sum() - nodes.n_designs.sum())
    for search in searches:
        search.restart(nodes.take(np.arange(0)), others)
    assert nodes.costs is not None
    # All stages whose children have relaxed bounds only, and the first with tighter ones.
    last = max(root.stage + 1, expander.partials.refined_from)
    bounds = [s.goal.bound(nodes.costs) for s in searches]
    # Those of the least bounds first, by whatever criterion.
    ranks = [np.argsort(np.argsort(bound, kind="stable")) for bound in bounds]
    order = np.argsort(np.min(ranks, axis=0), kind="stable")
    # The least bound, by each criterion, of what is still to come.
    left = [np.minimum.accumulate(bound[order][::-1])[::-1] for bound in bounds]
    for at in range(0, len(order), BRANCHED_AT_ONCE):
        for search, least in zip(searches, left, strict=True):
            search.external_bound = float(least[at])
        if stop():
            unexpanded = nodes.take(order[at:])
            for search in searches:
                search.restart(unexpanded, others)
            break
        rows = nodes.rows[order[at : at + BRANCHED_AT_ONCE]]
        for stage in range(root.stage, last):
            grown = expander.expand(rows, stage, lambda c: _can_improve_any(searches, c))
            rows = grown.nodes.rows
            for search in searches:
                search.count(grown, stage)
        for search in searches:
            search.prune_or_enqueue(grown.nodes, last)
    for search in searches:
        search.external_bound = np.inf


def _can_improve_any(searches: Sequence[BranchAndBound], costs: BoundedCosts) -> Bools:
    return np.logical_or.reduce([search.can_improve(costs) for search in searches])
