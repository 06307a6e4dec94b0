import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imcmoo.problem import dominance
from imcmoo.problem.dominance import (
    distinct_front,
    is_nondominated,
    mutually_dominated,
    pareto_rank,
    unique_rank,
)

clouds = st.tuples(st.integers(1, 40), st.integers(1, 20)).flatmap(
    lambda shape: arrays(float, shape, elements=st.sampled_from([-1.5, -0.0, 0.0, 1.0, 2.0]))
)


def of_moocore(F):
    return (
        moocore.is_nondominated(F, keep_weakly=True).tolist(),
        moocore.pareto_rank(F).tolist(),
        moocore.filter_dominated(F).tolist(),
    )


def ours(F):
    return is_nondominated(F).tolist(), pareto_rank(F).tolist(), distinct_front(F).tolist()


@given(clouds)
def test_any_number_of_columns_is_compared_as_moocore_compares_few(F):
    assert ours(F) == of_moocore(F)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dominance, "MAX_COLUMNS", 0)
        assert ours(F) == of_moocore(F)


@given(clouds, st.integers(0, 40))
def test_two_sets_are_compared_as_their_union_where_neither_dominates_its_own(F, n):
    F = distinct_front(F)
    one, other = F[:n], F[n:] + np.where(np.arange(len(F[n:])) % 2, 1.0, -1.0)[:, None]
    other = other[is_nondominated(other)]
    dominated, dominating = mutually_dominated(one, other)
    apart = ~np.concatenate([dominated, dominating])
    assert apart.tolist() == is_nondominated(np.concatenate([one, other])).tolist()


@pytest.mark.parametrize("m", [255, 601])
def test_columns_that_say_nothing_change_nothing(m):
    rng = np.random.default_rng(m)
    few = rng.integers(0, 6, (300, 4)).astype(float)
    many = np.hstack([few, np.ones((300, m - 4))])[:, rng.permutation(m)]
    assert ours(many)[:2] == of_moocore(few)[:2]
    assert len(distinct_front(many)) == len(distinct_front(few))


@pytest.mark.parametrize("m", [31, 300])
def test_points_that_differ_in_the_last_column_only_are_told_apart(m):
    F = np.ones((3, m))
    F[1, -1] = 2.0
    assert is_nondominated(F).tolist() == [True, False, True]
    assert pareto_rank(F).tolist() == [0, 1, 0]


def test_unique_rank():
    F = np.array([[1.0, 2], [2, 1], [1, 2], [2, 2], [3, 3]])
    assert unique_rank(F).tolist() == [0, 0, 3, 1, 2]
