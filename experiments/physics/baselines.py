"""The exact joint design of a physical study against designs made otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from experiments.paper.enumerated_study import EnumeratedStudy
from experiments.paper.reductions import sequential, start_of_largest
from experiments.physics.missed import missed_by
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.space.design_space import Levels
from imcmoo.study.assessment import Assessment

CRITERIA = ("edap_geomean", "edap_max")
JOINT, LARGEST, FROM_LARGEST, FROM_MIDDLE = (
    "joint",
    "largest network only",
    "sequential from the largest",
    "sequential from the middle",
)
DECIDED = (
    ("bits_per_cell", "weight_coding"),
    ("rows", "cols", "active_rows", "ping_pong"),
    ("input_slice_bits", "input_coding", "adc_bits", "columns_per_adc"),
    ("tiles_per_group", "router_groups", "glb_KiB", "dram", "schedule"),
    ("voltage_V",),
)
"""Device, array, conversion, architecture, system: what the sequential baseline decides at once, in
the paper's order as far as the physical spaces have its levels."""


def baselines(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """Scores of the joint design and of its baselines.

    Returns:
        Columns criterion, design, runs_all, area_mm2, too_large, missed (what networks lack, or
        which limits they miss), score (J·s·mm²; NaN where a network has none),
        reduction (share by which the joint design is below) and
        `over_own_best_NETWORK`.
    """
    return pd.DataFrame([row for c in CRITERIA for row in _by(enumerated, c)])


def _by(enumerated: EnumeratedStudy, criterion: str) -> list[dict[str, Any]]:
    names, everything = enumerated.workloads, range(len(enumerated.workloads))
    middle = (np.array(enumerated.problem.space.shape) - 1) // 2

    def best(subset: list[int]) -> Levels:
        return enumerated.levels(np.array([enumerated.best_for(subset, criterion)]))[0]

    alone = {f"alone: {n}": best([w]) for w, n in enumerate(names)}
    largest = alone[f"alone: {names[enumerated.largest]}"]
    found = {
        JOINT: best(list(everything)),
        LARGEST: largest,
        FROM_LARGEST: sequential(
            enumerated, criterion, start_of_largest(enumerated.problem.space), DECIDED
        ),
        FROM_MIDDLE: sequential(enumerated, criterion, middle, DECIDED),
        **alone,
    }
    rows = [_row(enumerated, criterion, name, levels) for name, levels in found.items()]
    for row in rows:
        row["reduction"] = 1 - rows[0]["score_J_s_mm2"] / row["score_J_s_mm2"]
    return rows


def _row(enumerated: EnumeratedStudy, criterion: str, name: str, levels: Levels) -> dict[str, Any]:
    problem = enumerated.problem
    here = Assessment.of(problem, levels[None])
    lacking = missed_by(problem, levels[None])
    runs, costs = here.runs[0], problem.costs(here.F)
    area_m2, limit_m2 = float(here.metrics.area_m2[0]), problem.area_limit_m2 or np.inf
    over = np.where(runs, costs.edap[0] / enumerated.own_best, np.nan)
    return {
        "criterion": criterion,
        "design": name,
        "runs_all": bool(runs.all()),
        "area_mm2": area_m2 * MM2_PER_M2,
        "too_large": area_m2 > limit_m2,
        "missed": lacking,
        "score_J_s_mm2": float(SCORES[criterion](costs)[0]) if runs.all() else np.nan,
        **{f"over_own_best_{n}": v for n, v in zip(enumerated.workloads, over, strict=True)},
    }
