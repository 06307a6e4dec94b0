"""The search as an algorithm of pymoo, and its parts as operators."""

import copy
import pickle

import numpy as np
import pytest
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.population import Population
from pymoo.optimize import minimize

from imcmoo import benchmark
from imcmoo.problem.integer_problem import IntegerProblem
from imcmoo.problem.solutions import indices
from imcmoo.pymoo import (
    CriteriaGuidedNSGA2,
    FeasibleRepair,
    FeasibleSampling,
    StepCrossover,
    StepMutation,
)
from imcmoo.search.algorithm import run_search
from imcmoo.search.mating import FeasibleMating
from tests.fakes import SMALL, BareEvaluator, fake_problem
from tests.problem.test_integer_problem import Spheres, Typed
from tests.search.searches import LARGE_PROBLEM

BARE = fake_problem(SMALL, 3, model=BareEvaluator)


def searched(problem, n, seed=1, **parts):
    return run_search(problem, budget=n, rng=np.random.default_rng(seed), **parts).archive


@pytest.mark.parametrize("problem", [LARGE_PROBLEM, BARE], ids=["checked", "unchecked"])
@pytest.mark.parametrize("n", [100, 450])
def test_pymoo_evaluates_the_designs_of_the_search(problem, n):
    result = minimize(problem, CriteriaGuidedNSGA2(), ("n_eval", n), seed=1)
    archive = searched(problem, n)
    assert result.algorithm.evaluator.n_eval == n
    search = result.algorithm.search
    np.testing.assert_array_equal(search.archive.levels, archive.levels)
    np.testing.assert_array_equal(result.X, archive.levels[archive.front])
    np.testing.assert_array_equal(result.F, archive.F[archive.front])
    survivors = search.population if len(search.population) else np.arange(n)
    np.testing.assert_array_equal(result.pop.get("X"), archive.levels[survivors])


def test_settings_are_those_of_the_search():
    settings = {"n_initial": 50, "mating": FeasibleMating(criteria_share=0.5)}
    algorithm = CriteriaGuidedNSGA2(pop_size=20, **settings)
    result = minimize(LARGE_PROBLEM, algorithm, ("n_eval", 200), seed=3)
    archive = searched(LARGE_PROBLEM, 200, 3, population_size=20, **settings)
    np.testing.assert_array_equal(result.algorithm.search.archive.levels, archive.levels)


def test_each_design_is_evaluated_once(monkeypatch):
    evaluated = []
    model = LARGE_PROBLEM.model
    evaluate = type(model).evaluate
    monkeypatch.setattr(
        model, "evaluate", lambda x: (evaluated.append(len(x)), evaluate(model, x))[1], raising=True
    )
    minimize(LARGE_PROBLEM, CriteriaGuidedNSGA2(), ("n_eval", 400), seed=1)
    assert sum(evaluated) == 400


def test_another_termination_ends_it_after_whole_generations():
    result = minimize(LARGE_PROBLEM, CriteriaGuidedNSGA2(n_initial=60), ("n_gen", 3), seed=1)
    archive = searched(LARGE_PROBLEM, result.algorithm.evaluator.n_eval, n_initial=60)
    np.testing.assert_array_equal(result.algorithm.search.archive.levels, archive.levels)
    assert archive.generation.max() == 2


def test_a_spent_space_ends_it():
    result = minimize(Typed(), CriteriaGuidedNSGA2(n_initial=10), ("n_eval", 10_000), seed=1)
    assert result.algorithm.evaluator.n_eval == 48
    assert {x["n"] for x in result.X} <= {*range(2, 10)}


def test_own_problems_are_searched_in_their_own_units():
    result = minimize(Spheres(), CriteriaGuidedNSGA2(), ("n_eval", 500), seed=1)
    archive = searched(Spheres(), 500)
    np.testing.assert_array_equal(result.X, archive.levels[archive.front] - 3)
    assert (Spheres().evaluate(result.X)[1] <= 0).all()


def test_without_a_feasible_design_the_least_infeasible_is_kept():
    class Impossible(Spheres):
        def _evaluate(self, X, out, *args, **kwargs):
            super()._evaluate(X, out)
            out["G"] = 1.0 + X.sum(axis=1) ** 2

    algorithm = CriteriaGuidedNSGA2(n_initial=50)
    result = minimize(Impossible(), algorithm, ("n_eval", 100), seed=1)
    assert result.X is None
    G = result.algorithm.search.archive.G
    assert result.algorithm.opt.get("G").tolist() == [G.min(axis=0).tolist()]


def test_a_problem_of_the_suite_records_what_it_evaluates():
    problem = benchmark.get("textbook/rram/resnet18+mobilenet_v3/800mm2-v1")
    record = problem.start_record()
    minimize(problem, CriteriaGuidedNSGA2(n_initial=50), ("n_eval", 120), seed=1)
    archive = searched(problem, 120, n_initial=50)
    np.testing.assert_array_equal(record.X, archive.levels)


def test_an_interrupted_run_goes_on_from_a_copy():
    algorithm = CriteriaGuidedNSGA2(n_initial=50).setup(
        LARGE_PROBLEM, termination=("n_eval", 250), seed=1
    )
    algorithm.next()
    for other in (copy.deepcopy(algorithm), pickle.loads(pickle.dumps(algorithm))):
        other.run()
        archive = searched(LARGE_PROBLEM, 250, n_initial=50)
        np.testing.assert_array_equal(other.search.archive.levels, archive.levels)


PARTS = {
    "sampling": FeasibleSampling(),
    "repair": FeasibleRepair(),
    "crossover": StepCrossover(),
    "mutation": StepMutation(),
}


@pytest.mark.parametrize("problem", [LARGE_PROBLEM, Spheres()], ids=["design", "own"])
def test_nsga2_takes_the_parts(problem):
    algorithm = NSGA2(pop_size=20, **PARTS)
    result = minimize(problem, algorithm, ("n_eval", 200), seed=1)
    again = minimize(problem, algorithm, ("n_eval", 200), seed=1)
    np.testing.assert_array_equal(result.X, again.X)
    assert (np.rint(result.X) == result.X).all()
    assert (result.G <= 0).all()
    assert (problem.xl <= result.X).all()
    assert (problem.xu >= result.X).all()


def test_sampling_and_repair_keep_the_checks_of_the_cost_model():
    rng = np.random.default_rng(0)
    drawn = FeasibleSampling()(LARGE_PROBLEM, 30, random_state=rng).get("X")
    assert len(np.unique(drawn, axis=0)) == 30
    assert (LARGE_PROBLEM.feasibility.violation(drawn) <= 0).all()
    anything = LARGE_PROBLEM.space.random(200, rng)
    repaired = FeasibleRepair()(LARGE_PROBLEM, Population.new(X=anything)).get("X")
    before, after = (LARGE_PROBLEM.feasibility.screened(x) <= 0 for x in (anything, repaired))
    assert before.mean() < 0.5 < after.mean()
    assert (repaired[before] == anything[before]).all()


def test_steps_are_small_and_stay_in_the_space():
    rng = np.random.default_rng(0)
    parents = Population.new(X=Spheres().xl + rng.integers(0, 24, size=(200, 6)))
    pairs = np.arange(200).reshape(100, 2)
    children = StepCrossover()(Spheres(), parents, pairs, random_state=rng)
    assert len(children) == 200
    X = children.get("X").copy()
    mutated = StepMutation(prob=1.0)(Spheres(), children, random_state=rng).get("X")
    changed = mutated != X
    assert (changed.sum(axis=1) >= 1).all()
    assert 1 < changed.sum(axis=1).mean() < 3
    assert np.abs(mutated - X)[changed].mean() < 5
    assert mutated.min() >= -3
    assert mutated.max() <= 20
    assert indices(IntegerProblem(Spheres()).space, mutated + 3).shape == (200, 6)
