import numpy as np

from imcmoo.problem.dominance import is_nondominated
from imcmoo.search import front_search
from imcmoo.search.front_search import near_front, tchebycheff
from imcmoo.space.moves import move, single_moves
from problems import RRAM
from tests.search.searches import (
    LARGE_PROBLEM,
    SMALL_FEASIBLE,
    SMALL_PROBLEM,
    evaluated,
)


def found(archive, wanted=5, fitted=100, problem=LARGE_PROBLEM, seed=0):
    return near_front(problem, archive, wanted, fitted, np.random.default_rng(seed))


def test_neighbours_of_front_members_are_new_different_and_pass_the_screen():
    archive = evaluated(LARGE_PROBLEM, 120)
    neighbours = found(archive)
    ranks = set(RRAM.rank(neighbours).tolist())
    assert len(ranks) == len(neighbours) >= 5
    assert not ranks & archive.seen
    assert (LARGE_PROBLEM.feasibility.screened(neighbours) <= 0).all()
    around, inside = move(RRAM, archive.levels[archive.front()], single_moves(RRAM))
    assert ranks <= set(RRAM.rank(around[inside]).tolist())


def test_the_first_are_more_often_on_the_front_than_all():
    archive = evaluated(LARGE_PROBLEM, 200)
    neighbours = np.concatenate([found(archive, seed=s)[:8] for s in range(10)])
    random = np.concatenate([found(archive, fitted=0, seed=s) for s in range(10)])

    def share(levels):
        F = np.concatenate([archive.F[archive.front()], LARGE_PROBLEM.evaluate(levels)[0]])
        return is_nondominated(F)[-len(levels) :].mean()

    assert share(neighbours) > share(random) + 0.1


def test_no_feasible_neighbour_is_left_where_all_of_these_were_evaluated():
    archive = evaluated(SMALL_PROBLEM, SMALL_FEASIBLE)
    left = found(archive, problem=SMALL_PROBLEM)
    assert (SMALL_PROBLEM.feasibility.violation(left) > 0).all()


def test_a_member_without_a_new_neighbour_is_passed_over(monkeypatch):
    """Every weight would select the only member that is best in all objectives."""
    archive = evaluated(LARGE_PROBLEM, 120)
    front = archive.front()
    closed = archive.levels[front[0]]
    archive.F[front[0]] = archive.F.min(axis=0)
    around, inside = move(RRAM, closed[None], single_moves(RRAM))
    archive.seen.update(RRAM.rank(around[inside]).tolist())
    monkeypatch.setattr(front_search, "MEMBERS", len(front))
    assert len(found(archive)) >= 5


def test_tchebycheff_is_the_largest_weighted_objective_and_a_little_of_their_sum():
    points, weights = np.array([[1.0, 0.0], [0.4, 0.4]]), np.array([[1.0, 0.0], [0.5, 0.5]])
    expected = np.array([[1.05, 0.525], [0.42, 0.22]])
    np.testing.assert_allclose(tchebycheff(points, weights), expected)
