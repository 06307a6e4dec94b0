"""Contrasts: four networks against nine, and co-resident against time-multiplexed networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.enumerated_study import EnumeratedStudy
from experiments.physics.optima import CRITERIA
from experiments.physics.searches import SOLVED, feasible, search_from
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.search.sampling import NoFeasibleDesign
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study

FOUR = ("resnet18_onnx", "vgg16_onnx", "alexnet_onnx", "mobilenet_v3_onnx")
CRITERION = "edap_geomean"


def contrasts(study: Study, enumerated: EnumeratedStudy) -> pd.DataFrame:
    """Compute what more networks, and co-resident ones, cost.

    Returns:
        Columns contrast, score_J_s_mm2 (geometric mean), over_J_s_mm2 (of the reference), area_mm2
        (of the chip with the score) and ratio. "four networks of nine": on the four, the chip best
        for all nine over the chip best for the four. "together": the best chip found on which all
        networks are co-resident over the exact time-multiplexed optimum, by a search of the study's
        budget from the exact optima; NaN if there is none.

    Raises:
        RuntimeError: the search ended above its start.
    """
    networks = range(len(enumerated.workloads))
    score = SCORES[CRITERION]
    alone = enumerated.score(score, enumerated.joint, networks).min()
    optima = np.unique(np.array([enumerated.best_for(networks, name) for name in CRITERIA]))
    searched, area_mm2 = _together(study, enumerated.levels(optima))
    rows: list[tuple[str, float, float, float]] = [("together", searched, alone, area_mm2)]
    four = [w for w, name in enumerate(enumerated.workloads) if name in FOUR]
    if len(four) < len(enumerated.workloads):
        best = [enumerated.best_for(subset, CRITERION) for subset in (networks, four)]
        on_four = enumerated.score(score, np.array(best), four)
        area_mm2 = float(enumerated.area_m2[best[0]]) * MM2_PER_M2
        rows.append(("four networks of nine", float(on_four[0]), float(on_four[1]), area_mm2))
    columns = ["contrast", "score_J_s_mm2", "over_J_s_mm2", "area_mm2"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(ratio=frame["score_J_s_mm2"] / frame["over_J_s_mm2"])


def _together(study: Study, optima: Levels) -> tuple[float, float]:
    """Best score found with co-resident networks, and the area of that chip in mm²."""
    problem = replace(study, deployment="together").problem()
    try:
        archive = search_from(problem, optima, study.budget, seed=1)
    except NoFeasibleDesign:
        return np.nan, np.nan
    costs = problem.costs(archive.F[archive.feasible])
    scores = SCORES[CRITERION](costs)
    least = float(scores.min())
    known = optima[feasible(problem, optima)]
    if len(known):
        F, _ = problem.score(known, problem.model.evaluate(known))
        start = float(SCORES[CRITERION](problem.costs(F)).min())
        if least > start * (1 + SOLVED):
            raise RuntimeError(f"{study.name}, together: {least:g} found, but {start:g} is known")
    return least, float(costs["area"][int(scores.argmin())]) * MM2_PER_M2
