"""Solve a study, or several, by the strongest method that the space allows::

>>> answer = solve(study)
>>> answer.how, answer.gap
('certified', 0.0)
>>> answer.score == solve(study, "enumerate").score
True
>>> small_node, large_node = solve_all(
...     vary(study, [{"technology_nm": 22}, {"technology_nm": 45}])
... )
>>> small_node.score < large_node.score
True
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from imcmoo.answers.answer import REFUSED, Answer, answer_from_certificates, answer_from_enumeration
from imcmoo.exact.bounded_criteria import has_bounds
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.io.errors import Conflict, Infeasible, InputError
from imcmoo.solve.certify import certify
from imcmoo.solve.enumerate import NothingToEnumerate
from imcmoo.solve.together import (
    certified_together,
    enumerated,
    enumerated_together,
    searched,
    searched_together,
)
from imcmoo.space.design_space import Levels
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
            return answer_from_enumeration(study, enumerated(study))
        return searched(study)
    except Infeasible as error:
        return Answer.without_chip(study, error)


def solve_all(
    studies: Sequence[Study],
    method: Method = "auto",
    *,
    starts: Sequence[Levels | None] | None = None,
    time_limit_s: float = math.inf,
) -> list[Answer]:
    """Find the best chips of several studies of the same networks; writes nothing.

    Regrets are against the best single-network optima of all studies, so that their scores can be
    compared. Solve each study by itself if its regrets are to be against its own optima.

    Args:
        studies: the studies, of one criterion.
        method: see `solve`; one method answers all.
        starts: designs that the proof of each study begins with, shape (n, n_parameters) each. If
            None, there are none.
        time_limit_s: time limit of a proof per criterion and study, s.

    Returns:
        An answer per study, in their order.

    Raises:
        InputError: the method cannot answer a study.
    """
    starts = starts or [None] * len(studies)
    if len(studies) < 2 or not studies[0].resolved_criterion.is_regret:
        pairs = zip(studies, starts, strict=True)
        return [solve(s, method, start=b, time_limit_s=time_limit_s) for s, b in pairs]
    refused = {i: str(why) for i, s in enumerate(studies) if (why := _conflict(s))}
    asked = [i for i in range(len(studies)) if i not in refused]
    accepted, begun = [studies[i] for i in asked], [starts[i] for i in asked]
    solved = _solved_together(accepted, method, begun, time_limit_s) if accepted else []
    answers = dict(zip(asked, solved, strict=True))
    return [
        answers[i] if i in answers else Answer.without_chip(s, refused[i], how=REFUSED)
        for i, s in enumerate(studies)
    ]


def _conflict(study: Study) -> Conflict | None:
    """Why the cost model refuses a study; None if it does not."""
    try:
        study.problem()
    except Conflict as error:
        return error
    return None


def _solved_together(
    studies: Sequence[Study],
    method: Method,
    starts: Sequence[Levels | None],
    time_limit_s: float,
) -> list[Answer]:
    """Answers whose regrets are against the best optima of all studies."""
    if method == "certify" or (method == "auto" and all(map(_has_bounds, studies))):
        try:
            return certified_together(studies, starts, time_limit_s)
        except Infeasible:
            raise
        except InputError:  # the time limit ended before any design was found
            if method == "certify":
                raise
    elif method == "enumerate" or (method == "auto" and all(map(_is_small, studies))):
        return enumerated_together(studies, [*map(_enumerated, studies)])
    return searched_together(studies)


def _has_bounds(study: Study) -> bool:
    return has_bounds(study.problem(), study.certificate_name, of_space=True)


def _is_small(study: Study) -> bool:
    return study.space.size <= MAX_ENUMERATED and study.resolved_criterion.is_judged


def _certified(
    study: Study, start: Levels | None, time_limit_s: float, *, or_search: bool
) -> Answer:
    try:
        proofs = certify(study, study.certificate_name, start=start, time_limit_s=time_limit_s)
        return answer_from_certificates(study, {c.criterion: c for c in proofs})
    except Infeasible:
        raise
    except InputError:  # the time limit ended before any design was found
        if not or_search:
            raise
        return searched(study)


def _enumerated(study: Study) -> ExactAnswer | NothingToEnumerate:
    try:
        return enumerated(study)
    except NothingToEnumerate as error:
        return error
