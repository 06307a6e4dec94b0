"""The wheel puts one package into site-packages, with the shipped spaces and studies in it."""

import subprocess
import sys
import zipfile
from importlib.util import find_spec

import pytest

import problems
from imcmoo.benchmark import truth
from imcmoo.study.calibration import PRESETS
from tests import ROOT


@pytest.mark.skipif(find_spec("hatchling") is None, reason="hatchling is not installed")
def test_a_wheel_holds_imcmoo_and_the_data_of_problems(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"imcmoo"}
    for name in problems.STUDIES:
        assert f"imcmoo/problem_files/studies/{name}.toml" in names
    for path in (ROOT / "problems" / "spaces").iterdir():
        assert f"imcmoo/problem_files/spaces/{path.name}" in names
    for path in PRESETS.iterdir():
        assert f"imcmoo/hardware/calibrations/{path.name}" in names
    for path in truth.FOLDER.iterdir():
        assert f"imcmoo/benchmark/answers/{path.name}" in names
    for command in (ROOT / "imcmoo" / "cli").glob("*_command.py"):
        assert f"imcmoo/cli/{command.name}" in names
    assert not [n for n in names if n.startswith("imcmoo/problem_files/") and n.endswith(".py")]
