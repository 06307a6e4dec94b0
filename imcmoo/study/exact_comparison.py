"""The exact answer of a study, where it was enumerated, and what a run has to say about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from imcmoo.analysis.indicators import indicators
from imcmoo.exact import answer as exact
from imcmoo.exact.enumeration import Exact
from imcmoo.exact.regret import JUDGED, Judge
from imcmoo.io.errors import InputError
from imcmoo.study.pipeline import Outcome
from imcmoo.study.study import Study
from problems.build import build


def find_answer(study: Study, results: Path) -> Exact | None:
    """The exact answer of a study among its results; None if there is none of these settings.

    Args:
        results: the folder in which `exact/<problem>` may stand.

    Raises:
        InputError: there is one of these settings, but of another cost model.
    """
    folder = results / "exact" / study.problem
    try:
        stored = exact.read_summary(folder)
    except FileNotFoundError:
        return None
    problem, evaluator = build(study.problem, study.area_limit_m2, study.deployment, study.scaling)
    own = exact.options(study.problem, problem, evaluator)
    if any(stored.get(name) != value for name, value in own.items()):
        return None
    try:
        return exact.load(folder, problem, exact.fingerprint(problem, evaluator))
    except exact.OtherProblem as error:
        raise InputError(
            f"{error}: run `python -m imcmoo enumerate {study.problem}` again or remove it"
        ) from None


def regret_table(outcome: Outcome, answer: Exact) -> pd.DataFrame:
    """By criterion: the exact optimum, what the run selected, the best it evaluated, and how far
    these are from the optimum; values as in `optima.csv`, regrets as shares."""
    judge = Judge(outcome.joint.problem, answer, alone=outcome.baselines is not None)
    F = _objectives(outcome)
    values, excess = judge.scores(F), judge.regrets(F)
    chosen = {name: outcome.selection.chosen[name] for name in JUDGED}
    return pd.DataFrame(
        {
            "criterion": JUDGED,
            "optimum": [judge.optimum(name) for name in JUDGED],
            "selected": [values[name][row] for name, row in chosen.items()],
            "regret_selected": [excess[name][row] for name, row in chosen.items()],
            "best_evaluated": [values[name].min() for name in JUDGED],
            "regret_best_evaluated": [excess[name].min() for name in JUDGED],
        }
    )


def indicator_table(outcome: Outcome, answer: Exact) -> pd.DataFrame:
    """How close the front that was found comes to the exact one."""
    found = indicators(_objectives(outcome), answer.front)
    return pd.DataFrame({"indicator": list(found), "value": list(found.values())})


def _objectives(outcome: Outcome) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    archive = outcome.joint.result.archive
    return archive.F[archive.front()]
