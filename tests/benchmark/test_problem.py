import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from pymoo.algorithms.moo.nsga2 import RankAndCrowding
from pymoo.algorithms.moo.nsga3 import NSGA3
from pymoo.core.mixed import MixedVariableGA
from pymoo.core.variable import Choice, Integer
from pymoo.optimize import minimize
from pymoo.util.ref_dirs import get_reference_directions

from imcmoo import benchmark
from imcmoo.benchmark import benchmark_problem, truth
from imcmoo.io.errors import InputError
from imcmoo.problem.dominance import is_nondominated
from imcmoo.problem.scalarisation import span_scaled

SMALL = "rram/mobilebert+vision_transformer/1600mm2-v1"
"""A problem whose exact front ships."""


@pytest.fixture(scope="module")
def problem():
    return benchmark.get(SMALL)


@pytest.fixture(scope="module")
def mixed():
    """Ordered, categorical and conditional variables."""
    return benchmark.random_problem(0)


def test_numbers_are_rounded_to_value_indices(problem):
    low, high = np.zeros(problem.n_var), np.array(problem.space.shape) - 1
    assert (problem.indices([low - 3, high + 0.49, low + 0.51]) == [low, high, low + 1]).all()
    exact, rounded = (problem.evaluate(X[None]) for X in (high, high - 0.4))
    assert all((a == b).all() for a, b in zip(exact, rounded, strict=True))


@pytest.mark.parametrize("shape", [(3, 1), (3, 7), (), (1, 1, 9)])
def test_solutions_of_another_shape_or_not_finite_are_refused(problem, shape):
    with pytest.raises(ValueError, match=r"needs 9 value indices \(voltage_V, bits_per_cell"):
        problem.evaluate_indices(np.zeros(shape))
    for value in (np.nan, np.inf):
        with pytest.raises(ValueError, match="not finite"):
            problem.indices(np.full((1, problem.n_var), value))


NOT_NUMBERS = {
    "masked": lambda array: np.ma.masked_array(array, mask=True),
    "a list of masked": lambda array: list(np.ma.masked_array(array, mask=True)),
    "complex numbers": lambda array: array + 5j,
    "dates": lambda array: np.rint(array).astype("datetime64[s]"),
    "time spans": lambda array: np.rint(array).astype("timedelta64[s]"),
    "text": lambda array: array.astype(str),
    "text of bytes": lambda array: array.astype("S"),
    "text of objects": lambda array: array.astype(str).astype(object),
}


@pytest.mark.parametrize("kind", NOT_NUMBERS)
def test_anything_but_real_numbers_is_refused(problem, kind):
    X, F = problem.pareto_set()[:3], problem.pareto_front()[:3]
    takers = [
        (problem.evaluate_indices, X), (problem.decode, X), (problem.evaluate, X),
        (problem.accelerator.evaluate, X), (problem.indicators, F), (problem.regrets, F),
        (problem.coordinates, F), (problem.space.decode, X),
        (problem.accelerator.model.evaluate, X),
    ]  # fmt: skip
    for take, array in takers:
        with pytest.raises(ValueError, match=r"real numbers|masked|integers"):
            take(NOT_NUMBERS[kind](array))


def test_python_numbers_in_an_array_of_objects_are_numbers(problem):
    X, F = problem.pareto_set()[:3], problem.pareto_front()[:3]
    assert (problem.indices(X.astype(object)) == X).all()
    assert problem.regrets(F.astype(object)) == problem.regrets(F)


def test_changing_a_front_in_place_changes_no_indicator(problem):
    F, _ = problem.evaluate_indices(problem.pareto_set()[::2])
    before = problem.indicators(F), problem.pareto_front(), problem.ideal_point()
    for array in (
        problem.pareto_front(), problem.pareto_set(), problem.ideal_point(), problem.nadir_point(),
        problem.reference_point,
    ):  # fmt: skip
        array[:] = 1
    assert problem.indicators(F) == before[0]
    assert (problem.pareto_front() == before[1]).all()
    assert (problem.ideal_point() == before[2]).all()


def test_both_views_of_a_design_have_the_same_objectives(mixed):
    indices = mixed.space.random(5, np.random.default_rng(1))
    typed = [
        {
            p.name: int(i) if p.is_ordered else p.values[i]
            for p, i in zip(mixed.space.parameters, row, strict=True)
        }
        for row in indices
    ]
    assert (mixed.indices(typed) == indices).all()
    F, G = mixed.evaluate_indices(indices)
    assert (mixed.evaluate(typed)[0] == F).all()
    assert (mixed.evaluate(typed)[1] == G).all()
    rows = mixed.indices([{**typed[0], "rows": 1e6}])[0, mixed.space.names.index("rows")]
    assert rows == mixed.vars["rows"].bounds[1]
    with pytest.raises(ValueError, match="dram = tape is not in the space"):
        mixed.indices([{**typed[0], "dram": "tape"}])
    with pytest.raises(ValueError, match="a solution needs"):
        mixed.indices([{"rows": 0}])


def test_variables_have_types(mixed):
    kinds = {name: type(variable) for name, variable in mixed.vars.items()}
    assert kinds["dram"] is Choice
    assert kinds["rows"] is Integer
    assert kinds["active_rows"] is Integer
    assert mixed.vars["rows"].bounds == (0, len(mixed.space.values_of("rows")) - 1)


def test_an_algorithm_for_continuous_variables_works_as_it_stands(problem):
    directions = get_reference_directions("das-dennis", problem.n_obj, n_partitions=2)
    result = minimize(problem, NSGA3(directions), ("n_eval", 200), seed=1)
    assert result.F is not None
    assert set(problem.indicators(result.F)) >= {"igd_plus", "hypervolume"}


def test_an_algorithm_for_mixed_variables_works_as_it_stands(mixed):
    algorithm = MixedVariableGA(pop_size=20, survival=RankAndCrowding())
    result = minimize(mixed, algorithm, ("n_eval", 60), seed=1)
    F, _ = mixed.evaluate_indices(mixed.indices(np.atleast_1d(result.X)))
    assert (np.atleast_2d(result.F) == F).all()


def test_the_shipped_front_is_that_of_its_designs(problem):
    assert problem.name() == SMALL
    front, designs = problem.pareto_front(), problem.pareto_set()
    F, G = problem.evaluate_indices(designs)
    assert (G <= 0).all()
    np.testing.assert_allclose(F, front, rtol=1e-12)
    assert is_nondominated(front).all()
    assert (problem.ideal_point() == front.min(axis=0)).all()
    assert (problem.nadir_point() == front.max(axis=0)).all()
    assert (problem.reference_point > problem.nadir_point()).all()


@pytest.mark.parametrize(
    "name", ["nine_workload_rram-v1", "rram/mobilebert+vision_transformer/600mm2-v1"]
)
def test_the_volume_up_to_the_reference_point_is_positive(name):
    problem = benchmark.get(name)
    front = problem.coordinates(problem.pareto_front())
    assert (np.ptp(front, axis=0) < 1e-9).any()
    reference = span_scaled(problem.coordinates(problem.reference_point), front)
    np.testing.assert_allclose(reference, 1.1)


def test_optima_are_reached_by_their_designs(problem):
    by_criterion = {c.name: c for c in problem.accelerator.criteria}
    for name in ("edap_mean", "ela_max"):
        best = problem.optima[name]
        F, _ = problem.evaluate_indices(best.X)
        scores = by_criterion[name].scores(problem.accelerator.costs(F), None)
        np.testing.assert_allclose(scores, best.value, rtol=1e-12)


def test_the_whole_front_has_the_best_indicators(problem):
    best = {"coverage": 1.0, "epsilon_multiplicative": 1.0, "igd_plus": 0.0, "hypervolume": 1.0}
    assert problem.indicators(problem.pareto_front()) == best | {"largest_regret": 0.0}
    assert problem.indicators(problem.pareto_front()[::2])["igd_plus"] > 0


def test_regret_is_that_of_the_best_design_by_each_criterion(problem):
    best = problem.optima["edap_mean"]
    F, _ = problem.evaluate_indices(best.X[:1])
    regrets = problem.regrets(F)
    assert regrets["edap_mean"] == 0
    edap = F[0, :2] * F[0, 2:4] * F[0, 4] * 1e6
    assert regrets["edap_max"] == pytest.approx(edap.max() / problem.optima["edap_max"].value - 1)
    alone = [problem.optima[f"alone_{n}"].value for n in problem.study.workloads]
    worst = (edap / alone).max() / (1 + problem.optima["regret_minimax"].value)
    assert regrets["regret_minimax"] == pytest.approx(worst - 1)
    assert problem.indicators(F)["largest_regret"] == max(regrets.values()) > 0


def test_points_that_no_design_has_are_refused(problem):
    front = problem.pareto_front()
    one_better = front[:1] * np.where(np.arange(problem.n_obj) == 1, 0.99, 1)
    for points in (front * 1e-3, one_better):
        with pytest.raises(InputError, match="no feasible design has"):
            problem.indicators(points)
    for points in (-front, front * np.nan):
        with pytest.raises(ValueError, match="a value that no design has"):
            problem.indicators(points)
    for points in (front[:, :3], front.T, front[None]):
        with pytest.raises(ValueError, match="needs 5 columns"):
            problem.regrets(points)


def test_no_feasible_design_has_the_worst_indicators(problem):
    for nothing in (np.empty((0, problem.n_obj)), []):
        found = problem.indicators(nothing)
        assert found["coverage"] == found["hypervolume"] == 0
        assert found["epsilon_multiplicative"] == found["igd_plus"] == np.inf
        assert found["largest_regret"] == np.inf
        assert found.keys() == problem.indicators(problem.pareto_front()).keys()


def test_a_front_of_other_numbers_is_refused(monkeypatch):
    shipped = truth.load(SMALL)
    other = replace(shipped, front=shipped.front * 1.001)
    monkeypatch.setattr(truth, "load", lambda name: other)
    with pytest.raises(InputError, match="gives other numbers"):
        benchmark.get(SMALL).pareto_front()


def test_a_record_holds_each_distinct_design_once_in_order(problem):
    rng = np.random.default_rng(3)
    designs = problem.space.random(20, rng)
    record = problem.start_record()
    assert record.feasible_F().shape == (0, problem.n_obj)
    problem.evaluate(designs[:15])
    problem.evaluate(designs + 0.3)
    problem.record = None
    problem.evaluate(designs[:1])
    assert record.n_calls == 35
    assert np.array_equal(record.X, designs)
    assert len(record) == 20
    F, G = problem.evaluate_indices(designs)
    assert (record.F == F).all()
    assert (record.feasible_F(7) == F[:7][(G[:7] <= 0).all(axis=1)]).all()


def test_preparing_and_pickling_change_no_objective():
    problem = benchmark.get("textbook/rram/resnet18+mobilenet_v3/800mm2-v1")
    designs = problem.space.random(20, np.random.default_rng(4))
    restored = pickle.loads(pickle.dumps(problem))
    F, G = problem.evaluate_indices(designs)
    for other in (restored, problem):
        other.accelerator.model.prepare(1e-5, 1000)
        assert np.array_equal(other.evaluate_indices(designs)[0], F)
        assert np.array_equal(other.evaluate_indices(designs)[1], G)


def test_what_was_not_shipped_can_be_solved():
    problem = benchmark.random_problem(2, model="reference")
    assert problem.pareto_front() is None
    assert problem.optima is problem.reference_point is None
    with pytest.raises(InputError, match="solve"):
        problem.indicators(np.ones((1, problem.n_obj)))
    answer = problem.solve()
    assert (problem.pareto_front() == answer.front).all()
    assert problem.indicators(answer.front)["igd_plus"] == 0


def test_the_suite_imports_nothing_that_draws_or_tabulates():
    heavy = ("matplotlib", "seaborn", "pandas", "rich", "jinja2", "optuna", "numba")
    code = (
        "import sys, imcmoo.benchmark\n"
        "for name in 'four_workload_rram-v1', 'four_workload_rram_physical-v3':\n"
        "    problem = imcmoo.benchmark.get(name)\n"
        "    problem.indicators(problem.evaluate_indices(problem.pareto_set())[0])\n"
        f"print(*[m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_problem_that_is_asked_one_design_at_a_time_prepares_itself_once(monkeypatch):
    problem = benchmark.get("textbook/sram/resnet18+mobilenet_v3/200mm2-v1")
    calls = []
    monkeypatch.setattr(problem, "prepare", lambda: calls.append(True))
    design = problem.space.random(1, np.random.default_rng(1))
    problem.evaluate_indices(np.repeat(design, 2 * benchmark_problem.FEW, axis=0))
    for _ in range(benchmark_problem.PATIENCE - 1):
        problem.evaluate_indices(design)
    assert not calls
    for _ in range(3):
        problem.evaluate_indices(design[0])
    assert calls == [True]
