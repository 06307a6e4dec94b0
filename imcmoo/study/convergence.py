"""How the best design found so far improved over the evaluations of each search."""

from __future__ import annotations

import numpy as np
import pandas as pd

from imcmoo.problem.score_range import stated
from imcmoo.study.outcome import Outcome
from imcmoo.study.searches import JOINT, Found


def table(outcome: Outcome) -> pd.DataFrame:
    """One row per search, criterion and evaluation that improved on all before, and the last.

    The joint search by the criteria that guide it and judge a design by itself; one that orders
    designs like another is left out of the two that orders by products. The searches for one
    workload by its EDAP.
    """
    guides = [c for c in outcome.joint.problem.guides if c.against == "nothing"]
    doubled = {c.orders_like for c in guides}
    rows = []
    for criterion in guides:
        if criterion.name not in doubled:
            rows += _improvements(outcome.joint, JOINT, criterion.name)
    for name, found in outcome.alone.items():
        rows += _improvements(found, name, "edap_max")
    return pd.DataFrame(rows, columns=["search", "criterion", "evaluations", "best"])


def _improvements(found: Found, search: str, criterion: str) -> list[tuple[str, str, int, float]]:
    archive, problem = found.result.archive, found.problem
    (score,) = [c for c in problem.criteria if c.name == criterion]
    feasible = np.flatnonzero(archive.feasible)
    values = np.full(len(archive), np.inf)
    values[feasible] = score.scores(problem.costs(archive.F[feasible]), None)
    best = np.minimum.accumulate(values)
    improved = np.append(True, best[1:] < best[:-1]) & np.isfinite(best)
    at = np.union1d(np.flatnonzero(improved), [len(best) - 1])
    called, shown = stated(criterion, best[at])
    return [(search, called, int(i) + 1, float(v)) for i, v in zip(at, shown, strict=True)]
