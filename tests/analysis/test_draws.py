"""Statistics over draws, against an example by hand: three chips, five draws."""

import math

import numpy as np
import pytest

from imcmoo.analysis.draws import (
    Ratio,
    Saving,
    clopper_pearson,
    mean_log,
    order_statistic,
    regrets,
    savings,
    variance_shares,
)

SCORES = np.array([[1, 1.2, 2, 1.1, 4], [1.3, 1, 1.6, 1.4, 2], [1.5, 1.5, 1.5, 1.5, np.inf]], float)
OTHER = np.array([2, 0.9, 3, 1.2, 1])
U = np.array([[0.1, 0.6], [0.3, 0.2], [0.5, 0.9], [0.7, 0.4], [0.9, 0.5]])
BEST = SCORES.min(axis=0)
REGRETS = regrets(SCORES, BEST)


def test_regrets_are_against_the_best_of_each_draw():
    np.testing.assert_array_equal(BEST, [1, 1, 1.5, 1.1, 2])
    assert (REGRETS <= 0.1).sum(axis=1).tolist() == [2, 3, 1]
    assert regrets(np.array([[1.0 + 1e-12]]), np.ones(1))[0, 0] == 0


def test_quantiles_are_order_statistics_which_may_be_infinite():
    np.testing.assert_allclose(order_statistic(REGRETS, 0.5), [0.2, 0.066667, 0.5], 1e-5)
    np.testing.assert_allclose(order_statistic(REGRETS, 0.8), [0.333333, 0.272727, 0.5], 1e-5)
    np.testing.assert_allclose(order_statistic(REGRETS, 1.0), [1, 0.3, np.inf], 1e-5)
    assert order_statistic(np.arange(300.0), 0.95) == 284  # 0.95 * 300 is not 285 in floats
    assert order_statistic(np.arange(5.0), 0.0) == 0


def test_the_mean_logarithm_is_infinite_if_a_chip_breaks_a_limit_once():
    means = mean_log(SCORES)
    np.testing.assert_allclose(means[:2], [0.471415, 0.352397], 1e-5)
    assert means[2] == math.inf


def test_a_share_has_the_interval_of_clopper_and_pearson():
    assert clopper_pearson(3, 5) == pytest.approx((0.146633, 0.947255), rel=1e-5)
    assert clopper_pearson(299, 300) == pytest.approx((0.981569, 0.999916), rel=1e-5)
    assert clopper_pearson(0, 4)[0] == 0
    assert clopper_pearson(4, 4)[1] == 1


def test_the_ratio_of_two_devices_counts_draws_in_which_one_has_no_chip():
    ratio = Ratio.of(BEST, OTHER)
    assert (ratio.better, ratio.draws) == (3, 5)
    assert (ratio.low, ratio.high) == pytest.approx((0.146633, 0.947255), rel=1e-5)
    nan = np.nan
    ratio = Ratio.of(np.array([1.0, nan, 2.0, nan]), np.array([2.0, 1.0, nan, nan]))
    assert (ratio.draws, ratio.least, ratio.largest, ratio.better) == (3, 0, np.inf, 2)
    assert (ratio.loss_a, ratio.loss_b) == (0, 1)
    assert Ratio.of(np.array([nan]), np.array([nan])) is None


def test_the_value_of_a_measurement_is_the_regret_that_it_saves():
    saving = savings(REGRETS, U[:, :1], np.random.default_rng(0))[0]
    assert (saving.before, saving.after) == pytest.approx((0.127879, 0.094545), abs=1e-6)
    assert savings(np.array([[np.inf, 0.0]]), U[:2, :1], np.random.default_rng(0)) is None


def test_knowledge_of_an_entry_that_decides_nothing_saves_no_more_than_random_splits():
    rng = np.random.default_rng(1)
    u = rng.random((300, 2))
    regret = np.abs(u[:, 0] - np.array([[0.2], [0.8]]))
    decides, idle = savings(regret, u, rng)
    assert decides.counts
    assert not idle.counts


def test_a_saving_of_rounding_counts_for_nothing():
    assert not Saving(before=0.02, after=0.02 - 3.5e-18, random_95=0.0).counts
    assert not Saving(before=0.02, after=0.02 - 1e-12, random_95=0.0).counts
    assert Saving(before=0.02, after=0.01, random_95=0.0).counts


def test_shares_of_variance_are_those_of_a_linear_regression():
    log = np.log(BEST / OTHER)
    assert variance_shares(log, U) is None  # needs three draws for each column
    twice = np.tile(log, 2), np.tile(U, (2, 1))
    (first, second), r2 = variance_shares(*twice)
    assert (first.share, first.sign) == (pytest.approx(0.486319, rel=1e-5), 1)
    assert (second.share, second.sign) == (pytest.approx(0.345412, rel=1e-5), -1)
    assert r2 == pytest.approx(0.831731, rel=1e-5)
    assert variance_shares(np.ones(6), U[:, :1].repeat(1, axis=0)) is None
