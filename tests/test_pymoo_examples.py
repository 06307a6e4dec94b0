"""The examples in `examples/pymoo`, as a user types them."""

import os
import re
import subprocess
import sys

import pytest

from tests import ROOT
from tests.extras import needs

FOLDER = ROOT / "examples" / "pymoo"

SAID = {
    "search": r"the search of imcmoo: \d+ designs on the front, least edap_max 8\.97e-06",
    "own_problem": r"\d+ tanks on the front; the lightest weighs 30\d",
    "any_algorithm": r"the best of 1,000 designs evaluated.*page: nsga2\.html",
    "parallel": r"equal fronts of \d+ solutions: True",
    "optuna_sampler": r"the best of 500 designs evaluated",
}
"""What each example prints."""


def test_every_example_is_run():
    assert {path.stem for path in FOLDER.glob("*.py")} == set(SAID)


@pytest.mark.parametrize("name", SAID)
def test_an_example_runs_as_it_is_typed(name, tmp_path):
    if name == "optuna_sampler":
        needs("compare", "optuna")
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, FOLDER / f"{name}.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    assert re.search(SAID[name], done.stdout, re.DOTALL), done.stdout


def test_a_sampler_of_optuna_searches_a_study_from_the_command_line(tmp_path):
    needs("compare", "optuna")
    command = ["run", "four_workload_sram", "--no-baselines", "--budget", "120", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "imcmoo", *command, "--algorithm", "optuna_sampler:make"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(FOLDER)])},
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "results" / "four_workload_sram" / "seed-1"
    assert (folder / "front.csv").is_file()
    assert '"algorithm": "optuna_sampler:make"' in (folder / "config.json").read_text()
