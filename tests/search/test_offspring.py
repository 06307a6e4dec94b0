import numpy as np
import pytest

from imcmoo.record.evaluations import Evaluations
from imcmoo.search.surrogate import Surrogate
from problems import RRAM
from tests.fakes import fake_problem
from tests.search.searches import builder


@pytest.fixture
def problem():
    """A problem that counts the designs whose screened constraints are asked about."""
    problem = fake_problem(RRAM)
    whole, problem.asked = problem.feasibility.screened, 0

    def screened(levels):
        problem.asked += len(levels)
        return whole(levels)

    problem.feasibility.screened = screened
    return problem


def sorted_by_screen(problem):
    """Designs that pass the screen and others."""
    levels = np.unique(RRAM.random(4000, np.random.default_rng(0)), axis=0)
    lacks = problem.feasibility.screened(levels)
    problem.asked = 0
    return levels[lacks <= 0], levels[lacks > 0]


def feasible(problem, levels):
    return levels[problem.feasibility.violation(levels) <= 0]


def offspring(problem, wanted):
    return builder(Evaluations(problem), wanted)


def test_the_first_that_pass_are_taken_and_no_more_asked_about_than_needed(problem):
    good, bad = sorted_by_screen(problem)
    good = feasible(problem, good)
    collected = offspring(problem, wanted=10)
    assert collected.add(np.concatenate([bad[:5], good[:12], bad[5:]]), limit=4) == 4
    np.testing.assert_array_equal(collected.levels, good[:4])
    assert problem.asked == 4 + 20  # none passes, so more are asked about
    assert collected.missing == 6


def test_no_more_is_taken_than_is_missing_and_nothing_twice(problem):
    good = feasible(problem, sorted_by_screen(problem)[0])
    collected = offspring(problem, wanted=3)
    collected.add(good[[0, 0, 1]], limit=9)
    collected.add(good[[1, 2, 3]], limit=9)
    np.testing.assert_array_equal(collected.levels, good[:3])
    collected.add(good, limit=9)
    assert collected.missing == 0


def test_what_passes_the_screen_and_is_not_feasible_is_skipped_and_not_checked_again(problem):
    good, _ = sorted_by_screen(problem)
    truly = problem.feasibility.violation(good) <= 0
    assert 0 < truly.sum() < len(good)
    collected = offspring(problem, wanted=len(good))
    assert collected.add(good, limit=len(good)) == truly.sum()
    np.testing.assert_array_equal(collected.levels, good[truly])
    assert collected.missing == (~truly).sum()
    problem.asked = 0
    assert collected.add(good, limit=len(good)) == 0
    assert problem.asked == 0


def test_only_designs_that_are_likely_to_be_feasible_are_worth_a_check(problem):
    levels = RRAM.random(50, np.random.default_rng(0))

    class Sloped(Surrogate):
        @classmethod
        def fit_violations(cls, *_):
            return cls.__new__(cls)

        def predict(self, designs):
            return 0.1 * designs[:, :1]

    some = builder(Evaluations(problem), 9, surrogate=Sloped, tolerance=0.1)
    np.testing.assert_array_equal(some.likely(levels), levels[levels[:, 0] <= 1])
    np.testing.assert_array_equal(offspring(problem, 9).likely(levels), levels)
