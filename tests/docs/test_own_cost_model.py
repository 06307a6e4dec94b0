"""The page on cost models of one's own shows what works."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "own_cost_model.md"


def block(language, beginning):
    """The block of code that begins so."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    (result,) = [text for text in blocks if text.startswith(beginning)]
    return result


def imcmoo(folder, *arguments):
    """A command in a folder whose modules are found."""
    return subprocess.run(
        [sys.executable, "-m", "imcmoo", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_simulator_of_the_page_is_searched(tmp_path):
    simulator = block("python", "from pathlib").replace("workers = 16", "workers = 1")
    (tmp_path / "my_simulator.py").write_text(simulator)
    study = block("toml", "name = ").replace("budget = 60", "budget = 20\nbaselines = false")
    (tmp_path / "study.toml").write_text(study)
    run = imcmoo(tmp_path, "run", "study.toml", "--quiet")
    assert (run.returncode, run.stderr) == (0, "")
    evaluations = pd.read_csv(tmp_path / "results/simulated/seed-1/evaluations.csv")
    assert len(evaluations) == 20
    kept = [p for p in (tmp_path / "my_simulator_cache").rglob("*.json") if p.is_file()]
    assert len(kept) >= 20


def test_the_bounded_model_of_the_page_is_certified_and_checked(tmp_path):
    (tmp_path / "bounded.py").write_text(block("python", "import numpy"))
    study = block("toml", "name = ").replace("my_simulator:Simulator", "bounded:Bounded")
    (tmp_path / "study.toml").write_text(study)
    made = imcmoo(tmp_path, "certify", "study.toml", "--criterion", "edap_max", "--out", "proof")
    assert (made.returncode, made.stderr) == (0, "")
    proof = json.loads((tmp_path / "proof/certificate.json").read_text())
    assert proof["gap"] == 0
    # Energy goes with V², latency with 1/V, so that the lowest supply is best.
    assert proof["incumbent"]["design"]["voltage_V"] == 0.5
    checked = imcmoo(tmp_path, "check-certificate", "proof", "--study", "study.toml")
    assert (checked.returncode, checked.stderr) == (0, "")
