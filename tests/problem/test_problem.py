"""Objectives, weights and what guides: the adapter to pymoo."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymoo.algorithms.moo.nsga2 import NSGA2, RankAndCrowding
from pymoo.core.mixed import MixedVariableGA
from pymoo.optimize import minimize

from imcmoo.model.metrics import AREA, ENERGY, LATENCY
from imcmoo.problem.criteria import CRITERIA, find_criterion
from imcmoo.problem.limits import Limits
from imcmoo.problem.solutions import indices
from problems import RRAM, SRAM_TECHNOLOGY, STUDIES
from tests.fakes import SMALL, SNR, SUM, FakeEvaluator, NoisyEvaluator, fake_problem

COSTS = STUDIES["technology_cost_sram"].cost_per_cm2


class Broken(NoisyEvaluator):
    """Fails silently: a quantity stays at what its array was created with."""

    def __init__(self, space, n_workloads, *, name, value):
        super().__init__(space, n_workloads)
        self.broken = {name: np.array(value)}

    def evaluate(self, levels):
        metrics = super().evaluate(levels)
        broken = {n: np.full_like(metrics.energy_J, v) for n, v in self.broken.items()}
        return replace(metrics, values={**metrics.values, **broken})


class Timeless(FakeEvaluator):
    """A model without latency or area, hence without EDAP."""

    quantities = (ENERGY, SNR)


@pytest.mark.parametrize("model", [FakeEvaluator, NoisyEvaluator])
def test_objectives_are_the_metrics_and_never_better_where_a_design_does_not_run(model, designs):
    problem = fake_problem(RRAM, 2, model=model)
    metrics = problem.model.evaluate(designs)
    runs = metrics.runs.all(axis=1)
    F, G = problem.evaluate(designs)
    costs = problem.costs(F[runs])
    assert len(costs) == runs.sum() > 0
    assert list(costs.values) == [q.name for q in model.quantities]
    for name, values in costs.values.items():
        np.testing.assert_array_equal(values, metrics.values[name][runs])
    # The more resources it lacks the worse, and beyond the bounds of all that run.
    assert np.isfinite(F).all()
    assert (G[~runs].max(axis=1) > 0).all()
    bounds = [q.bound for q in model.quantities for _ in q.columns(problem.workload_names)]
    assert (F[~runs].min(axis=0) >= bounds).all()
    assert (F[runs].max(axis=0) < bounds).all()
    order = np.argsort(G[~runs, :-1].sum(axis=1))
    assert (np.diff(F[~runs][order], axis=0) >= 0).all()
    assert F[~runs, 0].max() > F[~runs, 0].min()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("energy", value) for value in (0.0, -1.0, np.nan, np.inf)),
        *(("snr", value) for value in (np.nan, -np.inf, -1e30)),
    ],
)
def test_a_failed_evaluation_is_an_error_not_the_best_value(name, value, designs):
    # The trap of the paper's scripts: a failed evaluation is left at 0 and looks optimal.
    problem = fake_problem(RRAM, 2, model=partial(Broken, name=name, value=value))
    with pytest.raises(ValueError, match="runs, yet has an objective that is not finite") as error:
        problem.evaluate(designs)
    assert "\n" not in str(error.value)


def test_a_failed_evaluation_of_a_network_with_a_limit_is_an_error_not_infeasible(designs):
    model = partial(Broken, name="latency", value=np.nan)
    problem = fake_problem(RRAM, 2, model=model, limits={"net0": Limits(max_latency_s=9.0)})
    with pytest.raises(ValueError, match="runs, yet has an objective that is not finite"):
        problem.feasible(designs)


def test_values_of_another_shape_are_an_error_before_designs_are_called_feasible(designs):
    class Shapeless(FakeEvaluator):
        def evaluate(self, levels):
            metrics = super().evaluate(levels)
            return replace(metrics, values={**metrics.values, "area": metrics.area_m2[:, None]})

    with pytest.raises(ValueError, match="must give 'area' as numbers of shape"):
        fake_problem(RRAM, 2, model=Shapeless).feasible(designs)


def test_masked_values_of_a_model_are_an_error(designs):
    class Masked(FakeEvaluator):
        def evaluate(self, levels):
            metrics = super().evaluate(levels)
            area = np.ma.masked_array(metrics.area_m2, mask=True)
            return replace(metrics, values={**metrics.values, "area": area})

    with pytest.raises(ValueError, match=r"must give 'area' as numbers of shape .* MaskedArray"):
        fake_problem(RRAM, 2, model=Masked).evaluate(designs)


def test_the_area_limit_is_an_option(designs):
    loose = fake_problem(RRAM, area_limit_m2=1.0)
    assert loose.evaluate(designs)[1][:, -1].max() <= 0
    none = fake_problem(RRAM, area_limit_m2=None)
    assert none.n_ieq_constr == loose.n_ieq_constr - 1
    np.testing.assert_array_equal(none.evaluate(designs)[1], loose.evaluate(designs)[1][:, :-1])
    np.testing.assert_array_equal(none.evaluate(designs)[0], loose.evaluate(designs)[0])


def test_bad_arguments_are_named(problem, designs):
    with pytest.raises(ValueError, match="area_limit_m2 must be positive, got 0"):
        fake_problem(RRAM, area_limit_m2=0)
    with pytest.raises(ValueError, match="no network"):
        fake_problem(RRAM, 0)
    with pytest.raises(ValueError, match="gives no area to limit"):
        fake_problem(RRAM, model=Timeless)
    with pytest.raises(ValueError, match="a variable that is not finite"):
        problem.evaluate(designs[:10] + np.nan)


def test_solutions_of_pymoo_are_rounded(problem, designs):
    near = designs + np.random.default_rng(0).uniform(-0.49, 0.49, designs.shape)
    for rounded, exact in zip(problem.evaluate(near), problem.evaluate(designs), strict=True):
        np.testing.assert_array_equal(rounded, exact)


@pytest.mark.parametrize(
    "algorithm",
    [
        NSGA2(pop_size=10),
        MixedVariableGA(pop_size=10, survival=RankAndCrowding()),
    ],
    ids=["numbers", "mixed"],
)
def test_algorithms_of_pymoo_take_the_problem_as_it_is(algorithm):
    problem = fake_problem(SMALL, 2)
    result = minimize(problem, algorithm, ("n_eval", 60), seed=1, return_least_infeasible=True)
    assert result.algorithm.evaluator.n_eval == 60
    levels = indices(SMALL, np.atleast_1d(result.X))
    np.testing.assert_array_equal(problem.evaluate(levels)[0], np.atleast_2d(result.F))


@pytest.mark.parametrize("last", [0, -3, np.nan, np.inf, 1e308, None])
def test_weights_that_make_no_sense_are_refused(last):
    weights = (1, 2, 3) if last is None else (1, 2, 3, last)
    with pytest.raises(ValueError, match=r"weights must be 4 numbers from 1e-06 to 1e\+06"):
        fake_problem(RRAM, weights=weights)


def weighted(weights):
    return fake_problem(RRAM, len(weights), weights=weights)


@settings(deadline=None)
@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=5))
def test_weights_are_scaled_to_the_number_of_networks(weights):
    problem = weighted(weights)
    assert problem.weights.sum() == pytest.approx(len(weights))
    assert problem.weights / problem.weights[0] == pytest.approx(np.array(weights) / weights[0])
    equal = weighted([weights[0]] * len(weights))
    assert (equal.weights == 1).all()  # so that equal weights change no digit


def test_criteria_and_weights_guide():
    # EDAP of two designs of 1 mm², 2 and 8, 4 and 4; the second network counts three times as much.
    F = np.array([[2.0, 8, 1, 1, 1e-6], [4, 4, 1, 1, 1e-6]])
    problem = weighted((1, 3))
    names = ["edap_max", "edap_mean", "edap_product", "edap_geomean"]
    assert [c.name for c in problem.guides[:4]] == names
    mean, product = (0.5 * 2 + 1.5 * 8) / 2, 2**0.5 * 8**1.5
    # By aggregation, E·L·A by max and mean, regret, and EDAP of each network.
    first = [8, mean, product, product**0.5, 8, mean, 1, 2, 8]
    second = [4, 4, 16, 4, 4, 4, 1, 4, 4]
    np.testing.assert_allclose(problem.guide_scores(F), [first, second], rtol=1e-12)
    best = problem.guide_scores(F, np.array([1.0, 4]))
    np.testing.assert_allclose(best[:, 6], [1, 3])


def test_a_criterion_that_is_asked_for_joins_the_guides_once(designs):
    plain = fake_problem(RRAM, 2)
    names = [c.name for c in plain.guides]
    assert names == [name for name, c in CRITERIA.items() if c.guides]
    asked = fake_problem(RRAM, 2, requested=[find_criterion("edap_mean")])
    assert asked.guides == plain.guides
    problem = fake_problem(RRAM, 2, requested=[SUM])
    assert {c.name for c in problem.guides} == {*names, "sum"}
    F, G = problem.evaluate(designs)
    F = F[(G <= 0).all(axis=1)]
    at = [c.name for c in problem.guides].index("sum")
    scores = problem.guide_scores(F)
    np.testing.assert_array_equal(scores[:, at], SUM.scores(problem.costs(F), None))
    np.testing.assert_array_equal(np.delete(scores, at, axis=1), plain.guide_scores(F))


def test_without_edap_each_objective_guides_as_it_is_minimised(designs):
    problem = fake_problem(RRAM, 2, model=Timeless, area_limit_m2=None)
    F, G = problem.evaluate(designs)
    F = F[(G <= 0).all(axis=1)]
    assert not problem.has_edap
    np.testing.assert_array_equal(problem.guide_scores(F), F)


class Throughput(NoisyEvaluator):
    """Rates instead of times, a ratio that is to be large, beside decibels."""

    quantities = (ENERGY, replace(LATENCY, name="rate", unit="Hz", sense="max"), AREA, SNR)

    def evaluate(self, levels):
        metrics = super().evaluate(levels)
        return replace(metrics, values={**metrics.values, "rate": 1 / metrics.latency_s})


def test_coordinates_are_logarithms_of_ratios_and_intervals_as_they_are(designs):
    by_rate, by_time = (fake_problem(RRAM, 2, model=m) for m in (Throughput, NoisyEvaluator))
    (rates, G), (times, _) = by_rate.evaluate(designs), by_time.evaluate(designs)
    runs = (G <= 0).all(axis=1)
    F = times[runs]
    snr = by_time.costs(F)["snr"]
    assert snr.min() < 0 < snr.max()
    points = by_time.coordinates(F)
    np.testing.assert_array_equal(points[:, :5], np.log(F[:, :5]))
    np.testing.assert_array_equal(points[:, 5:], -snr)
    np.testing.assert_allclose(by_rate.coordinates(rates[runs]), points, rtol=1e-12)


def test_a_chip_costs_its_area_at_the_price_of_its_node():
    problem = fake_problem(SRAM_TECHNOLOGY, 2, cost_per_cm2=COSTS)
    levels = problem.space.random(500, np.random.default_rng(0))
    F, _ = problem.evaluate(levels)
    runs = problem.model.resources(levels).runs.all(axis=1)
    assert runs.any()
    assert problem.objective_names[-1] == "cost"
    nodes = problem.space.column(levels[runs], "technology_nm")
    per_m2 = np.array([COSTS[node] for node in nodes]) * 1e4
    np.testing.assert_allclose(F[runs, -1], F[runs, -2] * per_m2, rtol=1e-12)
    with pytest.raises(ValueError, match="cost is no objective"):
        fake_problem(SRAM_TECHNOLOGY, 2).cost(levels, F[:, -1])
