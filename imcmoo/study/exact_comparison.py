"""The exact answer of a study, where it was enumerated, and what a run has to say about it."""

from __future__ import annotations

from collections.abc import Callable
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
from imcmoo.problem import score_range
from imcmoo.problem.criteria import NAMED
from imcmoo.problem.identity import identity
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.score_range import LOG10
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.study.searches import Outcome
from imcmoo.study.study import Study

OWN = ("limits", "score", "scenario", "compute_snr_limit_dB")
"""What studies may have of their own; left out of a summary where there is none."""


def study_settings(study: Study) -> dict[str, Any]:
    """Settings that distinguish the problems of a study, for the summary of its exact answer.

    All criteria of the registry are answered at once, a user's criterion only on request."""
    limit, asked = study.area_limit_m2, study.to_config()
    return {
        "study": study.name,
        "area_limit_mm2": None if limit is None else limit * MM2_PER_M2,
        "deployment": study.deployment,
        "criterion": None if study.criterion in (*NAMED, SCORE) else study.criterion,
        "weights": asked["weights"],
        **{name: asked[name] for name in OWN if asked.get(name)},
    }


def find_answer(
    study: Study, results: Path, report: Callable[[str], None] | None = None
) -> ExactAnswer | None:
    """The exact answer of a study in a folder of results; None if there is none of this problem.

    Args:
        report: called with a line if there is one of other settings, or of another cost model,
            data, space or code.

    Raises:
        InputError: the answer is damaged, or, without `report`, of these settings but another cost
            model, data, space or code.
    """
    folder = results / "exact" / study.name
    try:
        summary = exact.read_summary(folder)
    except FileNotFoundError:
        return None
    if summary.get("scaling", "reference") != "reference":  # of answers before it was removed
        return None
    settings = study_settings(study)
    differing = [n for n in (*settings, *OWN) if summary.get(n) != settings.get(n)]
    if differing:
        if report:
            names = ", ".join(dict.fromkeys(differing))
            report(f"{folder} is of another question ({names} differs): it is not used")
        return None
    problem = study.problem()
    try:
        with unchanged(folder / exact.SUMMARY):
            return exact.load(folder, problem, identity(problem))
    except exact.OtherProblem as error:
        if report:
            report(f"{error}: it is not used; enumerate again")
            return None
        raise InputError(
            f"{error}: run `python -m imcmoo enumerate {study.file or study.name}` again or remove "
            "it"
        ) from None


def regret_table(outcome: Outcome, answer: ExactAnswer) -> pd.DataFrame:
    """By criterion: the exact optimum, what the run selected, the best it evaluated, and how far
    these are from the optimum; values as in `optima.csv`, regrets as shares."""
    judge = ExactRegret(outcome.joint.problem, answer, against_joint=outcome.baselines is None)
    F = outcome.candidates.F
    values, excess = judge.scores(F), judge.regrets(F)
    chosen = {n.removeprefix(LOG10): row for n, row in outcome.selection.chosen.items()}
    rows = []
    for name in judge.criteria:
        scores, off = values[name], excess[name]
        figures = np.array([judge.optima[name], scores[chosen[name]], scores.min()])
        called, (optimum, selected, best) = score_range.stated(name, figures)
        rows.append((called, optimum, selected, off[chosen[name]], best, off.min()))
    columns = ("criterion", "optimum", "selected", "regret_selected", "best_evaluated",
               "regret_best_evaluated")  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def indicator_table(outcome: Outcome, answer: ExactAnswer) -> pd.DataFrame:
    """Indicators of the distance between the run's front and the exact one."""
    problem: AcceleratorProblem = outcome.joint.problem
    F, front = problem.coordinates(outcome.candidates.F), problem.coordinates(answer.front)
    values = indicators(F, front)
    return pd.DataFrame({"indicator": list(values), "value": list(values.values())})
