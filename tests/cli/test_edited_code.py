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
from tests.cli.helpers import refused
from tests.reliability import drawn_code

SCORE = """
from own_helper import factor

EDITED = 1.0


def score(costs):
    return EDITED * factor() * costs.edap.max(axis=1)
"""

CRITERION = """
from imcmoo.problem.criteria import Criterion

EDITED = 1.0


def _score(costs):
    from own_helper import factor  # only when it is called

    return EDITED * factor() * costs.edap.max(axis=1)


MERIT = Criterion("merit", _score, monotone=True)
"""

MODEL = f"""
from own_helper import factor

EDITED = 1.0
NUMBER = EDITED * factor()
{drawn_code.MODEL}
"""

FILES = {
    "own_score.py": SCORE,
    "own_criterion.py": CRITERION,
    "own_model.py": MODEL,
    "own_helper.py": "from own_package.table import value\n\nEDITED = 1.0\n\n\n"
    "def factor():\n    return EDITED * value()\n",
    "own_package/__init__.py": "",
    "own_package/table.py": "from importlib.resources import files\n\n\ndef value():\n"
    '    path = files("own_package").joinpath("data", "value.csv")\n'
    "    return float(path.read_text())\n",
    "own_package/data/value.csv": "1.0\n",
}

KINDS = {
    "score": '[score]\nfunction = "own_score:score"\n',
    "criterion": 'criterion = "own_criterion:MERIT"\n',
    "model": 'model = "own_model:Chip"\n',
}

STUDY = """
name = "mine"
device = "sram"
area_limit_mm2 = 10000
budget = 12
baselines = false
{}
[space]
voltage_V = [0.5, 0.6]
cycle_s = [1e-9, 2e-9]
rows = 256
cols = 256
router_groups = 16
tiles_per_group = 32
macros_per_tile = [32, 64]
glb_depth = [65536, 262144]

[[networks]]
source = "resnet18"
"""

CASES = [
    pytest.param("score", "own_score.py", "own_score", id="score"),
    pytest.param("criterion", "own_criterion.py", "own_criterion", id="criterion"),
    pytest.param("model", "own_model.py", "own_model", id="model"),
    pytest.param("criterion", "own_helper.py", "own_helper", id="helper"),
    pytest.param("model", "own_package/data/value.csv", "files of own_package", id="data"),
]
"""What the study names, what is edited, and how that is called."""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes the study of a kind and its code into the working folder."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(kind):
        for name, text in FILES.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        text = STUDY.format("" if kind == "score" else KINDS[kind])
        (tmp_path / "study.toml").write_text(text + (KINDS[kind] if kind == "score" else ""))
        _forget()

    yield write
    _forget()


def _forget():
    for name in [name for name in sys.modules if name.startswith("own_")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def edit(path):
    """A constant of a file becomes another."""
    text = path.read_text()
    path.write_text(text.replace("1.0", "2.0", 1))
    assert path.read_text() != text
    _forget()


RUN = ["run", "study.toml", "--quiet"]
RESUME = [*RUN, "--resume"]


def run(*more):
    return main([*RUN, *more])


def tree(folder):
    return sorted(folder.rglob("*"))


@pytest.mark.parametrize(("kind", "file", "said"), CASES)
def test_a_run_is_neither_resumed_nor_taken_for_that_of_the_edited_code(
    write, tmp_path, capsys, monkeypatch, kind, file, said
):
    def interrupt(*_):
        raise KeyboardInterrupt

    write(kind)
    monkeypatch.setattr("imcmoo.cli.run_studies.draw_figures", interrupt)
    assert run() == 130
    begun = tree(tmp_path / "results")
    original = (tmp_path / file).read_text()
    edit(tmp_path / file)
    line = refused(capsys, *RESUME)
    assert "cannot resume" in line
    assert f"its own_code differs in {said};" in line
    assert tree(tmp_path / "results") == begun
    (tmp_path / file).write_text(original)
    _forget()
    monkeypatch.setattr("imcmoo.cli.run_studies.draw_figures", lambda *_: None)
    assert run("--resume") == 0
    assert main(["run", "study.toml", "--resume"]) == 0
    assert "already finished" in capsys.readouterr().out
    edit(tmp_path / file)
    assert f"its own_code differs in {said};" in refused(capsys, *RESUME)
    explain = "explain", "results/mine/seed-1", "--study", "study.toml"
    assert f"is of other code of your own: {said}" in refused(capsys, *explain)


@pytest.mark.usefixtures("_no_figures")
@pytest.mark.parametrize(("kind", "file", "said"), CASES)
def test_a_stale_exact_answer_gives_no_regret(write, tmp_path, capsys, kind, file, said):
    enumerate_ = ["enumerate", "study.toml", "--quiet", "--workers", "1"]
    write(kind)
    assert main(enumerate_) == 0
    assert run() == 0
    assert (tmp_path / "results/mine/seed-1/regret.csv").exists()
    edit(tmp_path / file)
    assert f"is of other code of your own: {said}: run `" in refused(capsys, *RUN)
    assert main(enumerate_) == 0
    assert run() == 0


@pytest.mark.parametrize(("kind", "file", "said"), CASES)
def test_an_old_certificate_is_refused_and_proven_again(write, tmp_path, capsys, kind, file, said):
    write(kind)
    # A function cannot be proven, but certificates beside it are of the same problem.
    asked = [] if kind == "criterion" else ["--criterion", "edap_max"]
    certify, folder = ["certify", "study.toml", *asked], "results/certified/mine"
    check = ["check-certificate", folder, "--study", "study.toml"]
    assert main([*certify, "--quiet"]) == 0
    assert main([*check, "--quiet"]) == 0
    path = tmp_path / folder / "certificate.json"
    before = json.loads(path.read_text())
    assert main(certify) == 0
    assert "not taken" not in capsys.readouterr().out
    edit(tmp_path / file)
    capsys.readouterr()
    assert main(check) == 2
    said_of_check = capsys.readouterr().err
    assert f"refused: the certificate is of other code of your own: {said}" in said_of_check
    assert main(certify) == 0
    told = capsys.readouterr().out
    assert f"the certificate here is of other code of your own: {said}: not taken" in told
    after = json.loads(path.read_text())
    factor = 1 if kind == "score" else 2
    assert after["bound"] == pytest.approx(factor * before["bound"])
    assert main([*check, "--quiet"]) == 0


def test_a_search_of_edited_code_does_not_go_on_from_a_file(write, tmp_path):
    def begin():
        problem = find_study("study.toml").problem()
        return Search(problem, budget=12, rng=np.random.default_rng(0))

    write("model")
    search = begin()
    search.tell(search.problem.model.evaluate(search.ask()))
    search.save(tmp_path / "state")
    begin().load(tmp_path / "state")
    edit(tmp_path / "own_helper.py")
    with pytest.raises(InputError, match="its own code differs in own_helper"):
        begin().load(tmp_path / "state")
