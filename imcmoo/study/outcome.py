"""Outcome of a study: its searches, its baselines, and the selected design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imcmoo.model.metrics import Bools, Floats, Metrics
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.score_range import LOG10
from imcmoo.problem.scores import edap
from imcmoo.problem.selection import Candidates, Selection, select
from imcmoo.space.design_space import Levels
from imcmoo.study.searches import JOINT, Found
from imcmoo.study.study import Study


@dataclass(frozen=True)
class Outcome:
    """Everything a run knows at its end.

    Args:
        study: what was asked.
        joint: the search for all workloads.
        baseline_searches: by workload, the search for it alone; empty without baselines.
        baselines: the design of each of `baseline_searches` on all workloads, or None.
        candidates: the front of the joint search.
        selection: what each criterion selects from it.
    """

    study: Study
    joint: Found
    baseline_searches: dict[str, Found]
    baselines: Baselines | None
    candidates: Candidates
    selection: Selection

    @classmethod
    def of(cls, study: Study, found: dict[str, Found]) -> Outcome:
        """Compare and select.

        Args:
            found: every search of the study by name.

        Raises:
            ValueError: nothing feasible was found.
        """
        joint = found[JOINT]
        single = {name: f for name, f in found.items() if name != JOINT}
        baselines = Baselines.of(joint.problem, single) if single else None
        candidates = joint.candidates(baselines.best_edap if baselines else None)
        return cls(study, joint, single, baselines, candidates, select(candidates))

    @property
    def workloads(self) -> list[str]:
        """Names of the networks, in the order of all columns."""
        return self.joint.problem.workload_names

    @property
    def chosen(self) -> int:
        """Index among the candidates of the design the study's criterion selects."""
        return self.selection.chosen[self.criterion]

    @property
    def criterion(self) -> str:
        """Name of the criterion that has the last word."""
        name = self.study.selected_by
        return name if name in self.selection.chosen else f"{LOG10}{name}"

    @property
    def design(self) -> Levels:
        """The joint design, shape (1, n_parameters)."""
        return self.candidates.levels[[self.chosen]]


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
    def of(cls, problem: AcceleratorProblem, searches: Mapping[str, Found]) -> Baselines:
        """The best design by EDAP of each search for one workload, costed on all.

        Args:
            problem: of all workloads.
            searches: the searches.
        """
        designs = []
        for search in searches.values():
            candidates = search.candidates()
            ranks = search.problem.space.rank(candidates.levels)
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

    @property
    def best_edap(self) -> Floats:
        """The best EDAP among them of each workload, shape (W,)."""
        return np.asarray(np.nanmin(self.edap, axis=0))
