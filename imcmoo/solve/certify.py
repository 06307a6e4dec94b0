"""Certificates of the best designs of a study, criterion by criterion."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from imcmoo.answers.certificates import CertificateFolder, nearly_best
from imcmoo.exact.bounded_criteria import (
    NotProvable,
    ProofTask,
    proof_plan,
    provable,
    regret_criteria,
)
from imcmoo.exact.certificate import (
    Certificate,
    NothingToCertify,
    as_reference,
    best_optimum,
)
from imcmoo.exact.own_criteria import check_own_criteria
from imcmoo.io.errors import InputError, input_errors
from imcmoo.model.partials import NoBounds
from imcmoo.problem.own_score import BOUNDED
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.robust_names import refuse_robust
from imcmoo.problem.tolerance import Tolerance
from imcmoo.solve.prover import Prover
from imcmoo.study.study import Study

ALL = "all"


def criteria_to_prove(problem: AcceleratorProblem, criterion: str) -> list[str]:
    """Names of the criteria to prove: the given one, or all for `all`.

    Raises:
        InputError: the criterion cannot be proven; says which can.
    """
    joint, single = provable(problem)
    if criterion == ALL:
        return [*joint, *single]
    with input_errors():
        refuse_robust(criterion)
    if criterion not in (*joint, *single):
        known = {c.name: c for c in problem.criteria}
        why = "unknown"
        if criterion in known:
            why = "it is not known to be monotone in energy, latency, interval and area"
            if beyond := sorted({*known[criterion].needs} - BOUNDED):
                why = f"it needs {', '.join(beyond)}, of which there are no lower bounds"
        if criterion in regret_criteria(problem):
            why = "the cost model does not tell what one network alone would cost"
        raise InputError(
            f"criterion {criterion} cannot be certified: {why}; those that can: "
            f"{', '.join([*joint, *single])}"
        )
    return [criterion]


def write_certificates(
    study: Study,
    criterion: str,
    out: Path,
    *,
    study_criterion: str | None = None,
    is_apart: bool = False,
    force: bool = False,
    **options: object,
) -> Generator[Certificate]:
    """Prove a criterion, and write each certificate below `out` as soon as it is proven.

    Args:
        study: the study.
        criterion: name of the criterion, or `all`.
        out: folder of all results; valid certificates there are kept.
        study_criterion, is_apart: see `CertificateFolder`.
        force: remove the certificates of a different study with the same name, once one is proven.
        options: see `Prover`.

    Yields:
        The certificates.

    Raises:
        InputError: the folder is in use or holds a certificate of another study, or see
            `certify`.
    """
    locked = CertificateFolder.locked(
        study, out, study_criterion=study_criterion, is_apart=is_apart, force=force
    )
    with locked as folder:
        for certificate in certify(study, criterion, known=folder.known, **options):
            folder.save(certificate)
            yield certificate


def certify(study: Study, criterion: str, **options: Any) -> Iterator[Certificate]:
    """Prove one criterion of a study, or `all`, and the optima it depends on.

    Args:
        study: the study.
        criterion: name of the criterion, or `all`.
        options: further options of `Prover`.

    Yields:
        Certificates as soon as they are proven, including known ones.

    Raises:
        InputError: a criterion cannot be certified or, being a user's, fails `check_own_criteria`,
            or no design is feasible.

    Example::

        >>> (proof,) = certify(study, "edap_geomean")
        >>> proof.bound == proof.value
        True
    """
    prover = Prover(study, study.problem(), **options)
    tolerance = prover.problem.tolerance
    for _, certificate in certify_shared([prover], criterion):
        if isinstance(certificate, NothingToCertify):
            raise certificate
        yield certificate
        if tolerance is not None and certificate.criterion == tolerance.certificate_name:
            yield _nearly_best(prover, tolerance, certificate)


def _nearly_best(prover: Prover, tolerance: Tolerance, best: Certificate) -> Certificate:
    """Prove the best design by the second criterion within a tolerance of the first one's best.

    The tolerance counts from the best design found, which is the optimum where its gap is 0.
    """
    within = nearly_best(tolerance, best)
    problem = prover.study.problem(prover.problem.model, also=[within])
    start = problem.space.levels_of(best.design)
    taken_s = best.seconds if best.is_new else 0.0
    left_s = max(prover.time_limit_s - taken_s, prover.limit_s(best.criterion))
    # The limit follows from the question of the study, and so does its stamp.
    stamp = prover.stamp_of_answers
    second = replace(
        prover,
        problem=problem,
        start=start,
        known=(),
        stamp=stamp,
        time_limit_s=left_s,
        also=[within],
        confirmation=prover.executions,
    )
    (part,) = proof_plan(problem, [within.name])
    (certificate,) = second.prove(part, {})
    return replace(certificate, within=as_reference(best))


def certify_shared(
    provers: Sequence[Prover], criterion: str
) -> Iterator[tuple[Prover, Certificate | NothingToCertify]]:
    """Prove a criterion of several studies of the same networks, or `all`, and what it depends on.

    The optimum of a network, on which regrets depend, is the best over all studies; all are proven
    before a regret is.

    Args:
        provers: one per study.
        criterion: name of the criterion, or `all`.

    Yields:
        A prover, and a certificate of its study or the error that says that no design of it is
        feasible.

    Raises:
        InputError: see `certify`.
        NothingToCertify: a regret depends on a network that runs on no feasible design.
    """
    names = criteria_to_prove(provers[0].problem, criterion)
    for prover in provers:
        check_own_criteria(prover.problem, names)
    plans = [proof_plan(prover.problem, names) for prover in provers]
    for prover in provers:
        prover.drop_invalid()
    with input_errors(of=(NotProvable, NoBounds)):
        for parts in zip(*plans, strict=True):
            optima = _best_optima(provers, parts[0])
            for prover, part in zip(provers, parts, strict=True):
                try:
                    for certificate in prover.prove(part, optima):
                        yield prover, certificate
                except NothingToCertify as error:
                    prover.infeasible |= dict.fromkeys(part.names, error)
                    yield prover, error


def _best_optima(provers: Sequence[Prover], part: ProofTask) -> dict[str, dict[str, float]]:
    """Best single-network optima over all studies that a task depends on, by network."""
    optima = {}
    networks = provers[0].problem.workload_names if part.prerequisites else []
    for network, name in zip(networks, part.prerequisites, strict=True):
        proven = [p.done[name] for p in provers if name in p.done]
        if not proven:
            raise NothingToCertify(f"no design is feasible for {network}")
        optima[network] = best_optimum(proven)
    return optima
