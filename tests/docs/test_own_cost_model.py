"""The page on cost models of one's own shows what works."""

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
    (found,) = [text for text in blocks if text.startswith(beginning)]
    return found


def test_the_simulator_of_the_page_is_searched(tmp_path):
    simulator = block("python", "from pathlib").replace("workers = 16", "workers = 1")
    (tmp_path / "my_simulator.py").write_text(simulator)
    study = block("toml", "name = ").replace("budget = 60", "budget = 20\nbaselines = false")
    (tmp_path / "study.toml").write_text(study)
    run = subprocess.run(
        [sys.executable, "-m", "imcmoo", "run", "study.toml", "--quiet"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    evaluations = pd.read_csv(tmp_path / "results/simulated/seed-1/evaluations.csv")
    assert len(evaluations) == 20
    kept = [p for p in (tmp_path / "my_simulator_cache").rglob("*.json") if p.is_file()]
    assert len(kept) >= 20
