import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imcmoo.api import Study
from imcmoo.search import sampling
from imcmoo.search.repair import repair
from imcmoo.search.sampling import (
    PILOT,
    NoFeasibleDesign,
    confirmed,
    draw_diverse,
    draw_feasible,
    draw_screened,
    spread_out,
)
from imcmoo.space.sets import unseen
from problems import RRAM
from tests.fakes import SMALL, FakeEvaluator, fake_problem
from tests.search.searches import LARGE_PROBLEM, SMALL_FEASIBLE, SMALL_PROBLEM


@pytest.mark.parametrize("problem", [LARGE_PROBLEM, SMALL_PROBLEM], ids=lambda p: p.space.name)
@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 80))
def test_draws_are_feasible_and_different(problem, seed, n):
    drawn = draw_feasible(problem, n, np.random.default_rng(seed))
    assert len(set(problem.space.rank(drawn))) == len(drawn) == n
    assert (problem.feasibility.violation(drawn) <= 0).all()


def test_only_the_truth_confirms_and_no_more_is_asked_than_needed(monkeypatch):
    drawn = draw_screened(LARGE_PROBLEM, 300, np.random.default_rng(1))
    feasible = LARGE_PROBLEM.feasibility.violation(drawn) <= 0
    assert 0 < (~feasible).sum() < 290  # the fake's screen knows nothing of buffers
    asked, check = [], LARGE_PROBLEM.feasibility.violation
    monkeypatch.setattr(
        LARGE_PROBLEM.feasibility, "violation", lambda x: asked.extend(x) or check(x)
    )
    kept = confirmed(LARGE_PROBLEM, drawn, 10)
    np.testing.assert_array_equal(kept, drawn[feasible][:10])
    assert len(asked) == np.flatnonzero(feasible)[9] + 1


def test_a_small_space_is_drawn_to_the_last_design():
    drawn = draw_feasible(SMALL_PROBLEM, 1000, np.random.default_rng(0))
    assert len(set(SMALL.rank(drawn))) == len(drawn) == SMALL_FEASIBLE
    seen = set(SMALL.rank(drawn[:149]).tolist())
    last = draw_feasible(SMALL_PROBLEM, 1000, np.random.default_rng(0), seen=seen)
    np.testing.assert_array_equal(last, drawn[149:])


def test_unseen_keeps_first_occurrences_in_order():
    levels = SMALL.unrank(np.array([5, 3, 5, 8, 3, 9]))
    kept = unseen(SMALL, levels, {8})
    assert SMALL.rank(kept).tolist() == [5, 3, 9]


def test_spread_out_is_greedy_max_min():
    line = np.array([[0.0], [1.0], [9.0], [10.0], [5.0], [5.0]])

    assert spread_out(line, 3, chosen=[0], hamming=False) == [0, 3, 4]
    assert spread_out(line, 4, chosen=[1, 2], hamming=False) == [1, 2, 4, 0]
    assert sorted(spread_out(line, 99, chosen=[0], hamming=False)) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("kind", [int, float])
def test_the_distance_of_spread_out_does_not_depend_on_the_type_of_the_points(kind):
    points = np.array([[0, 0], [0, 9], [1, 1]], dtype=kind)
    assert spread_out(points, 2, chosen=[0], hamming=True) == [0, 2]
    assert spread_out(points, 2, chosen=[0], hamming=False) == [0, 1]


def test_sampling_spreads_more_than_chance():
    class Exact(FakeEvaluator):
        screen = FakeEvaluator.resources

    problem = fake_problem(RRAM, model=Exact)
    rng = np.random.default_rng(0)
    chance = draw_feasible(problem, 100, rng)
    chosen = draw_diverse(problem, 100, rng)

    def smallest(levels):
        return np.array([np.sort((levels != one).sum(axis=1))[1] for one in levels])

    assert smallest(chosen).mean() > smallest(chance).mean() + 0.3
    assert smallest(chosen).min() > smallest(chance).min()


def test_a_space_that_bounds_rule_out_is_refused_after_a_few_repairs(monkeypatch):
    study = Study(
        name="small", model="physical", device="rram", networks=["vgg16"], area_limit_mm2=50
    )
    repaired = []

    def counted(problem, levels):
        repaired.append(len(levels))
        return repair(problem, levels)

    monkeypatch.setattr(sampling, "repair", counted)
    with pytest.raises(NoFeasibleDesign, match=r"no feasible design .* within 50 mm²"):
        draw_diverse(study.problem(), 500, np.random.default_rng(1))
    assert max(repaired) == PILOT
    assert len(repaired) == 2


def test_bounds_do_not_rule_out_a_space_with_a_feasible_design():
    study = Study(name="large", model="physical", device="sram", networks=["alexnet"])
    assert not study.problem().feasibility.is_proven_empty()
    assert not LARGE_PROBLEM.feasibility.is_proven_empty()
