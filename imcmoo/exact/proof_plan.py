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
from imcmoo.problem.criteria import SINGLE_NETWORK
from imcmoo.problem.problem import AcceleratorProblem


@dataclass(frozen=True)
class ProofTask:
    """Criteria that are proven together, on one search tree.

    Args:
        names: names of the criteria.
        network: the network that the chips must run; empty for all networks.
        prerequisites: names of the single-network optima to prove before, one per network, if any.
    """

    names: tuple[str, ...]
    network: str = ""
    prerequisites: tuple[str, ...] = ()


def provable(problem: AcceleratorProblem) -> tuple[list[str], list[str]]:
    """Names of all provable criteria, prerequisites first.

    Returns:
        Criteria on chips that run every network, and criteria that need chips of one network.
    """
    later = regret_criteria(problem)
    single: list[str] = []
    if problem.has_edap and problem.model.offers("for_network"):
        single = [*(f"{SINGLE_NETWORK}{name}" for name in problem.workload_names), *later]
    return [*bounded_criteria(problem), *(c.joint_name for c in later.values())], single


def proof_plan(problem: AcceleratorProblem, names: Sequence[str]) -> list[ProofTask]:
    """Tasks that prove some criteria and their prerequisites, in order.

    Args:
        names: names from `provable`.
    """
    networks = problem.workload_names
    joint = tuple(f"edap_{name}" for name in networks)
    optima = tuple(f"{SINGLE_NETWORK}{name}" for name in networks)
    later = regret_criteria(problem).values()
    against_joint = tuple(c.joint_name for c in later if c.joint_name in names)
    against_single = tuple(c.name for c in later if c.name in names)
    first = {n for n in bounded_criteria(problem) if n in names} | set(
        joint if against_joint else ()
    )
    single = {n for n in optima if n in names} | set(optima if against_single else ())
    parts = [
        ProofTask(tuple(n for n in bounded_criteria(problem) if n in first)),
        ProofTask(against_joint, prerequisites=joint),
        *(ProofTask((o,), network=n) for o, n in zip(optima, networks, strict=True) if o in single),
        ProofTask(against_single, prerequisites=optima),
    ]
    return [part for part in parts if part.names]


def problem_of(problem: AcceleratorProblem, part: ProofTask) -> AcceleratorProblem:
    """The problem of a task: `problem`, or that of one network on a chip of its own.

    Raises:
        NotProvable: there is no model of one network.
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
    """Bounded criteria of a task.

    Args:
        problem: the problem of the task.
        part: the task.
        own: proven optima that the task rests on, if any.
    """
    if own is not None:
        named = {n: c for c in regret_criteria(problem).values() for n in (c.name, c.joint_name)}
        return [replace(regret_criterion(named[name], own), name=name) for name in part.names]
    by_name: Mapping[str, BoundedCriterion] = bounded_criteria(problem)
    if part.network:
        return [replace(by_name[f"edap_{part.network}"], name=part.names[0])]
    return [by_name[name] for name in part.names]
