"""Certified optima are those of enumeration; bounds lie below every completion."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from imcmoo.exact import branch_and_bound
from imcmoo.exact.bounded_criteria import (
    BoundedCosts,
    SingleNetworkOptima,
    bounded_criteria,
    proof_plan,
    provable,
    regret_criteria,
    regret_criterion,
)
from imcmoo.exact.branch_and_bound import BranchAndBound, RootExpansion, expand_shared_root
from imcmoo.exact.check import Claim, check_bounds
from imcmoo.exact.node_expander import NodeExpander
from imcmoo.model.metrics import Metrics
from imcmoo.model.physical.bounds.bounded_tree import BoundedTree
from imcmoo.problem.own_score import Exponents
from imcmoo.space.parameters import Ordinal
from imcmoo.space.restricted import restricted
from problems import STUDIES
from tests.exact.brute_force import CASES, exact_of
from tests.exact.certified_spaces import (
    SPACES,
    agrees,
    counted,
    enumerated,
    feasible_values,
    part_of,
    parts,
    proven,
    study_on,
)


@pytest.mark.parametrize(
    ("n", "at_most"), [(1, 1200), pytest.param(50, 60_000, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("device", ["rram", pytest.param("sram", marks=pytest.mark.slow), "dimc"])
def test_certified_optima_are_the_enumerated_ones(device, n, at_most):
    rng = np.random.default_rng(1)
    feasible = [
        agrees(study_on(part_of(SPACES[device], rng, at_most, around)).problem())
        for around in (*feasible_values(device, rng, n), *([None] if device == "sram" else []))
    ]
    assert sum(feasible) >= n


@pytest.mark.parametrize(("device", "noises"), [("rram", (1, 2, 5)), ("sram", (8, 12, 20))])
def test_certified_optima_of_adcs_of_several_noises_are_the_enumerated_ones(device, noises):
    rng = np.random.default_rng(2)
    (around,) = feasible_values(device, rng, 1)
    space = restricted(SPACES[device], {"adc_noise": (10,)}, name="one noise")
    part = part_of(space, rng, 400, around)
    fixed = {name: value for name, value in part.fixed.items() if name != "adc_noise"}
    parameters = (*part.parameters, Ordinal("adc_noise", noises))
    study = study_on(replace(part, parameters=parameters, fixed=fixed))
    assert agrees(study.problem(), "edap_max", "edap_geomean")


@pytest.mark.slow
@pytest.mark.parametrize("networks", ["four", "nine"])
@pytest.mark.parametrize("device", ["rram", "sram"])
def test_certified_optima_are_the_enumerated_ones_of_a_million_designs(device, networks):
    """Four times 26 parts of 50,000 designs and more: 5·10⁶ in all."""
    rng = np.random.default_rng(4)
    study = STUDIES[f"{networks}_workload_{device}_extended"]
    spaces = [
        part_of(study.space, rng, 80_000, around, at_least=45_000)
        for around in feasible_values(device, rng, 26, study)
    ]
    assert sum(part.size for part in spaces) >= 1.25e6
    feasible = [agrees(study.replace(space=part).problem()) for part in spaces]
    assert sum(feasible) >= 20


def test_supplies_that_depend_on_the_node_are_certified():
    (study,) = parts("nodes", 3, 1, 3000)
    assert agrees(study.problem(), "edap_max", "edap_geomean")


def limited_resnet(study, **limit):
    networks = [n.replace(**limit) if n.name == "resnet18_onnx" else n for n in study.networks]
    return study.replace(networks=networks)


def test_limits_of_networks_are_kept():
    (study,) = parts("sram", 6, 1, 5000)
    free = enumerated(study.problem())
    best = study.cost_model().evaluate(study.space.unrank(free["edap_max"].ranks[:1]))
    # Between what the best design needs and the least there is.
    most, least = best.energy_J[0, 1], free["energy_resnet18_onnx"].value
    limited = limited_resnet(study, max_energy_J=(most + least) / 2).problem()
    assert least < most
    assert agrees(limited, "edap_max", "edap_resnet18_onnx")
    assert enumerated(limited)["edap_max"].value > free["edap_max"].value


@pytest.fixture(params=[True, False], ids=["bounded interval", "no bounds of it"])
def _interval(request, monkeypatch):
    """A cost model reports intervals, and its bounds may lack them."""

    def lacking(bounds):
        if bounds is not None:
            del bounds.values["interval"]
        return bounds

    for name in () if request.param else ("bound", "relaxed_bound"):
        whole = getattr(BoundedTree, name)
        monkeypatch.setattr(BoundedTree, name, lambda *args, whole=whole: lacking(whole(*args)))


@cache
def part_around_a_pipeline(device, at_most):
    """A random part of a space around a feasible design, a pipelined one if any of 40 is."""
    rng = np.random.default_rng(7)
    feasible = feasible_values(device, rng, 40)
    around = next((d for d in feasible if d["schedule"] == "pipelined"), feasible[0])
    return part_of(SPACES[device], rng, at_most, around)


def checked(problem, goal):
    """A proof that counts all designs, and whose bound the check accepts."""
    branches = NodeExpander(problem)
    proof = BranchAndBound(branches, RootExpansion.expand(branches), goal).run(lambda _: False)
    counts = check_bounds(problem, branches.partials, [Claim(goal, proof.bound)])
    assert counted(proof) == counts.all == problem.space.size
    return proof


@pytest.mark.usefixtures("_interval")
def test_frames_per_second_that_only_a_pipeline_reaches_are_proven():
    study = study_on(part_around_a_pipeline("rram", 3000))
    _, metrics = study.problem().feasible(study.space.unrank(np.arange(study.space.size)))
    limit = 2 * metrics.values["interval"][:, 1].min()
    assert limit < metrics.latency_s[:, 1].min()
    problem = limited_resnet(study, min_fps=1 / limit).problem()
    assert agrees(problem, "edap_max", "edap_resnet18_onnx")
    checked(problem, bounded_criteria(problem)["edap_max"])


@pytest.mark.usefixtures("_interval")
@pytest.mark.parametrize(
    ("device", "score"),
    [("rram", Exponents(energy=1, interval=1)), ("sram", Exponents(area=1, interval=2))],
)
def test_a_score_of_the_interval_is_proven(device, score):
    study = study_on(part_around_a_pipeline(device, 1500), objectives=("interval",))
    problem = study.replace(score=score, criterion="score").problem()
    assert agrees(problem, "score")


@pytest.mark.parametrize(
    ("device", "area"), [("rram", "chip"), ("sram", "package"), ("sram", "silicon")]
)
def test_optima_by_the_interval_are_certified(device, area):
    study = study_on(part_around_a_pipeline(device, 1500))
    by_interval = study.replace(delay="interval", area=area).problem()
    assert agrees(by_interval, "edap_max", "edap_geomean", "ela_max")
    optima, usual = enumerated(by_interval), enumerated(study.problem())
    (design,) = by_interval.feasible(by_interval.space.unrank(optima["edap_max"].ranks[:1]))[1:]
    values = design.values
    mm2 = 1e6 * values["area" if area == "chip" else area]
    product = values["energy"] * values["interval"] * mm2[:, None]
    assert optima["edap_max"].value == pytest.approx(product.max(), rel=1e-12, abs=0)
    assert optima["ela_max"].value == usual["ela_max"].value


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_a_bound_that_rests_on_bounds_of_optima_is_one(device):
    """Minimax regret against optima of which only bounds are known, branched to the end."""
    for study in parts(device, 11, 2, 3000):
        problem = study.problem()
        optima = enumerated(problem)
        best = np.array([optima[f"edap_{name}"].value for name in problem.workload_names])
        goal = regret_criterion(
            regret_criteria(problem)["regret_minimax"], SingleNetworkOptima(0.9 * best, best)
        )
        proof = checked(problem, goal)
        assert proof.bound <= optima["regret_minimax_joint"].value < proof.value


def test_whoever_stops_early_or_takes_a_gap_has_a_bound_that_near_and_less_to_do():
    (study,) = parts("sram", 8, 1, 2_000)
    problem = study.problem()
    exact = proven(problem)
    for gap, steps in ((0.05, 10**9), (0.5, 10**9), (0.0, 0)):
        for name, proof in proven(problem, gap=gap, steps=steps).items():
            # Minimax regret is against single-network optima, whose gap adds to its own.
            if not name.startswith("regret_minimax"):
                assert not steps or 0 <= proof.gap <= gap, name
                assert proof.bound <= exact[name].value <= proof.value, name
            assert counted(proof) == problem.space.size
            assert proof.evaluated <= exact[name].evaluated


def test_a_proof_stopped_between_the_steps_that_criteria_share_counts_every_design(monkeypatch):
    monkeypatch.setattr(branch_and_bound, "FIRST_BRANCHED", 1)
    (study,) = parts("sram", 8, 1, 20_000)
    problem = study.problem()
    expander, goal = NodeExpander(problem), bounded_criteria(problem)["edap_geomean"]
    for n_steps in (3, 6):
        # Without an incumbent, so that the dive of the first step rules out much of the rest.
        with monkeypatch.context() as patched:
            patched.setattr(BranchAndBound, "dive", lambda _: None)
            search = BranchAndBound(expander, RootExpansion.expand(expander), goal)
        steps = iter([False] * n_steps)
        expand_shared_root([search], lambda steps=steps: next(steps, True))
        proof = search.run(lambda _: True)
        assert counted(proof) == problem.space.size
        assert proof.bound <= proof.value


def test_a_dive_is_not_repeated_from_the_nodes_of_the_last_one(monkeypatch):
    (study,) = parts("sram", 8, 1, 1_200)
    problem = study.problem()
    expander, goal = NodeExpander(problem), bounded_criteria(problem)["edap_geomean"]
    search = BranchAndBound(expander, RootExpansion.expand(expander), goal)
    expanded, expand = [], NodeExpander.expand

    def recorded(self, rows, *args):
        expanded.append(len(rows))
        return expand(self, rows, *args)

    monkeypatch.setattr(NodeExpander, "expand", recorded)
    search.dive()
    assert not expanded
    nodes = search.root.nodes
    least = np.argsort(goal.bound(nodes.costs))[:1]
    search.restart(nodes.take(least), 0)
    search.dive()
    assert expanded


@pytest.mark.parametrize("name", CASES)
def test_a_model_without_bounds_is_evaluated_in_full(name):
    """Also of chips of a network's own, which are another problem."""
    problem, optima = CASES[name].problem(), exact_of(name).optima
    names = [n for some in provable(problem) for n in some]
    for part in proof_plan(problem, names):
        branches = NodeExpander(part.problem(problem))
        best = np.array([optima[own].value for own in part.prerequisites])
        bests = SingleNetworkOptima(best, best) if len(best) else None
        goals = part.criteria(branches.problem, bests)
        searches = [
            BranchAndBound(branches, RootExpansion.expand(branches), goal) for goal in goals
        ]
        expand_shared_root(searches, lambda: False)
        for search in searches:
            proof = search.run(lambda _: False)
            assert proof.value == proof.bound == optima[proof.goal.name].value, proof.goal.name
            assert counted(proof) == problem.space.size
            names.remove(proof.goal.name)
    assert not names


@pytest.mark.parametrize(("n", "each"), [(5, 3), (0, 0), (0, 7)])
def test_costs_of_options_are_those_of_their_rows_node(n, each):
    problem = STUDIES["technology_cost_extended"].problem()
    rows = problem.space.random(n, np.random.default_rng(0))
    area = np.random.default_rng(1).random(n * each)
    many = np.ones((n * each, len(problem.workload_names)))
    bounds = Metrics({"energy": many, "latency": many, "area": area}, {})
    costs = BoundedCosts.from_bounds(bounds, problem, rows, each)["cost"]
    assert (costs == problem.cost(np.repeat(rows, each, axis=0), area)).all()
