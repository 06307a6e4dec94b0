"""Regret: distance of designs from the exact optimum, criterion by criterion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.io.errors import InputError
from imcmoo.problem.criteria import SINGLE_NETWORK, Criterion
from imcmoo.problem.problem import AcceleratorProblem

ROUNDING = 1e-9
"""Regret that is nearer to 0 counts as 0: the order of summation moves the last digits."""


@dataclass(frozen=True)
class Regret:
    """Compares designs with the best there are.

    Args:
        problem: what the designs are for.
        optima: smallest score of any design by each of `criteria`, and the reference EDAP of each
            network, J·s·mm²: `alone_NETWORK`, its single-network optimum, or, with
            `against_joint`, `edap_NETWORK`, its best on a chip that runs all networks.
        against_joint: whether regret of networks is of the latter: what a run without baselines
            selects by.
        front: the exact front, shape (k, n_objectives); None where it is not known.
    """

    problem: AcceleratorProblem
    optima: Mapping[str, float]
    against_joint: bool = False
    front: Floats | None = None

    @property
    def criteria(self) -> dict[str, Criterion]:
        """Criteria that select one design and have an exact optimum, by name."""
        judged = (c for c in self.problem.criteria if c.is_judged)
        return {c.name_of_score(joint=self.against_joint): c for c in judged}

    @property
    def reference_edap(self) -> Floats | None:
        """Reference EDAP of each network, J·s·mm², shape (W,); None where there is no EDAP."""
        if not self.problem.has_edap:
            return None
        kind = "edap_" if self.against_joint else SINGLE_NETWORK
        return np.array([self.optima[kind + name] for name in self.problem.workload_names])

    def scores(self, F: Floats) -> dict[str, Floats]:
        """Scores of feasible designs by each of `criteria`, shape (n,) each.

        Args:
            F: objectives, shape (n, n_objectives).
        """
        costs, reference = self.problem.costs(F), self.reference_edap
        return {name: c.scores(costs, reference) for name, c in self.criteria.items()}

    def regrets(self, F: Floats) -> dict[str, Floats]:
        """Excess of feasible designs over the optimum of each of `criteria`, shape (n,) each.

        For minimax regret it is the excess of the worst EDAP relative to the single-network
        optimum: two chips on which the worst-off network takes 1.5 and 1.8 times its best differ by
        20 %.

        Args:
            F: objectives, shape (n, n_objectives).

        Raises:
            InputError: a design is better than the exact optimum, so the answer is not of this
                problem.
        """
        scores = self.scores(F)
        regrets = {n: c.regret(scores[n], self.optima[n]) for n, c in self.criteria.items()}
        for name, values in regrets.items():
            if (values < -ROUNDING).any():
                raise InputError(
                    f"a design is {-values.min():.3g} better than the exact optimum by {name}: the "
                    "answer is not of this problem; enumerate again"
                )
        return regrets


class ExactRegret(Regret):
    """Compares designs with the answer of an enumeration.

    Args:
        problem: what the designs are for.
        answer: its exact answer.
        against_joint: as of `Regret`.
    """

    def __init__(
        self, problem: AcceleratorProblem, answer: ExactAnswer, against_joint: bool = False
    ) -> None:
        optima = {name: optimum.value for name, optimum in answer.optima.items()}
        super().__init__(problem, optima, against_joint, answer.front)
