"""Studies searched by any algorithm of pymoo: the same folder, card, front and report."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from pymoo.algorithms.moo.nsga2 import NSGA2, RankAndCrowding
from pymoo.algorithms.moo.nsga3 import NSGA3
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.core.mixed import MixedVariableGA
from pymoo.optimize import minimize
from pymoo.util.ref_dirs import get_reference_directions

import imcmoo
from imcmoo.cli.main import main
from imcmoo.io.errors import InputError
from imcmoo.problem.solutions import indices
from imcmoo.pymoo import CriteriaGuidedNSGA2
from imcmoo.search.algorithm import run_search
from imcmoo.study.algorithm import AlgorithmName
from tests.cli.helpers import contents, refused, run_quietly
from tests.study.files import SMALL_RRAM, written

SETTINGS = {"config.json", "study.toml", "answer.json", "SHA256SUMS"}
"""Files that state how the answer was found."""

FEW = "baselines = false\nbudget = 80\n"
STUDY = FEW + SMALL_RRAM
N = 80


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return written(tmp_path_factory.mktemp("study"), STUDY)


@pytest.fixture(scope="module")
def study(file):
    return imcmoo.Study.load(file)


@pytest.fixture(scope="module")
def run(study, tmp_path_factory):
    return study.run(algorithm=NSGA2(pop_size=20), out=tmp_path_factory.mktemp("python"), seed=3)


def levels_of(run):
    """Value indices of all evaluated designs of a run."""
    table, space = pd.read_csv(run.folder / "evaluations.csv"), run.study.space
    return space.encode({name: table[name].to_numpy() for name in space.names})


def minimised(problem, algorithm, n, seed):
    """Distinct designs that pymoo evaluates, in order."""
    proposed = []
    problem.callback = lambda X, out: proposed.extend(indices(problem.space, X).tolist())
    minimize(problem, algorithm, ("n_eval", n), seed=seed)
    return np.array([*dict.fromkeys(map(tuple, proposed))])


def test_a_run_evaluates_the_designs_that_pymoo_does(run, study):
    by_pymoo = minimised(study.problem(), NSGA2(pop_size=20), 100, 3)
    levels = levels_of(run)
    assert len(levels) == N
    assert len(np.unique(levels, axis=0)) == N
    n = min(len(by_pymoo), N)
    assert n > 60
    np.testing.assert_array_equal(levels[:n], by_pymoo[:n])


def test_the_search_itself_is_an_algorithm(study, tmp_path):
    run = study.run(algorithm=CriteriaGuidedNSGA2(n_initial=20), out=tmp_path, seed=5)
    rng = np.random.default_rng(5)
    archive = run_search(study.problem(), budget=N, rng=rng, n_initial=20).archive
    np.testing.assert_array_equal(levels_of(run), archive.levels)


def test_the_folder_has_the_files_of_any_run(run, study, tmp_path):
    usual = study.run(out=tmp_path)
    assert {*contents(run.folder)} == {*contents(usual.folder)} - {".checkpoints/joint.checkpoint"}
    assert str(run.card).count("\n") > 5
    assert f"the best of {N} designs evaluated" in str(run.card)
    assert len(run.front) == pd.read_csv(run.folder / "front.csv").shape[0] > 0
    page = run.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert run.explain().names[0] == "selected"


def test_the_folder_is_read_again_and_names_the_algorithm(run):
    name = "pymoo.algorithms.moo.nsga2:NSGA2(...)"
    again = imcmoo.Run(run.folder)
    assert again.study.algorithm == name
    same = str(again.card).rpartition("  next")[0]  # the last line names the file
    assert same == str(run.card).rpartition("  next")[0]
    config = json.loads((run.folder / "config.json").read_text())
    assert config["algorithm"] == name
    assert f"--algorithm '{name}'" in config["command"]
    with pytest.raises(InputError, match=r"only results name the algorithm .* state it again"):
        again.study.run(out=run.folder.parent / "again")


OWN = """
from pymoo.algorithms.moo.nsga2 import NSGA2

def make():
    return NSGA2(pop_size=20)

MADE = make()
NUMBER = 3

def needs(size):
    return NSGA2(pop_size=size)

def other():
    return NUMBER

def broken():
    raise RuntimeError("no licence")
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of the user's."""
    (tmp_path / "own_algorithm.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("name", ["make", "MADE"])
def test_an_algorithm_by_name_gives_the_files_of_the_object(name, file, run, tmp_path, capsys):
    command = ["--algorithm", f"own_algorithm:{name}", "--seed", 3, "--out", tmp_path / "out"]
    run_quietly("run", file, *command)
    folder = tmp_path / "out" / "small" / "seed-3"
    by_name, by_object = contents(folder), contents(run.folder)
    same = by_object.keys() - SETTINGS
    assert {n: by_name[n] for n in same} == {n: by_object[n] for n in same}
    page = ["report", str(folder), "--out", str(tmp_path / "p.html")]
    assert main([*page, "--front", "--study", file]) == 0
    capsys.readouterr()
    run_quietly("run", file, *command, "--resume")
    other = refused(capsys, "run", file, "--seed", 3, "--out", tmp_path / "out")
    assert f'"own_algorithm:{name}" (here null); choose another folder' in other


def test_the_class_of_an_algorithm_is_called(file, tmp_path):
    name = "pymoo.algorithms.moo.nsga2:NSGA2"
    run_quietly("run", file, "--algorithm", name, "--out", tmp_path)
    run = imcmoo.Run(tmp_path / "small" / "seed-1")
    assert run.study.algorithm == name
    assert run.study.algorithm.is_stored
    again = run.study.run(out=tmp_path / "again")
    by_name, by_stored = contents(run.folder), contents(again.folder)
    assert all(by_stored[n] == by_name[n] for n in by_name.keys() - SETTINGS)


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("NSGA2", "must be module:name of an algorithm of pymoo, got 'NSGA2'"),
        ("own_algorithm:NSGA4", "cannot be imported"),
        ("own_algorithm:NUMBER", "is no function or class"),
        ("own_algorithm:needs", "is called with other arguments"),
        ("own_algorithm:broken", "RuntimeError: no licence"),
        ("own_algorithm:other", "own_algorithm:other is no algorithm of pymoo but int"),
    ],
)
def test_what_is_no_algorithm_is_refused(name, message, file, tmp_path, capsys):
    out = tmp_path / "out"
    assert message in refused(capsys, "run", file, "--algorithm", name, "--out", out)
    assert not [p for p in out.rglob("*") if p.is_file() and p.name != ".lock"]


def test_an_object_that_is_no_algorithm_is_refused(study, tmp_path):
    with pytest.raises(ValueError, match="algorithm: it is no algorithm of pymoo but type"):
        study.run(algorithm=NSGA2, out=tmp_path)


@pytest.mark.usefixtures("own")
def test_a_module_of_an_algorithm_is_not_imported_because_results_name_it(file, tmp_path):
    run_quietly("run", file, "--algorithm", "own_algorithm:make", "--out", tmp_path / "out")
    run = imcmoo.Run(tmp_path / "out" / "small" / "seed-1", study=imcmoo.Study.load(file))
    assert run.study.algorithm == "own_algorithm:make"
    with pytest.raises(InputError, match="only results name the algorithm own_algorithm:make"):
        run.study.run(out=tmp_path / "again")
    run.study.run(out=tmp_path / "again", algorithm="own_algorithm:make")


@pytest.mark.parametrize(
    "algorithm",
    [
        MixedVariableGA(pop_size=10, survival=RankAndCrowding()),
        NSGA3(get_reference_directions("energy", 7, 15, seed=1)),
    ],
    ids=["mixed", "NSGA-III"],
)
def test_other_algorithms_search_a_study(algorithm, study, tmp_path):
    first, again = (study.run(algorithm=algorithm, out=tmp_path / n) for n in "ab")
    assert contents(first.folder) == contents(again.folder)
    assert 20 < len(levels_of(first)) <= N


def test_an_algorithm_for_one_objective_is_an_error_of_the_input(study, tmp_path):
    with pytest.raises(InputError, match="raised ValueError: The truth value"):
        study.run(algorithm=GA(pop_size=10), out=tmp_path)


def test_baselines_and_seeds_are_searched_by_the_algorithm(study, tmp_path):
    settings = {"baselines": True, "budget": 30, "algorithm": NSGA2(pop_size=10)}
    studies = [study.replace(seeds=seed, **settings) for seed in (1, 2)]
    runs = imcmoo.run_studies(studies, tmp_path, workers=2)
    trace = pd.read_csv(runs[0].folder / "trace.csv")
    assert {*trace["search"]} == {"joint", *study.names}
    assert (trace.groupby("search")["evaluations"].max() == 30).all()
    one = studies[1].run(out=tmp_path / "one")
    assert without_figures(runs[1].folder) == without_figures(one.folder)


def without_figures(folder):
    """Files of a run but its figures, which tests do not draw but in other processes."""
    return {name: text for name, text in contents(folder).items() if "figures" not in name}


def test_a_name_keeps_its_object_in_other_processes():
    name = AlgorithmName.of(NSGA2(pop_size=7))
    copied = pickle.loads(pickle.dumps(name))
    assert copied == name
    assert copied.make().pop_size == 7
    assert AlgorithmName.of(name) is name
