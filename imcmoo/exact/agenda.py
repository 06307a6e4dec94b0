"""What can be proven of a problem, in which order, on which chips, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from imcmoo.exact.enumeration import against_alone
from imcmoo.exact.goal import Goal, NotProvable, OwnBests, against, goals, relative
from imcmoo.model.cost_model import TakesApart
from imcmoo.problem.problem import AcceleratorProblem

ALONE = "alone_"
"""`alone_NETWORK`: the network's best EDAP on a chip that need not run the others."""


@dataclass(frozen=True)
class Part:
    """Criteria that are proven together, on one tree of partial designs.

    Args:
        names: of the criteria.
        network: the one that the chips must run; all of them if empty.
        rests_on: the networks' own bests, which are proven before.
    """

    names: tuple[str, ...]
    network: str = ""
    rests_on: tuple[str, ...] = ()


def provable(problem: AcceleratorProblem) -> tuple[list[str], list[str]]:
    """Names of all that can be proven, what others rest on first: on chips that run every network,
    and what is about chips of one network's own."""
    later = list(relative(problem))
    alone: list[str] = []
    if problem.has_edap and isinstance(problem.model, TakesApart):
        alone = [f"{ALONE}{name}" for name in problem.workload_names]
        alone += [against_alone(name) for name in later]
    return [*goals(problem), *later], alone


def agenda(problem: AcceleratorProblem, names: Sequence[str]) -> list[Part]:
    """Some of what is provable as parts, in order; with what it rests on.

    Args:
        names: some of those of `provable`.
    """
    networks = problem.workload_names
    own = tuple(f"edap_{name}" for name in networks)
    alone = tuple(f"{ALONE}{name}" for name in networks)
    against_own = tuple(name for name in relative(problem) if name in names)
    against_alones = tuple(n for n in map(against_alone, relative(problem)) if n in names)
    first = {n for n in goals(problem) if n in names} | set(own if against_own else ())
    apart = {n for n in alone if n in names} | set(alone if against_alones else ())
    parts = [
        Part(tuple(n for n in goals(problem) if n in first)),
        Part(against_own, rests_on=own),
        *(Part((a,), network=n) for a, n in zip(alone, networks, strict=True) if a in apart),
        Part(against_alones, rests_on=alone),
    ]
    return [part for part in parts if part.names]


def problem_of(problem: AcceleratorProblem, part: Part) -> AcceleratorProblem:
    """The problem that a part is about: the given one, or that of one of its networks.

    Raises:
        NotProvable: the model cannot be taken apart.
    """
    if not part.network:
        return problem
    if not isinstance(problem.model, TakesApart):
        raise NotProvable("the cost model does not tell what one network alone would cost")
    apart = problem.model.apart()
    assert isinstance(apart, TakesApart)
    return AcceleratorProblem(
        apart.only(part.network),
        area_limit_m2=problem.area_limit_m2,
        limits=problem.limits.given,
    )


def goals_of(problem: AcceleratorProblem, part: Part, own: OwnBests | None) -> list[Goal]:
    """The criteria of a part.

    Args:
        problem: that of the part.
        own: what is proven of what it rests on, if it rests on any.
    """
    if own is not None:
        named = {f(c.name): c for c in relative(problem).values() for f in (str, against_alone)}
        return [replace(against(named[name], own), name=name) for name in part.names]
    known: Mapping[str, Goal] = goals(problem)
    if part.network:
        return [replace(known[f"edap_{part.network}"], name=part.names[0])]
    return [known[name] for name in part.names]
