"""The adapters in `examples/benchmark`, each where its package is installed."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from imcmoo import benchmark
from imcmoo.io.errors import InputError
from tests.extras import needs

FOLDER = Path(__file__).parents[2] / "examples" / "benchmark"

NAME = "rram/mobilebert+vision_transformer/1600mm2-v1"

ADAPTERS = [p for p in FOLDER.glob("*.py") if p.stem != "sms_emoa"]


@pytest.fixture
def adapter(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))

    def load(name, package):
        if package:
            pytest.importorskip(package, reason=f"{package} is not installed")
        sys.modules.pop(name, None)
        return importlib.import_module(name)

    return load


@pytest.fixture(scope="module")
def problem():
    return benchmark.get(NAME)


@pytest.fixture(scope="module")
def unsolved():
    """A problem whose answer does not ship."""
    return benchmark.random_problem(1)


@pytest.mark.parametrize("path", ADAPTERS, ids=lambda p: p.stem)
def test_an_adapter_has_at_most_50_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 50


def test_plain_interface(adapter, problem):
    record = problem.start_record()
    F = adapter("plain", None).random_search(problem, budget=300, seed=1)
    assert len(record) == 300
    assert (record.feasible_F() == F).all()
    assert 0 < problem.indicators(F)["igd_plus"] < np.inf


@pytest.mark.parametrize("budget", [30, 45])
def test_an_algorithm_of_pymoo_stops_after_distinct_designs(adapter, unsolved, budget):
    module = adapter("sms_emoa", None)
    algorithm = module.NSGA2(pop_size=10, survival=module.LeastContribution(unsolved))
    record = module.evolve(unsolved, algorithm, budget)
    assert budget <= len(record) < budget + 10


def test_optuna_study(adapter, problem):
    needs("compare", "optuna")
    module = adapter("optuna_study", None)
    sampler = module.optuna.samplers.NSGAIISampler(population_size=20, seed=1)
    study, record = module.search(problem, sampler, budget=60, at_once=20)
    assert 60 <= len(record) < 80
    assert record.n_calls == len(study.trials)
    indices = problem.indices([t.params for t in study.trials])
    F, G = problem.evaluate_indices(indices)
    assert (np.array([t.values for t in study.trials]) == F).all()
    best = {t.number for t in study.best_trials}
    assert best <= set(np.flatnonzero((G <= 0).all(axis=1)).tolist())


def test_optunahub_problem(adapter, problem):
    needs("compare", "optuna")
    module = adapter("optunahub_problem", None)
    hub = module.Problem(NAME)
    study = module.optuna.create_study(directions=hub.directions)
    study.optimize(hub, n_trials=3)
    trial = study.trials[-1]
    assert trial.values == hub.evaluate(trial.params)
    assert trial.params.keys() == hub.search_space.keys()


def test_ioh_logging(adapter, problem, tmp_path):
    module = adapter("ioh_logging", "ioh")
    wrapped = module.integer_problem(problem)
    logger = module.ioh.logger.Analyzer(root=str(tmp_path))
    wrapped.attach_logger(logger)
    rng = np.random.default_rng(1)
    for _ in range(20):
        wrapped(rng.integers(0, wrapped.bounds.ub + 1))
    best = problem.optima["edap_geomean"].X[0]
    assert wrapped(best) == pytest.approx(0, abs=1e-9)
    wrapped.detach_logger()
    assert list(tmp_path.rglob("*.dat"))


def test_the_optimum_of_an_ioh_problem_is_set_where_it_is_known(adapter, problem, unsolved):
    module = adapter("ioh_logging", "ioh")
    wrapped = module.integer_problem(problem, "regret_minimax")
    assert wrapped.optimum.y == 0
    assert wrapped(wrapped.optimum.x) == pytest.approx(0, abs=1e-9)
    design = [0] * unsolved.n_var
    while (unsolved.evaluate_indices(design)[1] > 0).any():
        design = unsolved.space.random(1, np.random.default_rng(sum(design)))[0].tolist()
    assert np.isfinite(module.integer_problem(unsolved)(design))
    with pytest.raises(InputError, match="not known"):
        module.integer_problem(unsolved, "regret_minimax")(design)


def test_jmetal_problem(adapter, problem):
    module = adapter("jmetal_nsga2", "jmetal")
    jmetal = module.Problem(problem)
    solution = jmetal.evaluate(jmetal.create_solution())
    F, G = problem.evaluate_indices(solution.variables)
    assert solution.objectives == F[0].tolist()
    assert solution.constraints == (-G[0]).tolist()
    F = module.search(problem, budget=60)
    assert (problem.record.feasible_F(60) == F).all()
    assert 60 <= len(problem.record) < 110
    assert np.array_equal(module.search(problem, budget=60), F)


def test_nevergrad_optimizer(adapter, problem):
    module = adapter("nevergrad_optimizer", "nevergrad")
    F = module.search(problem, budget=30)
    assert len(problem.record) == 30
    assert (problem.record.feasible_F() == F).all()
    space = module.parametrization(problem)
    assert problem.indices([space.value]).shape == (1, problem.n_var)


def test_nevergrad_is_told_that_infeasible_designs_are_worse(adapter, unsolved, monkeypatch):
    module = adapter("nevergrad_optimizer", "nevergrad")
    told, optimizer = [], module.ng.optimizers.base.Optimizer
    tell = optimizer.tell

    def spy(self, candidate, loss):
        told.append(loss)
        return tell(self, candidate, loss)

    monkeypatch.setattr(optimizer, "tell", spy)
    found = module.search(unsolved, budget=40)
    losses, feasible = np.array(told[1:]), (unsolved.record.G <= 0).all(axis=1)
    assert 0 < len(found) < len(losses) == len(unsolved.record)
    assert (losses[~feasible] > losses[feasible].max(axis=0)).all()


def test_of_two_equal_points_one_has_the_least_contribution(adapter, problem):
    module = adapter("sms_emoa", None)
    survival = module.LeastContribution(problem)
    rng = np.random.default_rng(1)
    points = rng.dirichlet(np.ones(problem.n_obj), 30)
    points[7] = points[3]
    stay = survival.reduced(points, list(range(30)), 29)
    assert len({3, 7} & set(stay)) == 1
