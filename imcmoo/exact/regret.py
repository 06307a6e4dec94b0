"""Regret: distance of designs from the exact optimum, criterion by criterion."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.io.errors import InputError
from imcmoo.model.metrics import Floats
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.problem import AcceleratorProblem

ROUNDING = 1e-9
"""Regret below 0 by less is the order of summation."""


@dataclass(frozen=True)
class Regret(ABC):
    """Compares designs with the best there are.

    Args:
        problem: what the designs are for.
    """

    problem: AcceleratorProblem

    @property
    def criteria(self) -> dict[str, Criterion]:
        """Criteria that select one design and have an exact optimum, by name."""
        return {c.name: c for c in self.problem.criteria if c.is_judged}

    @property
    def own_best(self) -> Floats | None:
        """Reference EDAP of minimax regret, J·s·mm², shape (W,): the single-network optima, unless
        `criteria` has it by its joint name; None where there is no EDAP."""
        if not self.problem.has_edap:
            return None
        return np.array([self._own_best(name) for name in self.problem.workload_names])

    @property
    def front(self) -> Floats | None:
        """The exact front, shape (k, n_objectives); None where it is not known."""
        return None

    @abstractmethod
    def optimum(self, name: str) -> float:
        """The smallest score any design has by a criterion."""

    @abstractmethod
    def _own_best(self, network: str) -> float:
        """The best EDAP of a network, J·s·mm²."""

    def scores(self, F: Floats) -> dict[str, Floats]:
        """Scores of feasible designs by each of `criteria`, shape (n,) each.

        Args:
            F: objectives, shape (n, n_objectives).
        """
        costs, own_best = self.problem.costs(F), self.own_best
        return {name: c.scores(costs, own_best) for name, c in self.criteria.items()}

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
        regrets = {n: c.regret(scores[n], self.optimum(n)) for n, c in self.criteria.items()}
        for name, values in regrets.items():
            if (values < -ROUNDING).any():
                raise InputError(
                    f"a design is {-values.min():.3g} better than the exact optimum by {name}: the "
                    "answer is not of this problem; enumerate again"
                )
        return regrets


@dataclass(frozen=True)
class ExactRegret(Regret):
    """Compares designs with the answer of an enumeration.

    Args:
        problem: what the designs are for.
        answer: its exact answer.
        joint: whether minimax regret is against each network's best on a chip that runs all
            networks, and called by its joint name: what a run without baselines selects by.
    """

    answer: ExactAnswer
    joint: bool = False

    @property
    def criteria(self) -> dict[str, Criterion]:
        """Criteria that select one design and have an exact optimum, by name."""
        criteria = super().criteria.values()
        return {c.joint_name if self.joint else c.name: c for c in criteria}

    @property
    def front(self) -> Floats:
        """The exact front, shape (k, n_objectives)."""
        return self.answer.front

    def optimum(self, name: str) -> float:
        """The smallest score any design has by a criterion."""
        return self.answer.optima[name].value

    def _own_best(self, network: str) -> float:
        return self.answer.optima[f"{'edap' if self.joint else 'alone'}_{network}"].value


@dataclass(frozen=True)
class CertifiedRegret(Regret):
    """Compares designs with what certificates prove to be the best there is.

    Args:
        problem: what the designs are for.
        optima: smallest score of any design by each of `criteria`, and `alone_` and a network: its
            best EDAP on a chip that need not run the others, J·s·mm².
    """

    optima: Mapping[str, float]

    def optimum(self, name: str) -> float:
        """The smallest score any design has by a criterion."""
        return self.optima[name]

    def _own_best(self, network: str) -> float:
        return self.optima[f"alone_{network}"]
