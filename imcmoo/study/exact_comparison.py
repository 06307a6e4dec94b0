"""The exact answer of a study, where it was enumerated, and what a run has to say about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.analysis.indicators import indicators
from imcmoo.exact import answer as exact
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.exact.regret import ExactRegret
from imcmoo.io.errors import InputError
from imcmoo.io.files import unchanged
from imcmoo.problem.criteria import CRITERIA
from imcmoo.problem.identity import identity
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.study.outcome import Outcome
from imcmoo.study.study import Study

OWN = ("limits", "score")
"""What studies may have of their own; left out of a summary where there is none."""


def stated(study: Study) -> dict[str, Any]:
    """What tells one problem of a study from another, for the summary of its exact answer; all
    criteria of the registry are answered at once, one of a user's only where it is asked for."""
    limit, asked = study.area_limit_m2, study.asked()
    return {
        "study": study.name,
        "area_limit_mm2": None if limit is None else limit * MM2_PER_M2,
        "deployment": study.deployment,
        "scaling": study.scaling,
        "criterion": None if study.criterion in (*CRITERIA, SCORE) else study.criterion,
        "weights": asked["weights"],
        **{name: asked[name] for name in OWN if asked[name]},
    }


def find_answer(study: Study, results: Path) -> ExactAnswer | None:
    """The exact answer of a study among its results; None if there is none of these settings.

    Args:
        results: the folder in which `exact/<study>` may stand.

    Raises:
        InputError: there is one of these settings, but of another cost model, or a damaged one.
    """
    folder = results / "exact" / study.name
    try:
        summary = exact.read_summary(folder)
    except FileNotFoundError:
        return None
    told = stated(study)
    if any(summary.get(name) != told.get(name) for name in {*told, *OWN}):
        return None
    problem = study.problem()
    try:
        with unchanged(folder / exact.SUMMARY):
            return exact.load(folder, problem, identity(problem))
    except exact.OtherProblem as error:
        raise InputError(
            f"{error}: run `python -m imcmoo enumerate {study.file or study.name}` again or remove "
            "it"
        ) from None


def regret_table(outcome: Outcome, answer: ExactAnswer) -> pd.DataFrame:
    """By criterion: the exact optimum, what the run selected, the best it evaluated, and how far
    these are from the optimum; values as in `optima.csv`, regrets as shares."""
    judge = ExactRegret(outcome.joint.problem, answer, joint=outcome.baselines is None)
    F = _front(outcome)
    values, excess = judge.scores(F), judge.regrets(F)
    chosen = {name: outcome.selection.chosen[name] for name in judge.criteria}
    return pd.DataFrame(
        {
            "criterion": list(chosen),
            "optimum": [judge.optimum(name) for name in chosen],
            "selected": [values[name][row] for name, row in chosen.items()],
            "regret_selected": [excess[name][row] for name, row in chosen.items()],
            "best_evaluated": [values[name].min() for name in chosen],
            "regret_best_evaluated": [excess[name].min() for name in chosen],
        }
    )


def indicator_table(outcome: Outcome, answer: ExactAnswer) -> pd.DataFrame:
    """How close the front that was found comes to the exact one."""
    problem: AcceleratorProblem = outcome.joint.problem
    F, front = problem.coordinates(_front(outcome)), problem.coordinates(answer.front)
    found = indicators(F, front)
    return pd.DataFrame({"indicator": list(found), "value": list(found.values())})


def _front(outcome: Outcome) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    archive = outcome.joint.result.archive
    return archive.F[archive.front()]
