"""The best designs of a study with proof: certificates, criterion by criterion."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from imcmoo.exact.branch_and_bound import BranchAndBound, Proof, Trunk
from imcmoo.exact.branches import Branches
from imcmoo.exact.certificate import Certificate, certificate_of
from imcmoo.exact.goal import Goal, NotProvable, OwnBests, against, goals, relative
from imcmoo.io.errors import InputError
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.study.exact_comparison import stated
from imcmoo.study.study import Study

ALL = "all"

OnStep = Callable[[str, float, float, float], None]
"""Hears of every step: the criterion, and value, bound and gap so far."""


def wanted(problem: AcceleratorProblem, criterion: str) -> list[str]:
    """What is to be proven, in order: own bests before what is against them.

    Args:
        criterion: a name, or `all`.

    Raises:
        InputError: the criterion cannot be proven; says which can.
    """
    alone, later = list(goals(problem)), relative(problem)
    if criterion == ALL:
        return [*alone, *later]
    if criterion in later:
        return [*(f"edap_{name}" for name in problem.workload_names), criterion]
    if criterion not in alone:
        known = criterion in {c.name for c in problem.criteria}
        why = "it is not known to be monotone in energy, latency and area" if known else "unknown"
        raise InputError(
            f"criterion {criterion} cannot be certified: {why}; those that can: "
            f"{', '.join([*alone, *later])}"
        )
    return [criterion]


def certify_study(
    study: Study,
    criterion: str,
    *,
    gap: float,
    time_limit_s: float,
    on_step: OnStep = lambda *_: None,
) -> Iterator[Certificate]:
    """Prove one criterion of a study, or all.

    Args:
        criterion: a name, or `all`.
        gap: how far the design found may be above the best there is, as a share.
        time_limit_s: seconds for each criterion, after the tree is begun; the bound reached by
            then is what is proven.
        on_step: hears of every step.

    Yields:
        Certificates, each as soon as it is there.

    Raises:
        InputError: something cannot be certified, or no design is feasible.
    """
    problem, networks = study.problem(), study.network_set().fingerprint
    names = wanted(problem, criterion)
    began = time.perf_counter()
    try:
        branches = Branches(problem)
    except NotProvable as error:
        raise InputError(str(error)) from None
    trunk = Trunk.of(branches)
    proofs: dict[str, Proof] = {}
    for name in names:
        own = None
        if name in relative(problem):
            own = own_bests([proofs[f"edap_{n}"] for n in problem.workload_names])
        goal = goals(problem)[name] if own is None else against(relative(problem)[name], own)
        proofs[name] = _proof(BranchAndBound(branches, trunk, goal), gap, time_limit_s, on_step)
        yield certificate_of(
            proofs[name],
            problem,
            settings=stated(study),
            model=study.model,
            networks=networks,
            own=own,
            seconds=time.perf_counter() - began,
        )
        began = time.perf_counter()


def own_bests(proofs: Sequence[Proof]) -> OwnBests:
    """What the proofs of each network's EDAP say of its best."""
    return OwnBests(np.array([p.bound for p in proofs]), np.array([p.value for p in proofs]))


def _proof(search: BranchAndBound, gap: float, time_limit_s: float, on_step: OnStep) -> Proof:
    deadline = time.perf_counter() + time_limit_s
    goal: Goal = search.goal

    def stop(now: BranchAndBound) -> bool:
        on_step(goal.name, now.value, now.bound, goal.gap(now.value, now.bound))
        return time.perf_counter() > deadline

    return search.run(gap, stop)
