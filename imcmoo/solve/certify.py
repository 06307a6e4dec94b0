"""Certificates of the best designs of a study, criterion by criterion."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.answers.certificates import CertificateFolder, flaw, mismatch, nearly_best
from imcmoo.answers.provenance import study_settings
from imcmoo.exact.behaviour import sampled_designs
from imcmoo.exact.bounded_criteria import (
    BoundedCriterion,
    NotProvable,
    ProofTask,
    SingleNetworkOptima,
    proof_plan,
    provable,
    regret_criteria,
)
from imcmoo.exact.branch_and_bound import BranchAndBound, RootExpansion, expand_shared_root
from imcmoo.exact.certificate import (
    Certificate,
    NothingToCertify,
    as_reference,
    best_optimum,
    make_certificate,
)
from imcmoo.exact.node_expander import NodeExpander, Report
from imcmoo.exact.own_criteria import check_own_criteria
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.stamp import Stamp
from imcmoo.model.partials import NoBounds
from imcmoo.problem.identity import problem_stamp
from imcmoo.problem.own_score import BOUNDED
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.robust_names import refuse_robust
from imcmoo.problem.tolerance import SUFFIX, Tolerance
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study

ALL = "all"

OnStep = Callable[[str, float, float, float], None]
"""Called after every step with the criterion, value, bound and gap."""


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
    **options: Any,
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
    study = prover.study
    within = nearly_best(tolerance, best)
    problem = study.problem(prover.problem.model, also=[within])
    start = problem.space.levels_of(best.design)
    taken_s = best.seconds if best.is_new else 0.0
    left_s = max(prover.time_limit_s - taken_s, prover.limit_s(best.criterion))
    # The limit follows from the question of the study, and so does its stamp.
    stamp = prover.stamp_of_answers
    second = replace(
        prover, problem=problem, start=start, known=(), stamp=stamp, time_limit_s=left_s
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


@dataclass(eq=False)
class Prover:
    """Proofs of one study; pass it to `certify_shared`.

    Args:
        study: the study.
        problem: its problem.
        gap: allowed excess over the optimum, as a share.
        time_limit_s: time limit per criterion after the root expansion, s; half of it for the
            shared stage. The bound reached by then is certified. Of the criterion with a tolerance,
            both proofs together take it.
        start: initial designs beside the start of the study, shape (n, n_parameters). If None,
            there are none.
        known: existing certificates. Those of the same problem that reach the gap and, with gap 0,
            prove the choice among equal scores are kept; designs of all others are initial
            incumbents.
        on_step: called after every step.
        ended: called after every step; True ends a proof as its time limit does.
        report: called with a line per certificate of another problem or model, and if all designs
            are evaluated for lack of bounds.
        stamp: stamp of the certificates. If None, that of the problem and the study.
    """

    study: Study
    problem: AcceleratorProblem
    gap: float = 0.0
    time_limit_s: float = np.inf
    start: Levels | None = None
    known: Sequence[Certificate] = ()
    on_step: OnStep = lambda *_: None
    ended: Callable[[], bool] = lambda: False
    report: Report = lambda _: None
    stamp: Stamp | None = None

    def __post_init__(self) -> None:
        # Trees of single networks may report a line again.
        self.report = cache(self.report)
        self.done: dict[str, Certificate] = {}
        self.infeasible: dict[str, NothingToCertify] = {}
        self._joint_tree: tuple[NodeExpander, RootExpansion] | None = None

    def drop_invalid(self) -> None:
        """Drop known certificates of another problem or model, which are reported, and those of
        nearly best designs, which rest on others."""
        of_study = [c for c in self.known if not c.criterion.endswith(SUFFIX)]
        stamp = self.stamp_of_answers
        self.known = [c for c in of_study if _holds(c, self.problem, stamp, self.report)]

    @cached_property
    def stamp_of_answers(self) -> Stamp:
        """The stamp of the certificates."""
        return self.stamp or problem_stamp(self.problem, settings=study_settings(self.study))

    @cached_property
    def _best_known(self) -> dict[str, Certificate]:
        """The certificate with the smallest gap by criterion."""
        return {c.criterion: c for c in sorted(self.known, key=lambda c: -c.gap)}

    @cached_property
    def _sample(self) -> Levels:
        """Designs whose values certificates keep; drawn late, when a tree knows all SNRs."""
        return sampled_designs(self.problem)

    def limit_s(self, name: str) -> float:
        """Time limit of the proof of a criterion, s: half for the one that a tolerance counts from,
        since a second proof takes the rest."""
        tolerance = self.problem.tolerance
        is_first = tolerance is not None and name == tolerance.certificate_name
        return self.time_limit_s / 2 if is_first else self.time_limit_s

    def prove(
        self, part: ProofTask, optima: Mapping[str, Mapping[str, float]]
    ) -> Iterator[Certificate]:
        """Certificates of a task, whose regrets are against `optima` by network."""
        began = time.perf_counter()
        for name in part.names:
            before = self._best_known.get(name)
            if before and self._suffices(before) and before.single_network_optima == optima:
                self.done[name] = before
                yield before
        left = tuple(name for name in part.names if name not in self.done)
        if not left:
            return
        for search in self._begun(replace(part, names=left), optima):
            limit = self.limit_s(search.goal.name) / 2
            proof = search.run(self._until(time.perf_counter() + limit))
            certificate = make_certificate(
                proof,
                self.problem,
                stamp=self.stamp_of_answers,
                sample=self._sample,
                single_network_optima=optima,
                seconds=time.perf_counter() - began,
            )
            for known in self.known:
                if known.criterion == certificate.criterion:
                    certificate = _strongest(certificate, known, search.goal)
            self.done[search.goal.name] = certificate
            yield certificate
            began = time.perf_counter()

    def _suffices(self, known: Certificate) -> bool:
        """True if a certificate proves what is asked for."""
        if self.gap > 0 or known.gap > 0:
            return known.gap <= self.gap
        return bool(known.ties)

    def _begun(
        self, part: ProofTask, optima: Mapping[str, Mapping[str, float]]
    ) -> list[BranchAndBound]:
        """A search per criterion of a task, after the shared stage."""
        expander, root = self._tree(part)
        certified = SingleNetworkOptima.from_certificates(optima) if optima else None
        searches = [
            BranchAndBound(expander, root, goal, self.gap)
            for goal in part.criteria(expander.problem, certified)
        ]
        limit = sum(self.limit_s(search.goal.name) / 2 for search in searches)
        stop = self._until(time.perf_counter() + limit)
        expand_shared_root(searches, lambda: stop(searches[0]))
        return searches

    def _tree(self, part: ProofTask) -> tuple[NodeExpander, RootExpansion]:
        """Search tree of a task, with known designs as incumbents."""
        if part.network:  # needed once: several studies would keep many trees
            return self._new_tree(part)
        if self._joint_tree is None:
            self._joint_tree = self._new_tree(part)
        return self._joint_tree

    def _new_tree(self, part: ProofTask) -> tuple[NodeExpander, RootExpansion]:
        expander = NodeExpander(part.problem(self.problem), self.report)
        designs = [self.problem.space.levels_of(c.design) for c in self.known]
        starts = (self.start, self.study.start_levels)
        designs += [levels for levels in starts if levels is not None]
        return expander, RootExpansion.expand(expander, designs)

    def _until(self, deadline: float) -> Callable[[BranchAndBound], bool]:
        def stop(now: BranchAndBound) -> bool:
            gap = now.goal.gap(now.value, now.bound)
            self.on_step(now.goal.score_name, now.value, now.bound, gap)
            return time.perf_counter() > deadline or self.ended()

        return stop


def _strongest(found: Certificate, known: Certificate, goal: BoundedCriterion) -> Certificate:
    """The new certificate, with bound and counts of a known one whose bound is higher.

    A bound of regret also holds against better single-network optima than those it was proven with.
    A known bound above the value of a design does not hold any more.
    """
    if not found.bound < known.bound <= found.value:
        return found
    optima, before = found.single_network_optima, known.single_network_optima
    if any(optima[name]["value"] > before[name]["value"] for name in optima):
        return found
    return replace(
        found,
        bound=known.bound,
        gap=goal.gap(found.value, known.bound),
        ties="",
        stages=known.stages,
        evaluated=known.evaluated,
        seconds=known.seconds,
        is_new=known.is_new,
    )


def _holds(
    certificate: Certificate, problem: AcceleratorProblem, stamp: Stamp, report: Report
) -> bool:
    """Return True if a certificate is of the study as it is; report a difference."""
    differs = mismatch(certificate, problem, stamp)
    if not differs and (why := flaw(certificate, problem)):
        differs = f"false ({why})"
    if differs:
        report(f"{certificate.criterion}: the certificate here is {differs}: not taken")
    return not differs
