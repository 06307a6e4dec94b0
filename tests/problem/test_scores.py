"""Aggregations, EDAP and regret."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imcmoo.problem.criteria import SCORES
from imcmoo.problem.score_range import log10_of
from imcmoo.problem.scores import AGGREGATIONS, costs_of, edap, edp, regret, worst_regret

EQUAL = np.ones(1)

positive = arrays(
    float,
    st.tuples(st.integers(1, 5), st.integers(1, 6)),
    elements=st.floats(1e-12, 1e3),
)


def test_edap_is_in_joule_seconds_square_millimetres():
    value = edap(np.array([[2e-3]]), np.array([[3e-6]]), np.array([500e-6]))
    assert value == pytest.approx(np.array([[2e-3 * 3e-6 * 500]]), rel=1e-12, abs=0)


def test_edp_multiplies_energy_and_delay():
    assert edp(np.array([2.0]), np.array([3.0])) == np.array([6.0])


def test_edap_of_a_network_that_does_not_map_is_nan():
    value = edap(np.array([[np.nan, 1.0]]), np.array([[np.nan, 1.0]]), np.array([1.0]))
    assert np.isnan(value).tolist() == [[True, False]]


@pytest.mark.parametrize(
    ("name", "expected"), [("max", 8.0), ("mean", 14 / 3), ("product", 64.0), ("geomean", 4.0)]
)
def test_aggregations(name, expected):
    assert AGGREGATIONS[name](np.array([[2.0, 4.0, 8.0]]), EQUAL) == pytest.approx([expected])


@pytest.mark.parametrize("name", AGGREGATIONS)
def test_a_network_that_does_not_map_spoils_every_aggregation(name):
    assert np.isnan(AGGREGATIONS[name](np.array([[1.0, np.nan]]), EQUAL))[0]


def test_product_and_geometric_mean_survive_where_float64_underflows():
    tiny = np.full((1, 9), 1e-40)
    assert log10_of(AGGREGATIONS["product"](tiny, EQUAL)) == pytest.approx([-360], rel=1e-12)
    assert AGGREGATIONS["geomean"](tiny, EQUAL) == pytest.approx([1e-40], rel=1e-12, abs=0)


@given(positive)
def test_means_lie_between_smallest_and_largest(values):
    for name in ("mean", "geomean", "max"):
        result = AGGREGATIONS[name](values, EQUAL)
        assert (result >= values.min(axis=1) * (1 - 1e-9)).all()
        assert (result <= values.max(axis=1) * (1 + 1e-9)).all()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("max", 8.0),
        ("mean", (0.5 * 2 + 1.5 * 8) / 2),
        ("product", 2**0.5 * 8**1.5),
        ("geomean", 32**0.5),
    ],
)
def test_weights_weigh_the_mean_are_exponents_of_products_and_nothing_to_the_largest(
    name, expected
):
    weights = np.array([0.5, 1.5])
    assert AGGREGATIONS[name](np.array([[2.0, 8.0]]), weights) == pytest.approx([expected])


@given(positive, st.data())
def test_aggregations_grow_with_every_value_whatever_the_weights(values, data):
    n = values.shape[1]
    weights = np.array(data.draw(st.lists(st.floats(0.01, 1), min_size=n, max_size=n)))
    weights *= n / weights.sum()
    for aggregate in AGGREGATIONS.values():
        assert (aggregate(2 * values, weights) >= aggregate(values, weights)).all()


@given(positive, st.integers(1, 3))
def test_a_network_of_weight_2_counts_as_two(values, twice):
    at = twice % values.shape[1]
    repeated = np.column_stack([values, values[:, at]])
    weights = np.ones(values.shape[1])
    weights[at] = 2
    weights *= values.shape[1] / weights.sum()
    for name in ("max", "mean", "geomean"):
        expected = AGGREGATIONS[name](repeated, EQUAL)
        assert AGGREGATIONS[name](values, weights) == pytest.approx(expected)


def test_some_of_the_costs_are_those_of_some_designs():
    costs = costs_of(np.array([[1.0], [2], [3]]), np.ones((3, 1)), np.array([1e-6, 1e-6, 2e-6]))
    for rows in ([2, 0], np.array([True, False, True])):
        some = costs.take(rows)
        assert len(some) == 2
        assert sorted(some.edap[:, 0]) == pytest.approx([1, 6])
        np.testing.assert_array_equal(some.objectives, costs.objectives[rows])


@given(positive)
def test_product_and_geometric_mean_agree(values):
    product = AGGREGATIONS["geomean"](values, EQUAL) ** values.shape[1]
    assert AGGREGATIONS["product"](values, EQUAL) == pytest.approx(product, rel=1e-9, abs=1e-300)


def test_the_papers_score_pairs_the_largest_energy_with_the_largest_latency():
    # One network needs the energy, the other the time: EDAP (max) sees 2 × 3 or 5 × 1 of 1 mm².
    costs = costs_of(np.array([[2.0, 5.0]]), np.array([[3.0, 1.0]]), np.array([1e-6]))
    assert SCORES["edap_max"](costs) == pytest.approx([6.0])
    assert SCORES["ela_max"](costs) == pytest.approx([15.0])
    assert SCORES["ela_mean"](costs) == pytest.approx([7.0])


@given(positive, positive)
def test_the_papers_score_is_the_edap_of_a_single_network_and_never_below_it(energy, latency):
    rows = min(len(energy), len(latency))
    energy, latency, area = energy[:rows], latency[:rows], np.ones(rows)
    single = costs_of(energy[:, :1], latency[:, :1], area)
    assert SCORES["ela_max"](single) == pytest.approx(SCORES["edap_max"](single), rel=1e-12, abs=0)
    columns = min(energy.shape[1], latency.shape[1])
    costs = costs_of(energy[:, :columns], latency[:, :columns], area)
    assert (SCORES["ela_max"](costs) >= SCORES["edap_max"](costs) * (1 - 1e-12)).all()


def test_regret_is_the_excess_over_the_best():
    values = np.array([[1.0, 4.0], [1.5, 2.0]])
    best = np.array([1.0, 2.0])
    assert regret(values, best) == pytest.approx(np.array([[0.0, 1.0], [0.5, 0.0]]))
    assert worst_regret(values, best) == pytest.approx([1.0, 0.5])


@pytest.mark.parametrize("best", [0.0, -1.0, np.nan])
def test_regret_needs_a_positive_best(best):
    with pytest.raises(ValueError, match="best must be positive"):
        regret(np.array([1.0]), np.array([best]))
