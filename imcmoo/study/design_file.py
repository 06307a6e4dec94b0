"""`design.json`: the joint design of a run and what it costs; several as a table."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from imcmoo.io.reading import read_json
from imcmoo.io.units import display_column, to_display
from imcmoo.model.metrics import Metrics
from imcmoo.study.outcome import Outcome
from imcmoo.study.power import BESIDE, caution, power_columns, with_unit
from imcmoo.study.scenario_tables import ServedDesign

DESIGN = "design.json"


def write_design(outcome: Outcome, folder: Path) -> None:
    """Write `design.json` into a folder."""
    text = json.dumps(design(outcome), indent=2, ensure_ascii=False) + "\n"
    (folder / DESIGN).write_text(text, encoding="utf-8")


def design(outcome: Outcome) -> dict[str, Any]:
    """The joint design and what it costs, in SI units, area in mm²; and a `caution`
    where there is something to know of the figures."""
    problem, chosen = outcome.joint.problem, outcome.chosen
    metrics = problem.model.evaluate(outcome.design)
    (values,) = problem.space.designs(outcome.design)
    of_chip = [q for q in problem.model.quantities if not q.per_workload]
    chip = {
        display_column(q.column): float(to_display(q.unit, metrics.values[q.name][0]))
        for q in of_chip
    }
    workloads = {
        name: _on_workload(outcome, metrics, w) for w, name in enumerate(outcome.workloads)
    }
    served = ServedDesign.of(problem.model, outcome.design)
    warning = caution(outcome.study.model, workloads)
    return {
        "study": outcome.study.name,
        "criterion": outcome.criterion,
        "design": values,
        "chip": chip,
        "workloads": workloads,
        **({"scenario": served.summary()} if served else {}),
        "scores": {name: s[chosen].item() for name, s in outcome.selection.scores.items()},
        **({"caution": warning} if warning else {}),
    }


def _on_workload(outcome: Outcome, metrics: Metrics, w: int) -> dict[str, Any]:
    """Costs of one workload on the selected design."""
    problem, name = outcome.joint.problem, outcome.workloads[w]
    costs = {
        q.column: metrics.values[q.name][0, w].item()
        for q in problem.model.quantities
        if q.per_workload
    }
    if problem.has_edap:
        costs["edap_J_s_mm2"] = outcome.candidates.costs.edap[outcome.chosen, w].item()
    for column, values in power_columns(problem, metrics.values).items():
        if column.endswith(f"_{name}"):
            costs[column.removesuffix(f"_{name}")] = values[0].item()
    if "utilization" in metrics.values:
        costs["max_utilization_pct"] = 100 * metrics.values["utilization"][0, w].item()
    for kind in BESIDE:
        further = metrics.values.get(kind)
        if further is not None and further.ndim == 2 and with_unit(kind) not in costs:
            value = further[0, w].item()
            # JSON knows no infinity, as where an ADC resolves every unit.
            costs[with_unit(kind)] = value if math.isfinite(value) else None
    return costs


def seeds(folders: Mapping[int, Path]) -> pd.DataFrame:
    """The joint designs of several finished runs, one row per seed.

    Args:
        folders: the folder of each seed.
    """
    return pd.DataFrame(
        [
            {
                "seed": seed,
                **content["design"],
                **content["chip"],
                **{f"score_{name}": score for name, score in content["scores"].items()},
            }
            for seed, folder in folders.items()
            for content in [read_json(folder / DESIGN)]
        ]
    )
