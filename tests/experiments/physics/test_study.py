"""`python -m experiments.run physics`: everything is written, and again the same."""

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


def published(out):
    folders = (out / "published" / "physics", out / "docs")
    return {p.name: p.read_bytes() for folder in folders for p in folder.iterdir() if p.is_file()}


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


def test_another_converter_model_is_asked_in_a_folder_of_its_own(small, tmp_path):
    options = ["--out", str(tmp_path), "--quiet", "--workers", "1"]
    assert run.main(["physics", "--adc", "isaac", *options]) == 0
    own = published(tmp_path / "isaac")
    assert "`isaac`" in own["physical.md"].decode()
    assert not (tmp_path / "published").exists()
    assert run.main(["physics", *options]) == 0
    assert published(tmp_path)["optima.csv"] != own["optima.csv"]
    assert published(tmp_path / "isaac") == own
