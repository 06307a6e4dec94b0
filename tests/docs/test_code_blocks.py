"""Code blocks of pages work: commands exist with their options, code runs, studies can be read."""

import contextlib
import io
import json
import re
import shlex
from collections import Counter
from functools import cache
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from imcmoo.cli.main import main
from imcmoo.space.designs_csv import named_designs
from imcmoo.study.catalogue import find_study
from tests import ROOT
from tests.cli.helpers import offered_by_this_checkout
from tests.networks.onnx_import import models

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page, *languages):
    """The blocks of code of a page."""
    text = page.read_text(encoding="utf-8")
    fenced = re.findall(r"^```(\w+)\n(.*?)^```", text, re.M | re.S)
    return [code for language, code in fenced if language in languages]


def commands(page):
    """The words of all command lines a page shows."""
    shown = [line for code in blocks(page, "sh") for line in joined(code)]
    typed = [line for code in blocks(page, "console") for line in joined(code)]
    shown += [line.removeprefix("$ ") for line in typed if line.startswith("$ ")]
    return [shlex.split(line, comments=True) for line in shown if line.strip()]


def joined(code):
    """Lines, those that go on with the next as one."""
    return code.replace("\\\n", " ").splitlines()


@cache
def helped(module, *words):
    """The help of a command, without the cost of a process where its `main` is at hand."""
    output = io.StringIO()
    main = import_module(MAINS.get(module, module)).main
    with contextlib.redirect_stdout(output), pytest.raises(SystemExit) as left:
        main([*words, "--help"])
    assert not left.value.code, (module, words)
    return output.getvalue()


MAINS = {"imcmoo": "imcmoo.cli.main", "experiments.compare": "experiments.compare.__main__"}


def asked(words):
    """The words of the command whose help tells the options, and the options given."""
    options = [w.partition("=")[0] for w in words if w.startswith("--")]
    if words[0] == "imcmoo":
        return words[: 3 if words[1] == "components" else 2], options
    return words[2:3], options


@pytest.fixture
def _checkout(monkeypatch):
    monkeypatch.setattr("importlib.metadata.entry_points", offered_by_this_checkout)


@pytest.mark.usefixtures("_checkout")
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_exist_with_the_options_they_are_shown_with(page):
    targets = re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), re.M)
    for words in commands(page):
        while "=" in words[0]:  # PYTHONPATH=.
            words = words[1:]
        if words[0] == "make":
            assert words[1] in targets
        elif words[0] == "imcmoo" or (words[1:2] == ["-m"] and words[2].startswith("exper")):
            command, options = asked(words)
            unknown = [o for o in options if o not in helped(*command)]
            assert not unknown, words
        else:
            assert words[0] in ("git", "pip", "python3", "python", "dask", "cd"), words


SHORTER = {"n_obj, 100,": "n_obj, 10, sampling='construction',", "10_000": "1_000", "1000": "100"}
"""Numbers of searches on pages, and of searches that take a moment."""


@pytest.mark.parametrize(
    "page", [p for p in PAGES if blocks(p, "python")], ids=lambda path: path.name
)
def test_python_runs(page):
    for number, code in enumerate(blocks(page, "python")):
        for long, short in SHORTER.items():
            code = code.replace(long, short)
        exec(compile(code, f"{page.name}, block {number}", "exec"), {"__name__": "shown"})


@pytest.fixture
def user(tmp_path, monkeypatch):
    """The folder of a user who has an ONNX file."""
    inputs = [models.stored("w", (16, 3, 3, 3)), models.stored("v", (10, 16))]
    nodes = [
        models.node("Conv", ("x", "w"), ("a",), kernel_shape=[3, 3], strides=[2, 2]),
        models.node("GlobalAveragePool", ("a",), ("b",)),
        models.node("Flatten", ("b",), ("c",)),
        models.node("Gemm", ("c", "v"), transB=1),
    ]
    net = models.model(nodes, [models.tensor("x", (1, 3, 65, 65))], inputs)
    models.onnx.save(net, tmp_path / "my_net.onnx")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def first_commands():
    """The two commands of the first page: those that write a study and prove its best chip."""
    new, certify, *_ = commands(ROOT / "docs" / "index.md")
    assert (new[1], certify[1]) == ("new", "certify")
    return new[1:], certify[1:]


def test_the_designs_on_the_page_of_robust_chips_are_in_the_space_of_its_study(tmp_path):
    texts = blocks(ROOT / "docs" / "robust.md", "text")
    (code,) = [text for text in texts if text.startswith("voltage_V,")]
    (tmp_path / "mine.csv").write_text(code, encoding="utf-8")
    study = find_study("four_workload_sram_physical")
    designs = named_designs(tmp_path / "mine.csv", study.space)
    assert {*designs} == {"mine.csv:2", "mine.csv:3"}
    problem, levels = study.problem(), np.concatenate([*designs.values()])
    _, G = problem.score(levels, problem.model.evaluate(levels))
    assert (G <= 0).all(), "a design breaks a limit"


def test_the_study_on_the_page_of_keys_is_the_one_of_the_first_page(user, first_commands):
    (code,) = blocks(ROOT / "docs" / "own_study.md", "toml")
    assert main(first_commands[0]) == 0
    assert (user / "camera.toml").read_text(encoding="utf-8") == code
    assert find_study("camera.toml").names == ("resnet18_onnx", "mobilenet_v3_onnx")


def test_the_first_page_shows_the_card_that_its_commands_print(user, first_commands, capsys):
    assert [main(words) for words in first_commands] == [0, 0]
    printed = " ".join(capsys.readouterr().out.split())
    (shown,) = blocks(ROOT / "docs" / "index.md", "text")
    assert " ".join(shown.split()) in printed


def test_each_key_of_a_study_has_a_row_of_its_own():
    schema = json.loads((ROOT / "docs" / "study.schema.json").read_text(encoding="utf-8"))
    keys = Counter(key for table in schema["$defs"].values() for key in table.get("properties", ()))
    tables = {"space", "networks", "score", "scenario", "uncertainty"}
    keys += Counter(schema["properties"].keys() - tables)
    page = (ROOT / "docs" / "own_study.md").read_text(encoding="utf-8")
    rows = Counter(re.findall(r"^\| `(\w+)` \|", page, re.M))
    assert keys == Counter({key: rows[key] for key in keys})


@pytest.mark.slow
@pytest.mark.usefixtures("_figures")
def test_the_commands_of_the_first_page_take_a_network_of_one_s_own(user, first_commands):
    for words in commands(ROOT / "docs" / "index.md"):
        own = ["my_net.onnx" if word == "resnet18_onnx" else word for word in words]
        assert main(own[1:]) == 0, own
    assert (user / "results" / "certified" / "camera" / "report.html").exists()
    assert (user / "results" / "camera" / "seed-1" / "figures" / "power_area.png").exists()


def own_model(language, beginning):
    """The block of code of the page on cost models that begins so."""
    page = blocks(ROOT / "docs" / "own_cost_model.md", language)
    (only,) = [code for code in page if code.startswith(beginning)]
    return only


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """The folder of a user whose modules are found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_simulator_of_the_page_is_searched(modules, capsys):
    simulator = own_model("python", "from pathlib").replace("workers = 16", "workers = 1")
    (modules / "my_simulator.py").write_text(simulator)
    study = own_model("toml", "name = ").replace("budget = 60", "budget = 20\nbaselines = false")
    (modules / "study.toml").write_text(study)
    assert main(["run", "study.toml", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert len(pd.read_csv("results/simulated/seed-1/evaluations.csv")) == 20
    stored = [p for p in (modules / "my_simulator_cache").rglob("*.json") if p.is_file()]
    assert len(stored) >= 20


def test_the_formulas_of_the_page_is_certified_and_checked(modules, capsys):
    (modules / "my_chip.py").write_text(
        own_model("python", "import numpy as np\n\nfrom imcmoo import")
    )
    study = own_model("toml", "name = ").replace("my_simulator:Simulator", "my_chip:Chip")
    (modules / "study.toml").write_text(study)
    assert main(["certify", "study.toml", "--criterion", "edap_max", "--quiet"]) == 0
    (folder,) = modules.glob("results/certified/*")
    proof = json.loads((folder / "edap_max" / "certificate.json").read_text())
    assert proof["gap"] == 0
    # Energy goes with V², latency with 1/V, so that the lowest supply is best.
    assert proof["incumbent"]["design"]["voltage_V"] == 0.5
    assert main(["check-certificate", str(folder), "--study", "study.toml", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
