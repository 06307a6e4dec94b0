"""Scores beyond the range of float64 keep their order, and those within keep every digit."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.exact.bounded_criteria import BoundedCriterion
from imcmoo.io.errors import InputError
from imcmoo.problem.criteria import CRITERIA, Criterion
from imcmoo.problem.own_score import Exponents, own_criterion
from imcmoo.problem.score_range import (
    LARGEST,
    SMALLEST,
    from_fields,
    from_log,
    log10_of,
    log_of,
    ratio,
    stated,
    text,
    to_fields,
)
from imcmoo.problem.scores import AGGREGATIONS, costs_of

logs = st.floats(-1e5, 1e5)


@given(logs, logs)
def test_order_and_ratio_are_those_of_the_logarithms(one, other):
    first, second = from_log(np.array([one, other]))
    assert first > 0
    assert np.isfinite(first)
    if abs(one - other) > 1e-9 * (1 + abs(one)):
        assert (first < second) == (one < other)
    assert log_of(np.array([first]))[0] == pytest.approx(one, rel=1e-12, abs=1e-12)
    if abs(one - other) < 100:
        assert np.log(ratio(np.array([first]), second))[0] == pytest.approx(one - other, abs=1e-8)


@given(logs)
def test_json_gives_back_the_very_same_number(log):
    score = float(from_log(np.array(log)))
    written = json.loads(json.dumps(to_fields("value", score)))
    assert from_fields("value", written) == score
    assert ("value" in written) == (SMALLEST <= score <= LARGEST)


def test_products_within_the_range_keep_every_digit():
    values = 10 ** np.random.default_rng(0).uniform(-15, -5, (500, 9))
    assert (AGGREGATIONS["product"](values, np.ones(9)) == values.prod(axis=1)).all()
    uneven = np.array([0.5] * 4 + [1.0] + [1.5] * 4)
    plain = np.where(uneven == 1, values, values**uneven).prod(axis=1)
    assert (AGGREGATIONS["product"](values, uneven) == plain).all()
    extreme = np.array([[1e-200, 1e-150, 1e150, 1e190]])
    assert AGGREGATIONS["product"](extreme, np.ones(4))[0] == pytest.approx(1e-10, rel=1e-9)
    geomean = np.exp(np.log(values).mean(axis=1))
    assert (AGGREGATIONS["geomean"](values, np.ones(9)) == geomean).all()


def many(n_networks, n=200):
    rng = np.random.default_rng(2)
    energy, latency = 10 ** rng.uniform(-8, -6, (2, n, n_networks))
    return costs_of(energy, latency, 10 ** rng.uniform(-5, -4, n))


@pytest.mark.parametrize("n_networks", [30, 300])
def test_a_product_of_many_networks_tells_designs_apart(n_networks):
    costs, product = many(n_networks), CRITERIA["edap_product"]
    scores, logs = product.scores(costs, None), np.log(costs.edap).sum(axis=1)
    assert (np.argsort(scores) == np.argsort(logs)).all()
    assert len(np.unique(scores)) == len(scores)
    expected = np.exp(np.minimum(logs - logs.min(), 700)) - 1
    near = logs - logs.min() < 600
    assert product.regret(scores, scores.min())[near] == pytest.approx(
        expected[near], rel=1e-9, abs=1e-9
    )
    name, shown = stated("edap_product", scores)
    assert name == "log10_edap_product"
    assert shown == pytest.approx(logs / np.log(10))


@pytest.mark.parametrize("aggregate", AGGREGATIONS)
def test_powers_that_float64_cannot_hold_tell_designs_apart(aggregate):
    costs = many(3)
    criterion = own_criterion(Exponents(energy=60, latency=20, area=3, aggregate=aggregate))
    logs = 60 * np.log(costs["energy"]) + 20 * np.log(costs["latency"])
    logs += 3 * np.log(costs["area"] * 1e6)[:, None]
    expected = {
        "max": logs.max(axis=1),
        "mean": np.logaddexp.reduce(logs, axis=1) - np.log(3),
        "product": logs.sum(axis=1),
        "geomean": logs.mean(axis=1),
    }[aggregate]
    scores = criterion.scores(costs, None)
    assert log_of(scores) == pytest.approx(expected, rel=1e-10)
    assert (np.argsort(scores) == np.argsort(expected)).all()


def test_gaps_are_those_of_the_geometric_mean():
    goal = BoundedCriterion("edap_product", None, None, root=30)
    value, bound = (float(from_log(np.array(30 * np.log(v)))) for v in (1.2e-12, 1e-12))
    assert goal.gap(value, bound) == pytest.approx(0.2)
    assert goal.gap(value, value) == 0
    least = goal.pruning_threshold(value, 0.2)
    assert log10_of(np.array(least)) == pytest.approx(log10_of(np.array(bound)), rel=1e-12)
    assert 0 < goal.pruning_threshold(1e-285, 1e5) < SMALLEST
    assert goal.pruning_threshold(value, 0.0) == value


def test_people_read_the_decimal_logarithm():
    assert text(float(from_log(np.array(-361.5 * np.log(10))))) == "10^-361.500000"
    assert text(0.25) == "0.25"
    assert text(float("inf"), ".4e") == "inf"


COSTS = many(2, n=4)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, 0, 2, 3], "1 of 4 designs .* such as 0; scores must be finite and positive"),
        ([1, -2, 2, 3], "such as -2"),
        ([np.nan, 1, 2, 3], "such as nan"),
        ([1, 2, np.inf, 3], "such as inf"),
        ([1, 2, 1e-300, 3], "such as 1e-300; .* from 1e-290 to 1e.290"),
    ],
)
def test_scores_that_are_not_allowed_are_refused(values, said):
    criterion = Criterion("mine", lambda costs: np.array(values, dtype=float))
    with pytest.raises(InputError, match=f"criterion mine: .*{said}"):
        criterion.scores(COSTS, None)


def test_a_difference_may_be_any_finite_number():
    for values in ([-3.0, 0, 2, 5], [-1e280, 0, 0, 0]):
        criterion = Criterion("mine", lambda costs, v=values: np.array(v), scale="difference")
        assert criterion.scores(COSTS, None).tolist() == values
    criterion = Criterion("mine", lambda costs: np.array([1, 2, 3, np.nan]), scale="difference")
    with pytest.raises(InputError, match="such as nan; scores must be finite and 0 or of a size"):
        criterion.scores(COSTS, None)
