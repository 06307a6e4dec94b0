"""Four networks against nine, and networks on the chip alone or together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.paper.enumerated_study import EnumeratedStudy
from experiments.physics.optima import CRITERIA
from experiments.physics.searches import SOLVED, feasible, searched_from
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.search.sampling import NoFeasibleDesign
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study

FOUR = ("resnet18_onnx", "vgg16_onnx", "alexnet_onnx", "mobilenet_v3_onnx")
CRITERION = "edap_geomean"


def contrasts(study: Study, enumerated: EnumeratedStudy) -> pd.DataFrame:
    """What more networks, and holding all at once, cost.

    Returns:
        Columns contrast, score (J·s·mm², geometric mean), over (what it is compared with), area_mm2
        (of the chip the row is about) and ratio: "four networks of nine": on the four, the chip
        best for all nine over the chip best for the four, in the same space; "together": the best
        chip found that holds all networks at once over the best that holds each, by a search of the
        study's budget that begins at the exact optima; NaN where there is none.

    Raises:
        RuntimeError: the search ended above what it began at.
    """
    everything = range(len(enumerated.workloads))
    score = SCORES[CRITERION]
    alone = enumerated.score(score, enumerated.joint, everything).min()
    found, area_mm2 = _together(study, _optima(enumerated))
    rows: list[tuple[str, float, float, float]] = [("together", found, alone, area_mm2)]
    own = [w for w, name in enumerate(enumerated.workloads) if name in FOUR]
    if len(own) < len(enumerated.workloads):
        of_all, of_four = (enumerated.best_for(s, CRITERION) for s in (everything, own))
        on_four = enumerated.score(score, np.array([of_all, of_four]), own)
        area_mm2 = float(enumerated.area_m2[of_all]) * MM2_PER_M2
        rows.append(("four networks of nine", float(on_four[0]), float(on_four[1]), area_mm2))
    columns = ["contrast", "score_J_s_mm2", "over_J_s_mm2", "area_mm2"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(ratio=frame["score_J_s_mm2"] / frame["over_J_s_mm2"])


def _optima(enumerated: EnumeratedStudy) -> Levels:
    """The designs best for all networks by each of `CRITERIA`."""
    everything = range(len(enumerated.workloads))
    best = [enumerated.best_for(everything, name) for name in CRITERIA]
    return enumerated.levels(np.unique(np.array(best)))


def _together(study: Study, known: Levels) -> tuple[float, float]:
    """The best score found of chips that hold all networks at once, and that chip's area in mm²."""
    problem = replace(study, deployment="together").problem()
    try:
        archive = searched_from(problem, known, study.budget, seed=1)
    except NoFeasibleDesign:
        return np.nan, np.nan
    costs = problem.costs(archive.F[archive.feasible])
    scores = SCORES[CRITERION](costs)
    least, best = float(scores.min()), int(scores.argmin())
    if (begun := _of_feasible(problem, known)) is not None and least > begun * (1 + SOLVED):
        raise RuntimeError(f"{study.name}, together: {least:g} found, but {begun:g} is known")
    return least, float(costs["area"][best]) * MM2_PER_M2


def _of_feasible(problem: AcceleratorProblem, known: Levels) -> float | None:
    """The best score of known designs that hold all networks at once, if any does."""
    kept = known[feasible(problem, known)]
    if not len(kept):
        return None
    F, _ = problem.score(kept, problem.model.evaluate(kept))
    return float(SCORES[CRITERION](problem.costs(F)).min())
