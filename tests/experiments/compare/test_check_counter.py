"""Counting the designs whose constraints were asked about."""

import numpy as np
import pytest

from experiments.compare import comparison
from experiments.compare.evaluation_counter import CountingProblem
from imcmoo.problem.problem import AcceleratorProblem
from problems import RRAM
from tests.fakes import FakeEvaluator

PROBLEM = AcceleratorProblem(FakeEvaluator(RRAM), area_limit_m2=800e-6)


@pytest.fixture
def counting():
    return CountingProblem(PROBLEM)


def designs(n):
    return np.unique(RRAM.random(2 * n, np.random.default_rng(0)), axis=0)[:n]


def test_a_design_counts_once_however_it_was_asked_about(counting):
    levels = designs(30)
    counting.feasibility.screened(levels[:10])
    counting.feasibility.violation(levels[5:12])
    counting.evaluate(levels[[0, 20, 11, 21]])
    # 12 were checked before; the first and the third are of those
    assert counting.counts(levels[[0, 20, 11, 21]]).tolist() == [12, 13, 13, 14]
    counting.feasibility.violation(levels)
    counting.evaluate(levels[[20, 22]])
    assert counting.counts(levels[[20, 22]]).tolist() == [13, 30]


def test_designs_that_agree_in_all_the_screen_depends_on_are_one_question(counting):
    chip = designs(1)
    alike = np.repeat(chip, 8, axis=0)
    alike[:, RRAM.names.index("voltage_V")] = range(8)
    counting.feasibility.screened(alike[:4])
    counting.feasibility.screened(alike)
    counting.evaluate(alike[[0, 1]])
    # the first answers the question as well, the second is a design more
    assert counting.counts(alike[[0, 1]]).tolist() == [1, 2]
    counting.feasibility.screened(alike)
    counting.feasibility.violation(alike[[1, 2]])
    counting.evaluate(alike[[5]])
    assert counting.counts(alike[[5]]).tolist() == [4]


def test_a_search_counts_the_checks_that_drew_its_start_and_no_other_search(counting):
    levels = designs(6)
    counting.feasibility.violation(levels[:3])
    for _ in range(2):
        search = counting.after_start()
        search.evaluate(levels[[4, 0]])
        search.feasibility.violation(levels)
        search.evaluate(levels[[5]])
        assert search.counts(levels[[4, 0, 5]]).tolist() == [4, 4, 6]


def test_answers_are_those_of_the_problem(counting):
    levels = designs(50)
    np.testing.assert_array_equal(
        counting.feasibility.violation(levels), PROBLEM.feasibility.violation(levels)
    )
    np.testing.assert_array_equal(
        counting.feasibility.screened(levels), PROBLEM.feasibility.screened(levels)
    )
    for mine, theirs in zip(counting.evaluate(levels), PROBLEM.evaluate(levels), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_weights_are_those_of_the_problem():
    """These are allowed, though the least of them is below the smallest weight when scaled."""
    weighted = AcceleratorProblem(FakeEvaluator(RRAM), weights=[1e-6, 3, 7, 1e6])
    F = weighted.evaluate(designs(50))[0]
    scores = weighted.guide_scores(F)
    assert not np.array_equal(scores, AcceleratorProblem(FakeEvaluator(RRAM)).guide_scores(F))
    np.testing.assert_array_equal(CountingProblem(weighted).guide_scores(F), scores)


def test_where_checks_count_a_run_planned_for_less_spends_the_budget():
    budgets = (500, 1000, 3300)
    assert comparison.totals(budgets, 500) == [500, 1000]
    assert comparison.totals(budgets, 1000) == [3300]
    assert comparison.totals(budgets, 3300) == []
