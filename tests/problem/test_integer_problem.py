"""Problems of pymoo with integer variables: searched like a design problem."""

import numpy as np
import pytest
from pymoo.core.problem import ElementwiseProblem, Problem
from pymoo.core.variable import Binary, Choice, Integer, Real
from pymoo.problems.single.knapsack import create_random_knapsack_problem

from imcmoo import benchmark
from imcmoo.problem.dominance import is_nondominated
from imcmoo.problem.integer_problem import IntegerProblem, searchable
from imcmoo.search.algorithm import Search, run_search
from tests.fakes import SMALL, fake_problem


class Spheres(Problem):
    """Distances from two corners; the sum of the variables is limited."""

    def __init__(self, n_var=6, **more):
        settings = {"n_obj": 2, "n_ieq_constr": 1, "xl": -3, "xu": 20, "vtype": int}
        super().__init__(n_var=n_var, **settings | more)

    def _evaluate(self, X, out, *args, **kwargs):
        assert X.dtype == int
        out["F"] = np.column_stack([(X**2).sum(axis=1), 1e-12 * ((X - 9) ** 2).sum(axis=1)])
        out["G"] = (X.sum(axis=1) - 30) / 10


class Typed(ElementwiseProblem):
    """Variables by name, one design at a time."""

    def __init__(self):
        variables = {
            "n": Integer(bounds=(2, 9)),
            "flag": Binary(),
            "kind": Choice(options=["a", "b", ("c", 1)]),
        }
        super().__init__(vars=variables, n_obj=2)

    def _evaluate(self, x, out, *args, **kwargs):
        extra = {"a": 3, "b": 1, ("c", 1): 2}[x["kind"]]
        out["F"] = [x["n"] + extra, (9 - x["n"]) * (2 if x["flag"] else 1) + extra]


def test_the_front_of_a_problem_of_pymoo_is_found_within_its_constraints():
    found = run_search(Spheres(), budget=1500, rng=np.random.default_rng(1)).archive
    assert len(found) == 1500
    X = found.levels[found.front] - 3
    assert (X.sum(axis=1) <= 30).all()
    # From one corner to the nearest points to the other one within the limit.
    assert found.F[found.front].min(axis=0).tolist() == [0, pytest.approx(1e-12 * 6 * 16)]
    assert len(found.front) > 50
    assert not found.feasible.all()


def test_designs_outside_its_constraints_are_learnt_and_avoided():
    found = run_search(Spheres(), budget=1000, rng=np.random.default_rng(1)).archive
    assert found.feasible[:300].mean() < 0.2
    assert found.feasible[500:].mean() > 0.7


def test_typed_variables_are_searched_in_full():
    problem = IntegerProblem(Typed())
    assert problem.space.shape == (8, 2, 3)
    assert problem.space.is_ordered.tolist() == [True, False, False]
    found = run_search(Typed(), budget=1000, rng=np.random.default_rng(1), n_initial=10).archive
    assert len(found) == 48
    levels = problem.space.unrank(np.arange(48))
    (first, *_) = problem.solutions(levels[-1:])
    assert first == {"n": 9, "flag": True, "kind": ("c", 1)}
    F = problem.evaluate(levels)
    best = F[is_nondominated(F)]
    assert np.unique(found.F[found.front], axis=0).tolist() == np.unique(best, axis=0).tolist()


def test_binary_problems_of_pymoo_are_searched():
    knapsack = create_random_knapsack_problem(20, seed=1)
    found = run_search(knapsack, budget=600, rng=np.random.default_rng(1)).archive
    # The optimum by dynamic programming over the capacity.
    best = np.zeros(int(knapsack.C) + 1)
    for weight, value in zip(knapsack.W.astype(int), knapsack.P, strict=True):
        best[weight:] = np.maximum(best[weight:], best[: len(best) - weight] + value)
    assert -found.F[found.front].min() == best[-1]


def test_f_and_g_of_pymoo_tell_a_search_what_it_evaluates_itself():
    posed, asking = Spheres(), Search(Spheres(), budget=500, rng=np.random.default_rng(2))
    while len(levels := asking.ask()):
        asking.tell(*posed.evaluate(levels - 3))
    whole = run_search(Spheres(), budget=500, rng=np.random.default_rng(2))
    np.testing.assert_array_equal(asking.archive.levels, whole.archive.levels)


def test_a_search_of_a_problem_of_pymoo_goes_on_from_its_file(tmp_path):
    settings = {"budget": 450, "checkpoint": tmp_path / "s"}
    run_search(Spheres(), rng=np.random.default_rng(2), **settings | {"budget": 350})
    later = run_search(Spheres(), rng=np.random.default_rng(2), **settings)
    whole = run_search(Spheres(), rng=np.random.default_rng(2), budget=450)
    np.testing.assert_array_equal(later.archive.levels, whole.archive.levels)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (Spheres(n_eq_constr=2), "Spheres has 2 equality constraints"),
        (Spheres(vtype=float), "only problems of integer variables"),
        (Spheres(xu=20.5), "bounds must be whole numbers"),
        (Spheres(xu=np.inf), "bounds must be whole numbers"),
        (Problem(vars={"a": Real(bounds=(0, 1))}, n_obj=1), "a must be Integer, Binary or Choice"),
    ],
)
def test_problems_that_cannot_be_searched_are_refused(problem, message):
    with pytest.raises(ValueError, match=message):
        Search(problem, rng=np.random.default_rng(1))


def test_objectives_that_are_not_finite_are_refused():
    class Broken(Spheres):
        def _evaluate(self, X, out, *args, **kwargs):
            super()._evaluate(X, out)
            out["F"][0] = np.nan

    with pytest.raises(ValueError, match="Broken gave an objective or constraint not finite"):
        run_search(Broken(), rng=np.random.default_rng(1))


def test_a_design_problem_and_one_of_the_suite_keep_their_criteria_and_checks():
    problem = fake_problem(SMALL)
    assert searchable(problem) is problem
    listed = benchmark.get("textbook/rram/resnet18+mobilenet_v3/800mm2-v1")
    assert searchable(listed) is listed.accelerator
