"""The searches of a study and their outcome.

A study searches for all its networks at once, and for each alone (the baselines)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.exact.regret import ExactRegret
from imcmoo.io.errors import input_errors
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Bools, Floats, Ints, Metrics
from imcmoo.problem.nearest import nearest, nearest_text
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import edap
from imcmoo.problem.selection import Candidates
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.algorithm import SearchResult, run_search
from imcmoo.search.ask_tell import TraceRow
from imcmoo.search.sampling import LimitsUnmet
from imcmoo.space.design_space import Levels
from imcmoo.study.served_design import ServedDesign
from imcmoo.study.study import Study

JOINT = "joint"
"""Name of the search for all workloads at once; the others are named like their workload."""

EXACT, BEST_FOUND = "exact optimum", "best found"
"""What regrets of a run are against: proven optima, or the best EDAPs that its searches found."""

AHEAD = 4
"""Most chips mapped in advance, per design that will be evaluated: searches ask about many more
chips than they evaluate, and mapping them by the handful takes twice the time."""

OnTrace = Callable[[str, TraceRow], None]
"""Called after every generation with the name of the search and its state."""


def search_names(study: Study) -> list[str]:
    """Names of the searches of a study, in the order it does them."""
    return [JOINT, *(study.names if study.baselines else ())]


def search_models(study: Study) -> dict[str, CostModel]:
    """Cost models of the searches of a study, by name.

    Raises:
        InputError: the study has baselines, and its model cannot be built for one network.
    """
    model = study.cost_model()
    with input_errors("baselines: "):
        return {n: model if n == JOINT else model.for_network(n) for n in search_names(study)}


def run_searches(
    study: Study,
    models: Mapping[str, CostModel],
    checkpoint: Callable[[str], Path],
    on_trace: OnTrace,
) -> dict[str, SearchResult]:
    """Do all searches of a study; goes on from the checkpoints there are.

    Args:
        study: the study.
        models: of `search_models`.
        checkpoint: path of the file where the search of a name keeps its state.
        on_trace: called after every generation.

    Raises:
        NoFeasibleDesign: nothing in the space satisfies the constraints.
        LimitsUnmet: no design that was evaluated keeps the networks' limits; says which is nearest.
    """
    limit = np.inf if study.area_limit_m2 is None else study.area_limit_m2
    models[JOINT].prepare(limit, at_most=AHEAD * study.budget * len(models))
    searches: dict[str, SearchResult] = {}
    for stream, (name, model) in enumerate(models.items()):
        problem = study.problem(model)
        result = run_search(
            problem,
            budget=study.budget,
            # Each search has its own stream of random numbers, so none depends on the others.
            rng=np.random.default_rng((study.seed, stream)),
            checkpoint=checkpoint(name),
            callback=partial(on_trace, name),
        )
        # Says how a search ended that was complete before the run was resumed.
        on_trace(name, result.trace[-1])
        archive = result.archive
        if not archive.feasible.any():
            raise LimitsUnmet(nearest_text(problem, nearest(problem, archive.levels, archive.G)))
        searches[name] = result
    return searches


@dataclass(frozen=True)
class Outcome:
    """Everything a run knows at its end.

    Args:
        baseline_searches: by workload, the search for it alone; empty without baselines.
        baselines: the design of each of `baseline_searches` on all workloads, or None.
        candidates: the front of the joint search, and what each criterion selects from it.
    """

    study: Study
    joint: SearchResult
    baseline_searches: dict[str, SearchResult]
    baselines: Baselines | None
    candidates: Candidates

    @classmethod
    def of(
        cls, study: Study, searches: dict[str, SearchResult], answer: ExactAnswer | None = None
    ) -> Outcome:
        """Compare and select among all searches of the study, by name.

        Args:
            study: the study.
            searches: its finished searches, by name.
            answer: the exact one, if it is known: regrets are then against its optima.

        Raises:
            ValueError: nothing feasible was found.
        """
        joint = searches[JOINT]
        single = {name: search for name, search in searches.items() if name != JOINT}
        problem = joint.archive.problem
        baselines = Baselines.of(problem, single) if single else None
        exact = ExactRegret(problem, answer, against_joint=baselines is None) if answer else None
        best = np.nanmin(baselines.edap, axis=0) if baselines else None
        candidates = _candidates(joint.archive, best, exact.reference_edap if exact else None)
        return cls(study, joint, single, baselines, candidates)

    @property
    def problem(self) -> AcceleratorProblem:
        """The problem of the joint search."""
        return self.joint.archive.problem

    def metrics(self, rows: Sequence[int] | Ints) -> Metrics:
        """Metrics of some of the candidates, by index."""
        archive = self.joint.archive
        return archive.metrics.take(archive.front()[np.asarray(rows)])

    @cached_property
    def served(self) -> ServedDesign | None:
        """The joint design under the requests of the study's scenario, if it has one."""
        return ServedDesign.of(self.problem.model, self.design, self.metrics([self.chosen]))

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
        """Index among the candidates of the design the study's criterion selects."""
        return self.candidates.chosen[self.criterion]

    @property
    def criterion(self) -> str:
        """Name of the criterion that has the last word."""
        return self.study.selected_by

    @property
    def design(self) -> Levels:
        """The joint design, shape (1, n_parameters)."""
        return self.candidates.levels[[self.chosen]]


def _candidates(
    archive: Evaluations, known_best: Floats | None = None, exact_best: Floats | None = None
) -> Candidates:
    """The front of a search, with the references of regret that `Candidates` takes."""
    front = archive.front()
    return Candidates(
        archive.problem, archive.levels[front], archive.F[front], known_best, exact_best
    )


@dataclass(frozen=True)
class Baselines:
    """One design per workload, costed on every workload.

    Args:
        levels: row w is the design optimised for workload w, shape (W, n_parameters).
        metrics: rows as `levels`, columns what it runs on; NaN where that does not run.
        within: whether each network keeps its own limits on each design, shape (W, W).
    """

    levels: Levels
    metrics: Metrics
    within: Bools

    @classmethod
    def of(cls, problem: AcceleratorProblem, searches: Mapping[str, SearchResult]) -> Baselines:
        """The best design by EDAP of each search for one workload, costed on all."""
        designs = []
        for search in searches.values():
            candidates = _candidates(search.archive)
            ranks = search.archive.space.rank(candidates.levels)
            best = np.lexsort((ranks, candidates.costs.edap[:, 0]))[0]
            designs.append(candidates.levels[best])
        levels = np.stack(designs)
        metrics = problem.model.of_baselines.evaluate(levels)
        return cls(levels, metrics, problem.limits.within(metrics.values))

    @cached_property
    def edap(self) -> Floats:
        """J·s·mm², rows: optimised for; columns: runs on; shape (W, W); NaN where a network does
        not run or breaks a limit of its own."""
        m = self.metrics
        return np.where(self.within, edap(m.energy_J, m.latency_s, m.area_m2), np.nan)
