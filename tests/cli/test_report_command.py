"""`imcmoo report`: one page beside the run, and one line where there is nothing to show."""

import shutil

import pandas as pd
import pytest

from imcmoo.cli.main import main
from imcmoo.io.locks import folder_lock
from tests.cli.helpers import refused, seal

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
    monkeypatch.setattr("imcmoo.run.draw_figures", lambda results, folder: None)
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


def test_several_runs_need_a_file_to_write(run, tmp_path, capsys):
    other = tmp_path / "seed-2"
    shutil.copytree(run, other)
    assert "--out is required for several runs" in refused(capsys, "report", run, other)
    assert report(run, other, "--out", tmp_path / "two.html") == 0
    assert (tmp_path / "two.html").exists()
    assert not (run / "report.html").exists()


def test_quiet_prints_nothing(run, capsys):
    assert report(run, "--quiet") == 0
    assert capsys.readouterr() == ("", "")
