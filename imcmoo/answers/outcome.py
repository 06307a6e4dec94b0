"""Outcome of searches or a proof: the selected design, the front, and the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imcmoo.answers.answer import Answer
from imcmoo.answers.provenance import CERTIFIED, SEARCHED
from imcmoo.answers.served_design import ServedDesign
from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.exact.certificate import BEST_FOUND, EXACT, certified_reference
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.exact.regret import ExactRegret
from imcmoo.model.metrics import LayerCosts, Metrics
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import EdapDefinition
from imcmoo.problem.selection import Candidates
from imcmoo.record.evaluations import Evaluations
from imcmoo.record.trace import Searched
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study

JOINT = "joint"
"""Name of the search for all networks; the others have the name of their network."""


@dataclass(frozen=True)
class Outcome:
    """Evaluated designs of a study and the selected ones.

    `Outcome.from_searches` selects among searches, `Outcome.from_answer` takes a proven answer.

    Args:
        study: the study.
        archive: evaluated designs of all networks.
        searches: the search for all networks and one for each network, by name; empty for a proof.
        baselines: best design of the search of each network on all networks, or None.
        candidates: front of the archive, and the selection from it.
        exact: regret against the exact answer; None without one.
        regret_reference: what regrets are against, `EXACT` or `BEST_FOUND`.
        proof: the proven answer; None for searches.
    """

    study: Study
    archive: Evaluations
    searches: dict[str, Searched]
    baselines: Baselines | None
    candidates: Candidates
    exact: ExactRegret | None
    regret_reference: str = BEST_FOUND
    proof: Answer | None = None

    @classmethod
    def from_searches(
        cls, study: Study, searches: dict[str, Searched], answer: ExactAnswer | None = None
    ) -> Outcome:
        """Compare and select among all searches of a study.

        Args:
            study: the study.
            searches: its finished searches, by name.
            answer: exact answer. If given, regret is against its optima.

        Raises:
            ValueError: there is no feasible design.
        """
        archive = searches[JOINT].archive
        single = {name: search for name, search in searches.items() if name != JOINT}
        problem = archive.problem
        baselines = Baselines.from_searches(archive, single) if single else None
        exact = ExactRegret(problem, answer, against_joint=baselines is None) if answer else None
        best = np.nanmin(baselines.edap, axis=0) if baselines else None
        known = exact.reference_edap if exact else None
        candidates = _candidates(archive, best, known)
        against = BEST_FOUND if known is None else EXACT
        return cls(study, archive, searches, baselines, candidates, exact, against)

    @classmethod
    def from_answer(cls, answer: Answer) -> Outcome:
        """The outcome of a proven answer.

        Args:
            answer: an answer with a chip, whose `evidence` is certificates by criterion or an
                exact answer.
        """
        study, problem, evidence = answer.study, answer.problem, answer.evidence
        if isinstance(evidence, ExactAnswer):
            exact = ExactRegret(problem, evidence, against_joint=not study.baselines)
            known, against = exact.reference_edap, EXACT
        else:
            *_, certificate = evidence.values()
            known, against = certified_reference(certificate, study.names)
        archive = Evaluations(problem)
        designs = answer.levels if answer.front is None else answer.front
        designs = np.unique(np.concatenate([answer.levels, designs]), axis=0)
        archive.append(designs, problem.model.evaluate(designs), generation=0)
        candidates = _candidates(archive, known if study.baselines else None, known)
        return cls(study, archive, {}, None, candidates, None, against, answer)

    @property
    def problem(self) -> AcceleratorProblem:
        """The problem of the joint search."""
        return self.archive.problem

    @property
    def baseline_searches(self) -> dict[str, Searched]:
        """The search of each network, by name."""
        return {name: search for name, search in self.searches.items() if name != JOINT}

    def metrics(self, rows: Sequence[int] | Ints) -> Metrics:
        """Metrics of candidates, by index."""
        archive = self.archive
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
    def answer(self) -> Answer:
        """The answer: as proven, or the selected design of the searches."""
        if self.proof is not None:
            return self.proof
        score = float(self.candidates.scores[self.criterion][self.chosen])
        front = self.candidates.levels
        return Answer(self.study, SEARCHED, self.design, score=score, front=front, evidence=self)

    @property
    def workloads(self) -> list[str]:
        """Names of the networks, in the order of all columns."""
        return self.problem.workload_names

    @property
    def selection(self) -> dict[str, int]:
        """Index of the candidate that each criterion selects; of a certificate, its own only."""
        chosen = self.candidates.chosen
        if self.proof is not None and self.proof.how == CERTIFIED:
            return {self.criterion: chosen[self.criterion]}
        return chosen

    @property
    def chosen(self) -> int:
        """Index of the candidate that the criterion of the study selects."""
        return self.candidates.chosen[self.criterion]

    @property
    def reference_edap(self) -> Floats | None:
        """EDAP of each network that regrets are against, J·s·mm², shape (W,); None without EDAP,
        and for a certificate that rests on no optima of networks."""
        if self.proof is not None and self.candidates.exact_best is None:
            return None
        return self.candidates.reference_edap

    @property
    def criterion(self) -> str:
        """Name of the criterion that selects the design."""
        return self.study.score_name

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
    def from_searches(cls, joint: Evaluations, searches: Mapping[str, Searched]) -> Baselines:
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
