"""How close searches of a physical study come to its exact optima, seed by seed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.exact.regret import ExactRegret
from imcmoo.search.algorithm import run_search
from imcmoo.study.study import Study

SOLVED = 1e-9
"""Regret that counts as 0: the order of summation moves the last digits."""


def regrets(study: Study, answer: ExactAnswer, seed: int) -> pd.DataFrame:
    """Regret of the best design that one search evaluated, by every criterion of the study.

    Args:
        study: what is searched, with its budget.
        answer: its exact answer.
        seed: of the search.

    Returns:
        Columns study, seed, criterion, regret (a share), solved and found_after: how many
        after how many unique designs the best was found.
    """
    problem = study.problem()
    archive = run_search(problem, budget=study.budget, rng=np.random.default_rng((seed, 0))).archive
    feasible = np.flatnonzero(archive.feasible)
    found = ExactRegret(problem, answer).regrets(archive.F[feasible])
    return pd.DataFrame(
        [
            {
                "study": study.name,
                "seed": seed,
                "criterion": name,
                "regret": values.min(),
                "solved": bool(values.min() <= SOLVED),
                "found_after": int(feasible[values.argmin()]) + 1,
            }
            for name, values in found.items()
        ]
    )
