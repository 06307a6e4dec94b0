"""A user's code that was edited after an answer was stored: refused, with what differs."""

import importlib
import json
import sys

import numpy as np
import pytest

from imcmoo.cli.catalogue import find_study
from imcmoo.cli.main import main
from imcmoo.io.errors import InputError
from imcmoo.search.ask_tell import Search
from tests.cli.helpers import INTERRUPT, refused
from tests.reliability.drawn import LAYERS, NAMES, study_text

MODEL = """
from imcmoo import CostModel
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Metrics

class Chip(CostModel):
    quantities = (ENERGY, LATENCY, AREA)
    resource_names = ()

    def __init__(self, space, workloads, **options):
        self.space = space
        self.workload_names = workloads.names
        self._macs = workloads.macs.astype(float)

    def evaluate(self, levels):
        macros, supply = (self.space.column(levels, n) for n in ("macros_per_tile", "voltage_V"))
        return Metrics(
            {
                "energy": NUMBER * self._macs * 1e-13 * supply[:, None] ** 2,
                "latency": self._macs * 1e-12 / (macros * supply)[:, None],
                "area": 1e-7 * macros,
            },
            {},
        )
"""
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
    "cost model": (MODEL, 'model = "own.chip:Chip"\nbaselines = false\n'),
    "criterion": (CRITERION, 'criterion = "own.chip:CHIP"\n'),
    "score": (SCORE, ""),
}

CASES = [
    pytest.param("score", "the module", "own.chip", id="score"),
    pytest.param("criterion", "the module", "own.chip", id="criterion"),
    pytest.param("cost model", "the module", "own.chip", id="model"),
    pytest.param("criterion", "a helper's helper", "own.deeper", id="helper"),
    pytest.param("cost model", "package data", "files of own, own.helper: data.json", id="data"),
]
"""What the code is to the study, what of it is edited, and how that is called."""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a study and its code into the working folder."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(role):
        write_package(tmp_path / "own", ROLES[role][0])
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


def write_package(package, role):
    """Write the package of a user's code, whose number depends on all of its files."""
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "data.json").write_text('{"factor": 1.25}\n')
    (package / "deeper.py").write_text("FACTOR = 1.25\n")
    (package / "helper.py").write_text(
        "import json\nfrom importlib.resources import files\n"
        "from .deeper import FACTOR as DEEPER\n"
        "DATA = json.loads((files('own') / 'data.json').read_text())['factor']\n"
        "OWN = 1.25\nFACTOR = OWN * DEEPER * DATA\n"
    )
    number = "from own.helper import FACTOR\nOWN = 1.25\nNUMBER = OWN * FACTOR\n"
    (package / "chip.py").write_text(number + role)


FILES = {
    "the module": "chip.py",
    "a helper": "helper.py",
    "a helper's helper": "deeper.py",
    "package data": "data.json",
}


def edit(tmp_path, what):
    """Change a number in one of the files."""
    path = tmp_path / "own" / FILES[what]
    path.write_text(path.read_text().replace("1.25", "2.75"))
    _forget()


RUN = ["run", "tiny.toml", "--budget", "20", "--quiet"]
RESUME = [*RUN, "--resume"]


def run(*more):
    return main([*RUN, *more])


def tree(folder):
    return sorted(folder.rglob("*"))


@pytest.mark.parametrize(("role", "what", "said"), CASES)
def test_a_run_is_neither_resumed_nor_taken_for_that_of_the_edited_code(
    write, tmp_path, capsys, monkeypatch, role, what, said
):
    write(role)
    monkeypatch.setattr("imcmoo.cli.run_studies.draw_figures", INTERRUPT)
    assert run() == 130
    begun = tree(tmp_path / "results")
    edit(tmp_path, what)
    line = refused(capsys, *RESUME)
    assert "cannot resume" in line
    assert f"its own_code differs in {said};" in line
    assert tree(tmp_path / "results") == begun
    write(role)
    monkeypatch.setattr("imcmoo.cli.run_studies.draw_figures", lambda *_: None)
    assert run("--resume") == 0
    assert main([*RUN[:-1], "--resume"]) == 0
    assert "already finished" in capsys.readouterr().out
    edit(tmp_path, what)
    assert f"its own_code differs in {said};" in refused(capsys, *RESUME)
    explain = "explain", "results/tiny/seed-1", "--study", "tiny.toml"
    assert f"is of other code of your own: {said}" in refused(capsys, *explain)


@pytest.mark.usefixtures("_no_figures")
@pytest.mark.parametrize(("role", "what", "said"), CASES)
def test_a_stale_exact_answer_gives_no_regret(write, tmp_path, capsys, role, what, said):
    enumerate_ = ["enumerate", "tiny.toml", "--quiet", "--workers", "1"]
    write(role)
    assert main(enumerate_) == 0
    assert run() == 0
    assert (tmp_path / "results/tiny/seed-1/regret.csv").exists()
    edit(tmp_path, what)
    assert f"is of other code of your own: {said}: run `" in refused(capsys, *RUN)
    assert main(enumerate_) == 0
    assert run() == 0


@pytest.mark.parametrize(("role", "what", "said"), CASES)
def test_an_old_certificate_is_refused_and_proven_again(write, tmp_path, capsys, role, what, said):
    write(role)
    # A function cannot be proven, but certificates beside it are of the same problem.
    asked = [] if role == "criterion" else ["--criterion", "edap_max"]
    certify, folder = ["certify", "tiny.toml", *asked], "results/certified/tiny"
    check = ["check-certificate", folder, "--study", "tiny.toml"]
    assert main([*certify, "--quiet"]) == 0
    assert main([*check, "--quiet"]) == 0
    path = tmp_path / folder / "certificate.json"
    before = json.loads(path.read_text())
    assert main(certify) == 0
    assert "not taken" not in capsys.readouterr().out
    edit(tmp_path, what)
    capsys.readouterr()
    assert main(check) == 2
    said_of_check = capsys.readouterr().err
    assert f"refused: the certificate is of other code of your own: {said}" in said_of_check
    assert main(certify) == 0
    told = capsys.readouterr().out
    assert f"the certificate here is of other code of your own: {said}: not taken" in told
    after = json.loads(path.read_text())
    factor = 1 if role == "score" else 2.2
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
    edit(tmp_path, "a helper")
    with pytest.raises(InputError, match=r"its own code differs in own\.helper"):
        begin().load(tmp_path / "state")
