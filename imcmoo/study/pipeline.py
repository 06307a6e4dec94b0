"""One run, stage by stage: searches, baselines, selection; reports and figures build on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

import problems
from imcmoo.model.metrics import Floats
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.selection import Candidates, Selection, select
from imcmoo.search.algorithm import SearchResult, TraceRow, run_search
from imcmoo.space.design_space import Levels
from imcmoo.study.baselines import Baselines
from imcmoo.study.results_folder import RunFolder
from imcmoo.study.study import Study
from problems.build import build_evaluator, pose

JOINT = "joint"
"""Name of the search for all workloads at once; the others are named like their workload."""

AHEAD = 4
"""Chips it pays to map in advance, per design that will be evaluated: searches ask about many more
chips than they evaluate, and mapping them by the handful takes twice the time."""

OnTrace = Callable[[str, TraceRow], None]
"""Hears of every generation: name of the search, and how it stands."""


@dataclass(frozen=True)
class Found:
    """What one search found.

    Args:
        evaluator: the cost model.
        problem: what was searched.
        result: every design evaluated, and the trace.
    """

    evaluator: Evaluator
    problem: AcceleratorProblem
    result: SearchResult

    def candidates(self, own_best_edap: Floats | None = None) -> Candidates:
        """The front it found."""
        archive = self.result.archive
        front = archive.front()
        return Candidates.of(self.problem, archive.levels[front], archive.F[front], own_best_edap)


@dataclass(frozen=True)
class Outcome:
    """Everything a run knows at its end.

    Args:
        study: the settings.
        joint: the search for all workloads.
        alone: by workload, the search for it alone; empty without baselines.
        baselines: the design of each of `alone` on all workloads, or None.
        candidates: the front of the joint search.
        selection: what each criterion selects from it.
    """

    study: Study
    joint: Found
    alone: dict[str, Found]
    baselines: Baselines | None
    candidates: Candidates
    selection: Selection

    @property
    def workloads(self) -> list[str]:
        """Names of the networks, in the order of all columns."""
        return self.joint.problem.workload_names

    @property
    def chosen(self) -> int:
        """Index among the candidates of the design the study's criterion selects."""
        return self.selection.chosen[self.study.criterion]

    @property
    def design(self) -> Levels:
        """The generalized design, shape (1, n_parameters)."""
        return self.candidates.levels[[self.chosen]]


def searches(study: Study) -> list[str]:
    """Names of the searches of a study, in the order it does them."""
    return [JOINT, *(problems.get(study.problem).workloads if study.baselines else ())]


def run_study(study: Study, folder: RunFolder, on_trace: OnTrace) -> Outcome:
    """Search, compare and select; continues from the checkpoints in the folder."""
    evaluator = build_evaluator(study.problem, deployment=study.deployment, scaling=study.scaling)
    names = searches(study)
    evaluator.map_ahead(study.area_limit_m2, at_most=AHEAD * study.budget * len(names))
    found: dict[str, Found] = {}
    for stream, name in enumerate(names):
        own = evaluator if name == JOINT else evaluator.only(name)
        problem = pose(study.problem, own, study.area_limit_m2)
        result = run_search(
            problem,
            budget=study.budget,
            # Each search has its own stream of random numbers, so none depends on the others.
            rng=np.random.default_rng((study.seed, stream)),
            checkpoint=folder.checkpoint(name),
            callback=partial(on_trace, name),
        )
        # Says how a search ended that was complete before the run was resumed.
        on_trace(name, result.trace[-1])
        found[name] = Found(own, problem, result)
    joint = found.pop(JOINT)
    baselines = _baselines(evaluator, found) if found else None
    candidates = joint.candidates(baselines.best_edap if baselines else None)
    return Outcome(study, joint, found, baselines, candidates, select(candidates))


def _baselines(evaluator: Evaluator, alone: dict[str, Found]) -> Baselines:
    """The best design by EDAP of each search for one workload, costed on all."""
    designs = []
    for found in alone.values():
        candidates = found.candidates()
        designs.append(candidates.levels[select(candidates).chosen["edap_max"]])
    levels = np.stack(designs)
    return Baselines(levels, evaluator.evaluate(levels))
