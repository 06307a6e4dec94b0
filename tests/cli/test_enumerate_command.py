"""`python -m imcmoo enumerate`: the exact answer in files, the same bytes whatever happens."""

import re
import signal

import pandas as pd
import pytest

from imcmoo.cli.main import main
from imcmoo.exact import answer as exact
from imcmoo.exact.enumeration import Enumeration
from imcmoo.io.executor import cores
from imcmoo.io.locks import folder_lock
from tests.cli.few_chips import ANSWER, FILES, NAMES, PART, STUDY, in_parts_of, only_few
from tests.cli.helpers import contents, refused
from tests.reliability.commands import ROOT
from tests.reliability.commands import start as start_command
from tests.reliability.drawn import killing_at


def run(out, *extra, workers=1):
    return main(["enumerate", STUDY, "--out", str(out), "--workers", str(workers), *extra])


def start(out, *extra, before=""):
    """A run of few chips in a new process, which can be killed."""
    options = ["--out", str(out), "--workers", "1", "--quiet", *extra]
    few = "from tests.cli.few_chips import only_few; only_few(setattr)"
    return start_command(ROOT, ["enumerate", STUDY, *options], before=f"{few}\n{before}")


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Files of an uninterrupted run; only to be read."""
    out = tmp_path_factory.mktemp("complete") / "few"
    with pytest.MonkeyPatch.context() as patch:
        only_few(patch.setattr)
        assert run(out, "--quiet") == 0
    return contents(out)


@pytest.mark.usefixtures("_few")
def test_what_is_printed_is_what_is_written(tmp_path, capsys):
    assert run(tmp_path, "--all") == 0
    lines = capsys.readouterr().out.splitlines()
    summary = exact.read_summary(tmp_path / ANSWER)
    assert lines[0] == f"{STUDY}: 512 designs"
    assert re.fullmatch(r"about \d+ s to go", lines[1])
    assert lines[2].startswith(
        f"512 designs, {summary['feasible_designs']} feasible, "
        f"{summary['front_points']} points on the front, "
    )
    assert lines[-1] == f"written: {tmp_path / ANSWER}"
    optima = {name: entry["value"] for name, entry in summary["optima"].items()}
    assert {
        f"  EDAP, max: {optima['edap_max']:.4g} J·s·mm²",
        f"  energy of wide: {1e3 * optima['energy_wide']:.4g} mJ",
        f"  latency of light: {1e6 * optima['latency_light']:.4g} µs",
        f"  area: {optima['area']:.4g} mm²",
        f"  EDAP, chip for wide: {optima['alone_wide']:.4g} J·s·mm²",
        f"  EDAP of light on a chip for all: {optima['edap_light']:.4g} J·s·mm²",
    } <= {line.partition(" (")[0] for line in lines[3:-1]}
    assert any("the best of all 512 designs" in line for line in lines)
    assert len(pd.read_csv(tmp_path / ANSWER / "points.csv")) == summary["front_points"]


@pytest.mark.usefixtures("_few")
def test_the_number_of_workers_and_a_second_run_change_no_byte(complete, tmp_path):
    notes = tmp_path / ANSWER / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    for workers in (2, 1):
        assert run(tmp_path, workers=workers) == 0
        assert contents(tmp_path) == complete | {str(ANSWER / notes.name): b"mine"}


@pytest.mark.usefixtures("_few")
def test_the_answer_goes_among_the_results_and_quiet_says_nothing(
    complete, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["enumerate", STUDY, "--workers", "1", "--quiet"]) == 0
    assert contents(tmp_path / "results") == complete
    assert capsys.readouterr() == ("", "")


# Interrupted.

KILLED_AFTER_PARTS = """
import os, pathlib, signal
def replace(self, target, original=pathlib.Path.replace, moved=[]):
    result = original(self, target)
    moved += [target] * (target.suffix == ".part")
    if len(moved) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
pathlib.Path.replace = replace
"""


def killed(out, before, *extra):
    """Run until what is patched `before` kills the process."""
    process = start(out, *extra, before=before)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (out / ANSWER / "summary.json").exists()


def assert_continues(out, complete, surveyed, kept):
    """Check that a command gives the whole answer, and without working on kept parts again."""
    assert run(out) == 0
    assert contents(out) == complete
    resumed = len(surveyed)
    surveyed.clear()
    assert run(out) == 0
    assert resumed == len(surveyed) - kept > 0


@pytest.fixture
def surveyed(monkeypatch):
    """The number of bodies in each survey of this process."""
    sizes = []
    original = Enumeration.evaluate_chunk

    def survey(self, bodies):
        sizes.append(len(bodies))
        return original(self, bodies)

    monkeypatch.setattr(Enumeration, "evaluate_chunk", survey)
    return sizes


@pytest.mark.usefixtures("_few")
def test_killed_after_some_parts_and_run_again(complete, tmp_path, surveyed):
    killed(tmp_path, KILLED_AFTER_PARTS)
    assert_continues(tmp_path, complete, surveyed, kept=3)


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize(
    "name", ["summary.json", *(pytest.param(n, marks=pytest.mark.slow) for n in NAMES[:2])]
)
def test_killed_while_files_are_moved_to_their_place_and_run_again(
    complete, tmp_path, name, surveyed
):
    """An older answer is there already."""
    assert run(tmp_path, "--area-limit", "200") == 0
    surveyed.clear()
    killed(tmp_path, killing_at(name), "--force")
    assert run(tmp_path) == 0
    assert surveyed == []
    assert contents(tmp_path) == complete


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize(
    ("options", "part", "taken"),
    [((), PART, 2), (("--area-limit", "200"), PART, 0), ((), 2 * PART, 0)],
    ids=["the same", "of another problem", "of another length"],
)
def test_after_ctrl_c_the_same_command_continues_with_parts_of_its_own(
    complete, tmp_path, monkeypatch, capsys, surveyed, options, part, taken
):
    counted = Enumeration.evaluate_chunk

    def interrupt(self, keys):
        if len(surveyed) == 2:
            raise KeyboardInterrupt
        return counted(self, keys)

    with monkeypatch.context() as patch:
        patch.setattr(Enumeration, "evaluate_chunk", interrupt)
        assert run(tmp_path, "--quiet", *options) == 130
    error = capsys.readouterr().err
    assert error == "imcmoo enumerate: interrupted; the same command continues\n"
    surveyed.clear()
    in_parts_of(part, monkeypatch.setattr)
    assert_continues(tmp_path, complete, surveyed, kept=taken)


@pytest.mark.usefixtures("_few")
def test_a_folder_in_use_is_left_alone(tmp_path, capsys):
    with folder_lock(tmp_path / ANSWER):
        assert "is in use by process" in refused(capsys, "enumerate", STUDY, "--out", tmp_path)
    assert contents(tmp_path) == {}


@pytest.mark.usefixtures("_few")
def test_a_defect_is_not_hidden_and_leaves_the_old_answer(complete, tmp_path, monkeypatch):
    assert run(tmp_path) == 0
    with monkeypatch.context() as patch:
        patch.setattr("imcmoo.exact.enumeration.scores", None)
        with pytest.raises(TypeError, match="not callable"):
            run(tmp_path)
    now = contents(tmp_path)
    assert {n: now[n] for n in FILES} == {n: complete[n] for n in FILES}


# Errors.

ERRORS = {
    "no study": ([], "STUDY"),
    "area of nothing": ([STUDY, "--area-limit", "0"], "--area-limit: must be positive, got 0"),
    "no worker": ([STUDY, "--workers", "0"], "--workers: must be at least 1, got 0"),
    "as many workers as cores, and a scheduler": (
        [STUDY, "--workers", str(cores()), "--scheduler", "tcp://127.0.0.1:1"],
        "--scheduler: not allowed with argument --workers",
    ),
    "out is a file": ([STUDY, "--out", "a-file"], "a-file"),
}


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_one_clear_line(error, tmp_path, monkeypatch, capsys):
    arguments, message = ERRORS[error]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").write_text("")
    line = refused(capsys, "enumerate", "--out", "out", *arguments)
    assert message in line
    assert [p.name for p in tmp_path.iterdir()] == ["a-file"]


@pytest.mark.usefixtures("_few")
def test_the_answer_of_another_study_of_this_name_is_kept_unless_forced(tmp_path, capsys):
    assert run(tmp_path, "--area-limit", "200", "--quiet") == 0
    before = contents(tmp_path)
    line = refused(capsys, "enumerate", STUDY, "--out", tmp_path, "--quiet")
    assert "is of other settings: area_limit_mm2 200.0 (here 250.0); choose" in line
    assert "--out" in line
    assert "--force" in line
    assert contents(tmp_path) == before
    assert run(tmp_path, "--force", "--quiet") == 0
    assert contents(tmp_path) != before
