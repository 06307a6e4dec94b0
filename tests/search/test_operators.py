import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.search.operators import crossover, mutate
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Integer
from problems import RRAM
from tests.fakes import SMALL

SPACES = [RRAM, SMALL]
seeds = st.integers(0, 2**32 - 1)
shares = st.floats(0, 1)
etas = st.floats(0, 50)


def mixed_space(n_levels):
    kinds = Categorical("kind", tuple("abcdefghij"[:n_levels]))
    return DesignSpace("mixed", (kinds, Integer("size", 0, n_levels - 1)))


@pytest.mark.parametrize("space", SPACES, ids=lambda s: s.name)
@given(seed=seeds, probability=shares, eta=etas)
def test_operators_stay_integer_and_in_the_space(space, seed, probability, eta):
    rng = np.random.default_rng(seed)
    parents = space.random(40, rng).reshape(2, 20, -1)
    children = crossover(space, parents, rng, probability=probability, eta=eta)
    mutants = mutate(space, children.reshape(40, -1), rng, probability=probability, eta=eta)
    for levels in (children.reshape(40, -1), mutants):
        assert levels.dtype == np.int64
        space.validate(levels)


def test_nothing_changes_by_chance_zero_or_between_equal_parents():
    rng = np.random.default_rng(0)
    parents = RRAM.random(40, rng).reshape(2, 20, -1)
    np.testing.assert_array_equal(crossover(RRAM, parents, rng, probability=0, eta=3), parents)
    np.testing.assert_array_equal(mutate(RRAM, parents[0], rng, probability=0, eta=3), parents[0])
    equal = np.stack([parents[0], parents[0]])
    np.testing.assert_array_equal(crossover(RRAM, equal, rng, probability=1, eta=3), equal)


def test_crossover_keeps_the_mean_of_ordered_parameters():
    # Rounding to the nearest level instead would move children towards their parents.
    space = DesignSpace("line", (Integer("size", 0, 100),))
    parents = np.broadcast_to(np.array([[[50]], [[51]]]), (2, 50_000, 1))
    children = crossover(space, parents, np.random.default_rng(0), probability=1, eta=3)
    assert children.mean() == pytest.approx(50.5, abs=0.01)
    assert (children.min(axis=0) != 50).mean() > 0.1


def test_unordered_parameters_are_exchanged_never_blended():
    space = mixed_space(10)
    parents = np.stack([np.zeros((1000, 2), np.int64), np.full((1000, 2), 9)])
    children = crossover(space, parents, np.random.default_rng(0), probability=1, eta=1)
    assert set(np.unique(children[..., 0])) == {0, 9}
    assert 0.4 < (children[0, :, 0] == 9).mean() < 0.6
    assert len(np.unique(children[..., 1])) > 2


def test_a_mutant_differs_and_small_steps_are_likelier_with_eta():
    levels = RRAM.random(5000, np.random.default_rng(0))

    def mean_step(eta):
        mutants = mutate(RRAM, levels, np.random.default_rng(1), probability=1, eta=eta)
        changed = mutants != levels
        assert changed.any(axis=1).all()
        assert 1.5 < changed.sum(axis=1).mean() < 2.5
        return np.abs(mutants - levels)[changed].mean()

    assert mean_step(0.5) > mean_step(3) > mean_step(25) >= 1


def test_unordered_parameters_reset_to_every_other_value():
    space = mixed_space(5)
    levels = np.full((5000, 2), 2)
    mutants = mutate(space, levels, np.random.default_rng(0), probability=1, eta=25)
    kinds, counts = np.unique(mutants[mutants[:, 0] != 2, 0], return_counts=True)
    assert kinds.tolist() == [0, 1, 3, 4]
    assert counts.max() < 1.2 * counts.min()
    assert set(np.unique(mutants[:, 1])) == {1, 2, 3}


def test_a_parameter_of_one_level_stays():
    space = mixed_space(1)
    levels = np.zeros((20, 2), np.int64)
    mutants = mutate(space, levels, np.random.default_rng(0), probability=1, eta=3)
    np.testing.assert_array_equal(mutants, levels)
