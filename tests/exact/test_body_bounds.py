"""Bounds of bodies by the reference model hold for all their designs, and so for optima."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.exact.agenda import agenda, goals_of, problem_of, provable
from imcmoo.exact.branch_and_bound import BranchAndBound, Trunk
from imcmoo.exact.branches import Branches
from imcmoo.exact.goal import OwnBests
from imcmoo.exact.together import branch_together
from imcmoo.model.partials import BoundsBodies
from imcmoo.space.parameters import Conditional
from problems import STUDIES
from tests.exact.brute_force import CASES, exact_of
from tests.exact.certified_spaces import counted


def below(model, levels, bodies):
    """Check that bounds of bodies are below their designs; the closest to each energy, latency."""
    true, bound = model.evaluate(levels), model.bound_bodies(bodies)
    runs = true.runs
    assert runs.any()
    assert (np.isfinite(bound.energy_J) == runs).all()
    assert (bound.energy_J[runs] <= true.energy_J[runs]).all()
    assert (bound.latency_s[runs] <= true.latency_s[runs]).all()
    assert (bound.area_m2 <= true.area_m2).all()
    # And near, or they would save nothing.
    assert np.max(bound.latency_s[runs] / true.latency_s[runs]) > 0.999
    assert np.max(bound.energy_J[runs] / true.energy_J[runs]) > 0.9


@pytest.mark.parametrize("name", ["four_workload_rram", "technology_cost_sram"])
def test_no_design_is_better_than_the_bound_of_its_body(name):
    model = STUDIES[name].cost_model()
    assert isinstance(model, BoundsBodies)
    levels = model.space.random(300, np.random.default_rng(0))
    below(model, levels, levels)


def test_cycle_times_that_depend_on_the_supply_are_bounded():
    space = STUDIES["four_workload_rram"].space
    supply = next(p for p in space.parameters if p.name == "voltage_V")
    # The slower the higher, so that a body's first level is never its quickest.
    rows = {v: (8e-9 / (i + 1), 16e-9 / (i + 1)) for i, v in enumerate(supply.values)}
    cycle = Conditional("cycle_s", supply, rows, "s")
    parameters = tuple(cycle if p.name == "cycle_s" else p for p in space.parameters)
    study = replace(STUDIES["four_workload_rram"], space=replace(space, parameters=parameters))
    levels = study.space.random(300, np.random.default_rng(0))
    bodies = levels.copy()
    bodies[:, [study.space.names.index(name) for name in ("voltage_V", "cycle_s")]] = 0
    below(study.cost_model(), levels, bodies)


@pytest.mark.parametrize("name", CASES)
def test_certified_optima_are_the_enumerated_ones(name):
    """Also of chips of a network's own, which are another problem."""
    problem, optima = CASES[name].problem(), exact_of(name).optima
    names = [n for group in provable(problem) for n in group]
    for part in agenda(problem, names):
        branches = Branches(problem_of(problem, part))
        best = np.array([optima[name_of_best].value for name_of_best in part.rests_on])
        goals = goals_of(branches.problem, part, OwnBests(best, best) if len(best) else None)
        searches = [BranchAndBound(branches, Trunk.of(branches), goal) for goal in goals]
        branch_together(searches, lambda: False)
        for search in searches:
            proof = search.run(lambda _: False)
            assert proof.value == proof.bound == optima[proof.goal.name].value, proof.goal.name
            assert counted(proof) == problem.space.size
            names.remove(proof.goal.name)
    assert not names
