"""How far designs are from the exact optimum, criterion by criterion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.exact.enumeration import Exact, scores
from imcmoo.model.metrics import Floats
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import SCORES, edap, regret, worst_regret

MINIMAX = "regret_minimax"

JUDGED = (*SCORES, MINIMAX)
"""Criteria that select one design and have an exact optimum, named as in `selection.CRITERIA`."""


@dataclass(frozen=True)
class Judge:
    """Compares designs with the exact answer.

    Args:
        problem: what the designs are for.
        exact: its answer.
        alone: whether minimax regret is against each workload's best on a chip of its own, as in
            a run that searched for that as well, or on any design feasible for all.
    """

    problem: AcceleratorProblem
    exact: Exact
    alone: bool = False

    @property
    def own_best(self) -> Floats:
        """What minimax regret is against, J·s·mm², shape (W,)."""
        kind = "alone" if self.alone else "edap"
        names = self.problem.workload_names
        return np.array([self.exact.optima[f"{kind}_{name}"].value for name in names])

    def optimum(self, criterion: str) -> float:
        """The smallest score any design has."""
        minimax = "regret_alone_minimax" if self.alone else MINIMAX
        return self.exact.optima[minimax if criterion == MINIMAX else criterion].value

    def scores(self, F: Floats) -> dict[str, Floats]:
        """Scores of feasible designs by each of `JUDGED`, shape (n,) each.

        Args:
            F: objectives, shape (n, n_objectives).
        """
        found = scores(self.problem, F)
        worst = worst_regret(edap(*self.problem.split(F)), self.own_best)
        return {name: worst if name == MINIMAX else found[name] for name in JUDGED}

    def regrets(self, F: Floats) -> dict[str, Floats]:
        """Excess of feasible designs over the optimum of each of `JUDGED`, shape (n,) each.

        Of minimax regret it is the excess of the worst EDAP relative to a workload's own best: two
        chips on which the worst-off network takes 1.5 and 1.8 times its best differ by 20 %.

        Args:
            F: objectives, shape (n, n_objectives).
        """
        return {
            name: regret(_ratio(name, values), _ratio(name, np.array(self.optimum(name))))
            for name, values in self.scores(F).items()
        }


def _ratio(name: str, values: Floats) -> Floats:
    """Scores as ratios, whose smallest possible value is not 0."""
    return values + 1 if name == MINIMAX else values
