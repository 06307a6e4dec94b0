"""The example that costs chips by AccelForge, an external program of others."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imcmoo.cli.main import main
from imcmoo.networks.workloads import WorkloadSet

FOLDER = Path(__file__).parents[2] / "examples" / "accelforge"


@pytest.fixture
def chip(monkeypatch):
    """The adapter, as a module that processes find, too."""
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setenv("PYTHONPATH", str(FOLDER), prepend=":")
    import accelforge_chip

    yield accelforge_chip
    accelforge_chip.AccelForgeChip.evaluation.end()
    del sys.modules["accelforge_chip"]


@pytest.mark.parametrize("name", ["alexnet", "mobilenet_v3", "densenet201"])
def test_its_products_are_all_the_work_of_a_network(chip, name):
    macs = sum(m * n * k for m, n, k in chip.products(name))
    assert [macs] == WorkloadSet.load([name]).macs.tolist()


@pytest.mark.slow
@pytest.mark.live
def test_a_small_space_is_searched_end_to_end(chip, tmp_path, monkeypatch):
    pytest.importorskip("accelforge", reason="needs Python 3.12+ and `pip install accelforge`")
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(FOLDER / "accelforge.toml"), "--quiet"]) == 0
    result = pd.read_csv("results/accelforge/seed-1/evaluations.csv").sort_values(["rows", "cols"])
    assert result[["rows", "cols"]].values.tolist() == [[64, 64], [64, 128], [256, 64], [256, 128]]
    assert result["feasible"].all()
    # Larger arrays do more at once, share drivers and converters, and take more room.
    for column in ("energy_alexnet_J", "latency_alexnet_s"):
        table = result[column].to_numpy().reshape(2, 2)
        assert (np.diff(table, axis=0) < 0).all()
        assert (np.diff(table, axis=1) < 0).all()
    area = result["area_mm2"].to_numpy().reshape(2, 2)
    assert (np.diff(area, axis=0) > 0).all()
    assert (np.diff(area, axis=1) > 0).all()
    assert len([*Path("accelforge_cache").rglob("*.json")]) >= 4
    assert not Path("mapping.svg").exists()
