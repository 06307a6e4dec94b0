import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pymoo.core.population import Population

from imcmoo.search.survival import SpreadSurvival, elite, unique_rank
from problems import RRAM
from tests.fakes import NoisyEvaluator, fake_problem

PROBLEM = fake_problem(RRAM, 3)
seeds = st.integers(0, 2**32 - 1)


def random_population(n, rng, *, infeasible=0):
    F = 10.0 ** rng.uniform(-6, -2, size=(n, PROBLEM.n_obj))
    G = -np.ones((n, PROBLEM.n_constr))
    G[:infeasible, 0] = rng.uniform(0.1, 2, size=infeasible)
    return Population.new(X=RRAM.random(n, rng), F=F, G=G, index=np.arange(n))


def survivors(pop, n):
    return SpreadSurvival().do(PROBLEM, pop, n_survive=n).get("index").tolist()


@given(seed=seeds, n=st.integers(1, 60))
def test_survivors_are_different_and_no_other_has_a_better_rank(seed, n):
    rng = np.random.default_rng(seed)
    pop = random_population(60, rng)
    kept = survivors(pop, n)
    assert len(set(kept)) == len(kept) == n
    rank = unique_rank(pop.get("F"))
    np.testing.assert_array_equal(np.sort(rank[kept]), np.sort(rank)[:n])


@given(seed=seeds, n=st.integers(1, 50), infeasible=st.integers(0, 50))
def test_infeasible_designs_survive_last_the_least_violated_first(seed, n, infeasible):
    rng = np.random.default_rng(seed)
    pop = random_population(50, rng, infeasible=infeasible)
    violation = np.maximum(pop.get("G"), 0).sum(axis=1)
    kept = survivors(pop, n)
    assert (violation[kept] > 0).sum() == max(0, n - (50 - infeasible))
    np.testing.assert_array_equal(np.sort(violation[kept]), np.sort(violation)[:n])


def test_repeats_in_objective_space_survive_last():
    rng = np.random.default_rng(1)
    pop = random_population(30, rng)
    for individual in pop[20:]:
        individual.F = pop[0].F.copy()
    kept = survivors(pop, 20)
    assert len({tuple(f) for f in pop[kept].get("F")}) == 20
    assert set(survivors(pop, 30)) == set(range(30))


def test_the_rest_are_spread_out():
    # A line of trade-offs between the first two objectives; all other objectives are equal.
    n = 41
    F = np.ones((n, PROBLEM.n_obj))
    F[:, 0] = np.exp(np.linspace(0, 1, n))
    F[:, 1] = np.exp(np.linspace(1, 0, n))
    pop = Population.new(X=RRAM.random(n, np.random.default_rng(0)), F=F, G=-F, index=np.arange(n))
    kept = SpreadSurvival().do(PROBLEM, pop, n_survive=9).get("index")
    assert np.diff(np.sort(kept)).max() <= 8


@given(seed=seeds, n=st.integers(1, 70), columns=st.integers(1, 9))
def test_elite_is_the_start_of_all_in_turn(seed, n, columns):
    scores = np.random.default_rng(seed).integers(0, 20, (60, columns)).astype(float)
    in_turn = np.argsort(scores, axis=0, kind="stable").ravel().tolist()
    assert elite(scores, n).tolist() == list(dict.fromkeys(in_turn))[:n]


def test_unique_rank():
    F = np.array([[1.0, 2], [2, 1], [1, 2], [2, 2], [3, 3]])
    assert unique_rank(F).tolist() == [0, 0, 3, 1, 2]


NOISY = fake_problem(RRAM, 2, model=NoisyEvaluator)


def noisy_population(snr):
    """Designs that differ in nothing but the decibels of both networks."""
    F = np.ones((len(snr), NOISY.n_obj)) * 1e-3
    F[:, -2:] = -np.asarray(snr, dtype=float)[:, None]
    return Population.new(
        X=RRAM.unrank(np.arange(len(snr))), F=F, G=-(F**2), index=np.arange(len(F))
    )


def test_what_is_to_be_large_survives_where_it_is_largest():
    pop = noisy_population([-12, 3, -40, 0, 9])
    kept = SpreadSurvival().do(NOISY, pop, n_survive=2).get("index")
    assert 4 in kept
    assert 2 not in kept


def test_negative_values_are_spread_by_their_differences():
    # Along a trade-off of energy against decibels the gaps in both are equal, so 5 of 9 are kept
    # at every second; logarithms of decibels there are not.
    n = 9
    pop = noisy_population(np.linspace(-20, 20, n))
    F = pop.get("F")
    F[:, :2] = 1e-3 * np.exp(np.linspace(0, 4, n))[:, None]
    pop.set("F", F)
    kept = SpreadSurvival().do(NOISY, pop, n_survive=5).get("index")
    assert sorted(kept) == [0, 2, 4, 6, 8]
