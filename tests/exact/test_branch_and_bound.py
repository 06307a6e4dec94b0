"""Certified optima are those of enumeration; bounds lie below every completion."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.exact import branches as tree
from imcmoo.exact.branch_and_bound import BranchAndBound, Trunk
from imcmoo.exact.branches import Branches
from imcmoo.exact.check import Claim, check_bounds
from imcmoo.exact.goal import BoundedCosts, NotProvable, OwnBests, against, relative
from imcmoo.model.metrics import Metrics
from imcmoo.problem.limits import Limits
from problems import STUDIES
from problems.physical_extended import (
    RRAM_EXTENDED,
    SRAM_EXTENDED,
    SRAM_TECHNOLOGY_EXTENDED,
)
from tests.exact.brute_force import CASES, exact_of
from tests.exact.certified_spaces import (
    counted,
    enumerated,
    feasible_values,
    part_of,
    proven,
    study_on,
)

SPACES = {"rram": RRAM_EXTENDED, "sram": SRAM_EXTENDED}


def agrees(problem):
    """Compare proofs with enumeration; returns whether a design is feasible."""
    optima, proofs = enumerated(problem), proven(problem)
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


@pytest.mark.parametrize("device", SPACES)
def test_certified_optima_are_the_enumerated_ones(device):
    rng = np.random.default_rng(1)
    feasible = [
        agrees(study_on(part_of(SPACES[device], rng, 1200, around)).problem())
        for around in (*feasible_values(device, rng, 2), None)
    ]
    assert sum(feasible) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("device", SPACES)
def test_certified_optima_are_the_enumerated_ones_on_many_parts(device):
    rng = np.random.default_rng(2)
    space = SPACES[device]
    feasible = [
        agrees(study_on(part_of(space, rng, 60_000, around)).problem())
        for around in (*feasible_values(device, rng, 50), *[None] * 5)
    ]
    assert sum(feasible) >= 50


@pytest.mark.slow
@pytest.mark.parametrize("networks", ["four", "nine"])
@pytest.mark.parametrize("device", SPACES)
def test_certified_optima_are_the_enumerated_ones_of_a_million_designs(device, networks):
    """Four times 26 parts of 50,000 designs and more: 5·10⁶ in all."""
    rng = np.random.default_rng(4)
    study = STUDIES[f"{networks}_workload_{device}_extended"]
    parts = [
        part_of(study.space, rng, 80_000, around, at_least=45_000)
        for around in feasible_values(device, rng, 26, study)
    ]
    assert sum(part.size for part in parts) >= 1.25e6
    feasible = [agrees(replace(study, space=part).problem()) for part in parts]
    assert sum(feasible) >= 20


@pytest.mark.slow
def test_certified_optima_of_the_reference_are_the_enumerated_ones():
    """All 1.2·10⁷ designs of the paper's RRAM study."""
    assert agrees(STUDIES["four_workload_rram"].problem())


def test_supplies_that_depend_on_the_node_are_certified():
    rng = np.random.default_rng(3)
    around = feasible_values("sram", rng, 1)[0] | {"technology_nm": 22}
    part = part_of(SRAM_TECHNOLOGY_EXTENDED, rng, 3000, around)
    assert agrees(study_on(part).problem())


def test_limits_of_networks_are_kept():
    rng = np.random.default_rng(7)
    study = study_on(part_of(SRAM_EXTENDED, rng, 5000, feasible_values("sram", rng, 1)[0]))
    free = enumerated(study.problem())
    best = study.cost_model().evaluate(study.space.unrank(free["edap_max"].ranks[:1]))
    # Between what the best design needs and the least there is.
    most, least = best.energy_J[0, 1], free["energy_resnet18_onnx"].value
    limit = Limits(max_energy_J=(most + least) / 2)
    limited = replace(study, limits={"resnet18_onnx": limit}).problem()
    assert least < most
    assert agrees(limited)
    assert proven(limited)["edap_max"].value > free["edap_max"].value


@pytest.mark.parametrize("device", SPACES)
def test_a_bound_that_rests_on_bounds_of_own_bests_is_one(device):
    """Minimax regret against own bests of which only bounds are known, branched to the end."""
    rng = np.random.default_rng(11)
    for around in feasible_values(device, rng, 2):
        problem = study_on(part_of(SPACES[device], rng, 3000, around)).problem()
        optima = enumerated(problem)
        best = np.array([optima[f"edap_{name}"].value for name in problem.workload_names])
        goal = against(relative(problem)["regret_minimax"], OwnBests(0.9 * best, best))
        branches = Branches(problem)
        proof = BranchAndBound(branches, Trunk.of(branches), goal).run(lambda _: False)
        assert proof.bound <= optima["regret_minimax_joint"].value < proof.value
        assert counted(proof) == problem.space.size
        counts = check_bounds(problem, branches.partials, [Claim(goal, proof.bound)])
        assert counts.all == problem.space.size


def test_whoever_stops_early_or_takes_a_gap_has_a_bound_that_near_and_less_to_do():
    rng = np.random.default_rng(8)
    space = part_of(SRAM_EXTENDED, rng, 20_000, feasible_values("sram", rng, 1)[0])
    problem = study_on(space).problem()
    exact = proven(problem)
    for gap, steps in ((0.05, 10**9), (0.5, 10**9), (0.0, 0)):
        for name, proof in proven(problem, gap=gap, steps=steps).items():
            # Minimax regret is against own bests, whose gap adds to its own.
            if not name.startswith("regret_minimax"):
                assert not steps or 0 <= proof.gap <= gap, name
                assert proof.bound <= exact[name].value <= proof.value, name
                assert counted(proof) == space.size
            assert proof.evaluated <= exact[name].evaluated


def test_a_bound_that_is_too_high_is_noticed(monkeypatch):
    """The oracle can fail: raised bounds lose the optimum of some criterion."""
    rng = np.random.default_rng(7)
    part = part_of(SRAM_EXTENDED, rng, 20_000, feasible_values("sram", rng, 1)[0])
    problem = study_on(part).problem()
    partials = problem.model.partials(800e-6)
    true = type(partials).bound

    def raised(self, partial):
        values = true(self, partial).values
        wrong = (1 + 9.0 * rng.integers(0, 2, len(partial)))[:, None]
        high = {name: values[name] * wrong for name in ("energy", "edp")}
        return Metrics({**values, **high}, {})

    monkeypatch.setattr(type(partials), "bound", raised)
    for step in ("_dive", "_descend"):
        monkeypatch.setattr(BranchAndBound, step, lambda self: None)
    optima = enumerated(problem)
    assert any(proof.value != optima[name].value for name, proof in proven(problem).items())


def test_a_model_without_bounds_is_evaluated_in_full_or_refused(monkeypatch):
    monkeypatch.setattr("imcmoo.exact.by_body.BoundsBodies", type("NoModel", (), {}))
    problem, optima = CASES["rram"].problem(), exact_of("rram").optima
    for criterion, proof in proven(problem).items():
        assert proof.value == proof.bound == optima[criterion].value, criterion
        assert counted(proof) == problem.space.size
    monkeypatch.setattr(tree, "MOST_EVALUATED", 10)
    with pytest.raises(NotProvable, match="has no bounds of partial designs"):
        Branches(problem)
    study = study_on(SRAM_EXTENDED, limits={"resnet18_onnx": Limits(max_power_W=1)})
    with pytest.raises(NotProvable, match="max_power_W of resnet18_onnx"):
        Branches(study.problem())


@pytest.mark.parametrize(("n", "each"), [(5, 3), (0, 0), (0, 7)])
def test_costs_of_options_are_those_of_their_rows_node(n, each):
    problem = STUDIES["technology_cost_extended"].problem()
    rows = problem.space.random(n, np.random.default_rng(0))
    area = np.random.default_rng(1).random(n * each)
    many = np.ones((n * each, len(problem.workload_names)))
    bounds = Metrics({"energy": many, "latency": many, "area": area}, {})
    costs = BoundedCosts.of(bounds, problem, rows, each)["cost"]
    assert (costs == problem.cost(np.repeat(rows, each, axis=0), area)).all()
