"""Closeness to an exact front."""

import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imcmoo.analysis.indicators import (
    coverage,
    epsilon_multiplicative,
    hypervolume,
    igd_plus,
    indicators,
)

FRONT = np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
"""Scaled by its span, it is itself."""

PERFECT = {"coverage": 1.0, "epsilon_multiplicative": 1.0, "igd_plus": 0.0, "hypervolume": 1.0}

clouds = arrays(
    float,
    st.tuples(st.integers(1, 30), st.integers(2, 5)),
    elements=st.sampled_from(np.log([1e-12, 2e-12, 3e-12, 1e-9, 5e-9, 2.0]).tolist()),
)
"""Logarithms of objectives of designs, with many ties."""


def not_worse(a, b):
    """Tell whether `a` is at least as good as `b` by every indicator."""
    return (
        a["coverage"] >= b["coverage"]
        and a["hypervolume"] >= b["hypervolume"] - 1e-12
        and a["epsilon_multiplicative"] <= b["epsilon_multiplicative"]
        and a["igd_plus"] <= b["igd_plus"] + 1e-12
    )


@pytest.mark.parametrize(("error", "expected"), [(1e-13, 2), (0.9e-9, 2), (1.1e-9, 0)])
def test_coverage_is_the_share_of_the_front_that_is_there_up_to_rounding(error, expected):
    F = np.array([FRONT[1], [9.0, 9.0], FRONT[1], FRONT[2]]) + np.log([1 + error, 1 - error])
    assert coverage(F, FRONT) == pytest.approx(expected / 3)


def test_epsilon_is_the_factor_found_points_are_worse_by():
    # The first is worse than FRONT[0] by 1.2 and 1.5, than FRONT[1] by more; the second is exact.
    F = np.array([FRONT[0] + np.log([1.2, 1.5]), FRONT[1], FRONT[2]])
    assert epsilon_multiplicative(F, FRONT) == pytest.approx(1.5)
    assert epsilon_multiplicative(FRONT[2:], FRONT) == pytest.approx(np.e)


def test_igd_plus_counts_only_objectives_that_are_worse():
    # From (0.5, 0.5): worse than (0, 1) by 0.5 in one objective only; nothing worse than itself.
    assert igd_plus(FRONT[1:2], FRONT) == pytest.approx(1 / 3)
    # From (0.8, 0.9), the distances are 0.8, (0.3, 0.4) and 0.9.
    assert igd_plus(np.array([[0.8, 0.9]]), FRONT) == pytest.approx((0.8 + 0.5 + 0.9) / 3)


def test_hypervolume_is_a_share_of_that_of_the_front():
    # The front dominates 0.6 * 0.6 and twice 0.5 * 0.1 more, up to (1.1, 1.1).
    assert hypervolume(FRONT[1:2], FRONT) == pytest.approx(0.36 / 0.46, rel=1e-3)
    assert hypervolume(FRONT[::2], FRONT) == pytest.approx((2 * 0.11 - 0.01) / 0.46, rel=1e-3)
    beyond = np.array([[-5.0, 1.2], [1.1, 0.0]])
    assert hypervolume(beyond, FRONT) == 0
    assert hypervolume(np.vstack([beyond, FRONT[:1]]), FRONT) == hypervolume(FRONT[:1], FRONT)


@pytest.mark.parametrize("m", [3, 6])
def test_hypervolume_comes_close_to_the_exact_one(m):
    front = moocore.filter_dominated(np.random.default_rng(m).random((60, m)))
    front = (front - front.min(axis=0)) / np.ptp(front, axis=0)
    part = front[::3]
    exact = moocore.hypervolume(part, 1.1) / moocore.hypervolume(front, 1.1)
    assert hypervolume(part, front) == pytest.approx(exact, rel=0.01)


@given(clouds)
def test_a_front_against_itself_is_perfect(F):
    assert indicators(moocore.filter_dominated(F), F) == PERFECT


@given(clouds, st.data())
def test_more_points_are_never_worse_and_none_is_better_than_the_front(F, data):
    fewer = indicators(F[: data.draw(st.integers(1, len(F)))], F)
    every = indicators(F, F)
    assert not_worse(every, fewer)
    assert not_worse(PERFECT, every)
    assert fewer["coverage"] >= 0
    assert fewer["hypervolume"] >= 0


@given(clouds, st.data())
def test_units_order_repeats_and_dominated_points_do_not_matter(F, data):
    front = moocore.filter_dominated(F)
    part = F[: data.draw(st.integers(1, len(F)))]
    unit = np.log(data.draw(arrays(float, F.shape[1], elements=st.sampled_from([1e-6, 0.3, 1e9]))))
    more = np.vstack([part, part[:1], part + np.log(1.5)])[::-1] + unit
    expected = pytest.approx(indicators(part, front), rel=1e-9, abs=1e-12)
    assert indicators(more, np.vstack([front, front[:1]]) + unit) == expected


@pytest.mark.parametrize(
    "function", [coverage, epsilon_multiplicative, igd_plus, hypervolume, indicators]
)
@pytest.mark.parametrize(
    ("F", "front", "message"),
    [
        (np.empty((0, 2)), FRONT, r"points must be points .* got \(0, 2\)"),
        (np.ones(2), FRONT, r"points must be points .* got \(2,\)"),
        (np.ones((1, 3)), FRONT, "points have 3 objectives, but front has 2"),
        (np.array([[1.0, np.inf], [1.0, np.nan]]), FRONT, "points must be finite"),
        (FRONT, np.empty((0, 2)), "front must be points"),
        (FRONT, np.ones((1, 1)), "front must be points"),
    ],
)
def test_what_cannot_be_compared_is_refused(function, F, front, message):
    with pytest.raises(ValueError, match=message):
        function(F, front)


def test_coverage_of_a_third_of_a_large_front_is_a_third():
    front = np.random.default_rng(0).random((30_000, 19))
    assert coverage(front[::3], front) == pytest.approx(1 / 3)
