"""Verify certificates of a study by proving them again together."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from imcmoo.exact.behaviour import changed
from imcmoo.exact.bounded_criteria import (
    BoundedCriterion,
    NotProvable,
    ProofTask,
    SingleNetworkOptima,
    bounded,
    bounded_criteria,
    criteria_of,
    problem_of,
    proof_plan,
    provable,
)
from imcmoo.exact.certificate import (
    FILE,
    OPTIMA,
    WITHIN,
    Certificate,
    as_reference,
    best_optimum,
    read_certificates,
)
from imcmoo.exact.check import (
    Claim,
    DesignCounts,
    Refused,
    check_bounds,
    feasible_costs,
    validate_bounds,
)
from imcmoo.exact.node_expander import partials_of
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.stamp import OLDER, Stamp
from imcmoo.model.partials import PartialDesignTree
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.ties import Place
from imcmoo.problem.tolerance import SUFFIX, Tolerance
from imcmoo.space.design_space import Levels
from imcmoo.study.provenance import stamp_of_answers
from imcmoo.study.study import Study


def of_one_criterion(
    folder: Path, settings: Mapping[str, Any] | None = None
) -> dict[Path, Certificate]:
    """Read the certificates of a folder, and those of its subfolders that state the same criterion.

    A user's criterion is stated by its certificates and their prerequisites. If it is not that of
    the study, they are in a folder of its name, which is apart.

    Args:
        folder: the folder.
        settings: settings of the study. If None, those of the first certificate.
    """
    paths = read_certificates(folder)
    if settings is None:
        settings = next((c.settings for c in paths.values()), {})
    criterion = settings.get("criterion")
    return {
        path: certificate
        for path, certificate in paths.items()
        if path == folder or certificate.settings.get("criterion") == criterion
    }


def certificates(folder: Path) -> dict[Path, Certificate]:
    """Read the certificates of a folder and its subfolders, prerequisites first.

    Raises:
        InputError: there are none, or a file is none or of an older version.
    """
    paths = of_one_criterion(folder)
    if not paths:
        raise InputError(f"{folder} holds no {FILE}")
    for path, certificate in paths.items():
        if not certificate.settings:
            raise InputError(f"{path / FILE} is of {OLDER}: certify again")

    def rests_on(item: tuple[Path, Certificate]) -> tuple[bool, bool]:
        _, certificate = item
        return certificate.criterion.endswith(SUFFIX), bool(certificate.single_network_optima)

    return dict(sorted(paths.items(), key=rests_on))


def certified_study(settings: Mapping[str, Any], study: Study) -> Study:
    """The study with the settings of a certificate.

    Raises:
        Refused: the study cannot have these settings.
    """
    names = ("deployment", "criterion") if settings.get("criterion") else ("deployment",)
    try:
        return study.with_settings(settings, names)
    except (KeyError, ValueError, TypeError) as error:
        raise Refused(f"settings of the certificate: {error}") from None


def mismatch(certificate: Certificate, problem: AcceleratorProblem, stamp: Stamp) -> str:
    """Name why a certificate is not that of the joint problem of a study, or return an empty text;
    `stamp` is that of the study's answers."""
    if not certificate.intact:
        return "not as it was written"
    differs = stamp.difference(certificate.stamp) or changed(problem, certificate.behaviour)
    return differs and f"of {differs}"


class CertificateWalk(NamedTuple):
    """Problem, tree, claims and claimed designs of one walk."""

    problem: AcceleratorProblem
    tree: PartialDesignTree
    claims: list[Claim]
    designs: list[Levels]


class Checker:
    """Checks certificates of one problem in one walk, plus one per network with its own chips.

    Call `claim` for each certificate, then `validate` and `prove`. The study must have the settings
    of the certificates (`certified_study`).

    Args:
        study: the study.
        together: checkers of all devices of a study that lists them, to which this one is added:
            regrets are against the best single-network optima of all.
    """

    def __init__(self, study: Study, together: list[Checker] | None = None) -> None:
        self._together = [] if together is None else together
        self._together.append(self)
        self._infeasible: set[str] = set()
        self._problem: AcceleratorProblem = study.problem()
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
            part = _task_of(certificate.criterion, self._problem)
            walk = self._walk(part)
            (goal,) = criteria_of(walk.problem, part, self._optima_of(certificate, part))
        _refuse_idle(certificate, self._problem, part)
        design = _checked_design(certificate, walk.problem, goal)
        walk.designs.append(design)
        self._claimed[certificate.criterion] = certificate
        place = _place(walk.problem, goal, design) if certificate.ties else None
        walk.claims.append(Claim(goal, certificate.bound, place))

    def claim_infeasible(self, criterion: str) -> None:
        """Register the claim that no design is feasible for a criterion.

        Raises:
            Refused: the criterion cannot be proven.
        """
        walk = self._walk(_task_of(criterion, self._problem))
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
        first = tolerance.rests_on
        if first not in self._claimed:
            raise Refused(f"no certificate of {first} beside it, which it rests on")
        best = self._claimed[first]
        if certificate.within != as_reference(best):
            raise Refused(f"it does not rest on the certificate of {first} beside it")
        within = nearly_best(tolerance, best)
        return bounded(within, len(self._problem.workload_names))

    def _walk(self, part: ProofTask) -> CertificateWalk:
        if part.network not in self._walks:
            problem = problem_of(self._problem, part)
            with input_errors(of=NotProvable):
                partials = partials_of(problem)
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
        return SingleNetworkOptima.of_certified({name: stated[name] for name in networks})


def nearly_best(tolerance: Tolerance, best: Certificate) -> Criterion:
    """The second criterion within a tolerance of a certified design."""
    optima = [optimum["value"] for optimum in best.single_network_optima.values()]
    return tolerance.criterion(best.value, np.array(optima) if optima else None)


def _place(problem: AcceleratorProblem, goal: BoundedCriterion, design: Levels) -> Place:
    """Place of a design among those with equal scores."""
    costs = feasible_costs(problem, design)
    return problem.ties(goal).first(costs, problem.space.rank(design))[0]


def flaw(certificate: Certificate, problem: AcceleratorProblem) -> str:
    """First false statement of a certificate that needs no walk; else an empty text.

    Args:
        certificate: the certificate.
        problem: joint problem of its study.
    """
    try:
        part = _task_of(certificate.criterion, problem)
        stated = certificate.single_network_optima
        optima = SingleNetworkOptima.of_certified(stated) if part.prerequisites else None
        _refuse_idle(certificate, problem, part)
        of_part = problem_of(problem, part)
        (goal,) = criteria_of(of_part, part, optima)
        _checked_design(certificate, of_part, goal)
    except (Refused, KeyError, NotProvable, OverflowError, TypeError, ValueError) as error:
        return str(error)
    return ""


def _task_of(criterion: str, problem: AcceleratorProblem) -> ProofTask:
    if not any(criterion in names for names in provable(problem)):
        raise Refused(f"criterion {criterion} cannot be proven here")
    tasks = proof_plan(problem, [criterion])
    return next(replace(t, names=(criterion,)) for t in tasks if criterion in t.names)


def _refuse_idle(certificate: Certificate, problem: AcceleratorProblem, part: ProofTask) -> None:
    """Refuse statements on which the proof of a task does not rest, since nothing checks them."""
    tolerance = problem.tolerance
    if certificate.within and (tolerance is None or part.names != (tolerance.name,)):
        raise Refused(f"it states {WITHIN}, on which {certificate.criterion} does not rest")
    networks = problem.workload_names if part.prerequisites else []
    if idle := [name for name in certificate.single_network_optima if name not in networks]:
        raise Refused(
            f"it states {OPTIMA} of {', '.join(idle)}, on which {certificate.criterion} does not "
            "rest"
        )


def _checked_design(
    certificate: Certificate, problem: AcceleratorProblem, goal: BoundedCriterion
) -> Levels:
    """The certified design, shape (1, n_parameters); refuses false statements that need no walk."""
    counts = [n for stage in certificate.stages.values() for n in stage.values()]
    counts.append(certificate.evaluated)
    if not all(type(n) is int and n >= 0 for n in counts) or type(certificate.designs) is not int:
        raise Refused("counts must be whole numbers")
    if certificate.designs != problem.space.size:
        raise Refused(f"the space has {problem.space.size:,} designs, not {certificate.designs:,}")
    if sum(counts) != certificate.designs:
        raise Refused(f"counts add up to {sum(counts):,} designs, not {certificate.designs:,}")
    if sorted(certificate.design) != sorted(problem.space.names):
        raise Refused("the incumbent has other parameters than the space")
    try:
        levels = problem.space.levels_of(certificate.design)
    except ValueError as error:
        raise Refused(f"the incumbent is no design of the space: {error}") from None
    costs = feasible_costs(problem, levels)
    if not len(costs):
        raise Refused("the incumbent is not feasible")
    score = float(goal.score(costs)[0])
    if score != certificate.value:
        raise Refused(f"the incumbent scores {score}, not {certificate.value}")
    if certificate.bound > certificate.value:
        raise Refused("the bound is above the value of a design")
    if goal.gap(certificate.value, certificate.bound) != certificate.gap:
        raise Refused("the gap is not that of value and bound")
    rule = str(problem.ties(goal))
    if certificate.ties and (certificate.ties != rule or certificate.gap > 0):
        raise Refused(
            f"it chooses among equal scores by {certificate.ties}; it must be by {rule}, and the "
            "gap 0"
        )
    return levels
