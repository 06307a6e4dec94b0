"""Answers of certificates, enumerations and searches, of one study or of several together.

Regrets of several studies are against the best single-network optima of all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from imcmoo.answers.answer import Answer, answer_from_certificates, select
from imcmoo.answers.answers import least_edap
from imcmoo.answers.outcome import Outcome
from imcmoo.answers.provenance import ENUMERATED, SEARCHED
from imcmoo.arrays import Floats
from imcmoo.exact.certificate import EXACT, NothingToCertify
from imcmoo.exact.enumeration import Enumeration, ExactAnswer, NothingFeasible, Optimum
from imcmoo.exact.smallest_chip import nothing_feasible
from imcmoo.io.checksums import digest
from imcmoo.io.errors import Infeasible
from imcmoo.problem.criteria import SINGLE_NETWORK
from imcmoo.problem.nearest import nearest_text
from imcmoo.search.sampling import NoFeasibleDesign
from imcmoo.solve.certify import certify_shared
from imcmoo.solve.confirm import Chip, Confirmation
from imcmoo.solve.enumerate import ExactOptima, NothingToEnumerate, enumerated_chips
from imcmoo.solve.prover import Prover
from imcmoo.solve.searches import LimitsUnmet, OnTrace, run_searches, search_models
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study


def certified_together(
    studies: Sequence[Study], starts: Sequence[Levels | None], time_limit_s: float
) -> list[Answer]:
    """Prove the best chips of several studies.

    Args:
        studies: the studies, of one criterion without tolerance.
        starts: designs that each proof begins with, shape (n, n_parameters); None for none.
        time_limit_s: time limit of a proof per criterion and study, s.

    Raises:
        InputError: the criterion cannot be certified.
    """
    provers = [
        Prover(study, study.problem(), start=start, time_limit_s=time_limit_s)
        for study, start in zip(studies, starts, strict=True)
    ]
    name, why = studies[0].certificate_name, ""
    try:
        for _ in certify_shared(provers, name):
            pass
    except NothingToCertify as error:  # a network runs on no chip of any study
        why = str(error)
    answers = []
    for prover in provers:
        if name in prover.done:
            answers.append(answer_from_certificates(prover.study, prover.done))
        else:
            reason = str(prover.infeasible.get(name, why))
            answers.append(Answer.without_chip(prover.study, reason, bound=math.inf))
    return answers


def enumerated(study: Study) -> ExactAnswer:
    """Evaluate all designs of a study in this process, and execute the networks of the best.

    Raises:
        NothingToEnumerate: no design is feasible; says which is nearest.
    """
    confirmation = Confirmation(study)
    answer = confirmation.until_works(_evaluated, lambda found: enumerated_chips(study, found))
    return replace(answer, **confirmation.stated(enumerated_chips(study, answer)))


def _evaluated(study: Study) -> ExactAnswer:
    problem = study.problem()
    try:
        return Enumeration(problem).answer()
    except NothingFeasible as error:
        nearest = nearest_text(problem, error.nearest) if len(error.nearest) else ""
        text = nearest or nothing_feasible(problem)
        raise NothingToEnumerate(text, error.single_network) from None


def enumerated_together(
    studies: Sequence[Study], results: Sequence[ExactAnswer | NothingToEnumerate]
) -> list[Answer]:
    """Answers of several enumerated studies.

    Args:
        studies: the studies, of one criterion.
        results: their exact answers, or the errors that say that no design is feasible.
    """
    reference = None
    if studies[0].resolved_criterion.is_regret:
        reference = least_edap([_single_network_edap(studies[0], each) for each in results])
    answers = []
    for study, result in zip(studies, results, strict=True):
        if isinstance(result, NothingToEnumerate):
            answers.append(Answer.without_chip(study, result, bound=math.inf))
        else:
            answers.append(
                select(
                    study,
                    _candidates(study, result),
                    reference,
                    how=ENUMERATED,
                    gap=0.0,
                    evidence=ExactOptima(study, result),
                )
            )
    return answers


def _candidates(study: Study, answer: ExactAnswer) -> Levels:
    """Designs among which is the best one by the criterion of a study, and the front.

    A regret is least on the front, whatever the optima it is against: no design has less EDAP on
    every network than one of the front.
    """
    ranks = answer.ranks
    if not study.resolved_criterion.is_regret:
        ranks = np.union1d(ranks, answer.optima[study.score_name].ranks)
    return study.space.unrank(ranks)


def _single_network_edap(study: Study, answer: ExactAnswer | NothingToEnumerate) -> Floats | None:
    """Optima of the networks on one device that regrets depend on, J·s·mm², shape (W,)."""
    if isinstance(answer, ExactAnswer):
        optima: Mapping[str, Optimum] = answer.optima
    else:
        optima = answer.single_network
    kind = SINGLE_NETWORK if study.baselines else "edap_"
    values = [optima[kind + name].value for name in study.names if kind + name in optima]
    return np.array(values) if len(values) == len(study.names) else None


def search_outcome(study: Study) -> Outcome:
    """Search a study with its budget; writes nothing.

    Raises:
        Infeasible: no design is feasible; says which is nearest.
    """
    with TemporaryDirectory() as folder:
        return confirmed_outcome(study, Path(folder).joinpath)


def confirmed_outcome(
    study: Study,
    checkpoint: Callable[[str], Path],
    on_trace: OnTrace = lambda name, row: None,
    answer: ExactAnswer | None = None,
) -> Outcome:
    """Search a study until the networks of the selected design, executed, work on it.

    Args:
        study: the study.
        checkpoint: returns the path of the checkpoint of a search.
        on_trace: called after every generation.
        answer: exact answer that regrets are against. If None, they are against the best found.

    Raises:
        Infeasible: no design is feasible; says which is nearest.
    """

    def find(asked: Study) -> Outcome:
        # Searches without some circuits are others, with checkpoints of their own.
        mark = f"{digest(repr(asked.failed).encode())[:8]}." if asked.failed else ""
        try:
            searches = run_searches(
                asked, search_models(asked), lambda name: checkpoint(f"{mark}{name}"), on_trace
            )
        except LimitsUnmet as error:
            raise Infeasible(str(error)) from None
        except NoFeasibleDesign:
            raise Infeasible(nothing_feasible(asked.problem())) from None
        return Outcome.from_searches(asked, searches, answer)

    confirmation = Confirmation(study)
    outcome = confirmation.until_works(find, _searched_chips)
    return replace(outcome, **confirmation.stated(_searched_chips(outcome)))


def _searched_chips(outcome: Outcome) -> list[Chip]:
    """Chips whose networks must work: the selected one, and those that its regret is against."""
    best, chips = outcome.baselines, [Chip(outcome.design)]
    is_regret = outcome.study.resolved_criterion.is_regret
    if not is_regret or best is None or outcome.regret_reference == EXACT:
        return chips
    return [*(Chip(best.levels[[w]], n) for w, n in enumerate(outcome.baseline_searches)), *chips]


def searched(study: Study) -> Answer:
    """Answer of a searched study; see `search_outcome`."""
    return search_outcome(study).answer


def searched_together(studies: Sequence[Study]) -> list[Answer]:
    """Answers of several searched studies."""
    outcomes: list[Outcome | Infeasible] = []
    for study in studies:
        try:
            outcomes.append(search_outcome(study))
        except Infeasible as error:
            outcomes.append(error)
    found = [each for each in outcomes if isinstance(each, Outcome)]
    reference = least_edap([each.candidates.reference_edap for each in found])
    return [
        Answer.without_chip(study, each)
        if isinstance(each, Infeasible)
        else select(study, each.candidates.levels, reference, how=SEARCHED, evidence=each)
        for study, each in zip(studies, outcomes, strict=True)
    ]
