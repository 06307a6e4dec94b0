"""`python -m experiments.run physics`: everything is written, and again the same."""

import pandas as pd
import pytest

from experiments import run
from experiments.physics import study as physics


@pytest.fixture
def small(monkeypatch, study):
    monkeypatch.setattr(physics, "STUDIES", {study.name: study})
    monkeypatch.setattr(physics, "NAMES", (study.name,))
    monkeypatch.setattr(physics, "SEEDS", 2)


def published(out, name="physics"):
    files = [*(out / "published" / name).iterdir(), out / "docs" / "physical.md"]
    return {p.name: p.read_bytes() for p in files if p.is_file()}


@pytest.mark.slow
def test_it_is_the_same_every_time_and_goes_on_with_what_there_is(small, tmp_path, monkeypatch):
    command = ["physics", "--out", str(tmp_path), "--quiet", "--workers", "1"]
    assert run.main(command) == 0
    first = published(tmp_path)
    tables = ("optima", "ends", "searches", "aggregations", "sensitivity", "effects", "baselines")
    assert {f"{name}.csv" for name in (*tables, "contrasts")} | {
        "physical.md",
        "config.json",
    } <= set(first)
    searches = pd.read_csv(tmp_path / "published" / "physics" / "searches.csv")
    assert sorted(searches["seed"].unique()) == [0, 1]
    assert run.main(command) == 0
    assert published(tmp_path) == first


@pytest.mark.slow
def test_what_was_done_before_an_interruption_is_not_done_again(small, tmp_path, monkeypatch):
    done = []
    do = physics.Physics.run_task

    def interrupted(publication, task):
        if task == ("searches", "small", 1) and not done.count("again"):
            raise KeyboardInterrupt
        done.append(task)
        return do(publication, task)

    monkeypatch.setattr(physics.Physics, "run_task", interrupted)
    command = ["physics", "--out", str(tmp_path), "--quiet", "--workers", "1"]
    assert run.main(command) != 0
    assert ("searches", "small", 0) in done
    assert not (tmp_path / "published" / "physics" / "config.json").exists()
    done[:] = ["again"]
    assert run.main(command) == 0
    assert done == ["again", ("searches", "small", 1)]


def test_another_adc_model_has_tables_whose_chip_the_page_names(small, tmp_path):
    options = ["--out", str(tmp_path), "--quiet", "--workers", "1"]
    assert run.main(["physics", "--adc", "isaac", *options]) == 0
    isaac = published(tmp_path, "physics/isaac")
    assert set(isaac) == {"optima.csv", "searches.csv", "config.json"}
    assert run.main(["physics", *options]) == 0
    assert published(tmp_path)["optima.csv"] != isaac["optima.csv"]
    page = published(tmp_path)["physical.md"].decode()
    optima = pd.read_csv(tmp_path / "published" / "physics" / "isaac" / "optima.csv")
    chip = optima[optima["criterion"] == "regret_minimax"].iloc[0]
    assert f"With the ADC model `isaac` it is SRAM of {chip['area_mm2']:.0f} mm²" in page


@pytest.mark.slow
def test_proven_optima_are_those_of_the_enumeration(small, tmp_path):
    """Where several designs are optimal, a proof may find another one of the same scores."""
    options = ["--quiet", "--workers", "1"]
    tables = {}
    for name, more in (("proven", ["--proven"]), ("enumerated", [])):
        assert run.main(["physics", "--out", str(tmp_path / name), *more, *options]) == 0
        tables[name] = pd.read_csv(tmp_path / name / "published" / "physics" / "optima.csv")
    files = {p.name for p in (tmp_path / "proven" / "published" / "physics").iterdir()}
    assert {"optima.csv", "ends.csv", "config.json"} <= files
    assert "searches.csv" not in files
    scores = ["criterion", "workload", "area_mm2", "energy_J", "latency_s", "over_own_best"]
    pd.testing.assert_frame_equal(*(table[scores] for table in tables.values()), rtol=1e-9)
