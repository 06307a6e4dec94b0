"""Runs, enumerations and proofs as calls of the library, which prints nothing."""

import json
from pathlib import Path

import pandas as pd
import pytest

import imcmoo
from imcmoo.answers.outcome import JOINT
from imcmoo.io.errors import InputError
from tests.cli.helpers import contents, run_quietly

STUDY = """
name = "small"
device = "rram"
budget = 40
[space]
rows = 128
cols = 128
voltage_V = 0.5
cycle_s = [1e-9, 2e-9]
bits_per_cell = [4, 8]
glb_depth = [4096, 8192]
[[networks]]
source = "mobilenet_v3"
[[networks]]
source = "alexnet"
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "small.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(file):
    """A run in Python, with its searches as they were reported."""
    reported = []
    run = imcmoo.Study.load(file).run(
        out=file.parent / "python", seed=2, progress=lambda name, row: reported.append(name)
    )
    return run, reported


@pytest.fixture
def run(finished):
    return finished[0]


def test_a_run_in_python_writes_the_files_of_the_command(file, run):
    run_quietly("run", file, "--seed", 2, "--out", file.parent / "command")
    assert contents(run.folder) == contents(file.parent / "command" / "small" / "seed-2")


def test_every_search_reports_its_progress(finished):
    assert {*finished[1]} == {JOINT, "mobilenet_v3", "alexnet"}


def test_the_tables_of_a_run_have_units_in_their_names(run):
    assert len(run.design) == 1
    assert {"cycle_s", "area_mm2", "energy_alexnet_J"} <= {*run.design}
    assert len(run.front) == len(pd.read_csv(run.folder / "front.csv"))
    assert run.design["cycle_s"].iloc[0] in run.front["cycle_s"].tolist()


def test_a_run_explains_its_designs(run):
    assert run.explain().names[0] == "selected"
    assert "front_1" in run.explain("front_1").names
    with pytest.raises(InputError, match="explains no design 'front_9999'"):
        run.explain("front_9999")


def test_a_run_is_reported_as_a_page(run, tmp_path):
    page = run.report(tmp_path / "page.html")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(InputError, match=r"mine\.html.*over it with force=True \(--force\)"):
        run.report(tmp_path / "mine.html")


def test_a_finished_run_is_read_again_or_kept(run, monkeypatch):
    again = imcmoo.Run(run.folder, run.study)
    pd.testing.assert_frame_equal(again.front, run.front)
    monkeypatch.setattr("imcmoo.run.run_one", lambda *_: pytest.fail("it has begun"))
    out = run.folder.parents[1]
    assert run.study.run(out=out, resume=True).folder == run.folder
    with pytest.raises(InputError, match="holds no complete run"):
        imcmoo.Run(out)


def test_a_folder_is_not_opened_with_another_study_of_its_name(run):
    space = run.study.space
    name = next(n for n in space.names if len(space.values_of(n)) > 1)
    other = run.study.replace(space=space.fix(name, space.values_of(name)[0]))
    with pytest.raises(InputError, match=f"does not fit the study {other.name}: it is of "):
        imcmoo.Run(run.folder, other)


def test_a_run_of_other_settings_is_kept_and_the_message_names_the_arguments(run):
    arguments = r"out= \(--out\), or replace it with force=True \(--force\)"
    with pytest.raises(InputError, match=f"budget.*another folder with {arguments}"):
        run.study.run(out=run.folder.parents[1], budget=10)


def test_a_run_after_an_enumeration_has_its_regret(file, run, tmp_path, monkeypatch):
    study = imcmoo.Study.load(file).replace(baselines=False, budget=20)
    optima = study.enumerate(out=tmp_path).optima.groupby("criterion")["value"].first()
    regret = study.run(out=tmp_path).regret.set_index("criterion")
    assert regret["optimum"]["edap_mean"] == optima["edap_mean"]
    excess = regret["selected"] / regret["optimum"] - 1
    assert regret["regret_selected"]["edap_mean"] == pytest.approx(excess["edap_mean"])
    assert run.regret is None


def test_an_enumeration_returns_its_tables(file, tmp_path, capfd):
    study = imcmoo.Study.load(file)
    exact = study.enumerate(out=tmp_path)
    folder = tmp_path / "enumerated" / "small"
    assert {*exact.optima["criterion"]} == {*pd.read_csv(folder / "optima.csv")["criterion"]}
    assert (
        exact.front["designs"].sum()
        == json.loads((folder / "summary.json").read_text())["front_designs"]
    )
    assert "<table" in exact._repr_html_()
    assert capfd.readouterr() == ("", "")


def test_a_proof_returns_its_certificates(file, tmp_path, capfd):
    steps = []
    study = imcmoo.Study.load(file)
    proven = study.certify("edap_max", out=tmp_path, progress=lambda *state: steps.append(state))
    assert proven["edap_max"].gap == 0
    assert (tmp_path / "certified" / "small" / "edap_max" / "certificate.json").is_file()
    assert steps[-1][0] == "edap_max"
    assert capfd.readouterr() == ("", "")


def test_objects_show_themselves_in_one_line(run):
    shown = [run.study, run.explain()]
    assert all("\n" not in repr(value) and len(repr(value)) < 200 for value in shown)


def test_a_run_shows_its_answer_card(run):
    area = f"{run.design['area_mm2'][0]:.4g} mm²"
    for text in (repr(run), run._repr_html_(), run.card.to_markdown()):
        assert area in text
        assert "not proven" in text
        assert all(name in text for name in ("MobileNetV3", "AlexNet", "cycle_s"))


def test_the_package_lists_what_it_offers():
    assert {"Study", "Run", "run_search"} <= {*dir(imcmoo)}
    assert all(getattr(imcmoo, name) is not None for name in dir(imcmoo))


def test_several_runs_are_compared_in_a_table(file, tmp_path, monkeypatch):
    study = imcmoo.Study.load(file).replace(baselines=False, budget=20)
    runs = imcmoo.run_studies([study.replace(seeds=seed) for seed in (1, 2)], tmp_path)
    assert [run.folder for run in runs] == [tmp_path / "small" / f"seed-{n}" for n in (1, 2)]
    assert pd.read_csv(tmp_path / "small" / "seeds.csv")["seed"].tolist() == [1, 2]
    assert Path(runs[0].folder / "design.json").is_file()
