"""Objectives, weights and what guides: the adapter to pymoo."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imcmoo.model.metrics import AREA, ENERGY, LATENCY
from imcmoo.problem.criteria import CRITERIA, find_criterion
from imcmoo.problem.problem import SelectionCriteria
from problems import STUDIES
from problems.rram import RRAM
from problems.sram import SRAM_TECHNOLOGY
from tests.fakes import SNR, SUM, FakeEvaluator, LimitlessEvaluator, NoisyEvaluator, fake_problem

COSTS = STUDIES["technology_cost_sram"].cost_per_cm2


@pytest.fixture
def problem():
    return fake_problem(RRAM, 2)


@pytest.fixture
def designs():
    """Random designs: about 3 % feasible, most do not map, some are only too large."""
    return RRAM.random(4000, np.random.default_rng(1))


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


def test_objectives_are_named_energies_latencies_area(problem):
    assert problem.objective_names == [
        "energy_net0_J",
        "energy_net1_J",
        "latency_net0_s",
        "latency_net1_s",
        "area_m2",
    ]
    assert problem.n_obj == 5
    assert problem.n_ieq_constr == len(problem.feasibility.names) == 5


@pytest.mark.parametrize("model", [FakeEvaluator, NoisyEvaluator])
def test_objectives_of_a_design_that_runs_are_the_metrics(model, designs):
    problem = fake_problem(RRAM, 2, model=model)
    metrics = problem.model.evaluate(designs)
    runs = metrics.runs.all(axis=1)
    F, _ = problem.evaluate(designs)
    costs = problem.costs(F[runs])
    assert len(costs) == runs.sum() > 0
    assert list(costs.values) == [q.name for q in model.quantities]
    for name, values in costs.values.items():
        np.testing.assert_array_equal(values, metrics.values[name][runs])


@pytest.mark.parametrize("model", [FakeEvaluator, NoisyEvaluator])
def test_what_does_not_run_is_never_better_and_the_worse_the_more_it_lacks(model, designs):
    problem = fake_problem(RRAM, 2, model=model)
    runs = problem.model.resources(designs).runs.all(axis=1)
    F, G = problem.evaluate(designs)
    assert np.isfinite(F).all()
    assert (G[~runs].max(axis=1) > 0).all()
    bounds = [q.bound for q in model.quantities for _ in q.columns(problem.workload_names)]
    assert (F[~runs].min(axis=0) >= bounds).all()
    assert (F[runs].max(axis=0) < bounds).all()
    lacking = G[~runs, :-1].sum(axis=1)
    order = np.argsort(lacking)
    assert (np.diff(F[~runs][order], axis=0) >= 0).all()
    assert F[~runs, 0].max() > F[~runs, 0].min()


@pytest.mark.parametrize("energy", [0.0, -1.0, np.nan, np.inf])
def test_a_failed_evaluation_is_an_error_not_the_best_value(energy, designs):
    # The trap of the paper's scripts: a failed evaluation is left at 0 and looks optimal.
    problem = fake_problem(RRAM, 2, model=partial(Broken, name="energy", value=energy))
    with pytest.raises(ValueError, match="runs, yet has an objective that is not finite"):
        problem.evaluate(designs)


@pytest.mark.parametrize("snr", [np.nan, -np.inf, np.inf, -1e30])
def test_so_is_one_of_a_quantity_that_is_to_be_large(snr, designs):
    problem = fake_problem(RRAM, 2, model=partial(Broken, name="snr", value=snr))
    with pytest.raises(ValueError, match="runs, yet has an objective that is not finite"):
        problem.evaluate(designs)


@pytest.mark.parametrize("snr", [0.0, -30.0, 30.0])
def test_any_sign_is_fine_where_differences_count(snr, designs):
    problem = fake_problem(RRAM, 2, model=partial(Broken, name="snr", value=snr))
    F, G = problem.evaluate(designs)
    assert (problem.costs(F[(G <= 0).all(axis=1)])["snr"] == snr).all()


def test_one_workload_alone(designs):
    problem = fake_problem(RRAM, 1)
    F, G = problem.evaluate(designs)
    assert F.shape == G.shape == (len(designs), 3)


def test_the_area_limit_is_an_option(designs):
    loose = fake_problem(RRAM, area_limit_m2=1.0)
    assert loose.evaluate(designs)[1][:, -1].max() <= 0
    none = fake_problem(RRAM, area_limit_m2=None)
    assert none.n_ieq_constr == loose.n_ieq_constr - 1
    np.testing.assert_array_equal(none.evaluate(designs)[1], loose.evaluate(designs)[1][:, :-1])
    np.testing.assert_array_equal(none.evaluate(designs)[0], loose.evaluate(designs)[0])


def test_whole_floats_are_levels_and_others_are_refused(problem, designs):
    F, _ = problem.evaluate(designs[:10])
    np.testing.assert_array_equal(problem.evaluate(designs[:10].astype(float))[0], F)
    with pytest.raises(ValueError, match="not an integer"):
        problem.evaluate(designs[:10] + 0.5)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="area_limit_m2 must be positive, got 0"):
        fake_problem(RRAM, area_limit_m2=0)
    with pytest.raises(ValueError, match="no network"):
        fake_problem(RRAM, 0)
    with pytest.raises(ValueError, match="gives no area to limit"):
        fake_problem(RRAM, model=Timeless)


@pytest.mark.parametrize(
    "weights",
    [
        (1, 2),
        (1, 2, 0, 4),
        (1, 2, -3, 4),
        (1, 2, np.nan, 4),
        (1, 2, 3, np.inf),
        (1, 2, 3, 1e308),
        (1, 2, 3, 1e-320),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights):
    with pytest.raises(ValueError, match=r"weights must be 4 numbers from 1e-06 to 1e\+06"):
        fake_problem(RRAM, guidance=SelectionCriteria(weights=weights))


def weighted(weights):
    return fake_problem(RRAM, len(weights), guidance=SelectionCriteria(weights=weights))


@settings(deadline=None)
@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=5))
def test_weights_are_scaled_to_the_number_of_networks(weights):
    problem = weighted(weights)
    assert problem.weights.sum() == pytest.approx(len(weights))
    assert problem.weights / problem.weights[0] == pytest.approx(np.array(weights) / weights[0])


@pytest.mark.parametrize("weight", [1, 1.0, 7, 0.1])
def test_equal_weights_change_no_digit(weight, designs):
    plain, equal = fake_problem(RRAM, 4), weighted((weight,) * 4)
    F, G = plain.evaluate(designs)
    F = F[(G <= 0).all(axis=1)]
    np.testing.assert_array_equal(equal.guide_scores(F), plain.guide_scores(F))


def test_weights_reach_what_guides():
    # EDAP 2 and 8 for an area of 1 mm²; the second network counts three times as much.
    F = np.array([[2.0, 8, 1, 1, 1e-6]])
    problem = weighted((1, 3))
    assert [c.name for c in problem.guides[:4]] == [
        "edap_max",
        "edap_mean",
        "edap_product",
        "edap_geomean",
    ]
    mean, product = (0.5 * 2 + 1.5 * 8) / 2, 2**0.5 * 8**1.5
    expected = [8, mean, product, product**0.5, 8, mean, 0, 2, 8]
    np.testing.assert_allclose(problem.guide_scores(F)[0], expected, rtol=1e-12)


def test_a_criterion_that_is_asked_for_joins_the_guides(designs):
    plain = fake_problem(RRAM, 2)
    always = [c.name for c in plain.guides]
    assert always == [name for name, c in CRITERIA.items() if c.guides]
    asked = SUM
    problem = fake_problem(RRAM, 2, guidance=SelectionCriteria(asked=asked))
    assert {c.name for c in problem.guides} == {*always, "sum"}
    F, G = problem.evaluate(designs)
    F = F[(G <= 0).all(axis=1)]
    at = [c.name for c in problem.guides].index("sum")
    scores = problem.guide_scores(F)
    np.testing.assert_array_equal(scores[:, at], asked.scores(problem.costs(F), None))
    np.testing.assert_array_equal(np.delete(scores, at, axis=1), plain.guide_scores(F))


def test_a_guide_that_is_asked_for_counts_once():
    asked = SelectionCriteria(asked=find_criterion("edap_mean"))
    assert fake_problem(RRAM, guidance=asked).guides == fake_problem(RRAM).guides


def test_without_edap_each_objective_guides_as_it_is_minimised(designs):
    problem = fake_problem(RRAM, 2, model=Timeless, area_limit_m2=None)
    F, G = problem.evaluate(designs)
    F = F[(G <= 0).all(axis=1)]
    assert not problem.has_edap
    np.testing.assert_array_equal(problem.guide_scores(F), F)


def test_coordinates_are_logarithms_of_ratios_and_intervals_as_they_are(designs):
    problem = fake_problem(RRAM, 2, model=NoisyEvaluator)
    F, G = problem.evaluate(designs)
    F = F[(G <= 0).all(axis=1)]
    snr = problem.costs(F)["snr"]
    assert snr.min() < 0 < snr.max()
    points = problem.coordinates(F)
    np.testing.assert_array_equal(points[:, :5], np.log(F[:, :5]))
    np.testing.assert_array_equal(points[:, 5:], -snr)


class Throughput(FakeEvaluator):
    """Rates instead of times: a ratio that is to be large."""

    quantities = (ENERGY, replace(LATENCY, name="rate", unit="Hz", sense="max"), AREA)

    def evaluate(self, levels):
        metrics = super().evaluate(levels)
        return replace(metrics, values={**metrics.values, "rate": 1 / metrics.latency_s})


def test_a_rate_has_the_coordinates_of_its_time(designs):
    by_rate, by_time = (fake_problem(RRAM, 2, model=m) for m in (Throughput, FakeEvaluator))
    (rates, G), (times, _) = by_rate.evaluate(designs), by_time.evaluate(designs)
    runs = (G <= 0).all(axis=1)
    np.testing.assert_allclose(
        by_rate.coordinates(rates[runs]), by_time.coordinates(times[runs]), rtol=1e-12
    )


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


def test_networks_that_lack_nothing_run_everywhere():
    problem = fake_problem(RRAM, 2, model=LimitlessEvaluator, area_limit_m2=None)
    levels = problem.space.random(100, np.random.default_rng(0))
    F, G = problem.evaluate(levels, return_values_of=["F", "G"])
    assert G.shape == (100, 0)
    assert (F < 1e6).all()
