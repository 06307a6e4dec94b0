"""Energy and latency of every design of a study on every network.

Given these, the exact optimum for any set of networks and any criterion is a look-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imcmoo.exact.enumeration import Enumeration
from imcmoo.model.metrics import Floats
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.criteria import MINIMAX, SCORES
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import Score, costs_of, edap, worst_regret
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class EnumeratedStudy:
    """Every design within the area limit on which some network runs.

    Args:
        problem: the study's.
        ranks: the designs, shape (n,), ascending.
        energy_J: NaN where a network does not run, shape (n, W).
        latency_s: the same.
        area_m2: shape (n,).
        largest: the network with the most weights, a column.
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
        return cls.of(study.problem(), int(networks.weights.argmax()))

    @classmethod
    def of(cls, problem: AcceleratorProblem, largest: int) -> EnumeratedStudy:
        """Evaluate all designs of a problem."""
        space, limit = problem.space, problem.area_limit_m2 or np.inf
        enumeration = Enumeration(problem)
        found: list[tuple[Ints, Floats, Floats, Floats]] = []
        for bodies in enumeration.stretches():
            designs = enumeration.designs(bodies)
            m = problem.model.evaluate(designs)
            own = (m.area_m2 <= limit) & m.runs.any(axis=1)
            ranks = space.rank(designs[own])
            found.append((ranks, m.energy_J[own], m.latency_s[own], m.area_m2[own]))
        ranks, energy, latency, area = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.argsort(ranks)
        return cls(problem, ranks[order], energy[order], latency[order], area[order], largest)

    @property
    def workloads(self) -> list[str]:
        """Names of the networks, in the order of the columns."""
        return self.problem.workload_names

    @cached_property
    def edap(self) -> Floats:
        """J·s·mm², NaN where a network does not run, shape (n, W)."""
        return edap(self.energy_J, self.latency_s, self.area_m2)

    @cached_property
    def own_best(self) -> Floats:
        """The best EDAP of each network on a chip of its own, shape (W,)."""
        return np.asarray(np.nanmin(self.edap, axis=0))

    @cached_property
    def joint(self) -> Ints:
        """Indices of the designs that run all networks, ascending."""
        return self.running(range(len(self.workloads)))

    def running(self, subset: Sequence[int]) -> Ints:
        """Indices of the designs that run some networks, given as columns, ascending."""
        return np.flatnonzero(np.isfinite(self.edap[:, list(subset)]).all(axis=1))

    def levels(self, rows: Ints) -> Levels:
        """The designs themselves, shape (n_rows, n_parameters)."""
        return self.problem.space.unrank(self.ranks[rows])

    def score(self, score: Score, rows: Ints, subset: Sequence[int]) -> Floats:
        """What designs score for some networks, shape (n_rows,)."""
        at = np.ix_(rows, np.array(subset))
        return score(costs_of(self.energy_J[at], self.latency_s[at], self.area_m2[rows]))

    def best_for(self, subset: Sequence[int], criterion: str | Score) -> int:
        """Index of the design that is best for some networks, all of which it runs.

        Args:
            subset: columns.
            criterion: one that has an exact optimum, regret being against `own_best`; or a score.

        Raises:
            ValueError: no design runs them all.
        """
        rows = self.running(subset)
        if not len(rows):
            names = ", ".join(self.workloads[c] for c in subset)
            raise ValueError(f"no design within the area limit runs {names}")
        if criterion == MINIMAX:
            columns = np.array(subset)
            scores = worst_regret(self.edap[np.ix_(rows, columns)], self.own_best[columns])
        else:
            score = SCORES[criterion] if isinstance(criterion, str) else criterion
            scores = self.score(score, rows, subset)
        return int(rows[scores.argmin()])
