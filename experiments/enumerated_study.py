"""Energy and latency of every design of a study on every network.

Given these, the exact optimum for any set of networks and any criterion is a look-up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.exact.enumeration import Enumeration
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.criteria import MINIMAX, SCORES
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import Score, costs_of, worst_regret
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study

DESIGNS_PER_SCREEN = 1 << 17
"""Designs screened at once."""


def running(problem: AcceleratorProblem) -> Iterator[Levels]:
    """All designs that run every network and keep all limits but those of a scenario, in parts."""
    space, feasibility = problem.space, problem.feasibility
    for first in range(0, space.size, DESIGNS_PER_SCREEN):
        levels = space.unrank(np.arange(first, min(first + DESIGNS_PER_SCREEN, space.size)))
        levels = levels[feasibility.screened(levels) <= 0]
        if len(levels):
            yield levels[feasibility.violation(levels) <= 0]


@dataclass(frozen=True)
class EnumeratedStudy:
    """Every design within the area limit on which at least one network runs.

    Args:
        problem: of the study.
        ranks: the designs, shape (n,), ascending.
        energy_J, latency_s: shape (n, W); NaN where a network does not run.
        area_m2: shape (n,).
        largest: column of the network with the most weights.
    """

    problem: AcceleratorProblem
    ranks: Ints
    energy_J: Floats
    latency_s: Floats
    area_m2: Floats
    largest: int

    @classmethod
    def of_study(cls, study: Study) -> EnumeratedStudy:
        """Evaluate all designs of a study."""
        networks = WorkloadSet.load(study.workloads)
        return cls.from_problem(study.problem(), int(networks.weights.argmax()))

    @classmethod
    def from_problem(cls, problem: AcceleratorProblem, largest: int) -> EnumeratedStudy:
        """Evaluate all designs of a problem."""
        space, limit = problem.space, problem.area_limit_m2 or np.inf
        enumeration = Enumeration(problem)
        chunks: list[tuple[Ints, Floats, Floats, Floats]] = []
        for chunk in enumeration.chunks():
            designs = enumeration.designs(chunk)
            m = problem.model.evaluate(designs)
            kept = (m.area_m2 <= limit) & m.runs.any(axis=1)
            ranks = space.rank(designs[kept])
            chunks.append((ranks, m.energy_J[kept], m.latency_s[kept], m.area_m2[kept]))
        ranks, energy, latency, area = (np.concatenate(c) for c in zip(*chunks, strict=True))
        order = np.argsort(ranks)
        return cls(problem, ranks[order], energy[order], latency[order], area[order], largest)

    @property
    def workloads(self) -> list[str]:
        """Names of the networks, in the order of the columns."""
        return self.problem.workload_names

    @cached_property
    def edap(self) -> Floats:
        """EDAP in J·s·mm², shape (n, W); NaN where a network does not run."""
        values = {"energy": self.energy_J, "latency": self.latency_s, "area": self.area_m2}
        return self.problem.edap.of(values)

    @cached_property
    def single_network_optima(self) -> Floats:
        """Least EDAP of each network on the chip that is best for it alone, shape (W,)."""
        return np.asarray(np.nanmin(self.edap, axis=0))

    @cached_property
    def joint(self) -> Ints:
        """Indices of the designs that run all networks, ascending."""
        return self.running(range(len(self.workloads)))

    def running(self, subset: Sequence[int]) -> Ints:
        """Indices of the designs that run the networks of some columns, ascending."""
        return np.flatnonzero(np.isfinite(self.edap[:, list(subset)]).all(axis=1))

    def levels(self, rows: Ints) -> Levels:
        """Designs by value index, shape (n_rows, n_parameters)."""
        return self.problem.space.unrank(self.ranks[rows])

    def score(self, score: Score, rows: Ints, subset: Sequence[int]) -> Floats:
        """Scores of designs over the networks of some columns, shape (n_rows,)."""
        at = np.ix_(rows, np.array(subset))
        return score(costs_of(self.energy_J[at], self.latency_s[at], self.area_m2[rows]))

    def best_for(self, subset: Sequence[int], criterion: str | Score) -> int:
        """Index of the best design for the networks of some columns, all of which it runs, by a
        score or a criterion with an exact optimum (regret is against `single_network_optima`); a
        ValueError if no design runs them all."""
        rows = self.running(subset)
        if not len(rows):
            names = ", ".join(self.workloads[c] for c in subset)
            raise ValueError(f"no design within the area limit runs {names}")
        if criterion == MINIMAX:
            columns = np.array(subset)
            edaps = self.edap[np.ix_(rows, columns)]
            scores = worst_regret(edaps, self.single_network_optima[columns])
        else:
            score = SCORES[criterion] if isinstance(criterion, str) else criterion
            scores = self.score(score, rows, subset)
        return int(rows[scores.argmin()])

    def optimum(self, subset: Sequence[int], criterion: str | Score) -> Levels:
        """Design that is best for some networks, shape (1, n_parameters); see `best_for`."""
        return self.levels(np.array([self.best_for(subset, criterion)]))
