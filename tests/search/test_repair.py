import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imcmoo.search.repair import repair
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.moves import move, pairs, single_moves
from imcmoo.space.parameters import Categorical, Integer
from problems import RRAM
from tests.fakes import SMALL, fake_problem

PROBLEMS = [fake_problem(RRAM), fake_problem(SMALL, 2)]
seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("space", [RRAM, SMALL], ids=lambda s: s.name)
def test_single_moves_lead_to_the_neighbours_of_the_space(space):
    levels = space.random(50, np.random.default_rng(0))
    designs, inside = move(space, levels, single_moves(space))
    for one, moved, keep in zip(levels, designs, inside, strict=True):
        assert {*map(tuple, moved[keep])} == {*map(tuple, space.neighbours(one))}


def test_pairs_of_moves_lead_to_neighbours_of_neighbours():
    space = DesignSpace("mixed", (Integer("size", 0, 4), Categorical("kind", ("a", "b", "c"))))
    single = single_moves(space)
    assert single.tolist() == [[-1, 0], [1, 0], [0, 1], [0, 2]]
    here = np.array([[2, 1]])
    designs, inside = move(space, here, pairs(single))
    reached = {*map(tuple, designs[inside])} - {(2, 1)}
    twice = {tuple(far) for near in space.neighbours(here[0]) for far in space.neighbours(near)}
    assert reached == twice - {(2, 1)}


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.space.name)
@settings(deadline=None)
@given(seed=seeds)
def test_repair_leaves_feasible_designs_and_its_own_results_alone(problem, seed):
    levels = problem.space.random(40, np.random.default_rng(seed))
    before = problem.feasibility.screened(levels)
    repaired, violation = repair(problem, levels)
    problem.space.validate(repaired)
    np.testing.assert_array_equal(violation, problem.feasibility.screened(repaired))
    np.testing.assert_array_equal(repaired[before <= 0], levels[before <= 0])
    assert (violation <= before).all()
    np.testing.assert_array_equal(repair(problem, repaired)[0], repaired)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.space.name)
def test_every_random_design_reaches_feasibility(problem):
    levels = problem.space.random(500, np.random.default_rng(3))
    original = levels.copy()
    repaired, violation = repair(problem, levels)
    assert (violation <= 0).all()
    np.testing.assert_array_equal(levels, original)
    free = ~problem.feasibility.screened_by  # parameters that constrain nothing
    assert free.sum() == 2
    np.testing.assert_array_equal(repaired[:, free], levels[:, free])


def test_where_no_design_is_feasible_or_there_is_none_repair_ends():
    impossible = fake_problem(SMALL, area_limit_m2=1e-9)
    assert (repair(impossible, SMALL.random(20, np.random.default_rng(0)))[1] > 0).all()
    repaired, violation = repair(PROBLEMS[0], np.empty((0, 9), dtype=np.int64))
    assert repaired.shape == (0, 9)
    assert violation.shape == (0,)


def test_repair_of_a_batch_is_that_of_its_designs():
    problem = PROBLEMS[0]
    levels = RRAM.random(30, np.random.default_rng(5))
    together, _ = repair(problem, levels)
    alone = [repair(problem, one[None])[0][0] for one in levels]
    np.testing.assert_array_equal(together, alone)


MIXED = DesignSpace("mixed", (Integer("size", 0, 4), Categorical("kind", ("a", "b", "c"))))


class Screen:
    """A problem of which repair sees a space and what each design lacks."""

    screened_by = np.array([0, 1])

    def __init__(self, lacks, space=MIXED):
        self.space = space
        self.feasibility = self
        self._lacks = np.array(lacks, dtype=float)

    def screened(self, levels):
        return self._lacks[levels[:, 0], levels[:, 1]]


def test_of_equally_near_and_good_moves_the_first_is_taken():
    # One size less, or another kind, does equally well: both are one step away.
    lacks = np.ones((5, 3))
    lacks[1, 0] = lacks[2, 1] = lacks[2, 2] = 0
    assert repair(Screen(lacks), np.array([[2, 0]]))[0].tolist() == [[1, 0]]


def test_a_little_is_repaired_too_and_the_least_violated_neighbour_is_taken():
    lacks = np.full((5, 3), 0.5)
    lacks[1, 0], lacks[3, 0], lacks[2, 1], lacks[2, 2] = 0.2, 0.1, 0.3, 0.4
    lacks[4, 0] = 0
    repaired, left = repair(Screen(lacks), np.array([[2, 0]]))
    assert repaired.tolist() == [[4, 0]]
    assert left.tolist() == [0]


def test_steps_of_all_parameters_together_say_which_move_leads_least_far():
    """Kinds are one step apart, whichever; sizes as many as lie between."""
    space = DesignSpace(
        "kinds first", (Categorical("kind", ("a", "b", "c")), Integer("size", 0, 4))
    )
    lacks = np.ones((3, 5))
    lacks[0, 3] = 0.5
    # From there another kind or one size more: two steps from where it began, either way.
    lacks[2, 3] = lacks[0, 4] = 0
    assert repair(Screen(lacks, space), np.array([[0, 2]]))[0].tolist() == [[2, 3]]
