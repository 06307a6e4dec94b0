"""Per-value elites: which there are, which are drawn, and which designs come from them."""

import numpy as np

from imcmoo.search.algorithm import run_search
from imcmoo.search.elites import CHILDREN, draw_elites, from_elites
from imcmoo.search.mating import FeasibleMating
from imcmoo.search.surrogate import Surrogate
from problems import RRAM
from tests.search.searches import LARGE_PROBLEM as PROBLEM
from tests.search.searches import builder, evaluated


def test_a_value_has_the_best_design_with_it_unless_that_is_the_best_of_all():
    levels = np.array([[0, 0], [0, 1], [1, 1], [0, 1]])
    scores = np.array([[3.0, 1], [1, 2], [2, 5], [4, 4]])
    elites = draw_elites(levels, scores, 99, np.random.default_rng(0))
    drawn = {tuple(elite) for elite in elites.T.tolist()}
    # Parameter, value, design, score; design 1 is the best by the first score, 0 by the second.
    wanted = {(0, 1, 2), (1, 0, 0), (1, 1, 1)}
    assert {elite[:3] for elite in drawn} == wanted
    assert drawn <= {(0, 1, 2, 0), (0, 1, 2, 1), (1, 0, 0, 0), (1, 1, 1, 1)}


def test_elites_are_drawn_the_likelier_the_fewer_designs_are_better_or_were_tried_since():
    levels = np.zeros((100, 2), dtype=np.int64)
    levels[[1, 90], [0, 0]] = 1, 2
    levels[80, 1] = 1
    scores = np.arange(100.0)[:, None]
    rng = np.random.default_rng(0)
    firsts = [draw_elites(levels, scores, 1, rng)[2, 0] for _ in range(200)]
    assert firsts.count(1) > 180  # the second best, against the 81st and 91st
    levels[2:60, 0] = 1
    firsts = [draw_elites(levels, scores, 1, rng)[2, 0] for _ in range(200)]
    assert 30 < firsts.count(1) < 90  # after 58 designs that are no better


def test_children_of_elites_are_new_and_the_first_are_of_different_elites():
    archive = evaluated(PROBLEM, 150)
    children = from_elites(builder(archive), 10)
    assert 10 * CHILDREN / 2 < len(children) <= 10 * CHILDREN
    assert not archive.seen & set(RRAM.rank(children).tolist())
    assert len(np.unique(children[:10], axis=0)) >= 9


def test_the_surrogate_of_elites_is_fitted_to_what_lies_around_them():
    fitted = []

    class Spy(Surrogate):
        @classmethod
        def near(cls, problem, archive, incumbents, n):
            fitted.append((incumbents, n))
            return super().near(problem, archive, incumbents, n)

    from_elites(builder(evaluated(PROBLEM, 150), surrogate=Spy, fitted=40), 5)
    ((rows, n),) = fitted
    assert 1 <= len(rows) <= 5
    assert n == 40


def searched(**settings):
    rng, mating = np.random.default_rng(2), FeasibleMating(**settings)
    return run_search(PROBLEM, budget=300, rng=rng, n_initial=150, mating=mating).archive


def offspring(archive):
    """Designs of each whole generation."""
    return set(np.bincount(archive.generation)[1:-1].tolist())


def test_only_spaces_too_large_to_enumerate_have_elites_and_smaller_generations():
    assert offspring(searched()) == {100}
    with_elites = searched(large_space=RRAM.size - 1)
    assert len(with_elites) == len(with_elites.seen) == 300
    assert with_elites.feasible.all()
    assert offspring(with_elites) == {34}
