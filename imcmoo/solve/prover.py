"""Proofs of one study: its search trees, the certificates that are known, and the proven ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from imcmoo.answers.certificates import executed_in, flaw, mismatch
from imcmoo.answers.provenance import study_settings
from imcmoo.exact.behaviour import sampled_designs
from imcmoo.exact.bounded_criteria import BoundedCriterion, ProofTask, SingleNetworkOptima
from imcmoo.exact.branch_and_bound import BranchAndBound, RootExpansion, expand_shared_root
from imcmoo.exact.certificate import Certificate, NothingToCertify, make_certificate
from imcmoo.exact.node_expander import NodeExpander, Report
from imcmoo.io.stamp import Stamp
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.identity import problem_stamp
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.tolerance import SUFFIX
from imcmoo.solve.confirm import Chip, Confirmation
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study

OnStep = Callable[[str, float, float, float], None]
"""Called after every step with the criterion, value, bound and gap."""


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
        also: criteria of the problem beside those of the study.
        confirmation: executions of the networks of the study. If None, new ones.
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
    also: Sequence[Criterion] = ()
    confirmation: Confirmation | None = None

    def __post_init__(self) -> None:
        # Trees of single networks may report a line again.
        self.report = cache(self.report)
        self.executions = self.confirmation or Confirmation(
            self.study, on_executed=lambda record: self.report(record.text), ended=self.ended
        )
        self._searched = self.study, self.problem
        self.done: dict[str, Certificate] = {}
        self.infeasible: dict[str, NothingToCertify] = {}
        self._joint_tree: tuple[NodeExpander, RootExpansion] | None = None

    def drop_invalid(self) -> None:
        """Drop known certificates of another problem or model, or with executions that give other
        scores here, which are reported, and those of nearly best designs, which rest on others."""
        of_study = [c for c in self.known if not c.criterion.endswith(SUFFIX)]
        stamp = self.stamp_of_answers
        holding = [c for c in of_study if _holds(c, self.problem, stamp, self.report)]
        self.known = [c for c in holding if self._repeats(c)]

    def _repeats(self, certificate: Certificate) -> bool:
        """Repeat the executions that a certificate states; reports one with other scores."""
        if repeats := self.executions.adopts(executed_in(certificate)):
            return repeats
        self.report(
            f"{certificate.criterion}: executions of the certificate here give other scores: not "
            "taken"
        )
        return repeats

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
            if before is None or not self._suffices(before):
                continue
            is_against_them = before.single_network_optima == optima
            if is_against_them and self.executions.works([self._chip(before, part)]):
                self.done[name] = self._confirmed(before, part)
                yield self.done[name]
        left = tuple(name for name in part.names if name not in self.done)
        if not left:
            return
        for search in self._begun(replace(part, names=left), optima):
            certificate = self.executions.until_works(
                self._finder(search, part, optima, began), lambda c: [self._chip(c, part)]
            )
            self.done[certificate.criterion] = self._confirmed(certificate, part)
            yield self.done[certificate.criterion]
            began = time.perf_counter()

    def _finder(
        self,
        search: BranchAndBound,
        part: ProofTask,
        optima: Mapping[str, Mapping[str, float]],
        began: float,
    ) -> Callable[[Study], Certificate]:
        """Returns what proves the criterion of a begun search: that search first, then new ones of
        the study without the circuits that failed."""
        waiting = [search]

        def find(study: Study) -> Certificate:
            if not waiting:
                self._search_in(study)
                waiting.extend(self._begun(replace(part, names=(search.goal.name,)), optima))
            return self._proven(waiting.pop(), optima, began)

        return find

    def _search_in(self, study: Study) -> None:
        """Search the study without the circuits that failed, from now on."""
        if study is not self._searched[0]:
            self._searched = study, study.problem(also=self.also)
            self._joint_tree = None

    def _proven(
        self, search: BranchAndBound, optima: Mapping[str, Mapping[str, float]], began: float
    ) -> Certificate:
        """The certificate of a begun search; `began` is the time at which its proof began."""
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
        return certificate

    def _chip(self, certificate: Certificate, part: ProofTask) -> Chip:
        """The certified chip, with the only network of the task if there is one."""
        return Chip(self.problem.space.levels_of(certificate.design), part.network)

    def _confirmed(self, certificate: Certificate, part: ProofTask) -> Certificate:
        """A certificate with the executions so far, and what they say of its design."""
        state = self.executions.state([self._chip(certificate, part)])
        if not state:
            return certificate
        of_task = [e for e in self.executions.executed if part.network in ("", e.network)]
        records = tuple(each.to_json() for each in of_task)
        return replace(certificate, executed=records, confirmation=state)

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
        _, problem = self._searched
        expander = NodeExpander(part.problem(problem), self.report)
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
