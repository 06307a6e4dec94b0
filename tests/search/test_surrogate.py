import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imcmoo.problem.limits import Limits
from imcmoo.search.surrogate import Surrogate
from imcmoo.space.moves import steps
from problems import RRAM
from tests.fakes import SMALL, fake_problem
from tests.search.searches import LARGE_PROBLEM, evaluated

seeds = st.integers(0, 2**32 - 1)


def designs(space, n, seed):
    rng = np.random.default_rng(seed)
    return rng.permutation(np.unique(space.random(n, rng), axis=0))


@settings(max_examples=20, deadline=None)
@given(seed=seeds, n=st.integers(1, 120))
def test_what_was_evaluated_is_told_nearly_as_it_is(seed, n):
    for space in (RRAM, SMALL):
        levels = designs(space, n, seed)
        F = np.exp(np.random.default_rng(seed).uniform(-9, 2, size=(len(levels), 3)))
        predicted = Surrogate(space, levels, np.log(F)).predict(levels)
        np.testing.assert_allclose(predicted, np.log(F), atol=0.05)


def test_products_of_powers_are_told_everywhere():
    levels = designs(RRAM, 400, seed=0)
    exponents = np.random.default_rng(1).normal(size=(len(RRAM.shape), 2))
    known, unknown = levels[:300], levels[300:]
    predicted = Surrogate(RRAM, known, known @ exponents).predict(unknown)
    np.testing.assert_allclose(predicted, unknown @ exponents, atol=1e-2)


def test_values_of_an_unordered_parameter_are_told_apart():
    levels = SMALL.unrank(np.arange(SMALL.size))
    F = np.exp(np.array([3.0, 0.0, 1.0])[levels[:, 0]] + levels[:, 3])[:, None]
    known = np.random.default_rng(0).permutation(SMALL.size)[:200]
    predicted = Surrogate(SMALL, levels[known], np.log(F[known])).predict(levels)
    np.testing.assert_allclose(predicted, np.log(F), atol=0.02)


def test_steps_are_levels_of_ordered_parameters_and_one_for_any_other_value():
    here = np.zeros((1, len(SMALL.shape)), dtype=np.int64)
    there = here.copy()
    there[0, [0, 3]] = 2  # a voltage, unordered here, and rows, ordered
    assert steps(SMALL, here, np.concatenate([here, there])).tolist() == [[0, 3]]


def test_near_fits_to_the_designs_that_run_nearest_to_any_incumbent():
    archive = evaluated(LARGE_PROBLEM, 60)
    archive.G[7] = 1.0  # does not run
    incumbents = np.array([3, 11])
    fitted = Surrogate.near(LARGE_PROBLEM, archive, incumbents, 12)._levels
    distance = steps(RRAM, archive.levels, archive.levels[incumbents]).min(axis=1)
    distance[7] = 127
    nearest = np.argsort(distance, kind="stable")[:12]
    assert {3, 11} <= set(nearest.tolist())
    np.testing.assert_array_equal(fitted, archive.levels[nearest])
    everything = Surrogate.near(LARGE_PROBLEM, archive, incumbents, 99)._levels
    assert len(everything) == 59


def test_near_also_fits_to_designs_that_only_break_a_limit_and_their_violation_is_predicted():
    problem = fake_problem(RRAM, 1, limits={"net0": Limits(max_latency_s=1e9)})
    archive = evaluated(problem, 30)
    archive.G[5, -1] = 0.5
    fitted = Surrogate.near(problem, archive, np.array([5]), 1)
    np.testing.assert_array_equal(fitted._levels, archive.levels[[5]])
    violation = Surrogate.fit_violations(archive, {}, np.array([5]), 10)
    assert violation.predict(archive.levels[[5]]) == pytest.approx(0.5, abs=1e-2)
