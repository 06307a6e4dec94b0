"""The page on cost models of one's own shows what works."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from imcmoo.cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "own_cost_model.md"


def block(language, beginning):
    """The block of code that begins so."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    (only,) = [text for text in blocks if text.startswith(beginning)]
    return only


@pytest.fixture
def user(tmp_path, monkeypatch):
    """The folder of a user whose modules are found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("imcmoo.cli.run_studies.draw_figures", lambda *_: None)
    return tmp_path


def test_the_simulator_of_the_page_is_searched(user, capsys):
    simulator = block("python", "from pathlib").replace("workers = 16", "workers = 1")
    (user / "my_simulator.py").write_text(simulator)
    study = block("toml", "name = ").replace("budget = 60", "budget = 20\nbaselines = false")
    (user / "study.toml").write_text(study)
    assert main(["run", "study.toml", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert len(pd.read_csv("results/simulated/seed-1/evaluations.csv")) == 20
    stored = [p for p in (user / "my_simulator_cache").rglob("*.json") if p.is_file()]
    assert len(stored) >= 20


def test_the_formulas_of_the_page_is_certified_and_checked(user, capsys):
    (user / "my_chip.py").write_text(block("python", "import numpy"))
    study = block("toml", "name = ").replace("my_simulator:Simulator", "my_chip:Chip")
    (user / "study.toml").write_text(study)
    assert main(["certify", "study.toml", "--criterion", "edap_max"]) == 0
    (folder,) = user.glob("results/certified/*")
    proof = json.loads((folder / "certificate.json").read_text())
    assert proof["gap"] == 0
    # Energy goes with V², latency with 1/V, so that the lowest supply is best.
    assert proof["incumbent"]["design"]["voltage_V"] == 0.5
    assert main(["check-certificate", str(folder), "--study", "study.toml"]) == 0
    assert capsys.readouterr().err == ""
