"""A study's own code may do anything: a command says in one line what is wrong with it."""

import json
import os
import sys

import pytest

from imcmoo.cli.main import main
from tests.cli.helpers import OWN_MODEL, refused, run_quietly, write_study

OWN = OWN_MODEL + "class Own(Base):\n    "
EVALUATE = OWN + "def evaluate(self, levels): return "
INIT = "class Own:\n    def __init__(self, *a, **k): "

MODELS = {
    "wrong syntax": "class Own(:\n",
    "null character": "class Own: pass\x00\n",
    "indentation": "class Own:\npass\n",
    "raises on import": "1 / 0\n",
    "leaves on import": "import sys\nsys.exit(3)\n",
    "raises on import, of its own": "class E(Exception):\n    pass\nraise E\n",
    "imports what is not there": "import not_there_at_all\n",
    "not there": "other = 1\n",
    "no class": "Own = 3\n",
    "a module": "import sys as Own\n",
    "abstract": f"from abc import ABC, abstractmethod\n{INIT.replace('Own', 'Own(ABC)')}pass\n"
    "    @abstractmethod\n    def evaluate(self, levels): ...\n",
    "takes nothing": "class Own: pass\n",
    "takes no deployment": "class Own:\n    def __init__(self, space, networks): pass\n",
    "raises": INIT + "{}['gone']\n",
    "leaves": INIT + "raise SystemExit(0)\n",
    "recurses": INIT + "self.__init__()\n",
    "is no model": INIT + "pass\n",
    "makes None": "def Own(*a, **k): return None\n",
    "no quantities": OWN + "quantities = ()\n",
    "wrong quantities": OWN + "quantities = ('energy',)\n",
    "wrong resources": OWN + "resource_names = 3\n",
    "evaluate is no method": OWN + "evaluate = None\n",
    "evaluate takes nothing": OWN + "def evaluate(self): pass\n",
    "gives nothing": EVALUATE + "None\n",
    "gives a dictionary": EVALUATE + "{}\n",
    "gives no area": EVALUATE + "Metrics({}, {})\n",
    "gives a list": EVALUATE + "self.metrics(levels, energy=[1])\n",
    "gives a wrong shape": EVALUATE + "self.metrics(levels, energy=np.ones(len(levels)))\n",
    "gives text": EVALUATE + "self.metrics(levels, area=np.array(['a'] * len(levels)))\n",
    "gives NaN": EVALUATE + "self.metrics(levels, area=np.full(len(levels), np.nan))\n",
    "gives no resource": OWN + "resource_names = ('cells',)\n",
    "gives a resource of a wrong shape": OWN + "resource_names = ('cells',)\n"
    "    def evaluate(self, levels):\n        one = np.ones(len(levels))\n"
    "        return Metrics(self.metrics(levels).values, {'cells': Resource(one, one)})\n",
    "raises in evaluate": EVALUATE + "1 / 0\n",
    "raises in evaluate, of its own": OWN + "class E(Exception):\n"
    "        def __init__(self, a, b): super().__init__(a)\n"
    "    def evaluate(self, levels): raise Own.E('one', 'two')\n",
}

PREAMBLE = "import numpy as np\nfrom imcmoo.problem.criteria import Criterion\n"
CRITERIA = {
    "wrong syntax": "Own = (\n",
    "raises on import": "raise KeyError\n",
    "is no criterion": "Own = max\n",
    "a shipped name": PREAMBLE + "Own = Criterion('edap_max', lambda costs: costs.area)\n",
    "no name": PREAMBLE + "Own = Criterion('', lambda costs: costs.area)\n",
    "score is no function": PREAMBLE + "Own = Criterion('own', 3)\n",
    "score takes nothing": PREAMBLE + "Own = Criterion('own', lambda: 0)\n",
    "score does not state its arguments": PREAMBLE + "Own = Criterion('own', int)\n",
    "score takes too much": PREAMBLE + "Own = Criterion('own', lambda a, b: 0)\n",
    "score raises": PREAMBLE + "Own = Criterion('own', lambda costs: costs['gone'])\n",
    "score gives nothing": PREAMBLE + "Own = Criterion('own', lambda costs: None)\n",
    "score gives a number": PREAMBLE + "Own = Criterion('own', lambda costs: 1.0)\n",
    "score gives a wrong shape": PREAMBLE
    + "Own = Criterion('own', lambda costs: costs['energy'])\n",
    "score gives nothing positive": PREAMBLE
    + "Own = Criterion('own', lambda costs: -costs.area)\n",
    "score gives NaN": PREAMBLE + "Own = Criterion('own', lambda costs: np.nan * costs.area)\n",
    "score gives text": PREAMBLE
    + "Own = Criterion('own', lambda costs: np.array(['a'] * len(costs)))\n",
}

NAMES = [
    "{own}", "{own}:", ":Own", ":", "..{own}:Own", ".:Own", "{own}:Own:Own", "{own}.py:Own",
    " {own}:Own", "{own}\n:Own", "a b:c", "é:é", "{own}.gone:Own", "/:x", "os:path", "math:pi",
    "builtins:int", "builtins:object", "numpy:array", "{own}:__name__", "\u0000:x",
]  # fmt: skip


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module of a name that nobody had before, and a study."""
    monkeypatch.syspath_prepend(tmp_path)
    write_study(tmp_path, 2)
    name = f"own_code_{abs(hash(tmp_path))}"

    def write(text):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return name

    yield write
    for module in [m for m in sys.modules if m.startswith(name)]:
        del sys.modules[module]


def study_with(tmp_path, line):
    path = tmp_path / "many.toml"
    path.write_text(path.read_text().replace("baselines", f"{line}\nbaselines"), encoding="utf-8")
    return path


@pytest.mark.parametrize("case", MODELS)
def test_a_model_that_is_none_is_one_line(case, module, tmp_path, capfd):
    study = study_with(tmp_path, f'model = "{module(MODELS[case])}:Own"')
    for command in (["run", study, "--budget", 20], ["enumerate", study, "--workers", 1]):
        refused(capfd, *command, "--out", tmp_path, "--quiet")


@pytest.mark.parametrize("case", CRITERIA)
def test_a_criterion_that_is_none_is_one_line(case, module, tmp_path, capfd):
    study = study_with(tmp_path, "")
    command = ["run", study, "--budget", 20, "--out", tmp_path, "--quiet"]
    refused(capfd, *command, "--criterion", f"{module(CRITERIA[case])}:Own")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_none_is_one_line(name, module, tmp_path, capfd):
    name = name.format(own=module("other = 1\n"))
    refused(capfd, "run", tmp_path / "many.toml", "--out", tmp_path, "--criterion", name)
    if name.isprintable():
        refused(capfd, "run", study_with(tmp_path, f'model = "{name}"'), "--out", tmp_path)


def test_what_a_worker_raises_is_one_line(module, tmp_path, capfd, monkeypatch):
    """Also an exception that cannot be sent from process to process."""
    monkeypatch.setattr("imcmoo.exact.enumeration.DESIGNS_PER_ENUMERATION_CHUNK", 8)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    text = MODELS["raises in evaluate, of its own"]
    study = study_with(tmp_path, f'model = "{module(text)}:Own"')
    command = "enumerate", study, "--workers", 2, "--out", tmp_path, "--quiet"
    assert "Own.evaluate raised" in refused(capfd, *command)


def test_what_a_model_of_another_module_raises_is_one_line(module, tmp_path, capfd):
    """A package may offer a class that one of its modules defines."""
    name = module(MODELS["raises in evaluate"])
    (tmp_path / f"{name}_offers.py").write_text(f"from {name} import Own\n")
    study = study_with(tmp_path, f'model = "{name}_offers:Own"')
    line = refused(capfd, "enumerate", study, "--workers", 1, "--out", tmp_path, "--quiet")
    assert f"{name}:Own.evaluate raised ZeroDivisionError" in line


def test_a_model_of_ones_own_that_is_right_runs(module, tmp_path, capfd):
    study = study_with(tmp_path, f'model = "{module(OWN_MODEL)}:Base"')
    assert main(["enumerate", str(study), "--workers", "1", "--out", str(tmp_path)]) == 0
    study.write_text(study.read_text().replace("baselines = false\n", ""))
    line = refused(capfd, "run", study, "--out", tmp_path)
    assert "baselines: cost model Base has no model of one network alone" in line
    assert not list(tmp_path.rglob(".work"))


def test_results_go_to_out_whatever_folder_a_score_changes_to(module, tmp_path, monkeypatch):
    """Paths that were given are of the folder in which the command began."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    text = f"import os\ndef own(costs): os.chdir({str(elsewhere)!r}); return costs['area']\n"
    study = study_with(tmp_path, f'score = {{ function = "{module(text)}:own" }}')
    monkeypatch.chdir(tmp_path)
    assert main(["enumerate", str(study), "--workers", "1", "--out", "out", "--quiet"]) == 0
    assert (tmp_path / "out/enumerated/many/summary.json").exists()
    assert not list(elsewhere.iterdir())


def test_a_module_beside_the_study_file_is_found(tmp_path, monkeypatch):
    folder = tmp_path / "of_the_study"
    folder.mkdir()
    study = write_study(folder, 2)
    text = "from imcmoo import Criterion\nOwn = Criterion('mine', lambda costs: costs['area'])\n"
    (folder / "criteria_beside_a_study.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path])
    name = "criteria_beside_a_study:Own"
    run_quietly("run", study, "--budget", 4, "--criterion", name, "--out", tmp_path)
    config = json.loads((tmp_path / "many/seed-1/config.json").read_text())
    assert config["criterion"] == name
    assert "criteria_beside_a_study" in json.dumps(config["stamp"])
