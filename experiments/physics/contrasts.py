"""Four networks against nine, and networks on the chip alone or together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.paper.enumerated_study import EnumeratedStudy
from imcmoo.problem.criteria import SCORES
from imcmoo.search.algorithm import run_search
from imcmoo.search.sampling import NoFeasibleDesign
from imcmoo.study.study import Study

FOUR = ("resnet18_onnx", "vgg16_onnx", "alexnet_onnx", "mobilenet_v3_onnx")
CRITERION = "edap_geomean"


def contrasts(study: Study, enumerated: EnumeratedStudy) -> pd.DataFrame:
    """What more networks, and holding all at once, cost.

    Returns:
        Columns contrast, score (J·s·mm², geometric mean), over (what it is compared with) and
        ratio: "four networks of nine": on the four, the chip best for all nine over the chip best
        for the four, in the same space; "together": the best chip that holds all networks at once
        over the best that holds each, by a search of the study's budget; NaN where there is none.
    """
    everything = range(len(enumerated.workloads))
    score = SCORES[CRITERION]
    alone = enumerated.score(score, enumerated.joint, everything).min()
    rows = [("together", _together(study), alone)]
    own = [w for w, name in enumerate(enumerated.workloads) if name in FOUR]
    if len(own) < len(enumerated.workloads):
        of_all, of_four = (enumerated.best_for(s, CRITERION) for s in (everything, own))
        on_four = enumerated.score(score, np.array([of_all, of_four]), own)
        rows.append(("four networks of nine", float(on_four[0]), float(on_four[1])))
    frame = pd.DataFrame(rows, columns=["contrast", "score_J_s_mm2", "over_J_s_mm2"])
    return frame.assign(ratio=frame["score_J_s_mm2"] / frame["over_J_s_mm2"])


def _together(study: Study) -> float:
    problem = replace(study, deployment="together").problem()
    try:
        archive = run_search(
            problem, budget=study.budget, rng=np.random.default_rng((1, 0))
        ).archive
    except NoFeasibleDesign:
        return np.nan
    return float(SCORES[CRITERION](problem.costs(archive.F[archive.feasible])).min())
