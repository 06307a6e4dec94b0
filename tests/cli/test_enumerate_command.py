"""`python -m imcmoo enumerate`: the exact answer in files, the same bytes whatever happens."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import imcmoo.__main__
from imcmoo.exact import answer as exact
from imcmoo.exact import enumeration as exhaustive
from imcmoo.exact.enumeration import scores
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.problem import AcceleratorProblem
from problems.build import build
from tests.exact.test_enumeration import exact_of
from tests.model.reference import scalar_energy as plain

ROOT = Path(__file__).parents[2]
STUDY = "four_workload_rram"
FILES = ["front.csv", "optima.csv", "summary.json"]
LIMIT_MM2 = 250
PART = 8
"""Bodies in a part: the few chips make more than ten."""


def build_few(name, area_limit_m2, deployment, scaling):
    """Stands in for `problems.build.build`: any study is of few chips and small networks."""
    assert name == STUDY
    evaluator = Evaluator(
        plain.RRAM_FEW,
        WorkloadSet(plain.RESIDENT),
        ComponentTable.load(scaling=scaling),
        deployment=deployment,
    )
    limit = LIMIT_MM2 * 1e-6 if area_limit_m2 is None else area_limit_m2
    return AcceleratorProblem(evaluator, area_limit_m2=limit), evaluator


@pytest.fixture
def _few(monkeypatch):
    monkeypatch.setattr(imcmoo.__main__, "build", build_few)
    monkeypatch.setattr(exhaustive, "BODIES_AT_ONCE", PART)


def run(out, *extra, processes=1):
    options = ["--out", str(out), "--processes", str(processes)]
    return imcmoo.__main__.main(["enumerate", STUDY, *options, *extra])


def start(out, *extra, before="", processes=1):
    """The same run of few chips in a process of its own, which can be killed."""
    code = f"""
import imcmoo.__main__
from imcmoo.exact import enumeration as exhaustive
from tests.cli.test_enumerate_command import PART, build_few
imcmoo.__main__.build = build_few
exhaustive.BODIES_AT_ONCE = PART
{before}
raise SystemExit(imcmoo.__main__.main())
"""
    options = ["--out", str(out), "--processes", str(processes), "--quiet", *extra]
    command = [sys.executable, "-c", code, "enumerate", STUDY, *options]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def contents(folder):
    """Every file below a folder, hidden ones too, with its bytes."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """What an uninterrupted run leaves; only to be read."""
    out = tmp_path_factory.mktemp("complete") / "few"
    process = start(out)
    assert process.communicate()[1] == ""
    assert process.returncode == 0
    return contents(out)


# The study itself.


def test_the_main_study_has_no_better_design_than_the_answer_says(tmp_path, capsys):
    """All twelve million, against random ones."""
    assert run(tmp_path, processes=2) == 0
    shown = capsys.readouterr().out
    assert sorted(contents(tmp_path)) == FILES
    summary = exact.read_summary(tmp_path)
    assert summary["designs"] == 12_096_000
    assert f"12,096,000 designs, {summary['feasible_designs']:,} feasible" in shown
    problem, evaluator = build(STUDY)
    answer = exact.load(tmp_path, problem, exact.fingerprint(problem, evaluator))
    n = 100_000
    levels = problem.space.random(n, np.random.default_rng(0))
    levels = levels[problem.screened_violation(levels) <= 0]
    F, G = problem.evaluate(levels, return_values_of=["F", "G"])
    F = F[(G <= 0).all(axis=1)]
    expected = n * summary["feasible_designs"] / summary["designs"]
    assert len(F) == pytest.approx(expected, abs=4 * expected**0.5)
    for name, values in scores(problem, F).items():
        assert answer.optima[name].value <= values.min() * (1 + 1e-12), name
    for point in F:
        # Areas are read back in other units.
        assert (answer.front <= point * (1 + 1e-12)).all(axis=1).any()


# A few chips.


@pytest.mark.usefixtures("_few")
def test_the_files_hold_the_exact_answer(tmp_path):
    assert run(tmp_path) == 0
    assert sorted(contents(tmp_path)) == FILES
    problem, evaluator = build_few(STUDY, None, "alone", "reference")
    answer = exact.load(tmp_path, problem, exact.fingerprint(problem, evaluator))
    original = exact_of("rram")
    assert answer.n_feasible == original.n_feasible
    assert list(answer.optima) == list(original.optima)
    for name, optimum in original.optima.items():
        assert answer.optima[name].value == pytest.approx(optimum.value, rel=1e-15, abs=0)
        np.testing.assert_array_equal(answer.optima[name].ranks, optimum.ranks)
    np.testing.assert_array_equal(answer.ranks, original.ranks)
    np.testing.assert_array_equal(answer.designs, original.designs)


@pytest.mark.usefixtures("_few")
def test_what_is_printed_is_what_is_written(tmp_path, capsys):
    assert run(tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    summary = exact.read_summary(tmp_path)
    assert lines[0].startswith(
        f"512 designs, {summary['feasible_designs']} feasible, "
        f"{summary['front_points']} points on the front, "
    )
    assert lines[-1] == f"written: {tmp_path}"
    expected = set()
    for name, optimum in summary["optima"].items():
        ties = f" ({optimum['designs']} designs)" if optimum["designs"] > 1 else ""
        expected.add(f"  {name}: {optimum['value']:.6g}{ties}")
    assert set(lines[1:-1]) == expected
    assert len(pd.read_csv(tmp_path / "front.csv")) == summary["front_points"]


@pytest.mark.usefixtures("_few")
def test_quiet_says_nothing(tmp_path, capsys):
    assert run(tmp_path, "--quiet") == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("processes", [1, 2])
def test_the_number_of_processes_and_a_second_run_change_no_byte(complete, tmp_path, processes):
    assert run(tmp_path, processes=processes) == 0
    assert contents(tmp_path) == complete
    assert run(tmp_path, processes=processes) == 0
    assert contents(tmp_path) == complete


@pytest.mark.usefixtures("_few")
def test_the_answer_goes_among_the_results_if_nothing_else_is_said(complete, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert imcmoo.__main__.main(["enumerate", STUDY, "--processes", "1", "--quiet"]) == 0
    assert contents(tmp_path / "results" / "exact" / STUDY) == complete


@pytest.mark.usefixtures("_few")
def test_options_reach_the_problem(tmp_path):
    options = ["--deployment", "together", "--scaling", "current", "--area-limit", "200.5"]
    assert run(tmp_path, *options) == 0
    problem, evaluator = build_few(STUDY, 200.5e-6, "together", "current")
    summary = exact.read_summary(tmp_path)
    assert summary["fingerprint"] == exact.fingerprint(problem, evaluator)
    assert {n: summary[n] for n in ("study", "area_limit_mm2", "deployment", "scaling")} == {
        "study": STUDY,
        "area_limit_mm2": pytest.approx(200.5),
        "deployment": "together",
        "scaling": "current",
    }


@pytest.mark.usefixtures("_few")
def test_other_files_in_the_folder_stay(complete, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    assert run(tmp_path) == 0
    assert contents(tmp_path) == complete | {"notes.txt": b"mine"}


# Interrupted.

KILLED_AFTER_PARTS = """
import os, pathlib, signal
def replace(self, target, original=pathlib.Path.replace, moved=[]):
    result = original(self, target)
    moved += [target] * (target.suffix == ".npz")
    if len(moved) == {parts}:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
pathlib.Path.replace = replace
"""

KILLED_BEFORE_MOVING = """
import os, pathlib, signal
def replace(self, target, original=pathlib.Path.replace):
    if target.name == "{name}":
        os.kill(os.getpid(), signal.SIGKILL)
    return original(self, target)
pathlib.Path.replace = replace
"""


def killed(out, before, *extra, processes=1):
    """Run until what is patched `before` kills the process."""
    process = start(out, *extra, before=before, processes=processes)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (out / "summary.json").exists()


@pytest.fixture
def surveyed(monkeypatch):
    """The number of bodies in each survey of this process."""
    sizes = []
    original = exhaustive.survey

    def survey(problem, bodies, alone=None):
        sizes.append(len(bodies))
        return original(problem, bodies, alone)

    monkeypatch.setattr(exhaustive, "survey", survey)
    return sizes


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("processes", [1, 2])
def test_killed_after_some_parts_and_run_again(complete, tmp_path, processes, surveyed):
    killed(tmp_path, KILLED_AFTER_PARTS.format(parts=3), processes=processes)
    assert run(tmp_path) == 0
    assert contents(tmp_path) == complete
    # Parts that were kept are not worked on again.
    resumed = len(surveyed)
    surveyed.clear()
    assert run(tmp_path) == 0
    assert resumed == len(surveyed) - 3 > 0


@pytest.mark.usefixtures("_few")
def test_killed_at_a_random_moment_and_run_again(complete, tmp_path):
    """At another moment every time the test runs."""
    process = start(tmp_path)
    time.sleep(random.random() * 1.5)
    process.kill()
    process.communicate()
    assert run(tmp_path) == 0
    assert {n: b for n, b in contents(tmp_path).items() if n in FILES} == complete


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("name", FILES)
def test_killed_while_files_are_moved_to_their_place_and_run_again(
    complete, tmp_path, name, surveyed
):
    """Where an older answer stood."""
    assert run(tmp_path, "--area-limit", "200") == 0
    surveyed.clear()
    killed(tmp_path, KILLED_BEFORE_MOVING.format(name=name))
    assert run(tmp_path) == 0
    assert surveyed == []
    assert {n: b for n, b in contents(tmp_path).items() if n in FILES} == complete


@pytest.mark.usefixtures("_few")
def test_what_a_kill_leaves_of_a_file_is_cleared_away(complete, tmp_path):
    killed(tmp_path, KILLED_BEFORE_MOVING.format(name="front.csv"))
    assert run(tmp_path) == 0
    assert sorted(contents(tmp_path)) == FILES


@pytest.mark.usefixtures("_few")
def test_parts_of_another_problem_are_not_taken(complete, tmp_path):
    killed(tmp_path, KILLED_AFTER_PARTS.format(parts=3), "--area-limit", "200")
    assert run(tmp_path) == 0
    assert contents(tmp_path) == complete


@pytest.mark.usefixtures("_few")
def test_parts_of_another_length_are_not_taken(complete, tmp_path, monkeypatch):
    """As after an update of the program."""
    killed(tmp_path, KILLED_AFTER_PARTS.format(parts=3))
    monkeypatch.setattr(exhaustive, "BODIES_AT_ONCE", 2 * PART)
    assert run(tmp_path) == 0
    assert contents(tmp_path) == complete


@pytest.mark.usefixtures("_few")
def test_ctrl_c_is_one_line_and_the_same_command_continues(
    complete, tmp_path, monkeypatch, capsys, surveyed
):
    counted = exhaustive.survey

    def interrupt(problem, bodies, alone=None):
        if len(surveyed) == 2:
            raise KeyboardInterrupt
        return counted(problem, bodies, alone)

    with monkeypatch.context() as patch:
        patch.setattr(exhaustive, "survey", interrupt)
        assert run(tmp_path, "--quiet") == 130
    assert capsys.readouterr().err == "imcmoo: interrupted; the same command continues\n"
    assert run(tmp_path) == 0
    assert contents(tmp_path) == complete


@pytest.mark.usefixtures("_few")
def test_a_defect_is_not_hidden_and_leaves_the_old_answer(complete, tmp_path, monkeypatch):
    assert run(tmp_path) == 0
    with monkeypatch.context() as patch:
        patch.setattr(exhaustive, "survey", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(tmp_path)
    assert {n: b for n, b in contents(tmp_path).items() if n in FILES} == complete


# Errors.

ERRORS = {
    "unknown study": (["four_workloads_rram"], "'four_workloads_rram'"),
    "no study": ([], "STUDY"),
    "area of nothing": ([STUDY, "--area-limit", "0"], "--area-limit: must be positive, got 0"),
    "negative area": ([STUDY, "--area-limit", "-5"], "--area-limit: must be positive, got -5"),
    "endless area": ([STUDY, "--area-limit", "inf"], "--area-limit: must be positive, got inf"),
    "area NaN": ([STUDY, "--area-limit", "nan"], "--area-limit: must be positive, got nan"),
    "area no number": ([STUDY, "--area-limit", "big"], "--area-limit: 'big' is not a number"),
    "vanishing area": ([STUDY, "--area-limit", "1e-320"], "1e-320"),
    "area too small for any": (
        [STUDY, "--area-limit", "3.5"],
        "no design of space few_rram is feasible within 3.5 mm²: relax the area limit",
    ),
    "area too small for all": ([STUDY, "--area-limit", "8"], "is feasible within 8 mm²"),
    "no process": (
        [STUDY, "--processes", "0"],
        "--processes: must be a whole number from 1 on, got '0'",
    ),
    "negative processes": (
        [STUDY, "--processes", "-1"],
        "--processes: must be a whole number from 1 on, got '-1'",
    ),
    "processes no number": ([STUDY, "--processes", "two"], "--processes: "),
    "half a process": ([STUDY, "--processes", "1.5"], "--processes: "),
    "unknown deployment": ([STUDY, "--deployment", "apart"], "--deployment: "),
    "unknown scaling": ([STUDY, "--scaling", "old"], "--scaling: "),
    "out is a file": ([STUDY, "--out", "a-file"], "a-file"),
    "out is below a file": ([STUDY, "--out", "a-file/results"], "a-file/"),
    "out cannot be made": ([STUDY, "--out", "/proc/results"], "/proc/"),
}


def in_vain(arguments, capsys):
    """Standard error of a run that ends with exit code 2."""
    if "--out" not in arguments:
        arguments = [*arguments, "--out", "out"]
    if "--processes" not in arguments:
        arguments = [*arguments, "--processes", "1"]
    try:
        code = imcmoo.__main__.main(["enumerate", *arguments])
    except SystemExit as stop:
        code = stop.code
    shown = capsys.readouterr()
    assert code == 2
    assert shown.out == ""
    return shown.err


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_one_clear_line(error, tmp_path, monkeypatch, capsys):
    arguments, message = ERRORS[error]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").write_text("")
    line = in_vain(arguments, capsys)
    assert message in line
    assert line.startswith(("imcmoo: error: ", "imcmoo enumerate: error: "))
    assert line.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a-file"]


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("limit", ["3.5", "8"])
def test_a_limit_below_every_chip_is_one_line_if_no_progress_is_shown(
    limit, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    line = in_vain([STUDY, "--area-limit", limit, "--quiet"], capsys)
    assert line == (
        f"imcmoo: error: no design of space few_rram is feasible within {limit} mm²: "
        "relax the area limit\n"
    )
    assert not list(tmp_path.rglob("*.csv"))
