"""Shared parts of the tests of commands: studies, one-line errors, and the content of folders."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from unittest.mock import Mock

import numpy as np
import pytest

from imcmoo.cli.main import main
from imcmoo.io.checksums import sha256, write_sums
from imcmoo.run import run_one
from tests import ROOT

INTERRUPT = Mock(side_effect=KeyboardInterrupt)
"""Is interrupted whenever it is called."""

SPACE = """name = "many"
baselines = false
[space]
base = "rram"
rows = [128, 512]
cols = [32, 64]
voltage_V = [0.5, 0.6]
bits_per_cell = 8
cycle_s = [1e-9, 2e-9]
router_groups = [1, 2]
tiles_per_group = 4
macros_per_tile = [4, 8]
glb_depth = 2048
"""

OWN_MODEL = """
import numpy as np
from imcmoo import CostModel
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Metrics, Resource

class Base(CostModel):
    quantities = (ENERGY, LATENCY, AREA)
    resource_names = ()
    def __init__(self, space, workloads, *, deployment="alone"):
        self.space, self.workload_names = space, list(workloads.names)
    def metrics(self, levels, **other):
        ones = np.ones((len(levels), len(self.workload_names)))
        cost = 1e-3 * (1 + levels.sum(axis=1))
        values = {"energy": ones * cost[:, None], "latency": ones * 1e-3, "area": cost * 1e-3}
        return Metrics({**values, **other}, {})
    def evaluate(self, levels):
        return self.metrics(levels)
"""
"""Code of a user's cost model, the class `Base`."""


def write_study(folder, n):
    """Writes a study of n small networks; returns its path."""
    rng = np.random.default_rng(n)
    for i in range(n):
        c, m, p, q = rng.integers(1, 64, 4)
        (folder / f"n{i}.csv").write_text(f"name,C,M,P,Q\na,{c},{m},{p},{q}\n")
    networks = "".join(f'[[networks]]\nsource = "n{i}.csv"\n' for i in range(n))
    (folder / "many.toml").write_text(SPACE + networks)
    return str(folder / "many.toml")


def run_quietly(*command):
    """A command that succeeds without figures, which take most of a short run's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imcmoo.report.figures.draw_figures", lambda *_: None)
        assert main([*map(str, command), "--quiet"]) == 0


def run_without_figures(*task, **options):
    """A run in whatever process: a worker does not know what a test has patched."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imcmoo.report.figures.draw_figures", lambda *_: None)
        return run_one(*task, **options)


def python(code, check=True):
    """Python code, run to its end in a process of its own; with `check`, a failure is an error."""
    return subprocess.run(
        [sys.executable, "-c", code], check=check, capture_output=True, text=True, cwd=ROOT
    )


def offered_by_this_checkout(group, name):
    """Entry points of this checkout, whatever was installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    offered = project["entry-points"][group]
    return [EntryPoint(name, offered[name], group)] if name in offered else []


def contents(folder):
    """Every file below a folder, hidden ones too, with its bytes."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def seal(folder):
    """Let the checksums of a run be of what is in its folder, whatever that is."""
    files = [p for p in folder.iterdir() if p.suffix in (".csv", ".json")]
    write_sums(folder, {p.name: sha256(p) for p in files})


def cut_checksums(folder):
    """Take the last line from the checksums of a run."""
    sums = folder / "SHA256SUMS"
    sums.write_text("".join(sums.read_text().splitlines(keepends=True)[:-1]))


def refused(capture, *command, call=main):
    """The one line of a command that ends with exit code 2."""
    capture.readouterr()
    try:
        code = call([*map(str, command)])
    except SystemExit as left:  # argparse leaves by itself
        code = left.code
    error = capture.readouterr().err
    assert code == 2, error
    assert re.match(r"[a-z.-]+( [a-z-]+)*: error: ", error), error
    assert "Traceback" not in error
    assert len(error.splitlines()) == 1
    return error


def assert_fails(folder, capsys, message, call):
    """The call is refused in one line, and writes nothing."""
    before = sorted(os.listdir(folder))
    assert message in refused(capsys, call=lambda _: call())
    assert sorted(os.listdir(folder)) == before
