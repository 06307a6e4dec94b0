import dataclasses

import numpy as np
import pytest
from pymoo.core.population import Population

from imcmoo.search import mating as mating_of
from imcmoo.search.archive import Archive
from imcmoo.search.mating import N_SEEDS, UNSCORED, FeasibleMating, _guiding, tournaments
from imcmoo.search.offspring import OffspringBuilder
from imcmoo.search.sampling import draw_feasible
from imcmoo.search.schedule import PAPER
from imcmoo.search.surrogate import Surrogate
from imcmoo.search.survival import elite
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
    mating = FeasibleMating(phase=phase, archive=archive, fitted=200)
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
    mating = FeasibleMating(phase=PAPER.phases[1], archive=archive, fitted=200)
    incumbents = np.unique(LARGE_PROBLEM.guide_scores(archive.F).argmin(axis=0))
    first = mating._promising(LARGE_PROBLEM, 5, np.random.default_rng(0))
    assert not archive.seen & set(RRAM.rank(first).tolist())
    # EDAP by each aggregation of what is feasible: half of the first are among the best tenth.
    first, every = (
        LARGE_PROBLEM.guide_scores(
            LARGE_PROBLEM.evaluate(x[LARGE_PROBLEM.feasibility.violation(x) <= 0])[0]
        )[:, :4]
        for x in (first, mating._vicinity(archive.levels[incumbents]))
    )
    assert (np.median(first, axis=0) <= np.quantile(every, 0.1, axis=0)).all()


def test_in_a_large_space_the_surrogate_knows_what_lies_around_the_incumbents(monkeypatch):
    archive, _ = begun(LARGE_PROBLEM, 120)
    scores = LARGE_PROBLEM.guide_scores(archive.F)
    incumbents = np.unique(scores.argmin(axis=0))
    fitted = []

    def spy(space, levels, points):
        fitted.append(levels)
        return Surrogate(space, levels, points)

    monkeypatch.setattr(mating_of, "Surrogate", spy)
    for limit in (RRAM.size, RRAM.size - 1):
        monkeypatch.setattr(mating_of, "LARGE_SPACE", limit)
        mating = FeasibleMating(phase=PAPER.phases[1], archive=archive, fitted=30, niches=0.5)
        mating._promising(LARGE_PROBLEM, 5, np.random.default_rng(0))
    near = mating_of.nearest_to_incumbents(RRAM, archive.levels, incumbents, 30)
    best = elite(scores, 30)
    assert set(near.tolist()) != set(best.tolist())
    for levels, expected in zip(fitted, (best, near), strict=True):
        assert np.array_equal(levels, archive.levels[expected])


def test_in_a_large_space_what_is_infeasible_does_not_stand_in_the_way(monkeypatch):
    """The best half of all neighbours is infeasible, by every criterion: others are offered."""
    levels = RRAM.random(400, np.random.default_rng(0))
    promise = np.arange(400.0)[:, None] * [1.0, 2.0]
    good, asked = set(RRAM.rank(levels[200:]).tolist()), []

    def screened(some):
        asked.append(len(some))
        return np.array([-1.0 if rank in good else 1.0 for rank in RRAM.rank(some).tolist()])

    monkeypatch.setattr(LARGE_PROBLEM.feasibility, "screened", screened)
    found = mating_of._first_passing(LARGE_PROBLEM, levels, promise, 5)
    assert found[:5].tolist() == [200, 201, 202, 203, 204]
    # Each is asked about once, and not all are.
    assert sum(asked) < 400
    assert len(found) < 150


def test_without_a_surrogate_neighbours_come_at_random():
    archive, _ = begun(LARGE_PROBLEM, 120)
    mating = FeasibleMating(phase=PAPER.phases[1], archive=archive, fitted=0)
    one, other = (mating._promising(LARGE_PROBLEM, 5, np.random.default_rng(s)) for s in (0, 1))
    assert sorted(RRAM.rank(one)) == sorted(RRAM.rank(other))
    assert RRAM.rank(one).tolist() != RRAM.rank(other).tolist()


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


def archived(G):
    """Designs far from each other with these constraint values, (n, n_constraints)."""
    archive = Archive(RRAM, n_objectives=LARGE_PROBLEM.n_obj, n_constraints=G.shape[1])
    levels = RRAM.random(len(G), np.random.default_rng(4))
    archive.append(levels, np.ones((len(G), LARGE_PROBLEM.n_obj)), G, generation=0)
    return archive


def around(mating, levels):
    """Ranks of all designs within the reach of a move of some."""
    return set(RRAM.rank(mating._vicinity(levels)).tolist())


def test_where_nothing_is_feasible_the_least_violated_design_is_sought_around():
    # Sums of what is violated: 0.9, 0.5, 0.4; slack of one constraint makes up for no other.
    archive = archived(np.array([[0.9, -5.0], [0.2, 0.3], [0.4, -1.0]]))
    mating = FeasibleMating(phase=PAPER.phases[0], archive=archive, fitted=200)
    near = mating._nearest(np.random.default_rng(0))
    assert set(RRAM.rank(near).tolist()) == around(mating, archive.levels[[2]])


def small_buffers(n):
    """Designs that pass the screen, but whose buffer is too small when it is looked at."""
    levels = RRAM.random(4000, np.random.default_rng(6))
    levels[:, RRAM.names.index("glb_depth")] = 0
    levels = np.unique(levels[LARGE_PROBLEM.feasibility.screened(levels) <= 0], axis=0)[:n]
    F, G = LARGE_PROBLEM.evaluate(levels)
    return levels, F, G


def test_half_of_the_offspring_is_sought_around_the_least_violated_until_one_is_feasible():
    levels, F, G = small_buffers(40)
    # Each violates one constraint and meets others: none is feasible.
    assert ((G > 0).any(axis=1) & (G <= 0).any(axis=1)).all()
    archive = Archive(RRAM, n_objectives=F.shape[1], n_constraints=G.shape[1])
    archive.append(levels, F, G, generation=0)
    mating = FeasibleMating(phase=PAPER.phases[0], archive=archive, fitted=200)
    pop = Population.new(X=levels, F=F, G=G)
    wanted = {}
    whole = OffspringBuilder.add

    def counted(offspring, candidates, limit):
        wanted.setdefault("first", (set(RRAM.rank(candidates).tolist()), limit))
        whole(offspring, candidates, limit)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OffspringBuilder, "add", counted)
        mating.do(LARGE_PROBLEM, pop, 30, random_state=np.random.default_rng(1))
    least = np.maximum(G, 0).sum(axis=1).argmin()
    assert wanted["first"] == (around(mating, levels[[least]]), 15)


@pytest.mark.parametrize("violation", [0.5, 2.0])
def test_where_some_are_feasible_nothing_is_sought_around_the_least_violated(violation):
    archive, pop = begun(LARGE_PROBLEM, 70)
    G = pop.get("G").copy()
    G[20:, 0] = violation
    pop.set("G", G)
    mating = FeasibleMating(phase=PAPER.phases[0], archive=archive, fitted=200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mating, "_nearest", lambda rng: pytest.fail("sought around a violation"))
        mating.do(LARGE_PROBLEM, pop, 20, random_state=np.random.default_rng(1))


def test_designs_that_lack_little_do_not_pass_for_feasible():
    """Half an octave too large, all of them: the least violated one is sought around."""
    archive, pop = begun(LARGE_PROBLEM, 70)
    pop.set("G", np.full_like(pop.get("G"), 0.5))
    mating = FeasibleMating(phase=PAPER.phases[0], archive=archive, fitted=200)
    sought = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mating, "_nearest", lambda rng: sought.append(rng) or archive.levels[:0])
        mating.do(LARGE_PROBLEM, pop, 20, random_state=np.random.default_rng(1))
    assert len(sought) == 1


def test_polish_alone_fills_a_generation_with_neighbours_of_incumbents():
    archive, pop = begun(LARGE_PROBLEM, 70)
    polish = dataclasses.replace(PAPER.phases[0], polish=1.0)
    mating = FeasibleMating(phase=polish, archive=archive, fitted=200)
    best = np.unique(LARGE_PROBLEM.guide_scores(archive.F).argmin(axis=0))
    near = around(mating, archive.levels[best])
    offspring = mate(LARGE_PROBLEM, archive, pop, 20, polish)
    assert len(near & set(RRAM.rank(offspring).tolist())) >= 18


def test_children_keep_what_all_parents_share():
    levels = draw_feasible(LARGE_PROBLEM, 300, np.random.default_rng(0))
    levels[:, 0], levels[:, 2] = 1, 2
    levels = np.unique(levels, axis=0)[:70]
    F, G = LARGE_PROBLEM.evaluate(levels)
    archive = Archive(RRAM, n_objectives=F.shape[1], n_constraints=G.shape[1])
    archive.append(levels, F, G, generation=0)
    faithful = dataclasses.replace(PAPER.phases[0], mutation_probability=0.0, polish=0.0)
    offspring = mate(LARGE_PROBLEM, archive, Population.new(X=levels, F=F, G=G), 20, faithful)
    assert (offspring[:, [0, 2]] == [1, 2]).all()


@pytest.mark.parametrize("n", [7, 20])
def test_there_are_as_many_children_as_asked_for_in_pairs(n):
    archive, pop = begun(LARGE_PROBLEM, 70)
    mating = FeasibleMating(phase=PAPER.phases[0], archive=archive, fitted=200)
    scores = LARGE_PROBLEM.guide_scores(archive.F)
    children = mating._children(LARGE_PROBLEM, pop.get("X"), scores, n, np.random.default_rng(0))
    assert len(children) == n + n % 2


def test_what_is_infeasible_loses_to_all_that_is_feasible_the_more_the_more_it_lacks():
    _, pop = begun(LARGE_PROBLEM, 5)
    F, G = pop.get("F"), np.full((5, 2), -3.0)
    G[0] = 0  # at both limits: feasible
    G[1], G[2], G[3] = (0.5, -1), (0.3, 0.4), (1e-6, -9)
    scores = _guiding(LARGE_PROBLEM, F, G)
    own = LARGE_PROBLEM.guide_scores(F[[0, 4]])
    assert np.array_equal(scores[[0, 4]], own)
    assert (scores[3] > own.max(axis=0)).all()
    assert (np.diff(scores[[3, 1, 2]], axis=0) > 0).all()
    np.testing.assert_allclose(scores[3], UNSCORED, rtol=1e-3)


def test_where_nothing_is_feasible_the_violation_guides():
    _, pop = begun(LARGE_PROBLEM, 3)
    G = np.array([[0.5, -1.0], [0.3, 0.4], [0.0, 0.2]])
    np.testing.assert_allclose(_guiding(LARGE_PROBLEM, pop.get("F"), G), [[0.5], [0.7], [0.2]])


def test_where_children_only_repeat_their_parents_neighbours_of_the_population_follow():
    archive, pop = begun(LARGE_PROBLEM, 70)
    still = dataclasses.replace(
        PAPER.phases[0], crossover_probability=0.0, mutation_probability=0.0, polish=0.0
    )
    mating = FeasibleMating(phase=still, archive=archive, fitted=200)
    offspring = mate(LARGE_PROBLEM, archive, pop, 20, still)
    assert len(offspring) == 20
    # What was refused of them is repaired, so a few may be further away; random ones all would be.
    assert len(set(RRAM.rank(offspring).tolist()) & around(mating, pop.get("X"))) >= 15


def test_neighbours_of_a_few_designs_of_the_population_suffice():
    archive, pop = begun(LARGE_PROBLEM, 70)
    still = dataclasses.replace(
        PAPER.phases[0], crossover_probability=0.0, mutation_probability=0.0, polish=0.0
    )
    mating = FeasibleMating(phase=still, archive=archive, fitted=200)
    asked = []
    whole = mating._vicinity
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            mating, "_vicinity", lambda levels: asked.append(len(levels)) or whole(levels)
        )
        mating.do(LARGE_PROBLEM, pop, 20, random_state=np.random.default_rng(1))
    assert 0 < max(asked) <= N_SEEDS < len(pop)
