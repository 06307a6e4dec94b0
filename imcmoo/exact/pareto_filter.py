"""Filter of designs that can still be an optimum or on the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imcmoo.model.metrics import Bools, Floats
from imcmoo.problem.dominance import is_nondominated
from imcmoo.problem.problem import AcceleratorProblem


def pareto_candidates(
    problem: AcceleratorProblem, F: Floats, scores: Mapping[str, Floats]
) -> Bools:
    """True for feasible designs that can be an optimum or on the front of more designs, shape (n,).

    Designs that no other dominates; designs not worse than another in the EDAP of every workload at
    once, since only they can have the smallest largest regret, whatever the best EDAPs are in the
    end; and the best by every other criterion.

    Args:
        F: objectives, shape (n, n_objectives).
        scores: by criterion, shape (n,).
    """
    if not len(F):
        return np.zeros(0, dtype=bool)
    keep = is_nondominated(F)
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
