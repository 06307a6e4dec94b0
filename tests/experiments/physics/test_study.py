"""`python -m experiments.run physics`: everything is written, and again the same."""

import re

import pandas as pd
import pytest

from experiments import run
from experiments.physics import study as physics
from tests.experiments.physics.test_looks import study  # noqa: F401


@pytest.fixture
def small(monkeypatch, study):  # noqa: F811
    monkeypatch.setattr(physics, "STUDIES", {study.name: study})
    monkeypatch.setattr(physics, "NAMES", (study.name,))
    monkeypatch.setattr(physics, "SEEDS", 2)


def published(out, name="physics", page="physical.md"):
    files = [*(out / "published" / name).iterdir(), out / "docs" / page]
    return {p.name: p.read_bytes() for p in files if p.is_file()}


def test_it_is_the_same_every_time_and_goes_on_with_what_there_is(small, tmp_path, monkeypatch):
    command = ["physics", "--out", str(tmp_path), "--quiet", "--workers", "1"]
    assert run.main(command) == 0
    first = published(tmp_path)
    tables = {
        "optima",
        "ends",
        "searches",
        "aggregations",
        "sensitivity",
        "effects",
        "baselines",
        "contrasts",
    }
    assert {f"{name}.csv" for name in tables} | {"physical.md", "config.json"} <= set(first)
    searches = pd.read_csv(tmp_path / "published" / "physics" / "searches.csv")
    assert sorted(searches["seed"].unique()) == [0, 1]
    assert run.main(command) == 0
    assert published(tmp_path) == first


def test_what_was_done_before_an_interruption_is_not_done_again(small, tmp_path, monkeypatch):
    done = []
    do = physics._do

    def interrupted(studies, answers, task):
        if task == ("searches", "small", 1) and not done.count("again"):
            raise KeyboardInterrupt
        done.append(task)
        return do(studies, answers, task)

    monkeypatch.setattr(physics, "_do", interrupted)
    command = ["physics", "--out", str(tmp_path), "--quiet", "--workers", "1"]
    assert run.main(command) != 0
    assert ("searches", "small", 0) in done
    assert not (tmp_path / "published" / "physics" / "config.json").exists()
    done[:] = ["again"]
    assert run.main(command) == 0
    assert done == ["again", ("searches", "small", 1)]


def test_options_that_mean_nothing_to_it_are_refused(capsys):
    assert run.main(["physics", "--budget", "3"]) == 2
    said = capsys.readouterr().err
    assert "physics takes no options but --adc, --out, --quiet, --resume" in said


def test_another_converter_model_has_tables_and_a_page_and_what_changes_is_told(small, tmp_path):
    options = ["--out", str(tmp_path), "--quiet", "--workers", "1"]
    assert run.main(["physics", "--adc", "isaac", *options]) == 0
    isaac = "physics_isaac", "physical_isaac.md"
    own = published(tmp_path, *isaac)
    assert "`isaac`" in own["physical_isaac.md"].decode()
    assert "converter model\n" not in own["physical_isaac.md"].decode()
    assert not (tmp_path / "docs" / "physical.md").exists()
    assert run.main(["physics", *options]) == 0
    assert published(tmp_path)["optima.csv"] != own["optima.csv"]
    assert published(tmp_path, *isaac) == own
    page = published(tmp_path)["physical.md"].decode()
    chips = page.partition("## With another converter model")[2].partition("### `isaac`")[2]
    ratios = [float(r) for r in re.findall(r"([\d.]+) ×", chips)]
    areas = [pd.read_csv(tmp_path / "published" / n / "optima.csv") for n in ("physics", isaac[0])]
    assert len(ratios) >= 3
    assert min(ratios) != 1
    for table in areas:
        assert f"| {table['area_mm2'].iloc[0]:.0f} mm², " in chips
