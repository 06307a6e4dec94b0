"""Designs optimised for one workload alone, on all workloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imcmoo.model.metrics import Bools, Floats, Metrics
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import edap
from imcmoo.space.design_space import Levels
from imcmoo.study.searches import Found


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
    def of(cls, problem: AcceleratorProblem, alone: Mapping[str, Found]) -> Baselines:
        """The best design by EDAP of each search for one workload, costed on all.

        Args:
            problem: of all workloads.
            alone: the searches.
        """
        designs = []
        for found in alone.values():
            candidates = found.candidates()
            ranks = found.problem.space.rank(candidates.levels)
            best = np.lexsort((ranks, candidates.costs.edap[:, 0]))[0]
            designs.append(candidates.levels[best])
        levels = np.stack(designs)
        metrics = problem.model.evaluate(levels)
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
