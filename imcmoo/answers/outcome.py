"""Outcome of the searches of a study: the selected design, the front, and the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imcmoo.answers.served_design import ServedDesign
from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.exact.regret import ExactRegret
from imcmoo.model.metrics import LayerCosts, Metrics
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import EdapDefinition
from imcmoo.problem.selection import Candidates
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.algorithm import Search
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study

JOINT = "joint"
"""Name of the search for all networks; the others have the name of their network."""


EXACT, BEST_FOUND = "exact optimum", "best found"
"""What regrets of a run are against: proven optima, or the best EDAPs that its searches found."""


@dataclass(frozen=True)
class Outcome:
    """Searches of a study and the selected designs.

    Args:
        study: the study.
        joint: search for all networks.
        baseline_searches: search for each network; empty without baselines.
        baselines: best design of each of `baseline_searches` on all networks, or None.
        candidates: front of the joint search, and the selection from it.
        exact: regret against the exact answer; None without one.
    """

    study: Study
    joint: Search
    baseline_searches: dict[str, Search]
    baselines: Baselines | None
    candidates: Candidates
    exact: ExactRegret | None

    @classmethod
    def from_searches(
        cls, study: Study, searches: dict[str, Search], answer: ExactAnswer | None = None
    ) -> Outcome:
        """Compare and select among all searches of a study.

        Args:
            study: the study.
            searches: its finished searches, by name.
            answer: exact answer. If given, regret is against its optima.

        Raises:
            ValueError: there is no feasible design.
        """
        joint = searches[JOINT]
        single = {name: search for name, search in searches.items() if name != JOINT}
        problem = joint.archive.problem
        baselines = Baselines.from_searches(joint.archive, single) if single else None
        exact = ExactRegret(problem, answer, against_joint=baselines is None) if answer else None
        best = np.nanmin(baselines.edap, axis=0) if baselines else None
        candidates = _candidates(joint.archive, best, exact.reference_edap if exact else None)
        return cls(study, joint, single, baselines, candidates, exact)

    @property
    def problem(self) -> AcceleratorProblem:
        """The problem of the joint search."""
        return self.joint.archive.problem

    def metrics(self, rows: Sequence[int] | Ints) -> Metrics:
        """Metrics of candidates, by index."""
        archive = self.joint.archive
        return archive.metrics.take(archive.front[np.asarray(rows)])

    @cached_property
    def costs(self) -> LayerCosts | None:
        """Breakdown of the joint design; None if the model has none."""
        return self.problem.model.breakdown(self.design)

    @cached_property
    def served(self) -> ServedDesign | None:
        """Joint design under the requests of the scenario; None without scenario."""
        return ServedDesign.if_served(
            self.problem.model, self.design, self.metrics([self.chosen]), self.costs
        )

    @property
    def regret_reference(self) -> str:
        """Reference of the regrets: `EXACT` or `BEST_FOUND`."""
        return BEST_FOUND if self.candidates.exact_best is None else EXACT

    @property
    def workloads(self) -> list[str]:
        """Names of the networks, in the order of all columns."""
        return self.problem.workload_names

    @property
    def chosen(self) -> int:
        """Index of the candidate that the criterion of the study selects."""
        return self.candidates.chosen[self.criterion]

    @property
    def criterion(self) -> str:
        """Name of the criterion that selects the design."""
        return self.study.selected_by

    @property
    def design(self) -> Levels:
        """The joint design, shape (1, n_parameters)."""
        return self.candidates.levels[[self.chosen]]


def _candidates(
    archive: Evaluations, known_best: Floats | None = None, exact_best: Floats | None = None
) -> Candidates:
    """Front of a search, with reference EDAPs."""
    front = archive.front
    return Candidates(
        archive.problem, archive.levels[front], archive.F[front], known_best, exact_best
    )


@dataclass(frozen=True)
class Baselines:
    """Single-network designs, evaluated on all networks.

    Args:
        levels: row w is the design for network w, shape (W, n_parameters).
        metrics: rows as `levels`; NaN where a network does not run.
        within: True where a network meets its own limits on a design, shape (W, W).
        definition: delay and area of the EDAP.
    """

    levels: Levels
    metrics: Metrics
    within: Bools
    definition: EdapDefinition

    @classmethod
    def from_searches(cls, joint: Evaluations, searches: Mapping[str, Search]) -> Baselines:
        """Best design by EDAP of each single-network search, evaluated on all networks.

        Designs of the record `joint` are not evaluated again.
        """
        designs = []
        for search in searches.values():
            candidates = _candidates(search.archive)
            costs, ranks = candidates.costs, search.archive.space.rank(candidates.levels)
            best = candidates.problem.ties().best(costs.edap[:, 0], costs, ranks)
            designs.append(candidates.levels[best])
        levels = np.stack(designs)
        problem, alone = joint.problem, joint.problem.model.of_baselines
        is_joint = alone is problem.model
        metrics = joint.metrics_of(levels) if is_joint else alone.evaluate(levels)
        return cls(levels, metrics, problem.limits.within(metrics.values), problem.edap)

    @cached_property
    def edap(self) -> Floats:
        """EDAP, J·s·mm², shape (W, W): row w is the design for network w.

        NaN where a network does not run or breaks a limit of its own.
        """
        return np.where(self.within, self.definition.of(self.metrics.values), np.nan)
