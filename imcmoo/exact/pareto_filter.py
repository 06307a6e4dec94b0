"""Which of some feasible designs can still be the best of more of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imcmoo.model.metrics import Bools, Floats
from imcmoo.problem.dominance import is_nondominated
from imcmoo.problem.problem import AcceleratorProblem

RIVALS = 16
"""Points of a body that others are held against at the most."""


def nondominated_within_group(F: Floats) -> Bools:
    """Designs that few good ones of the same body do not dominate.

    That is what most are dominated by, so little is left for the search for the front. Points that
    are good on average come first: those that they beat everywhere need not be rivals any more.

    Args:
        F: objectives, inf where infeasible, shape (n_bodies, n_points, n_objectives).

    Returns:
        Shape (n_bodies, n_points).
    """
    beaten: Bools = ~np.asarray(np.isfinite(F).all(axis=2))
    if F.shape[1] == 1:
        return ~beaten
    # Ranks within a body are comparable between bodies, whatever the sizes of the objectives.
    place = F.argsort(axis=1).argsort(axis=1).mean(axis=(0, 2))
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
    """Which feasible designs, shape (n,), can be an optimum or on the front of more of them.

    Those no other dominates; those not worse than another in the EDAP of every workload at once,
    since only they can have the smallest largest regret, whatever the best EDAPs are in the end;
    and the best by every other criterion.

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
