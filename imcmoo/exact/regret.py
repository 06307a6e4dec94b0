"""Regret of designs against the exact optimum, by criterion."""

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
"""Regret below this counts as 0; the order of summation changes the last digits."""


@dataclass(frozen=True)
class Regret:
    """Regret of designs against known optima.

    Args:
        problem: the design problem.
        optima: smallest score by each of `criteria`, and the reference EDAP of each network,
            J·s·mm²: its single-network optimum `alone_NETWORK`, or, with `against_joint`,
            `edap_NETWORK`, its best on a chip that runs all networks.
        against_joint: compare networks with `edap_NETWORK`, as runs without baselines do.
        front: exact front, shape (k, n_objectives); None if unknown.
    """

    problem: AcceleratorProblem
    optima: Mapping[str, float]
    against_joint: bool = False
    front: Floats | None = None

    @property
    def criteria(self) -> dict[str, Criterion]:
        """Criteria that select one design and have an exact optimum, by name."""
        judged = (c for c in self.problem.criteria if c.is_judged)
        return {c.score_name(joint=self.against_joint): c for c in judged}

    @property
    def reference_edap(self) -> Floats | None:
        """Reference EDAP of each network, J·s·mm², shape (W,); None without EDAP."""
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
        """Regret of feasible designs by each of `criteria`, shape (n,) each.

        For minimax regret it is the excess of the worst normalised EDAP: 1.8 and 1.5 times the
        single-network optimum differ by 20 %.

        Args:
            F: objectives, shape (n, n_objectives).

        Raises:
            InputError: a design is better than the exact optimum, so the answer is of another
                problem.
        """
        return self.regrets_of(self.scores(F))

    def regrets_of(self, scores: Mapping[str, Floats]) -> dict[str, Floats]:
        """Regret of feasible designs from their scores by each of `criteria`; see `regrets`."""
        regrets = {n: c.regret(scores[n], self.optima[n]) for n, c in self.criteria.items()}
        for name, values in regrets.items():
            if (values < -ROUNDING).any():
                raise InputError(
                    f"a design is {-values.min():.3g} better than the exact optimum by {name}: the "
                    "answer is not of this problem; enumerate again"
                )
        return regrets


class ExactRegret(Regret):
    """Regret of designs against the exact answer of an enumeration.

        ExactRegret(problem, Enumeration(problem).answer()).regrets(F)

    Args:
        problem: the design problem.
        answer: its exact answer.
        against_joint: see `Regret`.
    """

    def __init__(
        self, problem: AcceleratorProblem, answer: ExactAnswer, against_joint: bool = False
    ) -> None:
        optima = {name: optimum.value for name, optimum in answer.optima.items()}
        super().__init__(problem, optima, against_joint, answer.front)
