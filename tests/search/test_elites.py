"""Per-value elites: which there are, which are drawn, and which designs come from them."""

import numpy as np

from imcmoo.search.algorithm import run_search
from imcmoo.search.elites import CHILDREN, ValueElites, from_elites
from imcmoo.search.mating import FeasibleMating
from imcmoo.search.surrogate import Surrogate
from problems import RRAM
from tests.search.searches import LARGE_PROBLEM as PROBLEM
from tests.search.searches import evaluated


def test_a_value_has_the_best_design_with_it_and_knows_what_was_tried_since():
    levels = np.array([[0, 0], [0, 1], [1, 1], [0, 1]])
    scores = np.array([[3.0, 1], [1, 2], [2, 5], [4, 4]])
    elites = ValueElites.from_scores(levels, scores)
    result = dict(
        zip(
            zip(elites.parameters.tolist(), elites.levels.tolist(), strict=True),
            zip(elites.incumbents.tolist(), elites.tries.tolist(), strict=True),
            strict=True,
        )
    )
    assert result == {
        (0, 0): ([1, 0], [1, 2]),
        (0, 1): ([2, 2], [0, 0]),
        (1, 0): ([0, 0], [0, 0]),
        (1, 1): ([1, 1], [2, 2]),
    }


def test_elites_that_are_the_best_are_never_drawn_and_the_less_tried_oftener():
    elites = ValueElites(
        parameters=np.array([0, 0, 1]),
        levels=np.array([0, 1, 0]),
        incumbents=np.array([[0, 0], [1, 1], [2, 3]]),
        tries=np.array([[0, 0], [99, 99], [0, 0]]),
    )
    shortfall = np.array([[1.0, 1.0], [1.5, 1.5], [1.5, 1.5]])
    rng = np.random.default_rng(0)
    value, score = elites.drawn(shortfall, 10, rng)
    # One design that is the elite of its value by two scores is drawn once.
    assert sorted(value.tolist()) == [1, 2, 2]
    assert len(score) == 3
    firsts = [elites.drawn(shortfall, 1, rng)[0][0] for _ in range(200)]
    assert 0 not in firsts
    assert firsts.count(2) > 180


def test_elites_far_behind_are_hardly_drawn_before_those_that_are_near():
    elites = ValueElites(
        parameters=np.array([0, 0, 1]),
        levels=np.array([0, 1, 0]),
        incumbents=np.array([[0], [1], [2]]),
        tries=np.zeros((3, 1), dtype=int),
    )
    rng, shortfall = np.random.default_rng(0), np.array([[1.01], [2.0], [1e290]])
    firsts = [elites.drawn(shortfall, 1, rng)[0][0] for _ in range(200)]
    assert firsts.count(0) > 190
    assert len(elites.drawn(np.full((3, 1), 1e290), 2, rng)[0]) == 2


def test_children_of_value_elites_are_new_and_many_for_each_elite():
    archive = evaluated(PROBLEM, 150)
    result, of = from_elites(PROBLEM, archive, 10, np.random.default_rng(1), surrogate=Surrogate)
    assert set(of.tolist()) == set(range(10))
    assert 1 < np.bincount(of).min() <= np.bincount(of).max() <= CHILDREN
    assert not archive.seen & set(RRAM.rank(result).tolist())


def test_the_surrogate_of_elites_is_fitted_to_what_lies_around_them():
    fitted = []

    class Spy(Surrogate):
        def __init__(self, space, levels, *values):
            fitted.append(levels)
            super().__init__(space, levels, *values)

    archive = evaluated(PROBLEM, 150)
    rng = np.random.default_rng(1)
    from_elites(PROBLEM, archive, 5, rng, surrogate=Spy, fitted_per_elite=2)
    assert len(fitted[0]) == 10 < len(archive)


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
    assert offspring(with_elites) == {35}
