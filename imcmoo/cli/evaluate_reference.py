"""`imcmoo evaluate` with the paper's cost model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from imcmoo.cli import catalogue
from imcmoo.cli.evaluation import Columns, Evaluation, breakdown_frame, repeated
from imcmoo.model.reference.evaluator import Evaluator, Rounding
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.designs_csv import read_designs


class ReferenceEvaluation(Evaluation):
    """Designs of the device's space and their costs by the paper's model."""

    options = ("rounding",)

    def __init__(
        self, path: Path, device: str, workloads: WorkloadSet, options: Mapping[str, Any]
    ) -> None:
        space = catalogue.spaces()[device]
        self._levels = read_designs(path, space)
        self._evaluator = Evaluator(space, workloads)
        self._rounding: Rounding = options.get("rounding", "none")

    def __len__(self) -> int:
        return len(self._levels)

    def costs(self, rows: slice) -> pd.DataFrame:
        """Costs of some designs on every workload."""
        evaluator = self._evaluator
        metrics = evaluator.evaluate(self._levels[rows], rounding=self._rounding)
        costs = metrics.to_frame(evaluator.quantities, evaluator.workload_names)
        designs = repeated(self._designs(rows), len(evaluator.workload_names))
        frame = pd.concat([pd.DataFrame(designs), costs.drop(columns="design")], axis=1)
        frame = frame.rename(columns={"runs": "feasible"})
        at = list(frame).index("feasible") + 1
        frame.insert(at, "max_utilization_pct", 100 * metrics.values["utilization"].ravel())
        return frame

    def breakdown(self, rows: slice) -> pd.DataFrame:
        """Costs layer by layer."""
        parts = self._evaluator.breakdown(self._levels[rows], rounding=self._rounding)
        return breakdown_frame(self._designs(rows), parts, {"cycles": parts.cycles})

    def _designs(self, rows: slice) -> Columns:
        space = self._evaluator.space
        values = space.decode(self._levels[rows])
        return {name: values[name] for name in space.names}
