"""Optuna's searches: the same start and the same counting as the others'."""

import numpy as np
import pytest

from experiments.compare.evaluation_counter import POPULATION, Start
from experiments.compare.optuna_algorithms import optuna_nsga2, optuna_tpe
from imcmoo.search.sampling import draw_feasible
from imcmoo.space.restricted import restricted
from problems import STUDIES
from tests.fakes import SMALL, fake_problem

optuna = pytest.importorskip("optuna", reason="optuna is not installed")

SEARCHES = {"NSGA-II": optuna_nsga2, "TPE": optuna_tpe}


@pytest.fixture(scope="module")
def start():
    problem = STUDIES["four_workload_rram"].problem()
    return Start(problem, draw_feasible(problem, 120, np.random.default_rng(0)), 130, seed=3)


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_evaluates_unique_designs_within_its_budget_from_the_same_start(name, start):
    archive = SEARCHES[name](start)
    assert len(archive) == len(archive.seen) == start.budget
    rank = start.problem.space.rank
    first = start.initial[:POPULATION]
    assert rank(archive.levels[:POPULATION]).tolist() == rank(first).tolist()


@pytest.mark.parametrize("name", SEARCHES)
def test_the_same_seed_gives_the_same_search(name, start):
    one, other = (SEARCHES[name](start).levels for _ in range(2))
    assert np.array_equal(one, other)


def test_a_search_that_only_repeats_itself_ends():
    few = {"rows": (256,), "cols": (128,), "cycle_s": (1e-9,), "glb_depth": (16384,)}
    problem = fake_problem(restricted(SMALL, few, name="few"), 3)
    initial = draw_feasible(problem, 20, np.random.default_rng(0))
    budget = problem.space.size + 1
    archive = optuna_nsga2(Start(problem, initial, budget, seed=1))
    assert len(archive) == len(archive.seen) < budget


def test_constraints_are_told(start, monkeypatch):
    told = []
    was = optuna.trial.Trial.set_constraint
    monkeypatch.setattr(
        optuna.trial.Trial,
        "set_constraint",
        lambda self, key, value: (told.append(key), was(self, key, value))[1],
    )
    optuna_nsga2(Start(start.problem, start.initial, POPULATION, seed=1))
    assert set(told) == set(start.problem.constraint_names)
