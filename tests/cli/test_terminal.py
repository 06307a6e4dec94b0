"""Names of a user are shown as they are, on every terminal and in every pipe."""

import pytest
from rich.table import Table
from rich.text import Text

from imcmoo.cli.main import main
from imcmoo.cli.terminal import PIPE_WIDTH, console
from tests.cli.helpers import SMALL_STUDY

HOSTILE = ("x[red]y", "x[/y]", "x[bold]", ":smile:", "[link=https://example.org]here[/link]")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_markup(text, capsys):
    table = Table(text, title=text, caption=text)
    table.add_row(text)
    table.add_row(Text("bold", style="bold"))
    console(wide=True).print(table)
    console(wide=True).print(text)
    assert capsys.readouterr().out.count(text) == 5


@pytest.mark.usefixtures("_no_figures")
@pytest.mark.parametrize(
    ("command", "text"),
    [
        (("enumerate", "--workers", "1"), HOSTILE[0]),
        (
            ("run", "--budget", "10", "--no-baselines", "--seeds", "1,2", "--workers", "1"),
            HOSTILE[1],
        ),
    ],
)
def test_the_folder_that_is_named_is_the_one_written(tmp_path, capsys, command, text, small_study):
    name, *options = command
    out = tmp_path / text
    assert main([name, str(small_study), "--out", str(out), "--workers", "1", *options]) == 0
    assert f"{out}/" in capsys.readouterr().out
    assert out.is_dir()


@pytest.fixture
def small_study(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL_STUDY)
    return path


def test_a_pipe_gets_wide_lines_unless_the_user_says_how_wide(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console(wide=True).width == PIPE_WIDTH
    monkeypatch.setenv("COLUMNS", "80")
    assert console(wide=True).width == 80
