"""Filter of designs that can still be an optimum or on the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imcmoo.model.metrics import Bools, Floats
from imcmoo.problem.dominance import is_nondominated
from imcmoo.problem.problem import AcceleratorProblem

RIVALS = 16
"""Largest number of good designs of a group that the others are compared with."""

GROUPS_RANKED = 128
"""Groups whose ranks decide which points are good on average."""


def nondominated_within_group(F: Floats) -> Bools:
    """Cheap pre-filter: drop designs that one of `RIVALS` good designs of their group dominates.

    Few survive for the full non-dominated sort. Designs that are good on average come first;
    designs that they beat in every group need not be rivals.

    Args:
        F: objectives, inf where infeasible, shape (n_groups, n_points, n_objectives).

    Returns:
        Shape (n_groups, n_points).
    """
    beaten: Bools = ~np.asarray(np.isfinite(F).all(axis=2))
    if F.shape[1] == 1:
        return ~beaten
    # Ranks within a group are comparable between groups, whatever the sizes of the objectives.
    sample = F[:: max(1, len(F) // GROUPS_RANKED)]
    place = sample.argsort(axis=1).argsort(axis=1).mean(axis=(0, 2))
    rivals = 0
    for point in np.argsort(place, kind="stable"):
        if rivals == RIVALS or beaten.all():
            break
        if beaten[:, point].all():
            continue
        rivals += 1
        rival = F[:, [point]]
        beaten |= (rival <= F).all(axis=2) & (rival < F).any(axis=2)
    return ~beaten


def pareto_candidates(
    problem: AcceleratorProblem, F: Floats, unbeaten: Bools, scores: Mapping[str, Floats]
) -> Bools:
    """True for feasible designs that can be an optimum or on the front of more designs, shape (n,).

    Designs that no other dominates; designs not worse than another in the EDAP of every workload at
    once, since only they can have the smallest largest regret, whatever the best EDAPs are in the
    end; and the best by every other criterion.

    Args:
        F: objectives, shape (n, n_objectives).
        unbeaten: which may be on the front, shape (n,).
        scores: by criterion, shape (n,).
    """
    keep = np.zeros(len(F), dtype=bool)
    if len(F):
        rivals = np.flatnonzero(unbeaten)
        keep[rivals[is_nondominated(F[rivals])]] = True
        if problem.has_edap:
            keep |= _undefeated(problem.costs(F).edap)
        for values in scores.values():
            keep |= values == values.min()
    return keep


def _undefeated(values: Floats) -> Bools:
    """Rows of (n, W) for which no other row is smaller in every column."""
    best = np.unique(values[is_nondominated(values)], axis=0)
    # The most rivals are defeated by those with the smallest product.
    best = best[np.argsort(np.log(best).sum(axis=1))]
    left = np.arange(len(values))
    for row in best:
        left = left[~(row < values[left]).all(axis=1)]
    undefeated = np.zeros(len(values), dtype=bool)
    undefeated[left] = True
    return undefeated
