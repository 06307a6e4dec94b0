import dataclasses

import numpy as np
import pytest
from pymoo.core.population import Population

from imcmoo.search.archive import Archive
from imcmoo.search.mating import FeasibleMating, tournaments
from imcmoo.search.sampling import draw_feasible
from imcmoo.search.schedule import PAPER
from problems.rram import RRAM
from tests.fakes import SMALL, fake_problem

LARGE_PROBLEM = fake_problem(RRAM)
SMALL_PROBLEM = fake_problem(SMALL, 3)
SMALL_FEASIBLE = 150


def begun(problem, n):
    """Archive and population of `n` evaluated designs."""
    levels = draw_feasible(problem, n, np.random.default_rng(0))
    F, G = problem.evaluate(levels)
    archive = Archive(problem.space, n_objectives=problem.n_obj, n_constraints=problem.n_constr)
    archive.append(levels, F, G, generation=0)
    return archive, Population.new(X=levels, F=F, G=G)


def mate(problem, archive, pop, n, phase):
    mating = FeasibleMating(phase=phase, archive=archive)
    return mating.do(problem, pop, n, random_state=np.random.default_rng(1)).get("X")


@pytest.mark.parametrize("phase", PAPER.phases, ids=lambda p: p.name)
def test_offspring_are_as_many_as_wanted_feasible_and_new(phase):
    archive, pop = begun(LARGE_PROBLEM, 70)
    offspring = mate(LARGE_PROBLEM, archive, pop, 70, phase)
    ranks = set(RRAM.rank(offspring).tolist())
    assert len(ranks) == len(offspring) == 70
    assert not ranks & archive.seen
    assert (LARGE_PROBLEM.feasibility.violation(offspring) <= 0).all()
    assert offspring.dtype == np.int64


@pytest.mark.parametrize("phase", [PAPER.phases[0], PAPER.phases[-1]], ids=lambda p: p.name)
def test_the_last_designs_of_a_space_are_found(phase):
    archive, pop = begun(SMALL_PROBLEM, SMALL_FEASIBLE - 7)
    offspring = mate(SMALL_PROBLEM, archive, pop, 70, phase)
    assert len(offspring) == 7


def test_nothing_is_left():
    archive, pop = begun(SMALL_PROBLEM, SMALL_FEASIBLE)
    assert len(mate(SMALL_PROBLEM, archive, pop, 70, PAPER.phases[0])) == 0


def test_polish_proposes_neighbours_of_incumbents():
    archive, pop = begun(LARGE_PROBLEM, 70)
    polish = dataclasses.replace(PAPER.phases[0], polish=1.0)
    offspring = mate(LARGE_PROBLEM, archive, pop, 20, polish)
    steps = np.abs(offspring[:, None] - pop.get("X")[None]).sum(axis=2).min(axis=1)
    assert np.median(steps) <= 2


def test_polish_proposes_promising_neighbours_first():
    archive, _ = begun(LARGE_PROBLEM, 120)
    mating = FeasibleMating(phase=PAPER.phases[1], archive=archive)
    incumbents = np.unique(LARGE_PROBLEM.guide_scores(archive.F).argmin(axis=0))
    first = mating._promising(LARGE_PROBLEM, 40)
    assert not archive.seen & set(RRAM.rank(first).tolist())
    # EDAP by each aggregation of what is feasible: half of the first are among the best tenth.
    first, every = (
        LARGE_PROBLEM.guide_scores(
            LARGE_PROBLEM.evaluate(x[LARGE_PROBLEM.feasibility.violation(x) <= 0])[0]
        )[:, :4]
        for x in (first, mating._vicinity(archive.levels[incumbents]))
    )
    assert (np.median(first, axis=0) <= np.quantile(every, 0.1, axis=0)).all()


def test_tournaments_are_won_by_the_better_on_one_criterion():
    scores = np.array([[0.0, 3], [1, 2], [2, 1], [3, 0]])
    won = np.bincount(tournaments(scores, 40_000, np.random.default_rng(0)), minlength=4)
    np.testing.assert_allclose(won / 40_000, 0.25, atol=0.01)
    won = np.bincount(tournaments(scores[:, :1], 40_000, np.random.default_rng(0)), minlength=4)
    np.testing.assert_allclose(won / 40_000, [7 / 16, 5 / 16, 3 / 16, 1 / 16], atol=0.01)


def test_polish_stays_around_the_best_designs_of_the_criteria():
    archive, pop = begun(LARGE_PROBLEM, 70)
    best = np.unique(LARGE_PROBLEM.guide_scores(pop.get("F")).argmin(axis=0))
    polish = dataclasses.replace(PAPER.phases[0], polish=1.0)
    offspring = mate(LARGE_PROBLEM, archive, pop, 20, polish)
    steps = np.abs(offspring[:, None] - pop.get("X")[best][None]).sum(axis=2).min(axis=1)
    # A move changes one or two levels by one; repair may add a few steps.
    assert np.median(steps) <= 2
