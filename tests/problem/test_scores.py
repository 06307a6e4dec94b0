"""Aggregations, EDAP and regret."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imcmoo.problem.scores import AGGREGATIONS, SCORES, edap, edp, regret, worst_regret

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
    assert AGGREGATIONS[name](np.array([[2.0, 4.0, 8.0]])) == pytest.approx([expected])


@pytest.mark.parametrize("name", AGGREGATIONS)
def test_a_network_that_does_not_map_spoils_every_aggregation(name):
    assert np.isnan(AGGREGATIONS[name](np.array([[1.0, np.nan]])))[0]


def test_geometric_mean_survives_where_the_product_underflows():
    tiny = np.full((1, 9), 1e-40)
    assert AGGREGATIONS["product"](tiny) == 0
    assert AGGREGATIONS["geomean"](tiny) == pytest.approx([1e-40], rel=1e-12, abs=0)


@given(positive)
def test_means_lie_between_smallest_and_largest(values):
    for name in ("mean", "geomean", "max"):
        result = AGGREGATIONS[name](values)
        assert (result >= values.min(axis=1) * (1 - 1e-9)).all()
        assert (result <= values.max(axis=1) * (1 + 1e-9)).all()


@given(positive)
def test_product_and_geometric_mean_agree(values):
    product = AGGREGATIONS["geomean"](values) ** values.shape[1]
    assert AGGREGATIONS["product"](values) == pytest.approx(product, rel=1e-9, abs=1e-300)


def test_the_papers_score_pairs_the_largest_energy_with_the_largest_latency():
    # One network needs the energy, the other the time: EDAP (max) sees 2 × 3 or 5 × 1 of 1 mm².
    costs = np.array([[2.0, 5.0]]), np.array([[3.0, 1.0]]), np.array([1e-6])
    assert SCORES["edap_max"](*costs) == pytest.approx([6.0])
    assert SCORES["ela_max"](*costs) == pytest.approx([15.0])
    assert SCORES["ela_mean"](*costs) == pytest.approx([7.0])


@given(positive, positive)
def test_the_papers_score_is_the_edap_of_a_single_network_and_never_below_it(energy, latency):
    rows = min(len(energy), len(latency))
    energy, latency, area = energy[:rows], latency[:rows], np.ones(rows)
    single = energy[:, :1], latency[:, :1], area
    assert SCORES["ela_max"](*single) == pytest.approx(
        SCORES["edap_max"](*single), rel=1e-12, abs=0
    )
    columns = min(energy.shape[1], latency.shape[1])
    costs = energy[:, :columns], latency[:, :columns], area
    assert (SCORES["ela_max"](*costs) >= SCORES["edap_max"](*costs) * (1 - 1e-12)).all()


def test_regret_is_the_excess_over_the_best():
    values = np.array([[1.0, 4.0], [1.5, 2.0]])
    best = np.array([1.0, 2.0])
    assert regret(values, best) == pytest.approx(np.array([[0.0, 1.0], [0.5, 0.0]]))
    assert worst_regret(values, best) == pytest.approx([1.0, 0.5])


@pytest.mark.parametrize("best", [0.0, -1.0, np.nan])
def test_regret_needs_a_positive_best(best):
    with pytest.raises(ValueError, match="best must be positive"):
        regret(np.array([1.0]), np.array([best]))
