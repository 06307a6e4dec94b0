"""Selection of one joint design from a Pareto front, by each criterion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import Costs
from imcmoo.problem.ties import Scored
from imcmoo.space.design_space import Levels, Ranks


@dataclass(frozen=True)
class Candidates:
    """Feasible designs to select from, usually a Pareto front.

    Create it with a front, then read `chosen` and `scores`. Pass a front rather than all designs:
    under `max`, a dominated design can tie with the one that dominates it.

    Args:
        problem: the design problem.
        levels: value indices, shape (n, n_parameters).
        F: objectives, shape (n, n_objectives).
        known_best: best known EDAP of each network, J·s·mm², shape (W,), from single-network
            searches; better candidates replace it. If None, regret criteria use their `joint_name`.
        exact_best: proven reference EDAP, J·s·mm², shape (W,), which replaces `known_best` as
            reference: single-network optima, or, without `known_best`, the best EDAP on chips that
            run all networks.

    Raises:
        ValueError: there is no candidate, or an objective is not finite.
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
        """Costs of the candidates."""
        return self.problem.costs(self.F)

    @cached_property
    def reference_edap(self) -> Floats | None:
        """Reference EDAP of each network, J·s·mm², shape (W,); None without EDAP."""
        if not self.problem.has_edap or self.exact_best is not None:
            return self.exact_best
        best = self.costs.edap.min(axis=0)
        return best if self.known_best is None else np.fmin(best, self.known_best)

    @cached_property
    def scores(self) -> dict[str, Floats]:
        """Scores by each criterion of the problem, shape (n,), by `Criterion.score_name`.

        Raises:
            InputError: a score is not allowed.
        """
        joint = self.known_best is None
        return {
            c.score_name(joint=joint): c.scores(self.costs, self.reference_edap)
            for c in self.problem.criteria
        }

    @cached_property
    def chosen(self) -> dict[str, int]:
        """Index of the selected design by criterion (names of `scores`).

        Among equal scores the rule of the problem decides, whatever the order of the candidates.
        With a tolerance, the first criterion selects the best by the second among its nearly best
        designs.
        """
        joint = self.known_best is None
        chosen = {
            name: self._best(c, self.scores[name])
            for c in self.problem.criteria
            for name in [c.score_name(joint=joint)]
        }
        if (tolerance := self.problem.tolerance) is not None:
            first, second = (
                self.scores[c.score_name(joint=joint)] for c in (tolerance.first, tolerance.second)
            )
            scores = tolerance.scores(first, second)
            chosen[tolerance.first.score_name(joint=joint)] = self._best(tolerance, scores)
        return chosen

    def _best(self, criterion: Scored, scores: Floats) -> int:
        """Index of the candidate with the smallest score by a criterion."""
        return self.problem.ties(criterion).best(scores, self.costs, self._ranks)

    @cached_property
    def _ranks(self) -> Ranks:
        return self.problem.space.rank(self.levels)
