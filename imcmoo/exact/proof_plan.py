"""Plan of proofs: provable criteria of a problem, their order, their chips and prerequisites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from imcmoo.exact.bounded_criteria import (
    BoundedCriterion,
    NotProvable,
    SingleNetworkOptima,
    bounded_criteria,
    regret_criteria,
    regret_criterion,
)
from imcmoo.problem.problem import AcceleratorProblem

ALONE = "alone_"
"""`alone_NETWORK`: the network's best EDAP on a chip that need not run the others."""


@dataclass(frozen=True)
class ProofTask:
    """Criteria that are proven together, on one tree of partial designs.

    Args:
        names: of the criteria.
        network: the one that the chips must run; all of them if empty.
        rests_on: single-network optima, which are proven before.
    """

    names: tuple[str, ...]
    network: str = ""
    rests_on: tuple[str, ...] = ()


def provable(problem: AcceleratorProblem) -> tuple[list[str], list[str]]:
    """Names of all that can be proven, what others rest on first: on chips that run every network,
    and what is about chips of one network's own."""
    later = regret_criteria(problem)
    alone: list[str] = []
    if problem.has_edap and problem.model.offers("for_network"):
        alone = [*(f"{ALONE}{name}" for name in problem.workload_names), *later]
    return [*bounded_criteria(problem), *(c.joint_name for c in later.values())], alone


def proof_plan(problem: AcceleratorProblem, names: Sequence[str]) -> list[ProofTask]:
    """Some of what is provable as parts, in order; with what it rests on.

    Args:
        names: some of those of `provable`.
    """
    networks = problem.workload_names
    joint = tuple(f"edap_{name}" for name in networks)
    alone = tuple(f"{ALONE}{name}" for name in networks)
    later = regret_criteria(problem).values()
    against_joint = tuple(c.joint_name for c in later if c.joint_name in names)
    against_alone = tuple(c.name for c in later if c.name in names)
    first = {n for n in bounded_criteria(problem) if n in names} | set(
        joint if against_joint else ()
    )
    single = {n for n in alone if n in names} | set(alone if against_alone else ())
    parts = [
        ProofTask(tuple(n for n in bounded_criteria(problem) if n in first)),
        ProofTask(against_joint, rests_on=joint),
        *(ProofTask((a,), network=n) for a, n in zip(alone, networks, strict=True) if a in single),
        ProofTask(against_alone, rests_on=alone),
    ]
    return [part for part in parts if part.names]


def problem_of(problem: AcceleratorProblem, part: ProofTask) -> AcceleratorProblem:
    """The problem that a part is about: the given one, or that of one of its networks.

    Raises:
        NotProvable: the model cannot be taken apart.
    """
    if not part.network:
        return problem
    if not problem.model.offers("for_network"):
        raise NotProvable("the cost model does not tell what one network alone would cost")
    return AcceleratorProblem(
        problem.model.time_multiplexed().for_network(part.network),
        area_limit_m2=problem.area_limit_m2,
        limits=problem.limits.given,
    )


def criteria_of(
    problem: AcceleratorProblem, part: ProofTask, own: SingleNetworkOptima | None
) -> list[BoundedCriterion]:
    """The criteria of a part.

    Args:
        problem: that of the part.
        own: what is proven of what it rests on, if it rests on any.
    """
    if own is not None:
        named = {n: c for c in regret_criteria(problem).values() for n in (c.name, c.joint_name)}
        return [replace(regret_criterion(named[name], own), name=name) for name in part.names]
    by_name: Mapping[str, BoundedCriterion] = bounded_criteria(problem)
    if part.network:
        return [replace(by_name[f"edap_{part.network}"], name=part.names[0])]
    return [by_name[name] for name in part.names]
