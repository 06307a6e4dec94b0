import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.search.archive import Archive
from tests.fakes import SMALL


def filled(F, G, *, batch=7):
    archive = Archive(SMALL, n_objectives=F.shape[1], n_constraints=G.shape[1])
    for k, start in enumerate(range(0, len(F), batch)):
        rows = slice(start, start + batch)
        ranks = np.arange(len(F))[rows]
        archive.append(SMALL.unrank(ranks), F[rows], G[rows], generation=k)
    return archive


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 60),
    n_levels=st.integers(2, 9),
    unit=st.sampled_from([1.0, 1e-12]),
)
def test_the_front_is_what_no_feasible_design_dominates(seed, n, n_levels, unit):
    rng = np.random.default_rng(seed)
    F = rng.integers(0, n_levels, size=(n, 3)).astype(float)
    G = rng.integers(-3, 2, size=(n, 2)) * unit
    archive = filled(F, G)
    feasible = (G <= 0).all(axis=1)
    dominated = [
        any((F[j] <= F[i]).all() and (F[j] < F[i]).any() for j in np.flatnonzero(feasible))
        for i in range(n)
    ]
    np.testing.assert_array_equal(archive.feasible, feasible)
    np.testing.assert_array_equal(archive.front(), np.flatnonzero(feasible & ~np.array(dominated)))


def test_order_and_generations_are_kept():
    F = np.arange(20.0)[:, None]
    archive = filled(F, -F)
    np.testing.assert_array_equal(archive.F, F)
    np.testing.assert_array_equal(SMALL.rank(archive.levels), np.arange(20))
    np.testing.assert_array_equal(archive.generation, np.arange(20) // 7)
    assert archive.seen == set(range(20))
    assert archive.levels.dtype == archive.generation.dtype == np.int64


def test_a_design_counts_once():
    archive = filled(np.ones((2, 1)), np.zeros((2, 1)))
    for again in ([0], [3, 3]):
        values = np.ones((len(again), 1))
        with pytest.raises(ValueError, match="evaluated before"):
            archive.append(SMALL.unrank(np.array(again)), values, values, generation=1)
    assert len(archive) == 2
