import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymoo.core.population import Population

from imcmoo.problem.criteria import find_criterion
from imcmoo.problem.problem import SelectionCriteria
from imcmoo.search.survival import CriteriaSurvival, elite, span_scaled, unique_rank
from problems import RRAM
from tests.fakes import SUM, NoisyEvaluator, fake_problem

PROBLEM = fake_problem(RRAM, 3)
seeds = st.integers(0, 2**32 - 1)


def random_population(n, rng, *, infeasible=0):
    F = 10.0 ** rng.uniform(-6, -2, size=(n, PROBLEM.n_obj))
    G = -np.ones((n, PROBLEM.n_constr))
    G[:infeasible, 0] = rng.uniform(0.1, 2, size=infeasible)
    return Population.new(X=RRAM.random(n, rng), F=F, G=G, index=np.arange(n))


def survivors(pop, n):
    return CriteriaSurvival(elite_share=0.75).do(PROBLEM, pop, n_survive=n).get("index").tolist()


@given(seed=seeds, n=st.integers(2, 60), share=st.floats(0, 1))
def test_incumbents_always_survive(seed, n, share):
    rng = np.random.default_rng(seed)
    pop = random_population(60, rng)
    scores = PROBLEM.guide_scores(pop.get("F"))
    kept = CriteriaSurvival(elite_share=share).do(PROBLEM, pop, n_survive=n).get("index")
    assert len(set(kept)) == len(kept) == n
    n_elite = max(1, round(share * n))
    best = list(dict.fromkeys(scores.argmin(axis=0)))[:n_elite]
    assert set(best) <= set(kept)


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
    # An elite may hold a repeat of an incumbent, the rest of the population may not.
    assert len({tuple(f) for f in pop[kept].get("F")}) >= 15
    assert set(survivors(pop, 30)) == set(range(30))


def test_the_rest_are_spread_out():
    # A line of trade-offs between the first two objectives; all other objectives are equal.
    n = 41
    F = np.ones((n, PROBLEM.n_obj))
    F[:, 0] = np.exp(np.linspace(0, 1, n))
    F[:, 1] = np.exp(np.linspace(1, 0, n))
    pop = Population.new(X=RRAM.random(n, np.random.default_rng(0)), F=F, G=-F, index=np.arange(n))
    kept = CriteriaSurvival(elite_share=0).do(PROBLEM, pop, n_survive=9).get("index")
    assert np.diff(np.sort(kept)).max() <= 8


def test_elite_takes_criteria_in_turn():
    scores = np.array([[1.0, 9], [2, 8], [3, 1], [4, 2]])
    assert elite(scores, 3).tolist() == [0, 2, 1]
    assert elite(scores, 9).tolist() == [0, 2, 1, 3]


def test_unique_rank():
    F = np.array([[1.0, 2], [2, 1], [1, 2], [2, 2], [3, 3]])
    assert unique_rank(F).tolist() == [0, 0, 3, 1, 2]


def test_coordinates_are_0_at_the_ideal_and_1_at_the_nadir_of_the_front():
    """An objective that does not differ on the front counts as it is."""
    points = np.log([[1.0, 100, 5], [100, 1, 5], [10, 1000, 5 * np.e]])
    scaled = span_scaled(points, points[:2])
    np.testing.assert_allclose(scaled, [[0, 1, 0], [1, 0, 0], [0.5, 1.5, 1]], atol=1e-12)


@pytest.mark.parametrize("share", [1.01, 2, -0.01])
def test_a_share_outside_its_range_is_refused(share):
    with pytest.raises(ValueError, match=rf"elite_share must lie in 0..1, got {share}"):
        CriteriaSurvival(elite_share=share)


def test_a_front_that_just_fits_survives_whole():
    pop = random_population(40, np.random.default_rng(2))
    F = pop.get("F")
    F[20:] = F[:20] * 2  # each of these is dominated
    pop.set("F", F)
    first = np.flatnonzero(unique_rank(F) == 0)
    assert len(first) < 40
    survival = CriteriaSurvival(elite_share=0)  # an elite may hold a design that is dominated
    kept = survival.do(PROBLEM, pop, n_survive=len(first)).get("index")
    assert set(kept) == set(first)


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
    kept = CriteriaSurvival(elite_share=0).do(NOISY, pop, n_survive=2).get("index")
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
    kept = CriteriaSurvival(elite_share=0).do(NOISY, pop, n_survive=5).get("index")
    assert sorted(kept) == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("asked", [SUM, find_criterion("pseudo_weights")], ids=lambda c: c.name)
def test_the_best_by_a_criterion_that_is_asked_for_survives(asked):
    asking = fake_problem(RRAM, 3, guidance=SelectionCriteria(asked=asked))
    rescued = 0
    for seed in range(30):
        pop = random_population(60, np.random.default_rng(seed))
        best = int(asked.scores(asking.costs(pop.get("F")), None).argmin())
        survival = CriteriaSurvival(elite_share=0.75)
        assert best in survival.do(asking, pop, n_survive=12).get("index")
        rescued += best not in survival.do(PROBLEM, pop, n_survive=12).get("index")
    assert rescued
