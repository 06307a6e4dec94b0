"""Solve a study by the strongest method that its space allows.

answer = solve(study)

"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from imcmoo.answers.answer import CERTIFIED, ENUMERATED, REFUSED, SEARCHED, Answer
from imcmoo.exact.bounded_criteria import has_bounds
from imcmoo.exact.certificate import Certificate
from imcmoo.exact.enumeration import Enumeration, ExactAnswer, NothingFeasible
from imcmoo.exact.smallest_chip import nothing_feasible
from imcmoo.io.errors import Conflict, Infeasible, InputError
from imcmoo.problem.nearest import nearest_text
from imcmoo.search.sampling import NoFeasibleDesign
from imcmoo.space.design_space import Levels
from imcmoo.study.certify_study import certify_study
from imcmoo.study.searches import LimitsUnmet, Outcome, run_searches, search_models
from imcmoo.study.study import Study

Method = Literal["auto", "certify", "enumerate", "search"]

MAX_ENUMERATED = 200_000
"""Number of designs up to which "auto" enumerates a space without bounds, about a minute."""


def solve(
    study: Study,
    method: Method = "auto",
    *,
    start: Levels | None = None,
    time_limit_s: float = math.inf,
) -> Answer:
    """Find the best chip of a study; writes nothing.

    Args:
        study: the study.
        method: "certify" proves the best chip by branch and bound, "enumerate" evaluates all
            designs, "search" evaluates as many as the budget of the study says. "auto" certifies
            where the cost model has bounds, else enumerates up to `MAX_ENUMERATED` designs, else
            searches, as it does where a proof finds no chip in time.
        start: designs that a proof begins with, shape (n, n_parameters), beside the start of the
            study. If None, there are none.
        time_limit_s: time limit of a proof per criterion, s; the gap reached by then is stated.

    Returns:
        The answer. If no chip is feasible, or the cost model refuses the study, it has no chip and
        says why.

    Raises:
        InputError: the method cannot answer the study.
    """
    try:
        study.problem()
    except Conflict as error:
        return Answer.without_chip(study, str(error), how=REFUSED)
    try:
        if method == "certify" or (method == "auto" and _has_bounds(study)):
            return _certified(study, start, time_limit_s, or_search=method == "auto")
        if method == "enumerate" or (method == "auto" and _is_small(study)):
            return _enumerated(study)
        return _searched(study)
    except Infeasible as error:
        return Answer.without_chip(study, error)


def _has_bounds(study: Study) -> bool:
    return has_bounds(study.problem(), study.proven_as, of_space=True)


def _is_small(study: Study) -> bool:
    return study.space.size <= MAX_ENUMERATED and study.asked_criterion.is_judged


def _certified(
    study: Study, start: Levels | None, time_limit_s: float, *, or_search: bool
) -> Answer:
    try:
        proofs = certify_study(study, study.proven_as, start=start, time_limit_s=time_limit_s)
        return of_certificates(study, {c.criterion: c for c in proofs})
    except Infeasible:
        raise
    except InputError:  # the time limit ended before any design was found
        if not or_search:
            raise
        return _searched(study)


def of_certificates(study: Study, proven: Mapping[str, Certificate]) -> Answer:
    """The answer of a study whose criterion is proven.

    Args:
        study: the study.
        proven: certificates by criterion, among them that of the study.
    """
    certificate = proven[study.answering(study.proven_as)]
    of_first = certificate.within.get("gap", 0.0)
    note = f"the tolerance counts from an answer with a gap of {of_first:.3%}" if of_first else ""
    return Answer(
        study,
        CERTIFIED,
        study.space.levels_of(certificate.design),
        score=certificate.value,
        bound=certificate.bound,
        gap=certificate.gap,
        note=note,
        evidence=proven,
    )


def _enumerated(study: Study) -> Answer:
    problem = study.problem()
    try:
        answer = Enumeration(problem).answer()
    except NothingFeasible as error:
        nearest = nearest_text(problem, error.nearest) if len(error.nearest) else ""
        raise Infeasible(nearest or nothing_feasible(problem)) from None
    return of_enumeration(study, answer)


def of_enumeration(study: Study, answer: ExactAnswer) -> Answer:
    """The answer of an enumerated study.

    Raises:
        InputError: the criterion compares candidates, so it has no optimum.
    """
    if study.answered_by not in answer.optima:
        raise InputError(f"criterion {study.criterion} compares candidates: it has no optimum")
    best = answer.optima[study.answered_by]
    levels = study.space.unrank(best.ranks[:1])
    return Answer(
        study,
        ENUMERATED,
        levels,
        score=best.value,
        bound=best.value,
        gap=0.0,
        front=study.space.unrank(answer.ranks),
        evidence=answer,
    )


def _searched(study: Study) -> Answer:
    models = search_models(study)
    with TemporaryDirectory() as folder:
        try:
            searches = run_searches(study, models, Path(folder).joinpath, lambda name, row: None)
        except LimitsUnmet as error:
            raise Infeasible(str(error)) from None
        except NoFeasibleDesign:
            raise Infeasible(nothing_feasible(study.problem())) from None
    outcome = Outcome.from_searches(study, searches)
    score = float(outcome.candidates.scores[outcome.criterion][outcome.chosen])
    return Answer(
        study,
        SEARCHED,
        outcome.design,
        score=score,
        front=outcome.candidates.levels,
        evidence=outcome,
    )
