import numpy as np

from imcmoo.problem.dominance import is_nondominated
from imcmoo.search.mating import FeasibleMating
from imcmoo.space.moves import move, single_moves
from imcmoo.space.sets import unseen
from problems import RRAM
from tests.search.searches import LARGE_PROBLEM, SMALL_FEASIBLE, SMALL_PROBLEM, builder, evaluated


def found(archive, wanted=5, seed=0, population=()):
    offspring = builder(archive, wanted, population=population, seed=seed)
    return FeasibleMating().near_front(offspring, wanted)


def test_neighbours_of_front_members_are_new_and_different():
    archive = evaluated(LARGE_PROBLEM, 120)
    neighbours = found(archive)
    ranks = set(RRAM.rank(neighbours).tolist())
    assert len(ranks) == len(neighbours) >= 5
    assert not ranks & archive.seen
    around, inside = move(RRAM, archive.levels[archive.front], single_moves(RRAM))
    assert ranks <= set(RRAM.rank(around[inside]).tolist())


def test_the_first_are_more_often_on_the_front_than_all():
    archive = evaluated(LARGE_PROBLEM, 200)
    front = archive.levels[archive.front]
    neighbours = np.concatenate([found(archive, seed=s)[:8] for s in range(10)])
    around, inside = move(RRAM, front, single_moves(RRAM))
    every = unseen(RRAM, around[inside], archive.seen)
    every = every[LARGE_PROBLEM.feasibility.screened(every) <= 0]

    def share(levels):
        F = np.concatenate([archive.F[archive.front], LARGE_PROBLEM.evaluate(levels)[0]])
        return is_nondominated(F)[-len(levels) :].mean()

    assert share(neighbours) > share(every) + 0.1


def test_designs_farther_away_are_offered_where_single_moves_lead_to_few_new_ones():
    archive = evaluated(LARGE_PROBLEM, 120)
    around, inside = move(RRAM, archive.levels[archive.front], single_moves(RRAM))
    single = set(RRAM.rank(around[inside]).tolist())
    archive.seen.update(sorted(single)[1:])
    ranks = set(RRAM.rank(found(archive)).tolist())
    assert len(ranks) >= 5
    assert len(ranks & single) <= 1


def test_no_feasible_neighbour_is_left_where_all_of_these_were_evaluated():
    archive = evaluated(SMALL_PROBLEM, SMALL_FEASIBLE)
    left = found(archive)
    assert (SMALL_PROBLEM.feasibility.violation(left) > 0).all()


def test_a_small_front_is_joined_by_the_other_survivors():
    archive = evaluated(LARGE_PROBLEM, 120)
    archive._front = archive.front[:1]
    others = np.setdiff1d(np.arange(120), archive.front)[:30]
    alone = found(archive, wanted=30)
    joined = set(RRAM.rank(found(archive, wanted=30, population=others)).tolist())
    moved, inside = move(RRAM, archive.levels[others], single_moves(RRAM))
    assert joined & set(RRAM.rank(moved[inside]).tolist())
    assert len(alone)


def test_a_member_without_a_new_neighbour_is_passed_over():
    """Every weight would select the only member that is best in all objectives."""
    archive = evaluated(LARGE_PROBLEM, 120)
    front = archive.front
    closed = archive.levels[front[0]]
    archive.F[front[0]] = archive.F.min(axis=0)
    around, inside = move(RRAM, closed[None], single_moves(RRAM))
    archive.seen.update(RRAM.rank(around[inside]).tolist())
    assert len(found(archive)) >= 5
