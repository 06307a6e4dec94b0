import numpy as np
import pytest

from imcmoo.search import mating as mating_of
from imcmoo.search.mating import (
    FeasibleMating,
    tournaments,
)
from imcmoo.search.offspring import OffspringBuilder
from imcmoo.search.sampling import draw_feasible
from imcmoo.search.surrogate import Surrogate
from imcmoo.space.moves import move, paired_moves, pairs, single_moves
from problems import RRAM
from tests.search.searches import LARGE_PROBLEM, archive_of, builder, evaluated

LARGE = RRAM.size - 1
"""Makes the space of the tests a large one."""


def mate(problem, archive, n, **settings):
    """Offspring of all designs of an archive."""
    population, rng = np.arange(len(archive)), np.random.default_rng(1)
    mating = FeasibleMating(size=n, **settings)
    return mating.offspring(problem, archive, {}, population, rng=rng)


def promising(archive, settings=None, **begun):
    """Promising neighbours of the best designs of an archive."""
    return FeasibleMating(**(settings or {})).promising(builder(archive, **begun))


SINGLE = single_moves(RRAM)
MOVES = SINGLE, np.concatenate([SINGLE, pairs(SINGLE), paired_moves(RRAM)])


def vicinity(levels, reach=-1):
    """All designs within a move of others."""
    designs, inside = move(RRAM, levels, MOVES[reach])
    return designs[inside]


def around(levels, reach=-1):
    """Ranks of all designs within a move of others."""
    return set(RRAM.rank(vicinity(levels, reach)).tolist())


def predicting(coordinates):
    """A surrogate that predicts these coordinates of every design."""

    class Flat(Surrogate):
        def predict(self, levels):
            return np.repeat(coordinates, len(levels), axis=0)

    return Flat


def test_local_search_proposes_promising_neighbours_first():
    archive = evaluated(LARGE_PROBLEM, 120)
    incumbents = np.unique(LARGE_PROBLEM.guide_scores(archive.F).argmin(axis=0))
    first = promising(archive)
    assert not archive.seen & set(RRAM.rank(first).tolist())
    # EDAP by each aggregation of what is feasible: half of the first are among the best tenth.
    first, every = (
        LARGE_PROBLEM.guide_scores(
            LARGE_PROBLEM.evaluate(x[LARGE_PROBLEM.feasibility.violation(x) <= 0])[0]
        )[:, :4]
        for x in (first[:40], vicinity(archive.levels[incumbents]))
    )
    assert (np.median(first, axis=0) <= np.quantile(every, 0.1, axis=0)).all()


def test_only_neighbours_that_may_be_among_the_best_known_are_offered():
    archive = evaluated(LARGE_PROBLEM, 120)
    few, more = promising(archive), promising(archive, {"best_known": 120})
    assert 0 < len(few) < len(more)
    assert set(RRAM.rank(few).tolist()) < set(RRAM.rank(more).tolist())


def test_neighbours_of_the_best_known_are_offered_where_those_of_the_incumbents_are_exhausted():
    archive = evaluated(LARGE_PROBLEM, 120)
    order = LARGE_PROBLEM.guide_scores(archive.F).argsort(axis=0)
    best, runners_up = archive.levels[order[0]], archive.levels[order[1:16].ravel()]
    archive.seen |= around(best)
    # As good as the best by every criterion, so that all are offered.
    coordinates = LARGE_PROBLEM.coordinates(archive.F.min(axis=0, keepdims=True))
    neighbours = promising(archive, surrogate=predicting(coordinates))
    offered = set(RRAM.rank(neighbours).tolist())
    assert offered == around(runners_up, 0) - archive.seen
    assert offered


def test_in_a_large_space_only_neighbours_of_the_best_by_a_criterion_are_tried():
    archive = evaluated(LARGE_PROBLEM, 120)
    best = archive.levels[LARGE_PROBLEM.guide_scores(archive.F).argmin(axis=0)]
    # As good as the best by every criterion, so that all are offered.
    coordinates = LARGE_PROBLEM.coordinates(archive.F.min(axis=0, keepdims=True))
    tried = promising(archive, {"large_space": LARGE}, surrogate=predicting(coordinates))
    assert set(RRAM.rank(tried).tolist()) == around(best) - archive.seen


def test_the_surrogate_knows_what_lies_around_the_best_known():
    archive = evaluated(LARGE_PROBLEM, 120)
    best = set(LARGE_PROBLEM.guide_scores(archive.F).argsort(axis=0)[:16].ravel().tolist())
    fitted = []

    class Spy(Surrogate):
        @classmethod
        def near(cls, problem, archive, incumbents, n):
            fitted.append((set(incumbents.tolist()), n))
            return super().near(problem, archive, incumbents, n)

    promising(archive, surrogate=Spy)
    promising(archive, surrogate=Spy, fitted=50)
    assert fitted == [(best, 200), (best, 50)]


def test_tournaments_are_won_by_the_better_on_one_criterion():
    scores = np.array([[0.0, 3], [1, 2], [2, 1], [3, 0]])
    won = np.bincount(tournaments(scores, 40_000, np.random.default_rng(0)), minlength=4)
    np.testing.assert_allclose(won / 40_000, 0.25, atol=0.01)
    won = np.bincount(tournaments(scores[:, :1], 40_000, np.random.default_rng(0)), minlength=4)
    np.testing.assert_allclose(won / 40_000, [7 / 16, 5 / 16, 3 / 16, 1 / 16], atol=0.01)


def test_half_of_the_offspring_is_sought_around_the_least_violated_until_one_is_feasible(
    monkeypatch,
):
    archive = evaluated(LARGE_PROBLEM, 40)
    # The sixth violates least in sum, but neither by its largest violation nor if slack counts.
    archive.G[:], archive.G[:, :2] = -1, 0.3
    archive.G[5], archive.G[5, 0] = 0, 0.5
    wanted = []
    whole = OffspringBuilder.add

    def counted(offspring, candidates, limit):
        wanted.append((set(RRAM.rank(candidates).tolist()), limit))
        whole(offspring, candidates, limit)

    monkeypatch.setattr(OffspringBuilder, "add", counted)
    mate(LARGE_PROBLEM, archive, 30)
    assert wanted[0] == (around(archive.levels[[5]]) - archive.seen, 15)


@pytest.mark.parametrize(("first", "violation", "times"), [(20, 2.0, 0), (0, 0.5, 1)])
def test_the_least_violated_is_sought_around_only_where_none_is_feasible(
    first, violation, times, monkeypatch
):
    """Designs that lack little do not pass for feasible."""
    archive = evaluated(LARGE_PROBLEM, 70)
    archive.G[first:, 0] = violation
    sought = []

    def neighbours(offspring, rows, moves):
        sought.append(moves is offspring.moves[1] and len(rows) == 1)
        return archive.levels[:0], rows[:0]

    monkeypatch.setattr(OffspringBuilder, "neighbours", neighbours)
    monkeypatch.setattr(FeasibleMating, "promising", lambda *_: archive.levels[:0])
    mate(LARGE_PROBLEM, archive, 20)
    assert sum(sought) == times


def test_local_search_alone_fills_a_generation_with_neighbours_of_incumbents_and_front():
    archive = evaluated(LARGE_PROBLEM, 70)
    best = np.unique(LARGE_PROBLEM.guide_scores(archive.F).argmin(axis=0))
    found = set(RRAM.rank(mate(LARGE_PROBLEM, archive, 20, children_share=0.0)).tolist())
    near = around(archive.levels[best])
    assert len(found) == 20
    assert len(near & found) >= 10
    moved, inside = move(RRAM, archive.levels, single_moves(RRAM))
    assert len(found - near) >= 2
    assert found - near <= set(RRAM.rank(moved[inside]).tolist())


@pytest.mark.parametrize(("share", "wanted"), [(0.0, 0), (0.5, 4)])
def test_in_a_large_space_value_elites_get_their_share_and_the_front_the_rest(
    monkeypatch, share, wanted
):
    asked = []

    def no_elites(offspring, n):
        asked.append(n)
        return archive.levels[:0]

    archive = evaluated(LARGE_PROBLEM, 70)
    monkeypatch.setattr(mating_of, "from_elites", no_elites)
    monkeypatch.setattr(FeasibleMating, "promising", lambda *_: archive.levels[:0])
    settings = {"elites_share": share, "children_share": 0.0, "large_space": LARGE}
    offspring = mate(LARGE_PROBLEM, archive, 20, **settings)
    assert asked == [wanted]
    assert set(RRAM.rank(offspring).tolist()) <= around(archive.levels)


def test_children_can_have_all_that_elites_leave_of_a_large_space(monkeypatch):
    searched = []
    monkeypatch.setattr(FeasibleMating, "promising", lambda *_: searched.append("criteria"))

    monkeypatch.setattr(FeasibleMating, "near_front", lambda *_: searched.append("front"))
    archive = evaluated(LARGE_PROBLEM, 70)
    settings = {"children_share": 1.0, "large_space": LARGE}
    assert len(mate(LARGE_PROBLEM, archive, 20, **settings))
    assert searched == []


def test_children_keep_what_all_parents_share(monkeypatch):
    levels = draw_feasible(LARGE_PROBLEM, 300, np.random.default_rng(0))
    levels[:, 0], levels[:, 2] = 1, 2
    archive = archive_of(LARGE_PROBLEM, np.unique(levels, axis=0)[:70])
    monkeypatch.setattr(mating_of, "mutate", lambda space, children, *_, **__: children)
    offspring = mate(LARGE_PROBLEM, archive, 20, children_share=1.0)
    assert len(offspring)
    assert (offspring[:, [0, 2]] == [1, 2]).all()


def test_no_random_designs_are_checked_in_place_of_children_that_fail(monkeypatch):
    archive = evaluated(LARGE_PROBLEM, 70)
    passes = set(RRAM.rank(mate(LARGE_PROBLEM, archive, 3)).tolist())

    def only_three(levels):
        return np.array([0.0 if rank in passes else 1.0 for rank in RRAM.rank(levels).tolist()])

    monkeypatch.setattr(LARGE_PROBLEM.feasibility, "screened", only_three)
    monkeypatch.setattr(mating_of, "draw_feasible", None)
    offspring = mate(LARGE_PROBLEM, archive, 3)
    assert 0 < len(offspring) <= 3
    assert set(RRAM.rank(offspring).tolist()) <= passes


def test_designs_that_failed_a_check_are_not_checked_again_and_teach_the_surrogate():
    archive = evaluated(LARGE_PROBLEM, 70)
    single = around(archive.levels, 0) - archive.seen
    bad = RRAM.unrank(sorted(single))
    bad = bad[LARGE_PROBLEM.feasibility.screened(bad) > 0]
    violation = LARGE_PROBLEM.feasibility.screened(bad).tolist()
    refused = dict(zip(RRAM.rank(bad).tolist(), violation, strict=True))
    fit = Surrogate.fit_violations(archive, refused, np.arange(70), 400)
    assert (fit.predict(bad[:20]) > 0.05).mean() > 0.9
    assert np.abs(fit.predict(archive.levels)).max() < 0.1
    population, rng = np.arange(70), np.random.default_rng(1)
    n_before = len(refused)
    offspring = FeasibleMating().offspring(LARGE_PROBLEM, archive, refused, population, rng=rng)
    assert not set(RRAM.rank(offspring).tolist()) & refused.keys()
    assert len(refused) >= n_before


def test_no_violation_is_predicted_where_all_known_designs_are_feasible():
    archive = evaluated(LARGE_PROBLEM, 20)
    assert Surrogate.fit_violations(archive, {}, np.arange(20), 200) is None


@pytest.mark.parametrize("n_feasible", [0, 12])
def test_feasible_designs_win_tournaments_or_without_any_the_less_violated(monkeypatch, n_feasible):
    archive, seen = evaluated(LARGE_PROBLEM, 40), []
    archive.G[n_feasible:, 0] = np.linspace(0.1, 2, 40 - n_feasible)

    def draw(scores, n, rng):
        seen.append(scores)
        return tournaments(scores, n, rng)

    monkeypatch.setattr(mating_of, "tournaments", draw)
    FeasibleMating().recombine(builder(archive, 20, population=range(40)))
    (scores,) = seen
    if n_feasible:
        guiding = LARGE_PROBLEM.guide_scores(archive.F[:n_feasible])
        np.testing.assert_array_equal(scores[:n_feasible], guiding)
        assert np.isinf(scores[n_feasible:]).all()
    else:
        assert (np.diff(scores, axis=0) > 0).all()
