"""Small parts of the large spaces of the physical model, and their exact answers by enumeration."""

from dataclasses import replace

import numpy as np

from imcmoo.exact.branch_and_bound import BranchAndBound, Trunk
from imcmoo.exact.branches import Branches
from imcmoo.exact.enumeration import Enumeration, NothingFeasible
from imcmoo.exact.goal import OwnBests, against, goals, relative
from imcmoo.space.parameters import Conditional
from imcmoo.space.restricted import restricted
from problems import STUDIES

SMALLER = {"rram": "four_workload_rram_physical", "sram": "four_workload_sram_physical"}
NETWORKS = ("mobilenet_v3_onnx", "resnet18_onnx")


def study_on(space, **more):
    """Two networks, so that tests are quick, on a space of the physical model."""
    return replace(STUDIES[SMALLER["rram"]], space=space, workloads=NETWORKS, **more)


def feasible_values(device, rng, n):
    """Values by name of some designs that are feasible for two networks."""
    space = STUDIES[SMALLER[device]].space
    model = study_on(space).cost_model()
    levels = space.random(4000, rng)
    known = model.resources(levels)
    levels = levels[known.runs.all(axis=1) & (known.area_m2 <= 800e-6)][:n]
    assert len(levels) == n
    return [{k: v[i].item() for k, v in space.decode(levels).items()} for i in range(n)]


def part_of(space, rng, at_most, around=None):
    """A random part of a space, of a few values of each parameter.

    Args:
        around: values by name of a design that is to be in it, where it can be.
    """
    while True:
        values = {}
        for p in space.parameters:
            if not isinstance(p, Conditional):
                some = list(rng.choice(len(p), min(len(p), rng.integers(1, 4)), replace=False))
                if around is not None and around[p.name] in p.values:
                    some[0] = p.values.index(around[p.name])
                values[p.name] = [p.values[i] for i in sorted(set(some))]
        part = restricted(space, values, name="part")
        if 200 <= part.size <= at_most:
            return part


def enumerated(problem):
    """Optima by criterion; None where nothing is feasible."""
    enumeration = Enumeration(problem)
    try:
        return enumeration.conclude([enumeration.survey(b) for b in enumeration.stretches()]).optima
    except NothingFeasible:
        return None


def proven(problem, gap=0.0, steps=10**9):
    """A proof of every criterion, by name; of those against own bests if there is a design."""
    branches = Branches(problem)
    trunk = Trunk.of(branches)

    def run(goal):
        left = iter(range(steps))
        return BranchAndBound(branches, trunk, goal).run(gap, lambda _: next(left, None) is None)

    found = {name: run(goal) for name, goal in goals(problem).items()}
    own = [found[f"edap_{name}"] for name in problem.workload_names]
    bests = OwnBests(np.array([p.bound for p in own]), np.array([p.value for p in own]))
    if np.isfinite(bests.found).all():
        for name, criterion in relative(problem).items():
            found[name] = run(against(criterion, bests))
    return found


def counted(proof):
    """Designs of which a proof says what became of them."""
    return sum(proof.infeasible.values()) + sum(proof.excluded.values()) + proof.evaluated
