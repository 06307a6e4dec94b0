"""Proofs of models that bound boxes of designs."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.exact.branch_and_bound import BranchAndBound, Trunk
from imcmoo.exact.branches import Branches, partials_of
from imcmoo.exact.check import Claim, Refused, check_bounds
from imcmoo.exact.goal import goals
from imcmoo.exact.halved_boxes import HalvedBoxes
from imcmoo.exact.together import branch_together
from imcmoo.space.parameters import Ordinal
from imcmoo.space.restricted import restricted
from imcmoo.study.certify_study import searched
from problems import STUDIES
from tests.boxed_toy import NAMES, space_of
from tests.exact.certified_spaces import counted, enumerated, proven

MODEL = "tests.boxed_toy:BoxedToy"


def problem_on(space, networks=("resnet18", "alexnet", "vgg16"), area_limit_m2=None):
    study = replace(
        STUDIES["four_workload_rram"],
        model=MODEL,
        space=space,
        workloads=networks,
        area_limit_m2=area_limit_m2,
    )
    return study.problem()


@pytest.mark.parametrize("seed", range(3))
def test_proven_optima_are_the_enumerated_ones(seed):
    rng = np.random.default_rng(seed)
    values = {
        name: sorted(rng.choice(10, rng.integers(1, 5), replace=False).tolist()) for name in NAMES
    }
    problem = problem_on(restricted(space_of(10), values, name="part"))
    exact, proofs = enumerated(problem), proven(problem)
    if exact is None:
        assert all(proof.levels is None for proof in proofs.values())
        return
    for name, optimum in exact.items():
        if name in proofs:
            assert proofs[name].value == pytest.approx(optimum.value, rel=1e-12)
            assert proofs[name].gap == 0
            assert counted(proofs[name]) == problem.space.size


def begun(problem, name, gap):
    branches = Branches(problem)
    return BranchAndBound(branches, Trunk.of(branches), goals(problem)[name], gap)


def test_a_dive_that_leaves_nothing_to_branch_ends_the_proof():
    problem = problem_on(space_of(7))
    proof = begun(problem, "edap_max", gap=5).run(lambda _: False)
    assert 0 < proof.gap <= 5
    assert counted(proof) == problem.space.size


def test_a_tree_that_ends_where_bounds_begin_is_proven():
    values = {name: [3] for name in NAMES} | {"bits": [3, 4]}
    problem = problem_on(restricted(space_of(10), values, name="part"))
    search = begun(problem, "edap_max", gap=0)
    branch_together([search], lambda: False)
    proof = search.run(lambda _: False)
    assert proof.gap == 0
    assert counted(proof) == 2


def test_a_check_walks_the_same_boxes_and_refuses_a_bound_that_is_raised():
    problem = problem_on(space_of(3))
    assert isinstance(partials_of(problem), HalvedBoxes)
    proof = proven(problem)["edap_geomean"]
    claims = [Claim(proof.goal, proof.bound)]
    assert check_bounds(problem, HalvedBoxes(problem.model), claims).all == problem.space.size
    raised = [Claim(proof.goal, proof.bound * (1 + 1e-6))]
    with pytest.raises(Refused, match="below the bound"):
        check_bounds(problem, HalvedBoxes(problem.model), raised)


def test_nodes_are_halved_first_so_that_prices_are_bounded():
    nodes = Ordinal("technology_nm", (7, 22, 45))
    space = replace(space := space_of(3), parameters=(*space.parameters, nodes))
    partials = HalvedBoxes(problem_on(space).model)
    rows = partials.start
    for stage in range(partials.bound_from):
        rows, _ = partials.options(rows, stage)
    assert set(rows[:, 10].tolist()) == {0, 1, 2}
    assert (rows[:, 10] == rows[:, 21]).all()


def test_no_completion_is_below_its_bound_and_each_is_counted_once():
    model, rng = problem_on(space_of(10)).model, np.random.default_rng(1)
    partials = HalvedBoxes(model)
    rows = partials.start
    for stage in range(len(partials.stages)):
        children, parents = partials.options(rows, stage)
        sums = np.bincount(parents, partials.completions(children), len(rows))
        assert (sums == partials.completions(rows)).all()
        bounds = partials.bound(children)
        low, high = children[:, :10], children[:, 10:]
        metrics = model.evaluate(low + (rng.random(low.shape) * (high - low + 1)).astype(int))
        runs = metrics.runs.all(axis=1)
        for name, values in bounds.values.items():
            assert (values[runs] <= metrics.values[name][runs] * (1 + 1e-12)).all()
        rows = children[rng.permutation(len(children))[:64]]
    assert (partials.completions(rows) == 1).all()


def test_a_search_comes_first():
    problem = problem_on(space_of(5))
    levels = searched(problem, seed=1)
    value = proven(problem_on(space_of(3)))["edap_max"].value
    F, G = problem.score(levels, problem.model.evaluate(levels))
    assert (G <= 0).all()
    # The best of a part of the space is no match for it.
    assert problem.costs(F).edap.max(axis=1).min() < value
    nothing = problem_on(space_of(10), area_limit_m2=1e-12)
    assert searched(nothing, seed=1).shape == (0, len(NAMES))
