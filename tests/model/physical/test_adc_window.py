"""Windows of ADCs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from imcmoo.model.physical import adc_window
from imcmoo.model.physical.adc_window import (
    Sums,
    choose_adcs,
    gain_of_rounding,
    least_noise_of_steps,
    noise_of_steps,
    rounded_error,
    share_left,
)
from tests.accuracy.scalar_chip import left_of_error


@pytest.mark.parametrize("variance", [0.02, 0.05, 0.1, 0.3, 1.0, 5.0, 30.0])
def test_what_rounding_leaves_of_an_error_is_that_of_sampling(variance):
    drawn = np.random.default_rng(0).normal(0, np.sqrt(variance), 4_000_000)
    assert rounded_error(np.array(variance)) == pytest.approx(
        (np.rint(drawn) ** 2).mean(), rel=0.02
    )


@given(st.floats(0, 50))
def test_two_formulas_of_what_rounding_leaves_agree(variance):
    assert rounded_error(np.array(variance)) == pytest.approx(
        left_of_error(variance), rel=1e-4, abs=1e-12
    )


@pytest.mark.parametrize(
    ("step", "variance", "errors"),
    [(1.3, 0.1, 0.0), (2.5, 0.02, 0.0), (2.5, 0.3, 0.05), (7.7, 2.0, 0.0), (20.0, 9.0, 4.0)],
)
def test_steps_cost_a_column_of_few_sums_what_sampling_says(step, variance, errors):
    """Differences of Poisson variables, mean of all offsets of the steps."""
    rng = np.random.default_rng(0)
    offsets, samples = (4000, 1), (4000, 500)
    sums = rng.poisson(variance / 2, samples) - rng.poisson(variance / 2, samples)
    noisy = sums + rng.normal(0, np.sqrt(errors), samples) + step * rng.random(offsets)
    sampled = (step * np.rint(noisy / step) - noisy).var(axis=1).mean()
    expected = noise_of_steps(*(np.array(v) for v in (step, variance, errors)))
    assert expected == pytest.approx(sampled, rel=0.03)
    assert expected < step**2 / 12


@pytest.mark.parametrize("relative", [0.0, 1 / 70, 0.1])
def test_harmonics_that_are_not_summed_hardly_count(relative, monkeypatch):
    step, variance = np.meshgrid(np.geomspace(1.05, 20, 20), np.geomspace(1e-4, 1e3, 15))
    found = noise_of_steps(step, variance, (relative * step) ** 2)
    monkeypatch.setattr(adc_window, "HARMONICS", 2048)
    np.testing.assert_allclose(found, noise_of_steps(step, variance, (relative * step) ** 2), 0.01)


@given(step=st.floats(0.5, 30), variance=st.floats(0, 1e4), errors=st.floats(0, 10))
def test_steps_cost_no_more_than_where_sums_spread_evenly(step, variance, errors):
    step, variance, errors = (np.array(v) for v in (step, variance, errors))
    assert 0 <= noise_of_steps(step, variance, errors) <= step**2 / 12 + 1e-12
    assert noise_of_steps(np.ones(()), variance, np.zeros(())) == pytest.approx(0, abs=1e-6)


@given(
    steps=st.tuples(st.floats(1, 30), st.floats(1, 30)),
    variance=st.floats(0, 1e3),
    errors=st.floats(0, 10),
)
def test_the_first_harmonic_bounds_the_noise_of_wider_steps(steps, variance, errors):
    least, wider, variance, errors = (np.array(v) for v in (*sorted(steps), variance, errors))
    bound = least_noise_of_steps(least, variance, errors)
    underflow = np.finfo(float).tiny
    assert bound <= noise_of_steps(wider, variance, errors) * (1 + 1e-12) + underflow
    assert bound >= 0


def sums(mean, variance, error=0.0, lowest=0.0, highest=128.0):
    values = (mean, variance, error, lowest, highest)
    return Sums(*(np.array([[v]], dtype=float) for v in values))


def ends(found, bits):
    low, step = found.low.item(), found.step.item()
    return low, low + step * (2**bits - 1), step


@pytest.mark.parametrize(
    ("given", "bits", "low", "high"),
    [
        pytest.param(sums(32, 30, highest=127), 7, 0, 127, id="all possible sums"),
        # 16 units would be enough, 64 codes give 64.
        pytest.param(sums(60.3, 4.0), 6, 60 - 32, 60 + 31, id="around the mean"),
        pytest.param(sums(500.4, 16.0**2, highest=1000), 7, 500 - 64, 500 + 63, id="a step of 1"),
        pytest.param(sums(100, 30), 9, -156, 355, id="more codes than possible sums"),
    ],
)
def test_a_window_on_whole_units_holds_the_sums_around_the_mean(given, bits, low, high):
    assert ends(choose_adcs(given, bits, 4.0), bits) == (low, high, 1)


def test_noisy_sums_get_steps_finer_than_a_unit():
    assert choose_adcs(sums(60, 3.0, error=0.5), 8, 4.0).step.item() < 1
    assert choose_adcs(sums(60, 3.0, error=0.01), 8, 4.0).step.item() == 1


@given(
    st.floats(-200, 300), st.floats(0, 1e4), st.floats(0, 50), st.integers(1, 12),
    st.sampled_from([None, 1.5, 4.0, 12.0]),
)  # fmt: skip
def test_a_window_reaches_beyond_the_possible_sums_only_if_it_holds_them(
    mean, variance, error, bits, sigmas
):
    given = sums(mean, variance, error, lowest=-128.0, highest=128.0)
    low, high, step = ends(choose_adcs(given, bits, sigmas), bits)
    inside = low >= -128 - 1e-9 and high <= 128 + 1e-9
    outside = low <= -128 + 1e-9 and high >= 128 - 1e-9
    assert step > 0
    assert inside or outside


@pytest.mark.parametrize(
    ("constant", "varying"),
    [(0.3, 0.3), (0.08, 0.02), (0.04, 0.01), (0.0, 0.05), (0.9, 0.01), (2.5, 0.3), (0.2, 3.0)],
)
def test_a_calibrated_column_keeps_the_variance_of_rounded_errors_given_their_constant_part(
    constant, varying
):
    rng = np.random.default_rng(5)
    n = 4000
    part = np.sqrt(constant) * ndtri((np.arange(n) + 0.5) / n)
    rounded = np.rint(part[:, None] + np.sqrt(varying) * rng.normal(size=(n, 1000)))
    left = share_left(np.array([constant]), np.array([varying])) * rounded_error(
        np.array([constant + varying])
    )
    assert left[0] == pytest.approx(rounded.var(axis=1).mean(), rel=0.02)


@pytest.mark.parametrize("variance", [0.05, 0.09, 0.11, 0.5, 2.0])
def test_rounding_lets_pass_the_share_of_least_squares(variance):
    error = np.sqrt(variance) * np.random.default_rng(5).normal(size=2_000_000)
    passed = (np.rint(error) * error).mean() / (error**2).mean()
    assert gain_of_rounding(np.array(variance)) == pytest.approx(passed, rel=0.01)
