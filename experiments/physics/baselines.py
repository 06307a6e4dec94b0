"""The exact joint design of a physical study compared with baselines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from experiments.enumerated_study import EnumeratedStudy
from experiments.physics.violations import violations_besides_area
from experiments.sequential_baseline import largest_design, sequential
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.space.design_space import Levels
from imcmoo.study.assessment import Assessment

CRITERIA = ("edap_geomean", "edap_max")
LARGEST, FROM_LARGEST, FROM_MIDDLE = (
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
"""Device, array, conversion, architecture, system: parameters that the sequential baseline decides
together, in the published order as far as the physical spaces have its levels."""


def baselines(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """Score the joint design and its baselines.

    Returns:
        Columns criterion, design, runs_all, area_mm2, too_large, missed (violated limits), score
        (J·s·mm²; NaN if a network does not run), `over_own_best_NETWORK` (EDAP normalised to the
        single-network optimum) and reduction (share by which the joint design is lower).
    """
    frames = []
    for criterion in CRITERIA:
        designs = _designs(enumerated, criterion)
        frame = pd.DataFrame([_row(enumerated, criterion, n, d) for n, d in designs.items()])
        score = frame["score_J_s_mm2"]
        frames.append(frame.assign(reduction=1 - score.iloc[0] / score))
    return pd.concat(frames, ignore_index=True)


def _designs(enumerated: EnumeratedStudy, criterion: str) -> dict[str, Levels]:
    """Joint design and baselines, shape (1, n_parameters), by name."""
    problem, names = enumerated.problem, enumerated.workloads
    middle = (np.array(problem.space.shape) - 1) // 2
    single = [enumerated.optimum([w], criterion) for w in range(len(names))]
    starts = {FROM_LARGEST: largest_design(problem.space), FROM_MIDDLE: middle}
    return {
        "joint": enumerated.optimum(range(len(names)), criterion),
        LARGEST: single[enumerated.largest],
        **{n: sequential(problem, criterion, s, DECIDED)[None] for n, s in starts.items()},
        **{f"alone: {n}": design for n, design in zip(names, single, strict=True)},
    }


def _row(enumerated: EnumeratedStudy, criterion: str, name: str, levels: Levels) -> dict[str, Any]:
    problem = enumerated.problem
    assessed = Assessment.of(problem, levels)
    runs, costs = assessed.runs[0], problem.costs(assessed.F)
    area_m2, limit_m2 = float(assessed.metrics.area_m2[0]), problem.area_limit_m2 or np.inf
    over = np.where(runs, costs.edap[0] / enumerated.single_network_optima, np.nan)
    return {
        "criterion": criterion,
        "design": name,
        "runs_all": bool(runs.all()),
        "area_mm2": area_m2 * MM2_PER_M2,
        "too_large": area_m2 > limit_m2,
        "missed": violations_besides_area(problem, levels),
        "score_J_s_mm2": float(SCORES[criterion](costs)[0]) if runs.all() else np.nan,
        **{f"over_own_best_{n}": v for n, v in zip(enumerated.workloads, over, strict=True)},
    }
