"""A user's code that was edited after an answer was stored: refused, with what differs."""

import importlib
import json
import sys

import numpy as np
import pytest

from imcmoo.cli.main import main
from imcmoo.io.errors import InputError
from imcmoo.problem.identity import problem_stamp
from imcmoo.search.algorithm import Search
from imcmoo.study.catalogue import find_study
from tests.cli.helpers import INTERRUPT, OWN_MODEL, refused
from tests.reliability.drawn import LAYERS, NAMES, study_text

MODEL = OWN_MODEL.replace("1e-3 * (1", "NUMBER * 1e-3 * (1")
CRITERION = """
from imcmoo.problem.criteria import Criterion

def _score(costs):
    return NUMBER * costs.edap.max(axis=1)

CHIP = Criterion("mine", _score, monotone=True)
"""
SCORE = """
def chip(costs):
    return NUMBER * costs.edap.max(axis=1)
"""
ROLES = {
    "cost model": (MODEL, 'model = "own.chip:Base"\nbaselines = false\n'),
    "criterion": (CRITERION, 'criterion = "own.chip:CHIP"\n'),
    "score": (SCORE, ""),
}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a study and its code into the working folder."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(role):
        package = tmp_path / "own"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text("")
        (package / "chip.py").write_text("NUMBER = 1.25\n" + ROLES[role][0])
        _forget()
        score = '[score]\nfunction = "own.chip:chip"\n' if role == "score" else ""
        (tmp_path / "tiny.toml").write_text(study_text(top=ROLES[role][1]) + score)
        for name in NAMES:
            (tmp_path / f"{name}.csv").write_text(LAYERS)

    yield write
    _forget()


def _forget():
    for name in [name for name in sys.modules if name.partition(".")[0] == "own"]:
        del sys.modules[name]
    importlib.invalidate_caches()


def edit(tmp_path):
    """Change the number that the code has."""
    path = tmp_path / "own" / "chip.py"
    path.write_text(path.read_text().replace("1.25", "2.75"))
    _forget()


RUN = ["run", "tiny.toml", "--budget", "20", "--quiet"]
RESUME = [*RUN, "--resume"]


def run(*more):
    return main([*RUN, *more])


def tree(folder):
    return sorted(folder.rglob("*"))


@pytest.mark.parametrize("role", ROLES)
def test_an_edit_of_any_code_that_a_study_names_is_noticed(write, tmp_path, role):
    write(role)
    before = problem_stamp(find_study("tiny.toml").problem()).to_json()
    edit(tmp_path)
    after = problem_stamp(find_study("tiny.toml").problem())
    assert after.difference(before) == "other code of your own: own.chip"


def test_a_run_is_neither_resumed_nor_taken_for_that_of_the_edited_code(
    write, tmp_path, capsys, monkeypatch
):
    write("cost model")
    monkeypatch.setattr("imcmoo.report.figures.draw_figures", INTERRUPT)
    assert run() == 130
    begun = tree(tmp_path / "results")
    edit(tmp_path)
    line = refused(capsys, *RESUME)
    assert "cannot resume" in line
    assert (
        "it is of other code of your own: own.chip; choose another folder with out= (--out)" in line
    )
    assert "(--force) instead of --resume" in line
    assert tree(tmp_path / "results") == begun
    write("cost model")
    monkeypatch.setattr("imcmoo.report.figures.draw_figures", lambda *_: None)
    assert run("--resume") == 0
    assert main([*RUN[:-1], "--resume"]) == 0
    assert "already finished" in capsys.readouterr().out
    edit(tmp_path)
    assert "it is of other code of your own: own.chip;" in refused(capsys, *RESUME)
    explain = "explain", "results/tiny/seed-1", "--study", "tiny.toml"
    assert "is of other code of your own: own.chip" in refused(capsys, *explain)


def test_a_stale_exact_answer_gives_no_regret(write, tmp_path, capsys):
    enumerate_ = ["enumerate", "tiny.toml", "--quiet", "--workers", "1"]
    write("cost model")
    assert main(enumerate_) == 0
    assert run() == 0
    assert (tmp_path / "results/tiny/seed-1/regret.csv").exists()
    edit(tmp_path)
    capsys.readouterr()
    assert main([part for part in RUN if part != "--quiet"]) == 0
    assert "is of other code of your own: own.chip: it is not used" in capsys.readouterr().err
    assert not (tmp_path / "results/tiny/seed-1/regret.csv").exists()
    assert main(enumerate_) == 0
    assert run() == 0


@pytest.mark.parametrize(
    ("role", "asked", "factor"),
    [("cost model", ["--criterion", "edap_max"], 2.2**2),  # of energy and area
     ("criterion", [], 2.2),  # its own
     ("score", ["--criterion", "edap_max"], 1)],  # a function cannot be proven
    ids=list(ROLES),
)  # fmt: skip
def test_an_old_certificate_is_refused_and_proven_again(
    write, tmp_path, capsys, role, asked, factor
):
    """Also one whose bound the edit does not change, as it is of the same problem."""
    write(role)
    certify, folder = ["certify", "tiny.toml", *asked], "results/certified/tiny"
    check = ["check-certificate", folder, "--study", "tiny.toml"]
    assert main([*certify, "--quiet"]) == 0
    assert main([*check, "--quiet"]) == 0
    # A criterion that is asked for has a folder of its own.
    path = tmp_path.joinpath(folder, *asked[1:], "certificate.json")
    before = json.loads(path.read_text())
    assert main(certify) == 0
    assert "not taken" not in capsys.readouterr().out
    edit(tmp_path)
    line = refused(capsys, *check)
    assert "refused: the certificate is of other code of your own: own.chip" in line
    assert main(certify) == 0
    output = capsys.readouterr().out
    assert "the certificate here is of other code of your own: own.chip: not taken" in output
    after = json.loads(path.read_text())
    assert after["bound"] == pytest.approx(factor * before["bound"])
    assert main([*check, "--quiet"]) == 0


def test_a_search_of_edited_code_does_not_go_on_from_a_file(write, tmp_path):
    def begin():
        problem = find_study("tiny.toml").problem()
        return Search(problem, budget=12, rng=np.random.default_rng(0))

    write("cost model")
    search = begin()
    search.tell(search.problem.model.evaluate(search.ask()))
    search.save(tmp_path / "state")
    begin().load(tmp_path / "state")
    edit(tmp_path)
    with pytest.raises(InputError, match=r"is of other code of your own: own\.chip"):
        begin().load(tmp_path / "state")
