"""`python -m experiments.run`: the same bytes every time, whatever happens on the way."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.run import main
from imcmoo.io.errors import InputError
from imcmoo.report.results import Results
from imcmoo.report.run_figures import draw_figures
from problems import RRAM

STUDY = "four_workload_rram"
WORKLOADS = ("resnet18", "vgg16", "alexnet", "mobilenet_v3")
BUDGET = 150
ARGUMENTS = [STUDY, "--budget", str(BUDGET)]
ROOT = Path(__file__).parents[2]


def contents(folder):
    """Every file below a folder, hidden ones too, with its bytes."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def run(out, *extra):
    return main([*ARGUMENTS, "--out", str(out), "--quiet", *extra])


def start(out, *, before=""):
    """The same run in a process of its own, which can be killed; runs `before` first."""
    code = f"{before}\nfrom experiments.run import main\nmain()"
    command = [sys.executable, "-c", code, *ARGUMENTS, "--out", str(out), "--quiet"]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory):
    """A complete run: its folder, and how long a process of its own took for it, in s."""
    out = tmp_path_factory.mktemp("finished")
    began = time.monotonic()
    process = start(out)
    assert process.communicate()[1] == ""
    return out / STUDY / "seed-1", time.monotonic() - began


@pytest.fixture
def finished(uninterrupted):
    """The folder of a complete run; only to be read."""
    return uninterrupted[0]


def test_a_run_leaves_all_its_files_and_nothing_else(finished):
    figures = [
        f"figures/{name}.{suffix}"
        for name in ("baselines", "breakdown", "convergence", "objectives", "trade_off")
        for suffix in ("pdf", "png")
    ]
    names = ("baselines", "breakdown", "convergence", "evaluations", "front", "selection", "trace")
    tables = [f"{name}.csv" for name in names]
    assert sorted(contents(finished)) == sorted(
        ["SHA256SUMS", "config.json", "design.json", "explain.json", *tables, *figures]
    )


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(finished, tmp_path):
    assert run(tmp_path) == 0
    assert contents(tmp_path / STUDY / "seed-1") == contents(finished)
    assert run(tmp_path, "--seed", "2", "--no-baselines") == 0
    other = contents(tmp_path / STUDY / "seed-2")
    assert other["evaluations.csv"] != contents(finished)["evaluations.csv"]
    assert "baselines.csv" not in other


def test_evaluations_are_the_budget_in_unique_designs(finished):
    frame = pd.read_csv(finished / "evaluations.csv")
    assert len(frame) == BUDGET
    assert not frame.duplicated(RRAM.names).any()
    assert (frame.loc[frame["feasible"], "area_mm2"] <= 800).all()
    assert frame.loc[frame["feasible"], "energy_vgg16_J"].notna().all()


def test_the_front_is_feasible_and_non_dominated(finished):
    front, every = (pd.read_csv(finished / f"{n}.csv") for n in ("front", "evaluations"))
    columns = [*(f"energy_{w}_J" for w in WORKLOADS), *(f"latency_{w}_s" for w in WORKLOADS)]
    F = front[[*columns, "area_mm2"]].to_numpy()
    rivals = every.loc[every["feasible"], [*columns, "area_mm2"]].to_numpy()
    assert len(front) > 1
    for point in F * (1 + 1e-12):
        worse = (rivals <= point).all(axis=1) & (rivals < point * (1 - 1e-9)).any(axis=1)
        assert not worse.any()


def test_the_selected_design_is_the_best_of_the_front(finished):
    front, selection = (pd.read_csv(finished / f"{n}.csv") for n in ("front", "selection"))
    used = selection[selection["used"]]
    assert used["criterion"].tolist() == ["regret_minimax"]
    columns = [f"edap_{w}_J_s_mm2" for w in WORKLOADS]
    edap = front[columns].to_numpy()
    baselines = pd.read_csv(finished / "baselines.csv").set_index("optimised_for")
    alone = np.nanmin(baselines.loc[list(WORKLOADS), columns], axis=0)
    regret = (edap / np.minimum(edap.min(axis=0), alone)).max(axis=1) - 1
    assert used["score"].iloc[0] == pytest.approx(regret.min(), rel=1e-12, abs=0)
    design = json.loads((finished / "design.json").read_text())
    assert [design["design"][n] for n in RRAM.names] == used[RRAM.names].iloc[0].tolist()


def test_baselines_are_relative_to_the_best_of_each_workload(finished):
    frame = pd.read_csv(finished / "baselines.csv")
    assert frame["optimised_for"].tolist() == ["joint", *WORKLOADS]
    relative = frame[[f"relative_edap_{w}" for w in WORKLOADS]].to_numpy()
    assert np.nanmin(relative) >= 1 - 1e-12
    assert np.isfinite(relative[0]).all()


def test_the_trace_has_every_search(finished):
    trace = pd.read_csv(finished / "trace.csv")
    assert trace["search"].unique().tolist() == ["joint", *WORKLOADS]
    assert (trace.groupby("search")["evaluations"].max() == BUDGET).all()


def test_the_config_repeats_the_run(finished):
    config = json.loads((finished / "config.json").read_text())
    assert config["command"].startswith(f"python -m experiments.run {STUDY} --seed 1 --budget")
    assert {"python", "numpy", "pymoo", "imcmoo"} <= set(config["versions"])
    assert config["workloads"] == list(WORKLOADS)


@pytest.mark.parametrize("third", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_killed_at_a_random_moment_and_resumed(uninterrupted, tmp_path, third):
    """SIGKILL once in each third of the run, at another moment every time the test runs."""
    finished, seconds = uninterrupted
    process = start(tmp_path)
    time.sleep((third + random.random()) / 3 * seconds)
    process.kill()
    process.communicate()
    assert run(tmp_path, "--resume") == 0
    assert contents(tmp_path / STUDY / "seed-1") == contents(finished)


KILLED_BEFORE_MOVING = """
import os, pathlib, signal
def replace(self, target, original=pathlib.Path.replace):
    if target.name == "{name}" and target.parent.name == "seed-1":
        os.kill(os.getpid(), signal.SIGKILL)
    return original(self, target)
pathlib.Path.replace = replace
"""


@pytest.mark.parametrize("name", ["evaluations.csv", "figures", "config.json"])
def test_killed_while_files_are_moved_to_their_place_and_resumed(finished, tmp_path, name):
    """Moments a clock would hardly hit; an older run's files are there already."""
    assert run(tmp_path, "--no-baselines", "--budget", "60") == 0
    process = start(tmp_path, before=KILLED_BEFORE_MOVING.format(name=name))
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / STUDY / "seed-1" / "config.json").exists()
    assert run(tmp_path, "--resume") == 0
    assert contents(tmp_path / STUDY / "seed-1") == contents(finished)


def test_ctrl_c_is_one_line_and_can_be_resumed(finished, tmp_path, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("imcmoo.cli.run_studies.draw_figures", interrupt)
        assert run(tmp_path) == 130
    assert capsys.readouterr().err == (
        "experiments.run: interrupted; the same command with --resume continues\n"
    )
    # What is finished is not done again.
    monkeypatch.setattr("imcmoo.search.phased_nsga2.PhasedNSGA2._initialize_infill", interrupt)
    monkeypatch.setattr("imcmoo.search.phased_nsga2.PhasedNSGA2._infill", interrupt)
    assert run(tmp_path, "--resume") == 0
    assert contents(tmp_path / STUDY / "seed-1") == contents(finished)


def test_resuming_a_finished_run_changes_nothing(finished, tmp_path):
    home = tmp_path / STUDY / "seed-1"
    shutil.copytree(finished, home)
    before = {p: p.stat().st_mtime_ns for p in home.rglob("*")}
    assert run(tmp_path, "--resume") == 0
    assert {p: p.stat().st_mtime_ns for p in home.rglob("*")} == before


def test_resume_without_anything_to_resume_starts_the_run(finished, tmp_path):
    assert run(tmp_path, "--resume") == 0
    assert contents(tmp_path / STUDY / "seed-1") == contents(finished)


def test_resume_refuses_another_run(finished, tmp_path, capsys):
    shutil.copytree(finished, tmp_path / STUDY / "seed-1")
    assert run(tmp_path, "--resume", "--budget", "151") == 2
    error = capsys.readouterr().err
    assert "its budget is 150, this run's is 151" in error
    assert error.count("\n") == 1
    assert contents(tmp_path / STUDY / "seed-1") == contents(finished)


def test_a_new_run_replaces_the_files_of_the_old_one_and_no_others(finished, tmp_path):
    home = tmp_path / STUDY / "seed-1"
    shutil.copytree(finished, home)
    (home / "notes.txt").write_text("mine")
    assert run(tmp_path, "--no-baselines", "--budget", "60") == 0
    left = contents(home)
    assert left.pop("notes.txt") == b"mine"
    assert not {"baselines.csv", "figures/baselines.png"} & set(left)
    assert not {name for name in left if left[name] == contents(finished)[name]}


@pytest.fixture
def _no_figures(monkeypatch):
    """Figures take most of a short run's time."""
    monkeypatch.setattr("imcmoo.cli.run_studies.draw_figures", lambda *_: None)


@pytest.mark.usefixtures("_no_figures")
def test_several_seeds_end_with_a_summary(tmp_path, capsys):
    short = [STUDY, "--budget", "60", "--no-baselines", "--out", str(tmp_path)]
    assert main([*short, "--seeds", "1-2,7"]) == 0
    shown = capsys.readouterr().out
    assert "over 3 seeds" in shown
    summary = pd.read_csv(tmp_path / STUDY / "seeds.csv")
    assert summary["seed"].tolist() == [1, 2, 7]
    before = (tmp_path / STUDY / "seeds.csv").read_bytes()
    assert main([*short, "--seeds", "1-2,7", "--resume", "--quiet"]) == 0
    assert (tmp_path / STUDY / "seeds.csv").read_bytes() == before


@pytest.mark.usefixtures("_no_figures")
def test_seeds_in_several_processes_give_the_bytes_of_one_after_another(tmp_path):
    short = [STUDY, "--budget", "60", "--no-baselines", "--quiet", "--seeds", "1-2"]
    for workers in ("1", "2"):
        assert main([*short, "--workers", workers, "--out", str(tmp_path / workers)]) == 0
    one, two = (contents(tmp_path / workers / STUDY) for workers in ("1", "2"))
    tables = {name: content for name, content in one.items() if "figures" not in name}
    assert "seeds.csv" in tables
    assert {name: two[name] for name in tables} == tables


def test_a_second_command_in_a_folder_ends_at_once_and_breaks_nothing(
    finished, tmp_path, capsys, monkeypatch
):
    """The first is in the middle of its run, in a process of its own."""
    home = tmp_path / STUDY / "seed-1"
    process = start(tmp_path)
    while not list(home.glob(".work/*.checkpoint")):
        assert process.poll() is None
        time.sleep(0.01)
    monkeypatch.setattr("imcmoo.cli.run_studies.run_one", lambda *_: pytest.fail("it has begun"))
    for options in ([], ["--resume"]):
        assert run(tmp_path, *options) == 2
        assert process.poll() is None
        error = capsys.readouterr().err
        assert f"{home} is in use by process {process.pid} on {socket.gethostname()}" in error
        assert error.startswith("experiments.run: error: ")
        assert error.count("\n") == 1
    assert process.communicate()[1] == ""
    assert process.returncode == 0
    assert contents(home) == contents(finished)


@pytest.mark.usefixtures("_no_figures")
def test_a_link_in_the_place_of_figures_is_replaced_and_what_it_points_to_is_kept(tmp_path):
    arguments = "--no-baselines", "--budget", "60"
    assert run(tmp_path, *arguments) == 0
    home, elsewhere = tmp_path / STUDY / "seed-1", tmp_path / "elsewhere"
    before = contents(home)
    elsewhere.mkdir()
    (elsewhere / "mine.png").write_text("precious")
    (home / "figures").rmdir()
    (home / "figures").symlink_to(elsewhere)
    assert run(tmp_path, *arguments) == 0
    assert contents(home) == before
    assert not (home / "figures").is_symlink()
    assert [p.name for p in elsewhere.iterdir()] == ["mine.png"]


def test_a_finished_run_whose_checksums_lost_a_line_is_not_taken_for_whole(
    finished, tmp_path, capsys
):
    home = tmp_path / STUDY / "seed-1"
    shutil.copytree(finished, home)
    sums = home / "SHA256SUMS"
    sums.write_text("".join(sums.read_text().splitlines(keepends=True)[:-1]))
    assert run(tmp_path, "--resume") == 2
    assert "SHA256SUMS is damaged" in capsys.readouterr().err


def test_figures_follow_from_a_results_folder_alone(finished, tmp_path):
    copied = tmp_path / "elsewhere"
    shutil.copytree(finished, copied, ignore=shutil.ignore_patterns("figures"))
    (copied / "figures").mkdir()
    draw_figures(Results.read(copied), copied / "figures")
    assert contents(copied) == contents(finished)


@pytest.fixture
def older(finished, tmp_path):
    """The folder of a run by version 0.1, which had `problem` instead of `study`."""
    home = tmp_path / STUDY / "seed-1"
    shutil.copytree(finished, home)
    config = json.loads((home / "config.json").read_text(encoding="utf-8"))
    config["problem"] = config.pop("study")
    (home / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return home


def test_results_of_an_older_version_are_refused_in_one_line(older):
    with pytest.raises(InputError, match=r"before 0\.2: run the study again") as refusal:
        Results.read(older)
    assert "\n" not in str(refusal.value)


def test_a_run_of_an_older_version_is_not_resumed(older, tmp_path, capsys):
    before = contents(older)
    assert run(tmp_path, "--resume") == 2
    error = capsys.readouterr().err
    assert f"cannot resume {older}: its study is " in error
    assert error.count("\n") == 1
    assert contents(older) == before


@pytest.mark.usefixtures("_no_figures")
def test_a_run_ends_with_a_table_and_the_paths(tmp_path, capsys):
    assert main([STUDY, "--budget", "60", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "EDAP relative to the best known" in shown
    assert str(tmp_path / STUDY / "seed-1" / "front.csv") in shown


def test_the_list_names_every_study(capsys):
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.startswith(f"{STUDY}: 12,096,000 designs")


ERRORS = {
    "which study? known: four_workload_rram": [],
    "unknown study 'four_workloads_rram'; did you mean 'four_workload_rram'?": [
        "four_workloads_rram"
    ],
    "unknown study 'x'; known: four_workload_rram": ["x"],
    "unknown criterion 'best'; known: edap_max": [STUDY, "--criterion", "best"],
    "--budget: must be at least 1, got 0": [STUDY, "--budget", "0"],
    "--budget: 'many' is not a whole number": [STUDY, "--budget", "many"],
    "--seed: must be at least 0, got -1": [STUDY, "--seed", "-1"],
    "--seeds: must be at least 5, got 3": [STUDY, "--seeds", "5-3"],
    "--seeds: a seed is listed twice in '1,2,1'": [STUDY, "--seeds", "1,2,1"],
    "--seeds: '' is not a whole number": [STUDY, "--seeds", "1,,2"],
    "not allowed with argument": [STUDY, "--seeds", "1-3", "--seed", "1"],
    "unrecognized arguments: --speed": [STUDY, "--speed"],
    "a-file/": [STUDY, "--out", "a-file/results"],
    "/proc/": [STUDY, "--out", "/proc/results"],
}


@pytest.mark.parametrize(("message", "arguments"), ERRORS.items(), ids=list(ERRORS))
def test_errors_are_one_clear_line(tmp_path, monkeypatch, capsys, message, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").write_text("")
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    error = capsys.readouterr().err
    assert code == 2
    assert message in error
    assert error.startswith("experiments.run: error: ")
    assert error.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a-file"]


def test_a_terminal_without_the_signs_shows_a_run_all_the_same(tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "experiments.run", STUDY, "--budget", "40", "--no-baselines"]
    command += ["--out", str(tmp_path)]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "mm?" in ended.stdout


@pytest.mark.parametrize("given", ["1-1000000000", f"1-{10**20}", "1-400,1000-1200"])
def test_more_seeds_than_anybody_means_are_refused(given, capsys):
    with pytest.raises(SystemExit) as ended:
        main([STUDY, "--seeds", given])
    assert ended.value.code == 2
    assert "is more than 500 seeds" in capsys.readouterr().err
