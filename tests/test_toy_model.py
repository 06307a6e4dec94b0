"""A user's own cost model, space and criterion: searched, selected by, enumerated and judged."""

import numpy as np
import pandas as pd
import pytest

from imcmoo.api import Study
from imcmoo.exact.regret import ExactRegret
from imcmoo.run import run_studies
from imcmoo.search.algorithm import run_search
from imcmoo.solve.enumerate import enumerate_study
from tests.toy_model import MERIT, SPACE

STUDY = Study(
    name="toy",
    space=SPACE,
    networks=["resnet18", "alexnet"],
    area_limit_mm2=None,
    model="tests.toy_model:Toy",
    criterion="tests.toy_model:MERIT",
    baselines=False,
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results with the exact answer among them, and the answer."""
    out = tmp_path_factory.mktemp("toy")
    folder = out / "enumerated" / "toy"
    folder.mkdir(parents=True)
    return out, enumerate_study(STUDY, folder, workers=1, on_progress=lambda *_: None)


@pytest.fixture(scope="module")
def brute_force():
    """Objectives and constraints of every design."""
    problem = STUDY.problem()
    levels = SPACE.unrank(np.arange(SPACE.size))
    F, G = problem.score(levels, problem.model.evaluate(levels))
    return problem, F, (G <= 0).all(axis=1)


def test_the_enumeration_is_that_of_brute_force(results, brute_force):
    _, answer = results
    problem, F, feasible = brute_force
    assert answer.n_feasible == feasible.sum() < SPACE.size
    merit = np.full(SPACE.size, np.inf)
    merit[feasible] = MERIT.score(problem.costs(F[feasible]))
    optimum = answer.optima["merit"]
    assert optimum.value == merit.min()
    assert optimum.ranks.tolist() == np.flatnonzero(merit == merit.min()).tolist()
    best = {name: answer.optima[name].value for name in ("delay_resnet18", "accuracy_alexnet")}
    assert best["delay_resnet18"] == F[feasible, 0].min()
    assert best["accuracy_alexnet"] == F[feasible, 3].min() < 0  # is to be large: minimised negated


def test_some_of_four_searches_find_the_exact_optimum_and_all_are_judged(results):
    """Delay and accuracy change like noise here: about two of five searches find the optimum."""
    _, answer = results
    problem = STUDY.problem()
    regret = ExactRegret(problem, answer)
    assert list(regret.criteria) == ["merit"]
    searches = [run_search(problem, budget=3300, rng=np.random.default_rng(s)) for s in range(4)]
    archives = [search.archive for search in searches]
    least = [regret.regrets(a.F[a.feasible])["merit"].min() for a in archives]
    assert min(least) == 0
    assert max(least) < 0.2


@pytest.mark.usefixtures("_figures")
def test_a_run_selects_by_it_and_reports_its_regret(results):
    out, answer = results
    run_studies([STUDY], out)
    folder = out / "toy" / "seed-1"
    selection = pd.read_csv(folder / "selection.csv").set_index("criterion")
    assert selection["used"]["merit"]
    expected = selection["score"]["merit"] / answer.optima["merit"].value - 1
    assert 0 <= expected < 0.2
    regret = pd.read_csv(folder / "regret.csv").set_index("criterion")
    assert regret["regret_selected"]["merit"] == pytest.approx(expected, abs=1e-9)
    assert "accuracy_resnet18_dB" in pd.read_csv(folder / "front.csv")
    assert (folder / "figures" / "convergence.png").exists()
