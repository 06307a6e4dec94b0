"""Comparing methods over seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imcmoo.analysis.statistics import ecdf, holm, mann_whitney, median_interval, vargha_delaney

lengths = st.integers(1, 20)
samples = arrays(float, lengths, elements=st.integers(-5, 5))
"""Values of runs, with many ties."""

p_values = arrays(float, lengths, elements=st.floats(0, 1))


def rng():
    return np.random.default_rng(1)


def test_median_interval_of_two_values_is_what_resamples_can_be():
    # Of four resamples one has the median 1, two 1.5, one 2.
    assert median_interval(np.array([2.0, 1.0]), rng()) == (1.0, 1.5, 2.0)
    assert median_interval(np.array([2.0, 1.0]), rng(), level=0.4) == (1.5, 1.5, 1.5)


def test_median_interval_covers_the_true_median_as_often_as_it_says():
    draws = np.random.default_rng(2).exponential(size=(300, 30))
    generator = rng()
    intervals = np.array([median_interval(values, generator, 0.8, 300) for values in draws])
    covered = (intervals[:, 0] <= np.log(2)) & (np.log(2) <= intervals[:, 2])
    assert covered.mean() == pytest.approx(0.8, abs=0.07)


@given(samples)
def test_median_interval_lies_around_the_median_within_the_sample(values):
    low, median, high = median_interval(values, rng())
    assert values.min() <= low <= median <= high <= values.max()
    assert median == np.median(values)


def test_mann_whitney_counts_the_ranks_that_are_as_extreme():
    # All 10 places of two of five values are equally likely by chance.
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
    assert mann_whitney(a, b) == mann_whitney(b, a) == pytest.approx(2 / 10)
    assert mann_whitney(np.array([1.0, 5.0]), np.array([2.0, 3.0, 4.0])) == pytest.approx(1)


def test_runs_that_never_got_there_are_the_worst_and_tie_with_each_other():
    never = np.inf
    a, b = np.array([1.0, never, 2.0, 3.0]), np.array([never, never, 4.0, never])
    assert mann_whitney(a, b) == mann_whitney(np.minimum(a, 9), np.minimum(b, 9)) < 0.2
    assert mann_whitney(np.full(3, never), np.full(4, never)) == 1


def test_holm_multiplies_by_the_tests_that_are_left():
    adjusted = holm(np.array([0.04, 0.01, 0.03, 0.5]))
    # 4 * 0.01, 3 * 0.03, then 2 * 0.04 may not be less than that.
    assert adjusted == pytest.approx([0.09, 0.04, 0.09, 0.5])
    assert holm(np.array([0.6, 0.7])) == pytest.approx([1.0, 1.0])


@given(p_values)
def test_holm_never_lowers_reorders_or_exceeds_1(p):
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()
    assert adjusted.min() == min(1, len(p) * p.min())


def test_vargha_delaney_counts_pairs():
    a, b = np.array([1.0, 2.0]), np.array([2.0, 3.0, 0.0])
    # 1 < 2, 1 < 3, 2 < 3, and 2 = 2 counts half: 3.5 of 6.
    assert vargha_delaney(a, b) == pytest.approx(3.5 / 6)
    assert vargha_delaney(np.array([1.0]), np.array([2.0, np.inf])) == 1


@given(samples, samples)
def test_vargha_delaney_of_both_sides_is_1(a, b):
    assert vargha_delaney(a, b) + vargha_delaney(b, a) == pytest.approx(1)
    assert vargha_delaney(a, a) == pytest.approx(0.5)
    assert vargha_delaney(a, a + 11) == 1


def test_ecdf_counts_the_runs_that_were_there_by_then():
    evaluations = np.array([100.0, np.inf, 30.0, 100.0])
    shares = ecdf(evaluations, np.array([0.0, 30.0, 99.0, 100.0, 1e9]))
    assert shares.tolist() == [0.0, 0.25, 0.25, 0.75, 0.75]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("values", lambda bad: median_interval(bad, rng())),
        ("a", lambda bad: mann_whitney(bad, np.ones(2))),
        ("b", lambda bad: mann_whitney(np.ones(2), bad)),
        ("p_values", holm),
        ("a", lambda bad: vargha_delaney(bad, np.ones(2))),
        ("b", lambda bad: vargha_delaney(np.ones(2), bad)),
        ("evaluations", lambda bad: ecdf(bad, np.ones(2))),
        ("at", lambda bad: ecdf(np.ones(2), bad)),
    ],
)
def test_empty_and_undefined_samples_are_refused(name, call):
    for bad in (np.empty(0), np.ones((2, 2))):
        with pytest.raises(ValueError, match=f"^{name} must be one or more values in a row"):
            call(bad)
    with pytest.raises(ValueError, match=f"^{name} must not contain NaN"):
        call(np.array([1.0, np.nan]))


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match=r"p_values must lie in 0\.\.1"):
        holm(np.array([0.5, 1.5]))
    with pytest.raises(ValueError, match="values must be finite"):
        median_interval(np.array([1.0, np.inf]), rng())
    with pytest.raises(ValueError, match="range"):
        median_interval(np.ones(2), rng(), level=95)
    with pytest.raises(ValueError, match="at must be finite"):
        ecdf(np.ones(2), np.array([np.inf]))
