"""The best designs of a study with proof: certificates, criterion by criterion."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from imcmoo.exact.branch_and_bound import BranchAndBound, Proof, Trunk
from imcmoo.exact.branches import Branches
from imcmoo.exact.certificate import Certificate, certificate_of
from imcmoo.exact.goal import Goal, NotProvable, OwnBests, against, goals, relative
from imcmoo.exact.together import branch_together
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
    for group in (
        [name for name in names if name not in relative(problem)],
        [name for name in names if name in relative(problem)],
    ):
        if not group:
            continue
        own = None
        if group[0] in relative(problem):
            own = own_bests([proofs[f"edap_{n}"] for n in problem.workload_names])
        for search in _begun(branches, trunk, _goals(problem, group, own), time_limit_s, on_step):
            proof = search.run(gap, _until(time.perf_counter() + time_limit_s, on_step))
            proofs[search.goal.name] = proof
            yield certificate_of(
                proof,
                problem,
                settings=stated(study),
                model=study.model,
                networks=networks,
                own=own,
                seconds=time.perf_counter() - began,
            )
            began = time.perf_counter()


def _goals(problem: AcceleratorProblem, names: Sequence[str], own: OwnBests | None) -> list[Goal]:
    if own is None:
        return [goals(problem)[name] for name in names]
    return [against(relative(problem)[name], own) for name in names]


def _begun(
    branches: Branches, trunk: Trunk, wanted: Sequence[Goal], time_limit_s: float, on_step: OnStep
) -> list[BranchAndBound]:
    """A search for each criterion, past the stage they go through together."""
    searches = [BranchAndBound(branches, trunk, goal) for goal in wanted]
    stop = _until(time.perf_counter() + time_limit_s * len(searches), on_step)
    branch_together(searches, lambda: stop(searches[0]))
    return searches


def _until(deadline: float, on_step: OnStep) -> Callable[[BranchAndBound], bool]:
    def stop(now: BranchAndBound) -> bool:
        on_step(now.goal.name, now.value, now.bound, now.goal.gap(now.value, now.bound))
        return time.perf_counter() > deadline

    return stop


def own_bests(proofs: Sequence[Proof]) -> OwnBests:
    """What the proofs of each network's EDAP say of its best."""
    return OwnBests(np.array([p.bound for p in proofs]), np.array([p.value for p in proofs]))
