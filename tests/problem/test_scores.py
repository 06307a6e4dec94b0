"""Aggregations, EDAP and regret."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imcmoo.problem.criteria import SCORES
from imcmoo.problem.scores import (
    AGGREGATIONS,
    EdapDefinition,
    costs_of,
    edap,
    edp,
    regret,
    worst_regret,
)

EQUAL = np.ones(1)

positive = arrays(
    float,
    st.tuples(st.integers(1, 5), st.integers(1, 6)),
    elements=st.floats(1e-12, 1e3),
)


def test_edap_is_in_joule_seconds_square_millimetres():
    energy, latency = np.array([[2e-3, np.nan]]), np.array([[3e-6, np.nan]])
    value = edap(energy, latency, np.array([500e-6]))
    assert value[0, 0] == pytest.approx(2e-3 * 3e-6 * 500, rel=1e-12, abs=0)
    assert np.isnan(value[0, 1])  # it does not map
    assert edp(np.array([2.0]), np.array([3.0])) == np.array([6.0])


def test_an_edap_takes_the_delay_and_the_area_of_its_definition():
    # Examples 14a to 14d of the corrected costs.
    values = {
        "energy": np.array([[2447e-6]]),
        "latency": np.array([[604.6e-6]]),
        "interval": np.array([[160.5e-6]]),
        "area": np.array([755.3e-6]),
        "package": np.array([755.3e-6 + 60e-6]),
        "silicon": np.array([755.3e-6 + 260e-6]),
    }
    products = [f"{definition.of(values)[0, 0]:.4g}" for definition in EdapDefinition.every()]
    assert products == [
        *("0.001117", "0.0002966", "0.001206", "0.0003202"),
        *("0.001502", "0.0003988"),
    ]
    assert [str(definition) for definition in EdapDefinition.every()] == [
        "latency, chip", "interval, chip", "latency, package", "interval, package",
        "latency, silicon", "interval, silicon",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "equal", "weighted"),
    [
        ("max", 8.0, 8.0),
        ("mean", 14 / 3, (0.5 * 2 + 0.5 * 4 + 2 * 8) / 3),
        ("product", 64.0, 8**0.5 * 8**2),
        ("geomean", 4.0, (8**0.5 * 8**2) ** (1 / 3)),
    ],
)
def test_weights_weigh_means_are_exponents_of_products_and_nothing_to_the_largest(
    name, equal, weighted
):
    aggregate, values = AGGREGATIONS[name], np.array([[2.0, 4.0, 8.0]])
    assert aggregate(values, EQUAL) == pytest.approx([equal])
    assert aggregate(values, np.array([0.5, 0.5, 2])) == pytest.approx([weighted])
    assert np.isnan(aggregate(np.array([[1.0, np.nan]]), EQUAL))[0]


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
        part = costs.take(rows)
        assert len(part) == 2
        assert sorted(part.edap[:, 0]) == pytest.approx([1, 6])
        np.testing.assert_array_equal(part.objectives, costs.objectives[rows])


def test_the_papers_score_pairs_the_largest_energy_with_the_largest_latency():
    # One network needs the energy, the other the time: EDAP (max) sees 2 × 3 or 5 × 1 of 1 mm².
    costs = costs_of(np.array([[2.0, 5.0]]), np.array([[3.0, 1.0]]), np.array([1e-6]))
    assert SCORES["edap_max"](costs) == pytest.approx([6.0])
    assert SCORES["ela_max"](costs) == pytest.approx([15.0])
    assert SCORES["ela_mean"](costs) == pytest.approx([7.0])


def test_regret_is_the_excess_over_the_best():
    values = np.array([[1.0, 4.0], [1.5, 2.0]])
    best = np.array([1.0, 2.0])
    assert regret(values, best) == pytest.approx(np.array([[0.0, 1.0], [0.5, 0.0]]))
    assert worst_regret(values, best) == pytest.approx([1.0, 0.5])


@pytest.mark.parametrize("best", [0.0, -1.0, np.nan])
def test_regret_needs_a_positive_best(best):
    with pytest.raises(ValueError, match="best must be positive"):
        regret(np.array([1.0]), np.array([best]))
