"""Small parts of the large spaces of the physical model, and their exact answers by enumeration."""

from dataclasses import replace

import numpy as np

from imcmoo.exact.bounded_criteria import (
    SingleNetworkOptima,
    bounded_criteria,
    regret_criteria,
    regret_criterion,
)
from imcmoo.exact.branch_and_bound import BranchAndBound, RootExpansion, expand_shared_root
from imcmoo.exact.enumeration import Enumeration, NothingFeasible
from imcmoo.exact.node_expander import NodeExpander
from imcmoo.space.parameters import Conditional
from imcmoo.space.restricted import restricted
from problems import (
    DIMC_PHYSICAL,
    RRAM_EXTENDED,
    SRAM_EXTENDED,
    SRAM_TECHNOLOGY_EXTENDED,
    STUDIES,
)

SPACES = {"rram": RRAM_EXTENDED, "sram": SRAM_EXTENDED, "nodes": SRAM_TECHNOLOGY_EXTENDED}
SPACES["dimc"] = DIMC_PHYSICAL
SMALLER = {name: f"four_workload_{name}_physical" for name in ("rram", "sram", "dimc")}
NETWORKS = ("mobilenet_v3_onnx", "resnet18_onnx")


def study_on(space, **more):
    """Two networks, so that tests are quick, on a space of the physical model."""
    return STUDIES[SMALLER["rram"]].replace(space=space, networks=NETWORKS, **more)


def feasible_values(device, rng, n, study=None):
    """Values by name of some designs that are feasible for the networks of a study, or for two."""
    smaller = SMALLER[device] if study is None else study.name.replace("extended", "physical")
    space = STUDIES[smaller].space
    model = (study_on(space) if study is None else STUDIES[smaller]).cost_model()
    levels = np.empty((0, len(space.shape)), int)
    while len(levels) < n:
        drawn = iter(np.split(space.random(4000, rng), 20))
        while len(levels) < n and (some := next(drawn, None)) is not None:
            known = model.resources(some)
            some = some[known.runs.all(axis=1) & (known.area_m2 <= 800e-6)]
            levels = np.concatenate([levels, some])[:n]
    return space.designs(levels)


def part_of(space, rng, at_most, around=None, at_least=200):
    """A random part of a space, of a few values of each parameter.

    Args:
        at_most, at_least: designs.
        around: values by name of a design that is to be in it, where it can be.
    """
    while True:
        values = {}
        for p in space.parameters:
            if not isinstance(p, Conditional):
                at = list(rng.choice(len(p), min(len(p), rng.integers(1, 4)), replace=False))
                if around is not None and around.get(p.name) in p.values:
                    at[0] = p.values.index(around[p.name])
                values[p.name] = [p.values[i] for i in sorted(set(at))]
        part = restricted(space, values, name="part")
        if at_least <= part.size <= at_most:
            return part


def parts(name, seed, n, at_most, at_least=200):
    """Studies of two networks on random parts of a space, in each a feasible design."""
    rng = np.random.default_rng(seed)
    for around in feasible_values("rram" if name == "rram" else "sram", rng, n):
        around = around | {"technology_nm": 22}
        yield study_on(part_of(SPACES[name], rng, at_most, around, at_least))


def enumerated(problem):
    """Optima by criterion; None where nothing is feasible."""
    try:
        return Enumeration(problem).answer().optima
    except NothingFeasible:
        return None


def proven(problem, *names, gap=0.0, steps=10**9):
    """A proof of each criterion, by name; without names, of all, and of joint regret if a design is
    feasible."""
    branches = NodeExpander(problem)
    trunk = RootExpansion.expand(branches)

    def run(goals):
        left = iter(range(steps))
        searches = [BranchAndBound(branches, trunk, goal, gap) for goal in goals]
        expand_shared_root(searches, lambda: next(left, None) is None)
        proofs = [search.run(lambda _: next(left, None) is None) for search in searches]
        return {proof.goal.name: proof for proof in proofs}

    goals = bounded_criteria(problem)
    proofs = run([goals[name] for name in names or goals])
    if names:
        return proofs
    best = [proofs[f"edap_{name}"] for name in problem.workload_names]
    bests = SingleNetworkOptima(
        np.array([p.bound for p in best]), np.array([p.value for p in best])
    )
    if np.isfinite(bests.value).all():
        joint = [
            replace(regret_criterion(c, bests), name=c.joint_name)
            for c in regret_criteria(problem).values()
        ]
        proofs |= run(joint)
    return proofs


def counted(proof):
    """Designs of which a proof says what became of them."""
    return sum(proof.infeasible.values()) + sum(proof.excluded.values()) + proof.evaluated


def agrees(problem, *names):
    """Compare proofs of some criteria, or of all, with enumeration; returns whether a design is
    feasible."""
    optima, proofs = enumerated(problem), proven(problem, *names)
    for name, proof in proofs.items():
        assert counted(proof) == problem.space.size, name
        if optima is None:
            assert proof.levels is None
            assert proof.bound == np.inf
        else:
            assert proof.value == proof.bound == optima[name].value, name
            assert proof.gap == 0
            assert problem.space.rank(proof.levels[None])[0] in optima[name].ranks
    return optima is not None
