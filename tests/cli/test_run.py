"""`python -m experiments.run`: the same bytes every time, whatever happens on the way."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from functools import partial
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest

from experiments.run import main
from imcmoo.answers.results import Results
from imcmoo.report.figures import draw_figures
from imcmoo.search import algorithm
from imcmoo.search.algorithm import run_search
from imcmoo.search.mating import FeasibleMating
from imcmoo.study.catalogue import shipped_names
from problems import RRAM
from tests import ROOT
from tests.cli.helpers import (
    INTERRUPT,
    contents,
    cut_checksums,
    refused,
    run_without_figures,
    write_study,
)
from tests.reliability.drawn import killing_at

STUDY = "four_workload_rram"
WORKLOADS = ("resnet18", "vgg16", "alexnet", "mobilenet_v3")
BUDGET = 400
ARGUMENTS = [STUDY, "--budget", str(BUDGET)]


def run(out, *extra):
    return main([*ARGUMENTS, "--out", str(out), "--quiet", *extra])


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of a complete run; only to be read."""
    out = tmp_path_factory.mktemp("finished")
    assert run(out) == 0
    return out / STUDY / "seed-1"


def tables(folder):
    """Every file but the figures, which take most of a short run's time."""
    return {n: c for n, c in contents(folder).items() if not n.startswith("figures/")}


@pytest.fixture
def home(finished, tmp_path):
    """A copy of the complete run, where a run into `tmp_path` puts its files."""
    shutil.copytree(finished, tmp_path / STUDY / "seed-1")
    return tmp_path / STUDY / "seed-1"


def test_a_run_leaves_all_its_files_and_nothing_else(finished):
    figures = [
        f"figures/{name}.png"
        for name in ("baselines", "breakdown", "convergence", "joint_sequential", "trade_off")
    ]
    names = ("baselines", "breakdown", "convergence", "evaluations", "front", "selection", "trace")
    tables = [f"{name}.csv" for name in names]
    states = [f".checkpoints/{name}.checkpoint" for name in ("joint", *WORKLOADS)]
    others = ["SHA256SUMS", "answer.json", "config.json", "design.json", "explain.json"]
    others.append("study.toml")
    assert sorted(contents(finished)) == sorted([*others, *tables, *figures, *states])


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(finished, tmp_path):
    assert run(tmp_path, "--resume") == 0  # there is nothing to resume
    assert tables(tmp_path / STUDY / "seed-1") == tables(finished)
    assert run(tmp_path, "--seed", "2", "--no-baselines", "--force") == 0
    other = contents(tmp_path / STUDY / "seed-2")
    assert other["evaluations.csv"] != contents(finished)["evaluations.csv"]
    assert "baselines.csv" not in other


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


def test_baselines_trace_and_config_are_of_this_run(finished):
    baselines = pd.read_csv(finished / "baselines.csv")
    assert baselines["optimised_for"].tolist() == ["joint", *WORKLOADS]
    relative = baselines[[f"relative_edap_{w}" for w in WORKLOADS]].to_numpy()
    assert np.nanmin(relative) >= 1 - 1e-12
    assert np.isfinite(relative[0]).all()
    trace = pd.read_csv(finished / "trace.csv")
    assert trace["search"].unique().tolist() == ["joint", *WORKLOADS]
    assert (trace.groupby("search")["evaluations"].max() == BUDGET).all()
    config = json.loads((finished / "config.json").read_text())
    assert config["command"].startswith(f"imcmoo run {STUDY} --seed 1 --budget")
    assert {"python", "numpy", "pymoo", "imcmoo"} <= set(config["stamp"]["versions"])
    assert config["workloads"] == list(WORKLOADS)


def killed(out, before):
    """A run that is killed by what is patched `before`."""
    code = f"{before}\nfrom experiments.run import main\nmain()"
    command = [sys.executable, "-c", code, *ARGUMENTS, "--out", out, "--quiet"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL


KILLED_AFTER_A_CHECKPOINT = """
import os, signal
from imcmoo.search.algorithm import Search
def save_and_die(self, path, save=Search.save):
    save(self, path)
    os.kill(os.getpid(), signal.SIGKILL)
Search.save = save_and_die
"""


@pytest.fixture
def initial(monkeypatch):
    """Grows with each search of this process that draws its initial designs."""
    drawn = Mock(side_effect=algorithm.draw_diverse)
    monkeypatch.setattr(algorithm, "draw_diverse", drawn)
    return drawn.mock_calls


def test_killed_in_mid_search_and_resumed(finished, tmp_path, initial):
    killed(tmp_path, KILLED_AFTER_A_CHECKPOINT)
    assert run(tmp_path, "--resume") == 0
    assert len(initial) == len(WORKLOADS)  # the joint search goes on with those of its checkpoint
    assert tables(tmp_path / STUDY / "seed-1") == tables(finished)


def one_quick_figure(_, folder):
    """Stands for all figures of a run."""
    (folder / "one.png").write_bytes(b"a figure")


ONE_QUICK_FIGURE = """
import imcmoo.run
from tests.cli.test_run import one_quick_figure
imcmoo.report.figures.draw_figures = one_quick_figure
"""


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "name",
    ["figures", *(pytest.param(n, marks=pytest.mark.slow) for n in ("front.csv", "config.json"))],
)
def test_killed_while_files_are_moved_to_their_place_and_resumed(
    finished, tmp_path, monkeypatch, name
):
    """Moments a clock would hardly hit; an older run's files are there already."""
    home = tmp_path / STUDY / "seed-1"
    (home / "front.csv").write_text("old\n")
    killed(tmp_path, f"{ONE_QUICK_FIGURE}{killing_at(f'seed-1/{name}')}")
    assert not (home / "config.json").exists()
    monkeypatch.setattr("imcmoo.report.figures.draw_figures", one_quick_figure)
    assert run(tmp_path, "--resume") == 0
    assert contents(home) == tables(finished) | {"figures/one.png": b"a figure"}


def test_ctrl_c_is_one_line_and_can_be_resumed(finished, tmp_path, capsys, monkeypatch, initial):
    made, offspring = [], FeasibleMating.offspring

    def interrupt_third(self, *arguments, **options):
        made.append(arguments)
        if len(made) == 3:
            raise KeyboardInterrupt
        return offspring(self, *arguments, **options)

    monkeypatch.setattr("imcmoo.solve.searches.run_search", partial(run_search, save_every_s=0))
    for place, replacement, more in (
        ("imcmoo.search.mating.FeasibleMating.offspring", interrupt_third, []),
        ("imcmoo.report.figures.draw_figures", INTERRUPT, ["--resume"]),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, replacement)
            assert run(tmp_path, *more) == 130
        assert capsys.readouterr().err == (
            "experiments.run: interrupted; the same command with --resume continues, or begins if "
            "nothing was stored yet\n"
        )
    assert len(initial) == 1 + len(WORKLOADS)  # once for each search
    # What is finished is not done again.
    monkeypatch.setattr("imcmoo.search.algorithm.draw_diverse", INTERRUPT)
    monkeypatch.setattr("imcmoo.search.mating.FeasibleMating.offspring", INTERRUPT)
    monkeypatch.setattr("imcmoo.report.figures.draw_figures", lambda *_: None)
    assert run(tmp_path, "--resume") == 0
    assert tables(tmp_path / STUDY / "seed-1") == tables(finished)


def test_a_finished_run_is_extended_to_a_larger_budget(home, finished, tmp_path, monkeypatch):
    monkeypatch.setattr("imcmoo.report.figures.draw_figures", lambda *_: None)
    larger = ["--budget", "500"]
    assert run(tmp_path / "whole", *larger) == 0
    monkeypatch.setattr("imcmoo.search.algorithm.draw_diverse", INTERRUPT)  # not begun again
    assert run(tmp_path, "--resume", *larger) == 0
    assert tables(home) == tables(tmp_path / "whole" / STUDY / "seed-1")
    assert run(tmp_path, "--resume") == 2  # a smaller budget is another run
    assert tables(home)["front.csv"] != tables(finished)["front.csv"]


def test_resuming_a_finished_run_changes_nothing(home, tmp_path):
    before = {p: p.stat().st_mtime_ns for p in home.rglob("*")}
    assert run(tmp_path, "--resume") == 0
    assert {p: p.stat().st_mtime_ns for p in home.rglob("*")} == before


def test_several_seeds_end_with_a_summary_whatever_the_number_of_processes(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("imcmoo.run.run_one", run_without_figures)
    short = [write_study(tmp_path, 2), "--budget", "12", "--seeds", "1,7"]
    for workers in ("1", "2"):
        assert main([*short, "--workers", workers, "--out", str(tmp_path / workers)]) == 0
        assert "over 2 seeds" in capsys.readouterr().out
    one, two = (contents(tmp_path / workers / "many") for workers in ("1", "2"))
    assert one == two
    assert pd.read_csv(tmp_path / "1" / "many" / "seeds.csv")["seed"].tolist() == [1, 7]
    assert main([*short, "--resume", "--quiet", "--out", str(tmp_path / "1")]) == 0
    assert contents(tmp_path / "1" / "many") == one


def test_a_second_command_in_a_folder_ends_at_once_and_breaks_nothing(
    finished, tmp_path, capsys, monkeypatch
):
    """The first is in the middle of its run."""
    home, lines = tmp_path / STUDY / "seed-1", []

    def run_again(*_):
        monkeypatch.setattr("imcmoo.run.run_one", lambda *_: pytest.fail("it has begun"))
        for more in ([], ["--resume"]):
            lines.append(refused(capsys, *ARGUMENTS, "--out", tmp_path, *more, call=main))

    monkeypatch.setattr("imcmoo.report.figures.draw_figures", run_again)
    assert run(tmp_path) == 0
    assert len(lines) == 2
    for line in lines:
        assert f"{home} is in use by process {os.getpid()} on {socket.gethostname()}" in line
    assert tables(home) == tables(finished)


def test_a_new_run_replaces_the_files_of_the_old_one_and_no_others(home, tmp_path):
    """A link in the place of its figures is replaced, too, and not followed."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.png").write_text("precious")
    before = contents(home)
    shutil.rmtree(home / "figures")
    (home / "figures").symlink_to(elsewhere)
    (home / "notes.txt").write_text("mine")
    assert run(tmp_path, "--no-baselines", "--budget", "60", "--force") == 0
    left = contents(home)
    assert left.pop("notes.txt") == b"mine"
    assert "baselines.csv" not in left
    assert not {name for name in left if left[name] == before.get(name)}
    assert not (home / "figures").is_symlink()
    assert [p.name for p in elsewhere.iterdir()] == ["mine.png"]


def test_figures_follow_from_a_results_folder_alone(finished, tmp_path):
    copied = tmp_path / "elsewhere"
    shutil.copytree(finished, copied, ignore=shutil.ignore_patterns("figures"))
    (copied / "figures").mkdir()
    draw_figures(Results.read(copied), copied / "figures")
    assert contents(copied) == contents(finished)


def _make_older(home):
    """Make it a run of version 0.1, which wrote no stamp and `problem` instead of `study`."""
    config = json.loads((home / "config.json").read_text(encoding="utf-8"))
    config["problem"] = config.pop("study")
    config["versions"] = config.pop("stamp")["versions"] | {"imcmoo": "0.1.0"}
    (home / "config.json").write_text(json.dumps(config), encoding="utf-8")


def stating(**changes):
    """Changes keys of the config of a run."""

    def change(home):
        path = home / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")

    return change


def _with_older_numpy(home):
    stamp = json.loads((home / "config.json").read_text("utf-8"))["stamp"]
    stating(stamp={**stamp, "versions": {**stamp["versions"], "numpy": "1.0"}})(home)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda _: None, ["--budget", "101"], "it is of other settings: budget 400 (here 101);"),
        (cut_checksums, [], "SHA256SUMS is damaged"),
        (stating(weight_clip=0.5), [], "it is of other settings: weight_clip 0.5 (here null);"),
        (_with_older_numpy, [], 'libraries): numpy "1.0" (here "'),
        (_make_older, [], "it is of an older version of imcmoo than "),
    ],
    ids=["other budget", "checksums lost a line", "a key more", "older numpy", "older version"],
)
def test_resume_refuses_another_or_damaged_run(home, tmp_path, capsys, change, options, message):
    change(home)
    before = contents(home)
    line = refused(capsys, *ARGUMENTS, "--out", tmp_path, "--resume", *options, call=main)
    assert message in line
    assert contents(home) == before


def test_a_run_ends_with_a_table_and_the_paths(tmp_path, capsys):
    assert main([STUDY, "--budget", "60", "--all", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "5 searches of 60 designs out of 12,096,000, about " in shown
    assert "EDAP relative to the best found of each network" in shown
    assert str(tmp_path / STUDY / "seed-1" / "front.csv") in shown


def test_the_list_names_every_study(capsys):
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines if line[0] != " "] == shipped_names()
    assert any(line.startswith(f"{STUDY}: 12,096,000 designs") for line in lines)


ERRORS = {
    "which study? known: four_workload_dimc_physical, four_workload_rram": [],
    "unknown study 'four_workloads_rram'; did you mean 'four_workload_rram' or 'four_work": [
        "four_workloads_rram"
    ],
    "unknown criterion 'best'; known: edap_max": [STUDY, "--criterion", "best"],
    "--budget: must be at least 1, got 0": [STUDY, "--budget", "0"],
    "--budget: 'many' is not a whole number": [STUDY, "--budget", "many"],
    "--seed: must be at least 0, got -1": [STUDY, "--seed", "-1"],
    "--seeds: must be at least 5, got 3": [STUDY, "--seeds", "5-3"],
    "--seeds: a seed is listed twice in '1,2,1'": [STUDY, "--seeds", "1,2,1"],
    "--seeds: '' is not a whole number": [STUDY, "--seeds", "1,,2"],
    "not allowed with argument": [STUDY, "--seeds", "1-3", "--seed", "1"],
    "a-file/": [STUDY, "--out", "a-file/results"],
    "/proc/": [STUDY, "--out", "/proc/results"],
    "'1-1000000000' is more than 500 seeds": [STUDY, "--seeds", "1-1000000000"],
    "'1-400,1000-1200' is more than 500 seeds": [STUDY, "--seeds", "1-400,1000-1200"],
}


@pytest.mark.parametrize(("message", "arguments"), ERRORS.items(), ids=list(ERRORS))
def test_errors_are_one_clear_line(tmp_path, monkeypatch, capsys, message, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").write_text("")
    line = refused(capsys, *arguments, call=main)
    assert message in line
    assert line.startswith("experiments.run: error: ")
    assert [p.name for p in tmp_path.iterdir()] == ["a-file"]
