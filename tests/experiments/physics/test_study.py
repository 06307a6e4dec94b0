"""`python -m experiments.run physics`: everything is written, and again the same."""

import pandas as pd
import pytest

from experiments import run
from experiments.physics import study as physics
from experiments.physics import summary
from experiments.physics.optima import optimum_table


@pytest.fixture
def _small(monkeypatch, study):
    for module in (physics, summary):
        monkeypatch.setattr(module, "STUDIES", {study.name: study})
    monkeypatch.setattr(physics, "NAMES", (study.name,))


def published(out, name="physics"):
    files = [*(out / "published" / name).iterdir(), out / "docs" / "physical.md"]
    return {p.name: p.read_bytes() for p in files if p.is_file()}


@pytest.mark.usefixtures("_small")
def test_tables_are_those_of_the_enumeration_and_the_page_names_both_chips(tmp_path, study, answer):
    """Where several designs are optimal, a proof may find another one of the same scores."""
    options = ["--out", str(tmp_path), "--quiet", "--workers", "1"]
    assert run.main(["physics", "--adc", "isaac", *options]) == 0
    isaac = published(tmp_path, "physics/isaac")
    assert set(isaac) == {"optima.csv", "config.json"}
    assert run.main(["physics", *options]) == 0
    first = published(tmp_path)
    assert set(first) == {"optima.csv", "ends.csv", "config.json", "physical.md"}
    assert run.main(["physics", *options]) == 0
    assert published(tmp_path) == first
    home = tmp_path / "published" / "physics"
    chips = pd.read_csv(home / "isaac" / "optima.csv").set_index("criterion")
    area = chips.loc["regret_minimax", "area_mm2"].iloc[0]
    page = first["physical.md"].decode()
    assert f"With the ADC model `isaac` it is SRAM of {area:.0f} mm²" in page
    table = optimum_table(study, answer)
    scores = ["criterion", "workload", "area_mm2", "energy_J", "latency_s", "over_own_best"]
    proven = pd.read_csv(home / "optima.csv")
    pd.testing.assert_frame_equal(proven[scores], table[scores], rtol=1e-9)
