"""`imcmoo report`: one page beside the run, and one line where there is nothing to show."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imcmoo.answers.results import Results
from imcmoo.cli.main import main
from imcmoo.io.locks import folder_lock
from imcmoo.problem.scores import EdapDefinition
from imcmoo.report.terminal_tables import cost_comparison
from tests.cli.helpers import refused, run_quietly, seal
from tests.study.files import written
from tests.study.test_batch import HEADER, ONE, network, study

STUDY = "four_workload_rram"
ARGUMENTS = ["run", STUDY, "--budget", "60", "--no-baselines", "--quiet"]


@pytest.fixture
def run(small_run, tmp_path):
    """A copy of one's own."""
    folder = tmp_path / STUDY / "seed-1"
    shutil.copytree(small_run, folder)
    return folder


def report(*args):
    return main(["report", *map(str, args)])


def test_the_page_stands_in_the_run_until_there_is_a_new_one(run, capsys, monkeypatch):
    before = {p.name for p in run.iterdir()}
    assert report(run) == 0
    assert "seed-1/report.html" in capsys.readouterr().out.replace("\n", "")
    assert {p.name for p in run.iterdir()} == before | {"report.html"}
    assert main([*ARGUMENTS, "--force", "--out", str(run.parents[1])]) == 0
    assert not (run / "report.html").exists()


def test_the_page_can_go_elsewhere_and_leaves_the_run_alone(run, tmp_path):
    for path in run.iterdir():
        path.chmod(0o555 if path.is_dir() else 0o444)
    run.chmod(0o555)
    assert report(run, "--out", tmp_path / "page.html") == 0
    run.chmod(0o755)
    assert report(run) == 0
    assert (tmp_path / "page.html").read_bytes() == (run / "report.html").read_bytes()


def test_the_page_replaces_no_file_of_the_run(run, capsys):
    before = (run / "front.csv").read_bytes()
    line = refused(capsys, "report", run, "--out", run / "front.csv")
    assert "the page is called report.html" in line
    assert (run / "front.csv").read_bytes() == before


def test_a_folder_without_a_run_is_left_as_it_was(tmp_path, capsys):
    assert "holds no complete run" in refused(capsys, "report", tmp_path)
    assert "is no folder of a run" in refused(capsys, "report", tmp_path / "nowhere")
    assert not list(tmp_path.iterdir())


def test_a_folder_in_use_is_not_written_to(run, capsys):
    with folder_lock(run):
        assert "is in use by" in refused(capsys, "report", run)


@pytest.mark.parametrize("name", ["front.csv", "design.json"])
def test_a_missing_or_damaged_file_is_named(run, name, capsys):
    content = (run / name).read_bytes()
    other_digit = content[::-1].replace(b"1", b"2", 1)[::-1]
    for damaged in (b"\xff\x00" * 50, content[: len(content) // 2], other_digit):
        (run / name).write_bytes(damaged)
        assert str(run) in refused(capsys, "report", run)
    (run / name).unlink()
    assert str(run) in refused(capsys, "report", run)
    assert not (run / "report.html").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"study": 1}', '{"study": "x", "space": 3}'])
def test_a_damaged_config_is_one_line(run, content, capsys):
    (run / "config.json").write_text(content)
    seal(run)
    assert str(run) in refused(capsys, "report", run)


def test_tables_of_another_space_are_refused(run, capsys):
    front = pd.read_csv(run / "front.csv").assign(rows=3)
    front.to_csv(run / "front.csv", index=False)
    seal(run)
    assert "do not fit" in refused(capsys, "report", run)


def test_several_runs_are_compared_and_shown_in_a_page_on_request(run, tmp_path, capsys):
    other = tmp_path / "seed-2"
    shutil.copytree(run, other)
    assert report(run, other) == 0
    assert "EDAP: latency, chip (J·s·mm²)" in capsys.readouterr().out
    assert not (run / "report.html").exists()
    assert "of several runs, give --out" in refused(capsys, "report", run, other, "--front")
    assert report(run, other, "--out", tmp_path / "two.html") == 0
    assert (tmp_path / "two.html").exists()
    assert not (run / "report.html").exists()


def test_quiet_prints_nothing(run, capsys):
    assert report(run, "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def of_chip(name, dram, dies, latency_s, area_mm2):
    """A run whose selected design has the costs of examples 14a to 14d, or others; packages and
    dies of DRAM in mm²."""
    costs = {"energy_J": 2447e-6, "latency_s": latency_s, "interval_s": 160.5e-6}
    values = {
        "energy": np.array([[costs["energy_J"]]]),
        "latency": np.array([[latency_s]]),
        "interval": np.array([[costs["interval_s"]]]),
        "area": np.array([area_mm2 / 1e6]),
        "package": np.array([(area_mm2 + dram) / 1e6]),
        "silicon": np.array([(area_mm2 + dies) / 1e6]),
    }
    edaps = {
        f"edap_{d.delay}_{d.area}_J_s_mm2": d.of(values).item() for d in EdapDefinition.every()
    }
    design = {
        "chip": {"area_mm2": area_mm2, "dram_mm2": dram, "silicon_mm2": area_mm2 + dies},
        "workloads": {"resnet18": costs | edaps},
    }
    return Results(Path(name), {"workloads": ["resnet18"]}, {"design.json": design})


def test_a_comparison_states_delay_area_and_all_edaps_of_both_chips():
    runs = (
        of_chip("one", 60.0, 260.0, 604.6e-6, 755.3),
        of_chip("two", 184.0, 1100.0, 302.3e-6, 755.3),
    )
    table = cost_comparison(runs, ["one", "two"])
    cells = [list(column.cells) for column in table.columns]
    rows = {name: values for name, *values in zip(*cells, strict=True)}
    assert rows == {
        "area of the chip (mm²)": ["755.3", "755.3", "1"],
        "area with DRAM (mm²)": ["815.3", "939.3", "1.152"],
        "area with dies of DRAM (mm²)": ["1015", "1855", "1.827"],
        "ResNet18: energy (mJ)": ["2.447", "2.447", "1"],
        "ResNet18: latency (µs)": ["604.6", "302.3", "0.5"],
        "ResNet18: interval (µs)": ["160.5", "160.5", "1"],
        "EDAP: latency, chip (J·s·mm²)": ["0.001117", "0.0005587", "0.5"],
        "EDAP: interval, chip (J·s·mm²)": ["0.0002966", "0.0002966", "1"],
        "EDAP: latency, package (J·s·mm²)": ["0.001206", "0.0006948", "0.576"],
        "EDAP: interval, package (J·s·mm²)": ["0.0003202", "0.0003689", "1.152"],
        "EDAP: latency, silicon (J·s·mm²)": ["0.001502", "0.001372", "0.9137"],
        "EDAP: interval, silicon (J·s·mm²)": ["0.0003988", "0.0007287", "1.827"],
    }


def test_runs_of_other_networks_are_compared_by_area_only():
    one, two = (of_chip(name, 60.0, 260.0, 1e-3, 755.3) for name in ("one", "two"))
    two.config["workloads"] = ["alexnet"]
    table = cost_comparison((one, two), ["one", "two"])
    assert list(table.columns[0].cells) == [
        *("area of the chip (mm²)", "area with DRAM (mm²)", "area with dies of DRAM (mm²)")
    ]
    assert "other networks" in table.caption


def test_a_run_of_the_physical_model_states_what_is_compared(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    source = network(tmp_path, HEADER + ONE)
    runs = []
    for budget, name in ((6, "small"), (12, "large")):
        file = written(tmp_path, study(source, budget=budget).replace(name=name).to_toml())
        run_quietly("run", file, "--out", tmp_path)
        runs.append(tmp_path / name / "seed-1")
    assert report(*runs) == 0
    text = capsys.readouterr().out
    for definition in EdapDefinition.every():
        assert f"EDAP: {definition} (J·s·mm²)" in text
    design = json.loads((runs[0] / "design.json").read_text())
    (costs,), chip = design["workloads"].values(), design["chip"]
    edap = costs["energy_J"] * costs["interval_s"] * (chip["area_mm2"] + chip["dram_mm2"])
    assert costs["edap_interval_package_J_s_mm2"] == pytest.approx(edap, rel=1e-12, abs=0)
    assert costs["edap_latency_chip_J_s_mm2"] == costs["edap_J_s_mm2"]
    assert costs["images"] == 1
