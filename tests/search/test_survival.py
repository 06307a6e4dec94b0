import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.problem.dominance import unique_rank
from imcmoo.search import survival
from imcmoo.search.survival import best_in_turn
from problems import RRAM
from tests.fakes import NoisyEvaluator, fake_problem

PROBLEM = fake_problem(RRAM, 3)
seeds = st.integers(0, 2**32 - 1)


def random_population(n, rng, *, infeasible=0):
    F = 10.0 ** rng.uniform(-6, -2, size=(n, PROBLEM.n_obj))
    G = -np.ones((n, PROBLEM.n_constr))
    G[:infeasible, 0] = rng.uniform(0.1, 2, size=infeasible)
    return F, G


def survivors(F, G, n, problem=PROBLEM):
    return survival.survivors(problem, F, G, n).tolist()


@given(seed=seeds, n=st.integers(1, 60))
def test_survivors_are_different_and_no_other_has_a_better_rank(seed, n):
    rng = np.random.default_rng(seed)
    F, G = random_population(60, rng)
    kept = survivors(F, G, n)
    assert len(set(kept)) == len(kept) == n
    rank = unique_rank(F)
    np.testing.assert_array_equal(np.sort(rank[kept]), np.sort(rank)[:n])


@given(seed=seeds, n=st.integers(1, 50), infeasible=st.integers(0, 50))
def test_infeasible_designs_survive_last_the_least_violated_first(seed, n, infeasible):
    rng = np.random.default_rng(seed)
    F, G = random_population(50, rng, infeasible=infeasible)
    violation = np.maximum(G, 0).sum(axis=1)
    kept = survivors(F, G, n)
    assert (violation[kept] > 0).sum() == max(0, n - (50 - infeasible))
    np.testing.assert_array_equal(np.sort(violation[kept]), np.sort(violation)[:n])


def test_repeats_in_objective_space_survive_last():
    rng = np.random.default_rng(1)
    F, G = random_population(30, rng)
    F[20:] = F[0]
    kept = survivors(F, G, 20)
    assert len({tuple(f) for f in F[kept]}) == 20
    assert set(survivors(F, G, 30)) == set(range(30))


def test_the_rest_are_spread_out():
    # A line of trade-offs between the first two objectives; all other objectives are equal.
    n = 41
    F = np.ones((n, PROBLEM.n_obj))
    F[:, 0] = np.exp(np.linspace(0, 1, n))
    F[:, 1] = np.exp(np.linspace(1, 0, n))
    kept = survivors(F, -F, 9)
    assert np.diff(np.sort(kept)).max() <= 8


@given(seed=seeds, n=st.integers(1, 70), columns=st.integers(1, 9))
def test_the_best_by_each_criterion_come_in_turn_each_design_once(seed, n, columns):
    scores = np.random.default_rng(seed).integers(0, 20, (n, columns)).astype(float)
    in_turn = [row for place in np.argsort(scores, axis=0, kind="stable") for row in place]
    assert best_in_turn(scores).tolist() == list(dict.fromkeys(in_turn))


NOISY = fake_problem(RRAM, 2, model=NoisyEvaluator)


def noisy_population(snr):
    """Designs that differ in nothing but the decibels of both networks."""
    F = np.ones((len(snr), NOISY.n_obj)) * 1e-3
    F[:, -2:] = -np.asarray(snr, dtype=float)[:, None]
    return F, -(F**2)


def test_what_is_to_be_large_survives_where_it_is_largest():
    kept = survivors(*noisy_population([-12, 3, -40, 0, 9]), 2, NOISY)
    assert 4 in kept
    assert 2 not in kept


def test_negative_values_are_spread_by_their_differences():
    # Along a trade-off of energy against decibels the gaps in both are equal, so 5 of 9 are kept
    # at every second; logarithms of decibels there are not.
    n = 9
    F, G = noisy_population(np.linspace(-20, 20, n))
    F[:, :2] = 1e-3 * np.exp(np.linspace(0, 4, n))[:, None]
    kept = survivors(F, G, 5, NOISY)
    assert sorted(kept) == [0, 2, 4, 6, 8]
