"""From a Pareto front to one joint design, by several criteria side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imcmoo.model.metrics import Floats
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import Costs
from imcmoo.space.design_space import Levels


@dataclass(frozen=True)
class Candidates:
    """Feasible designs to choose from: usually a non-dominated front.

    A front rather than all designs, because under `max` a dominated design can tie with the one
    that dominates it.

    Args:
        problem: what the designs are for.
        levels: value indices of the designs, shape (n, n_parameters).
        F: objectives of the designs, shape (n, n_objectives).
        known_best: the best EDAP known of each workload, J·s·mm², shape (W,), that of a search for
            this workload alone; a candidate that is better still counts instead. Without it no
            single-network optimum is known, and criteria against these go by their `joint_name`.
        exact_best: what regrets are against instead where it is proven, J·s·mm², shape (W,): the
            single-network optima, or, without `known_best`, the best EDAP on chips that run all
            networks.

    Raises:
        ValueError: no candidate, or one whose objectives are not all finite.
    """

    problem: AcceleratorProblem
    levels: Levels
    F: Floats
    known_best: Floats | None = None
    exact_best: Floats | None = None

    def __post_init__(self) -> None:
        if not len(self.levels):
            raise ValueError("no feasible design to select from")
        if not np.isfinite(self.F).all():
            raise ValueError("a candidate does not run: its objectives are not finite")

    @cached_property
    def costs(self) -> Costs:
        """Their quantities by name."""
        return self.problem.costs(self.F)

    @cached_property
    def reference_edap(self) -> Floats | None:
        """`exact_best`, or else the best EDAP of each workload among candidates and `known_best`,
        shape (W,); None where the problem has no EDAP."""
        if not self.problem.has_edap or self.exact_best is not None:
            return self.exact_best
        best = self.costs.edap.min(axis=0)
        return best if self.known_best is None else np.fmin(best, self.known_best)

    @cached_property
    def scores(self) -> dict[str, Floats]:
        """Scores by each criterion of the problem, shape (n,), by `Criterion.name_of_score`.

        Raises:
            InputError: a score that is not allowed.
        """
        joint = self.known_best is None
        return {
            c.name_of_score(joint=joint): c.scores(self.costs, self.reference_edap)
            for c in self.problem.criteria
        }

    @cached_property
    def chosen(self) -> dict[str, int]:
        """Index of the design that each criterion selects, by the names of `scores`.

        Among equal scores the design of lowest rank wins, so the choice does not depend on the
        order of the candidates.
        """
        ranks = self.problem.space.rank(self.levels)
        return {name: int(np.lexsort((ranks, score))[0]) for name, score in self.scores.items()}
