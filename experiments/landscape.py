"""EDAP of every design of a study on every network.

Given this matrix, the exact optimum for any set of networks and any aggregation is a look-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imcmoo.chips import OPERATING_POINT
from imcmoo.exhaustive import stretches
from imcmoo.judge import MINIMAX
from imcmoo.metrics import Floats
from imcmoo.objectives import AGGREGATIONS, edap, worst_regret
from imcmoo.problem import AcceleratorProblem


@dataclass(frozen=True)
class Landscape:
    """Every design within the area limit on which some network runs.

    Args:
        problem: the study's.
        ranks: the designs, shape (n,), ascending.
        edap: J·s·mm², NaN where a network does not run, shape (n, W).
        area_m2: shape (n,).
        objectives: of the designs that run all networks, in their order: energy (J) and latency
            (s) by network, area (m²) and cost, shape (n_joint, n_objectives).
    """

    problem: AcceleratorProblem
    ranks: NDArray[np.int64]
    edap: Floats
    area_m2: Floats
    objectives: Floats

    @classmethod
    def of(cls, problem: AcceleratorProblem) -> Landscape:
        """Evaluate all designs."""
        space = problem.space
        points = space.grid(OPERATING_POINT)
        ranks, values, areas, objectives = [], [], [], []
        for bodies in stretches(problem):
            designs = (bodies[:, None] + points).reshape(-1, points.shape[1])
            m = problem.evaluator.evaluate(designs)
            area = m.resources.area_m2
            own = (area <= problem.area_limit_m2) & m.resources.maps.any(axis=1)
            ranks.append(space.rank(designs[own]))
            values.append(edap(m.energy_J[own], m.latency_s[own], area[own]))
            areas.append(area[own])
            objectives.append(problem.score(designs, m)[0][own])
        every = np.concatenate(ranks)
        order = np.argsort(every)
        matrix = np.concatenate(values)[order]
        joint = np.isfinite(matrix).all(axis=1)
        return cls(
            problem,
            every[order],
            matrix,
            np.concatenate(areas)[order],
            np.concatenate(objectives)[order[joint]],
        )

    @property
    def workloads(self) -> list[str]:
        """Names of the networks, in the order of the columns."""
        return self.problem.workload_names

    @cached_property
    def own_best(self) -> Floats:
        """The best EDAP of each network on a chip of its own, shape (W,)."""
        return np.asarray(np.nanmin(self.edap, axis=0))

    def best_for(self, subset: Sequence[int], criterion: str) -> int:
        """Index of the design that is best for some networks, all of which it runs.

        Args:
            subset: columns of `edap`.
            criterion: one of `judge.JUDGED`; regret is against `own_best`.

        Raises:
            ValueError: no design runs them all.
        """
        columns = list(subset)
        rows = np.flatnonzero(np.isfinite(self.edap[:, columns]).all(axis=1))
        if not len(rows):
            names = ", ".join(self.workloads[c] for c in columns)
            raise ValueError(f"no design within the area limit runs {names}")
        values = self.edap[rows][:, columns]
        if criterion == MINIMAX:
            score = worst_regret(values, self.own_best[columns])
        else:
            score = AGGREGATIONS[criterion.removeprefix("edap_")](values)
        return int(rows[score.argmin()])

    def index_of(self, rank: int) -> int:
        """Index of a design.

        Raises:
            KeyError: no network runs on it, or it is too large.
        """
        at = int(np.searchsorted(self.ranks, rank))
        if at == len(self.ranks) or self.ranks[at] != rank:
            raise KeyError(rank)
        return at
