"""`imcmoo figures`: the set for papers beside the run, and one line where none can be drawn."""

import shutil

import pytest

from imcmoo import Run
from imcmoo.cli.main import main
from tests.cli.helpers import contents, refused


def one_quick_figure(_, folder):
    """Stands for all figures for papers."""
    (folder / "one.pdf").write_bytes(b"a figure")


@pytest.fixture
def run(small_run, tmp_path, monkeypatch):
    """A copy of a run without figures."""
    monkeypatch.setattr("imcmoo.report.figures.draw_paper_figures", one_quick_figure)
    shutil.copytree(small_run, tmp_path / "seed-1", ignore=shutil.ignore_patterns("figures"))
    return tmp_path / "seed-1"


def test_figures_for_papers_stand_in_the_run_and_nothing_else_changes(run, small_run, capsys):
    assert main(["figures", str(run), "--quiet"]) == 0
    drawn = {"figures/paper/one.pdf": b"a figure"}
    assert contents(run) == contents(small_run) | drawn
    shutil.rmtree(run / "figures")
    assert Run(run).figures() == run / "figures" / "paper"
    assert contents(run) == contents(small_run) | drawn
    assert capsys.readouterr().out == ""


def test_what_is_in_the_way_of_figures_for_papers_is_named_and_left(run, tmp_path, capsys):
    assert "no complete run" in refused(capsys, "figures", tmp_path)
    (run / "figures").write_text("mine")
    before = contents(run)
    assert "seed-1/figures is a file" in refused(capsys, "figures", run)
    assert contents(run) == before
