"""Optuna's searches: when they end, and what they are told."""

import numpy as np
import pytest

from experiments.compare.evaluation_counter import POPULATION, Start
from experiments.compare.optuna_algorithms import optuna_nsga2
from imcmoo.search.sampling import draw_feasible
from imcmoo.space.restricted import restricted
from problems import STUDIES
from tests.fakes import SMALL, fake_problem

optuna = pytest.importorskip("optuna", reason="optuna is not installed")


@pytest.fixture(scope="module")
def start():
    problem = STUDIES["four_workload_rram"].problem()
    return Start(problem, draw_feasible(problem, 120, np.random.default_rng(0)), 130, seed=3)


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
