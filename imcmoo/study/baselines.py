"""Designs optimised for one workload alone, on all workloads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imcmoo.model.metrics import Floats, Metrics
from imcmoo.problem.scores import edap
from imcmoo.space.design_space import Levels


@dataclass(frozen=True)
class Baselines:
    """One design per workload, costed on every workload.

    Args:
        levels: row w is the design optimised for workload w, shape (W, n_parameters).
        metrics: rows as `levels`, columns what it runs on; NaN where that does not map.
    """

    levels: Levels
    metrics: Metrics

    @cached_property
    def edap(self) -> Floats:
        """J·s·mm², rows: optimised for; columns: runs on; shape (W, W)."""
        return edap(self.metrics.energy_J, self.metrics.latency_s, self.metrics.resources.area_m2)

    @property
    def best_edap(self) -> Floats:
        """The best EDAP among them of each workload, shape (W,)."""
        return np.nanmin(self.edap, axis=0)
