"""`python -m imcmoo enumerate`: the exact answer in files, the same bytes whatever happens."""

import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imcmoo.cli import catalogue
from imcmoo.cli.main import main
from imcmoo.exact import answer as exact
from imcmoo.exact import enumeration
from imcmoo.exact.enumeration import Enumeration, scores
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.identity import identity
from imcmoo.study import enumerate_study as surveying
from imcmoo.study.study import Study
from problems import STUDIES
from tests.exact.test_enumeration import designs_of, exact_of
from tests.model.reference import scalar_energy as plain

ROOT = Path(__file__).parents[2]
STUDY = "four_workload_rram"
ANSWER = Path("exact") / STUDY
"""Where the answer is among the results."""
NAMES = ["front.csv", "optima.csv", "summary.json"]
FILES = [str(ANSWER / name) for name in NAMES]
PART = 32
"""Designs in a part, which makes eight bodies: the few chips make more than ten parts."""


def few_chips(space, workloads, *, deployment):
    """A cost model by its name: the paper's, of small networks whatever is asked for."""
    return Evaluator(space, WorkloadSet(plain.RESIDENT), deployment=deployment)


FEW = Study(
    STUDY, plain.RRAM_FEW, ("alexnet",), area_limit_m2=250e-6, model=f"{__name__}:few_chips"
)
"""Stands in for the study of this name."""


def only_few(patch):
    """Let the command know this study and no other, in small parts."""
    patch(catalogue, "studies", lambda: {STUDY: FEW})
    in_parts_of(PART, patch)


def in_parts_of(n_designs, patch):
    for module in (enumeration, surveying):
        patch(module, "DESIGNS_AT_ONCE", n_designs)


@pytest.fixture
def _few(monkeypatch):
    only_few(monkeypatch.setattr)


def run(out, *extra, workers=1):
    return main(["enumerate", STUDY, "--out", str(out), "--workers", str(workers), *extra])


def start(out, *extra, before="", workers=1):
    """The same run of few chips in a process of its own, which can be killed."""
    code = f"""
from imcmoo.cli.main import main
from tests.cli.test_enumerate_command import only_few
only_few(setattr)
{before}
raise SystemExit(main())
"""
    options = ["--out", str(out), "--workers", str(workers), "--quiet", *extra]
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
    assert run(tmp_path, workers=2) == 0
    shown = capsys.readouterr().out
    assert sorted(contents(tmp_path)) == FILES
    summary = exact.read_summary(tmp_path / ANSWER)
    assert summary["designs"] == 12_096_000
    assert f"12,096,000 designs, {summary['feasible_designs']:,} feasible" in shown
    problem = STUDIES[STUDY].problem()
    answer = exact.load(tmp_path / ANSWER, problem, identity(problem))
    n = 100_000
    levels = problem.space.random(n, np.random.default_rng(0))
    levels = levels[problem.feasibility.screened(levels) <= 0]
    F, G = problem.evaluate(levels, return_values_of=["F", "G"])
    F = F[(G <= 0).all(axis=1)]
    expected = n * summary["feasible_designs"] / summary["designs"]
    assert len(F) == pytest.approx(expected, abs=4 * expected**0.5)
    for name, values in scores(problem, problem.costs(F)).items():
        assert answer.optima[name].value <= values.min() * (1 + 1e-12), name
    for point in F:
        # Areas are read back in other units.
        assert (answer.front <= point * (1 + 1e-12)).all(axis=1).any()


# A few chips.


@pytest.mark.usefixtures("_few")
def test_the_files_hold_the_exact_answer(tmp_path):
    assert run(tmp_path) == 0
    assert sorted(contents(tmp_path)) == FILES
    problem = FEW.problem()
    answer = exact.load(tmp_path / ANSWER, problem, identity(problem))
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
    summary = exact.read_summary(tmp_path / ANSWER)
    assert lines[0] == f"{STUDY}: 512 designs"
    assert re.fullmatch(r"about \d+ s to go", lines[1])
    assert lines[2].startswith(
        f"512 designs, {summary['feasible_designs']} feasible, "
        f"{summary['front_points']} points on the front, "
    )
    assert lines[-1] == f"written: {tmp_path / ANSWER}"
    expected = set()
    for name, optimum in summary["optima"].items():
        ties = f" ({optimum['designs']} designs)" if optimum["designs"] > 1 else ""
        expected.add(f"  {name}: {optimum['value']:.6g}{ties}")
    assert set(lines[3:-1]) == expected
    assert len(pd.read_csv(tmp_path / ANSWER / "front.csv")) == summary["front_points"]


@pytest.mark.usefixtures("_few")
def test_quiet_says_nothing(tmp_path, capsys):
    assert run(tmp_path, "--quiet") == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("workers", [1, 2])
def test_the_number_of_workers_and_a_second_run_change_no_byte(complete, tmp_path, workers):
    assert run(tmp_path, workers=workers) == 0
    assert contents(tmp_path) == complete
    assert run(tmp_path, workers=workers) == 0
    assert contents(tmp_path) == complete


@pytest.mark.usefixtures("_few")
def test_the_answer_goes_among_the_results_if_nothing_else_is_said(complete, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["enumerate", STUDY, "--workers", "1", "--quiet"]) == 0
    assert contents(tmp_path / "results") == complete


@pytest.mark.usefixtures("_few")
def test_options_reach_the_problem(tmp_path):
    options = ["--deployment", "together", "--area-limit", "200.5"]
    assert run(tmp_path, *options) == 0
    asked = replace(FEW, area_limit_m2=200.5e-6, deployment="together")
    summary = exact.read_summary(tmp_path / ANSWER)
    assert summary["identity"] == identity(asked.problem())
    assert {n: summary[n] for n in ("study", "area_limit_mm2", "deployment")} == {
        "study": STUDY,
        "area_limit_mm2": pytest.approx(200.5),
        "deployment": "together",
    }


@pytest.mark.usefixtures("_few")
def test_other_files_in_the_folder_stay(complete, tmp_path):
    notes = tmp_path / ANSWER / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    assert run(tmp_path) == 0
    assert contents(tmp_path) == complete | {str(ANSWER / notes.name): b"mine"}


# Interrupted.

KILLED_AFTER_PARTS = """
import os, pathlib, signal
def replace(self, target, original=pathlib.Path.replace, moved=[]):
    result = original(self, target)
    moved += [target] * (target.suffix == ".part")
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


def killed(out, before, *extra, workers=1):
    """Run until what is patched `before` kills the process."""
    process = start(out, *extra, before=before, workers=workers)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (out / ANSWER / "summary.json").exists()


@pytest.fixture
def surveyed(monkeypatch):
    """The number of bodies in each survey of this process."""
    sizes = []
    original = Enumeration.evaluate_chunk

    def survey(self, bodies):
        sizes.append(len(bodies))
        return original(self, bodies)

    monkeypatch.setattr(Enumeration, "survey", survey)
    return sizes


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_after_some_parts_and_run_again(complete, tmp_path, workers, surveyed):
    killed(tmp_path, KILLED_AFTER_PARTS.format(parts=3), workers=workers)
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
@pytest.mark.parametrize("name", NAMES)
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
    in_parts_of(2 * PART, monkeypatch.setattr)
    assert run(tmp_path) == 0
    assert contents(tmp_path) == complete


@pytest.mark.usefixtures("_few")
def test_ctrl_c_is_one_line_and_the_same_command_continues(
    complete, tmp_path, monkeypatch, capsys, surveyed
):
    counted = Enumeration.evaluate_chunk

    def interrupt(self, bodies):
        if len(surveyed) == 2:
            raise KeyboardInterrupt
        return counted(self, bodies)

    with monkeypatch.context() as patch:
        patch.setattr(Enumeration, "survey", interrupt)
        assert run(tmp_path, "--quiet") == 130
    assert capsys.readouterr().err == "imcmoo: interrupted; the same command continues\n"
    assert run(tmp_path) == 0
    assert contents(tmp_path) == complete


@pytest.mark.usefixtures("_few")
def test_a_defect_is_not_hidden_and_leaves_the_old_answer(complete, tmp_path, monkeypatch):
    assert run(tmp_path) == 0
    with monkeypatch.context() as patch:
        patch.setattr("imcmoo.exact.enumeration.scores", None)
        with pytest.raises(TypeError, match="not callable"):
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
        "no design of space few_rram is feasible within 3.5 mm² for wide, light: ",
    ),
    "area too small for all": ([STUDY, "--area-limit", "8"], "is feasible within 8 mm²"),
    "no worker": ([STUDY, "--workers", "0"], "--workers: must be at least 1, got 0"),
    "negative workers": ([STUDY, "--workers", "-1"], "--workers: must be at least 1, got -1"),
    "workers no number": ([STUDY, "--workers", "two"], "--workers: 'two' is not a whole number"),
    "half a worker": ([STUDY, "--workers", "1.5"], "--workers: '1.5' is not a whole number"),
    "unknown deployment": ([STUDY, "--deployment", "apart"], "--deployment: "),
    "removed scaling": (
        [STUDY, "--scaling", "current"],
        "--scaling was removed: studies use the paper's",
    ),
    "out is a file": ([STUDY, "--out", "a-file"], "a-file"),
    "out is below a file": ([STUDY, "--out", "a-file/results"], "a-file/"),
    "out cannot be made": ([STUDY, "--out", "/proc/results"], "/proc/"),
}


BEGUN = {
    "area too small for any": rf"{STUDY}: 512 designs\n",
    "area too small for all": rf"{STUDY}: 512 designs\nabout \d+ s to go\n",
}
"""What is said of the work before it proves to be in vain."""


def in_vain(arguments, capsys, begun=""):
    """Standard error of a run that ends with exit code 2.

    Args:
        begun: pattern of what is said before.
    """
    if "--out" not in arguments:
        arguments = [*arguments, "--out", "out"]
    if "--workers" not in arguments:
        arguments = [*arguments, "--workers", "1"]
    try:
        code = main(["enumerate", *arguments])
    except SystemExit as stop:
        code = stop.code
    shown = capsys.readouterr()
    assert code == 2
    assert re.fullmatch(begun, shown.out)
    return shown.err


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_one_clear_line(error, tmp_path, monkeypatch, capsys):
    arguments, message = ERRORS[error]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").write_text("")
    line = in_vain(arguments, capsys, BEGUN.get(error, ""))
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
    told = re.fullmatch(
        rf"imcmoo: error: no design of space few_rram is feasible within {limit} mm² for wide, "
        r"light: the smallest chip that runs all networks takes (.+) mm² \((.+)\); wide binds: "
        r"alone it needs (.+) mm²\n",
        line,
    )
    designs = designs_of("rram")
    every = min(d.objectives[-1] for d in designs if None not in d.edaps)
    wide = min(d.objectives[-1] for d in designs if d.alone[0] is not None)
    assert (told[1], told[3]) == (f"{every * 1e6:.4g}", f"{wide * 1e6:.4g}")
    named = dict(value.split() for value in told[2].split(", "))
    values = {name: np.array([float(named[name])]) for name in plain.RRAM_FEW.names}
    rank = plain.RRAM_FEW.rank(plain.RRAM_FEW.encode(values)).item()
    assert designs[rank].objectives[-1] == pytest.approx(every, rel=1e-12, abs=0)
    assert None not in designs[rank].edaps
    assert not list(tmp_path.rglob("*.csv"))
