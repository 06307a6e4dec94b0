"""Verify certificates of a study by proving them again together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from imcmoo.answers.certificates import (
    checked_design,
    executed_in,
    mismatch,
    nearly_best,
    proof_task,
    refuse_idle_statements,
)
from imcmoo.answers.executed import CONFIRMED, UNDECIDED, Executed
from imcmoo.answers.provenance import stamp_of_answers
from imcmoo.exact.bounded_criteria import (
    BoundedCriterion,
    NotProvable,
    ProofTask,
    SingleNetworkOptima,
    bounded,
    bounded_criteria,
)
from imcmoo.exact.certificate import (
    Certificate,
    as_reference,
    best_optimum,
)
from imcmoo.exact.check import (
    Claim,
    DesignCounts,
    Refused,
    check_bounds,
    feasible_costs,
    validate_bounds,
)
from imcmoo.exact.node_expander import search_tree
from imcmoo.io.errors import input_errors
from imcmoo.model.partials import PartialDesignTree
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.ties import Place
from imcmoo.problem.tolerance import Tolerance
from imcmoo.solve.confirm import Chip, Confirmation
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study


class CertificateWalk(NamedTuple):
    """Problem, tree, claims and claimed designs of one walk."""

    problem: AcceleratorProblem
    tree: PartialDesignTree
    claims: list[Claim]
    designs: list[Levels]


class Checker:
    """Checks certificates of one problem in one walk, plus one per network with its own chips.

    Call `claim` for each certificate, then `validate` and `prove`. The study must have the settings
    of the certificates (`certified_study`)::

        >>> (proof,) = certify(study, "edap_geomean")
        >>> checker = Checker(study)
        >>> checker.claim(proof)
        >>> n_compared = checker.validate()
        >>> counts = checker.prove()

    Args:
        study: the study.
        together: checkers of all devices of a study that lists them, to which this one is added:
            regrets are against the best single-network optima of all.
        executed: executions that the certificates state, see `executed_in`: claims are of designs
            without the circuits on which networks fail.

    Raises:
        Refused: an execution is of another study, or its verdict does not follow.
    """

    def __init__(
        self,
        study: Study,
        together: list[Checker] | None = None,
        executed: Sequence[Executed] = (),
    ) -> None:
        self._together = [] if together is None else together
        self._together.append(self)
        self._infeasible: set[str] = set()
        self._problem: AcceleratorProblem = study.problem()
        self._executions = Confirmation(study, stated=executed)
        for record in executed:
            if why := self._executions.fault(record):
                raise Refused(f"an execution that a certificate states: {why}")
        self._left = self._executions.study.problem() if executed else self._problem
        self._stamp = stamp_of_answers(study)
        self._claimed: dict[str, Certificate] = {}
        self._walks: dict[str, CertificateWalk] = {}

    def claim(self, certificate: Certificate) -> None:
        """Check all that needs no walk, and register the claim; prerequisites first.

        Raises:
            Refused: the certificate does not hold; says why.
            InputError: it cannot be proven at all.
        """
        if differs := mismatch(certificate, self._problem, self._stamp):
            raise Refused(f"the certificate is {differs}")
        tolerance = self._problem.tolerance
        if tolerance is not None and certificate.criterion == tolerance.name:
            part = ProofTask((certificate.criterion,))
            walk = self._walk(part)
            goal = self._nearly_best(tolerance, certificate)
        else:
            part = proof_task(certificate.criterion, self._problem)
            walk = self._walk(part)
            (goal,) = part.criteria(walk.problem, self._optima_of(certificate, part))
        refuse_idle_statements(certificate, self._problem, part)
        design = checked_design(certificate, walk.problem, goal)
        self._check_executions(certificate, Chip(design, part.network))
        walk.designs.append(design)
        self._claimed[certificate.criterion] = certificate
        place = _place(walk.problem, goal, design) if certificate.ties else None
        walk.claims.append(Claim(goal, certificate.bound, place))

    def _check_executions(self, certificate: Certificate, chip: Chip) -> None:
        """Check that what a certificate says of its design follows from the executions."""
        if not all(record in self._executions.executed for record in executed_in(certificate)):
            raise Refused("it states executions that its check does not know")
        says, state = certificate.confirmation, self._executions.state([chip])
        if says in (CONFIRMED, UNDECIDED) and says != state:
            raise Refused(f"it says {says}, but its executions say {state or 'nothing'}")

    def claim_infeasible(self, criterion: str) -> None:
        """Register the claim that no design is feasible for a criterion.

        Raises:
            Refused: the criterion cannot be proven.
        """
        walk = self._walk(proof_task(criterion, self._problem))
        goal = next(iter(bounded_criteria(walk.problem).values()))
        walk.claims.append(Claim(goal, math.inf))
        self._infeasible.add(criterion)

    def validate(self) -> int:
        """Compare the bounds with the costs of feasible designs.

        Returns:
            Number of designs of all walks; 0 if all designs are evaluated instead.

        Raises:
            Refused: a bound exceeds the cost of a design.
        """
        walks = self._walks.values()
        return sum(validate_bounds(w.problem, w.tree, w.designs) for w in walks)

    def prove(self, on_step: Callable[[int], None] = lambda _: None) -> list[DesignCounts]:
        """Prove all registered claims again.

        Args:
            on_step: called with the number of counted designs.

        Returns:
            Counts of all designs: on chips that run all networks, and on chips of one network with
            claims.

        Raises:
            Refused: a claim does not hold; says which and why.
        """
        walks = self._walks.values()
        return [check_bounds(w.problem, w.tree, w.claims, on_step) for w in walks]

    def _nearly_best(self, tolerance: Tolerance, certificate: Certificate) -> BoundedCriterion:
        """The second criterion within the tolerance of the certified optimum by the first."""
        first = tolerance.certificate_name
        if first not in self._claimed:
            raise Refused(f"no certificate of {first} beside it, which it rests on")
        best = self._claimed[first]
        if certificate.within != as_reference(best):
            raise Refused(f"it does not rest on the certificate of {first} beside it")
        within = nearly_best(tolerance, best)
        return bounded(within, len(self._problem.workload_names))

    def _walk(self, part: ProofTask) -> CertificateWalk:
        if part.network not in self._walks:
            problem = part.problem(self._left)
            with input_errors(of=NotProvable):
                partials = search_tree(problem)
            self._walks[part.network] = CertificateWalk(problem, partials, [], [])
        return self._walks[part.network]

    def _optima_of(self, certificate: Certificate, part: ProofTask) -> SingleNetworkOptima | None:
        if not part.prerequisites:
            return None
        networks, stated = self._problem.workload_names, certificate.single_network_optima
        for name, criterion in zip(networks, part.prerequisites, strict=True):
            having = [each for each in self._together if criterion not in each._infeasible]
            if not having or any(criterion not in each._claimed for each in having):
                raise Refused(f"no certificate of {criterion} beside it, which it rests on")
            proven = best_optimum([each._claimed[criterion] for each in having])
            if stated.get(name, {}) != proven:
                raise Refused(
                    f"the single-network optimum of {name} is not that of its certificate"
                )
        return SingleNetworkOptima.from_certificates({name: stated[name] for name in networks})


def _place(problem: AcceleratorProblem, goal: BoundedCriterion, design: Levels) -> Place:
    """Place of a design among those with equal scores."""
    costs = feasible_costs(problem, design)
    return problem.ties(goal).first(costs, problem.space.rank(design))[0]
