"""Scores that may leave float64 are compared as logarithms; all others keep every digit."""

import numpy as np
import pytest

from imcmoo.exact.bounded_criteria import BoundedCriterion
from imcmoo.exact.certificate import Certificate
from imcmoo.io.errors import InputError
from imcmoo.problem.criteria import CRITERIA, Criterion
from imcmoo.problem.own_score import Exponents, own_criterion
from imcmoo.problem.scale import Scale
from imcmoo.problem.scores import AGGREGATIONS, LOG10_AGGREGATIONS, costs_of

PRODUCT = CRITERIA["edap_product"]


def test_products_keep_every_digit():
    values = 10 ** np.random.default_rng(0).uniform(-15, -5, (500, 9))
    assert (AGGREGATIONS["product"](values, np.ones(9)) == values.prod(axis=1)).all()
    uneven = np.array([0.5] * 4 + [1.0] + [1.5] * 4)
    plain = np.where(uneven == 1, values, values**uneven).prod(axis=1)
    assert (AGGREGATIONS["product"](values, uneven) == plain).all()
    geomean = np.exp(np.log(values).mean(axis=1))
    assert (AGGREGATIONS["geomean"](values, np.ones(9)) == geomean).all()


@pytest.mark.parametrize("name", AGGREGATIONS)
def test_logarithms_are_aggregated_as_the_values_are(name):
    values, weights = np.array([[2.0, 4, 8], [3, 1, 0], [3, 1, np.nan]]), np.array([0.5, 0.5, 2])
    with np.errstate(divide="ignore"):
        logs, expected = np.log10(values), np.log10(AGGREGATIONS[name](values, weights))
    assert LOG10_AGGREGATIONS[name](logs, weights) == pytest.approx(expected, nan_ok=True)


def many(n_networks, n=200):
    rng = np.random.default_rng(2)
    energy, latency = 10 ** rng.uniform(-8, -6, (2, n, n_networks))
    return costs_of(energy, latency, 10 ** rng.uniform(-5, -4, n))


@pytest.mark.parametrize("n_networks", [30, 300])
def test_a_product_of_many_networks_tells_designs_apart(n_networks):
    costs, product = many(n_networks), PRODUCT.for_networks(n_networks)
    scores, logs = product.scores(costs, None), np.log10(costs.edap).sum(axis=1)
    assert (np.argsort(scores) == np.argsort(logs)).all()
    assert len(np.unique(scores)) == len(scores)
    assert scores == pytest.approx(logs)
    near = logs - logs.min() < 250
    assert product.regret(scores, scores.min())[near] == pytest.approx(
        10 ** (logs - logs.min())[near] - 1, rel=1e-9, abs=1e-9
    )
    assert product.score_name(joint=False) == "log10_edap_product"


def test_the_number_of_networks_decides_whether_a_score_is_a_logarithm():
    for n in (1, 9):
        assert PRODUCT.for_networks(n) is PRODUCT
        assert PRODUCT.score_name(joint=False) == "edap_product"
    assert PRODUCT.for_networks(10).scale == "log10"
    assert PRODUCT.for_networks(10).for_networks(10) == PRODUCT.for_networks(10)
    geomean = own_criterion(Exponents(energy=1, latency=1, area=1, aggregate="geomean"))
    assert geomean.for_networks(300) is geomean
    product = own_criterion(Exponents(energy=1, aggregate="product"))
    assert [product.for_networks(n).scale for n in (27, 28)] == ["ratio", "log10"]
    high = own_criterion(Exponents(energy=28))
    assert high.for_networks(1) != own_criterion(Exponents(energy=29)).for_networks(1)


@pytest.mark.parametrize("aggregate", AGGREGATIONS)
def test_powers_that_float64_cannot_hold_tell_designs_apart(aggregate):
    costs = many(3)
    exponents = Exponents(energy=60, latency=20, area=3, aggregate=aggregate)
    criterion = own_criterion(exponents).for_networks(3)
    logs = 60 * np.log(costs["energy"]) + 20 * np.log(costs["latency"])
    logs += 3 * np.log(costs["area"] * 1e6)[:, None]
    expected = {
        "max": logs.max(axis=1),
        "mean": np.logaddexp.reduce(logs, axis=1) - np.log(3),
        "product": logs.sum(axis=1),
        "geomean": logs.mean(axis=1),
    }[aggregate]
    scores = criterion.scores(costs, None)
    assert scores * np.log(10) == pytest.approx(expected, rel=1e-10)
    assert (np.argsort(scores) == np.argsort(expected)).all()
    nothing = costs.take(np.arange(0))
    assert criterion.scores(nothing, None).shape == (0,)
    assert own_criterion(exponents).scores(nothing, None).shape == (0,)


def test_gaps_are_those_of_the_geometric_mean():
    goal = BoundedCriterion("edap_product", None, None, Scale("log10", root=30))
    value, bound = (float(30 * np.log10(v)) for v in (1.2e-12, 1e-12))
    assert goal.gap(value, bound) == pytest.approx(0.2)
    assert goal.gap(value, value) == 0
    assert goal.gap(value, -np.inf) == goal.gap(np.inf, bound) == np.inf
    threshold = goal.pruning_threshold(value, 0.2)
    assert threshold == pytest.approx(bound, rel=1e-10)
    assert goal.gap(value, threshold) <= 0.2
    assert value < goal.pruning_threshold(value, 0.0) < value + 1e-11
    plain = BoundedCriterion("edap_product", None, None, Scale(root=9))
    assert plain.gap(2e-120, 1e-120) == pytest.approx(2 ** (1 / 9) - 1)
    assert plain.gap(2e-120, 0.0) == np.inf
    assert plain.gap(2e-120, plain.pruning_threshold(2e-120, 0.2)) <= 0.2
    # No bound is above 0 and so far below.
    for gap in (1e5, 1e100):
        assert 0 < plain.pruning_threshold(1e-285, gap) <= 1e-285


def test_a_certificate_keeps_a_logarithm_exactly(tmp_path):
    fields = dict.fromkeys(("design", "stages", "single_network_optima", "behaviour"))
    certificate = Certificate(
        **{name: {} for name in fields},
        stamp={"settings": {"study": "many"}},
        criterion="edap_product",
        value=-361.5002345678901,
        bound=-361.6 - 1e-13,
        gap=0.1,
        designs=1,
        evaluated=1,
        seconds=0.0,
        prefix="log10_",
    )
    certificate.save(tmp_path)
    assert Certificate.load(tmp_path) == certificate
    assert "log10_edap_product: -361.5" in repr(certificate)


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
    for values in ([-3.0, 0, 2, 5], [-1e300, 1e-300, 0, 0]):
        criterion = Criterion("mine", lambda costs, v=values: np.array(v), scale="difference")
        assert criterion.scores(COSTS, None).tolist() == values
    criterion = Criterion("mine", lambda costs: np.array([1, 2, 3, np.nan]), scale="difference")
    with pytest.raises(InputError, match=r"such as nan; scores must be finite$"):
        criterion.scores(COSTS, None)
