"""Names of users are shown as they are, on every terminal and in every pipe; progress."""

from time import sleep

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from imcmoo.cli import terminal as progress
from imcmoo.cli.main import main
from imcmoo.cli.terminal import PIPE_WIDTH, Bars, console, counted, remaining, show, timed, warn
from tests.cli.helpers import refused, write_study

HOSTILE = ("x[red]y", "x[/y]", "x[bold]", ":smile:", "[link=https://example.org]here[/link]")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_markup(text, capsys):
    table = Table(text, title=text, caption=text)
    table.add_row(text)
    table.add_row(Text("bold", style="bold"))
    console().print(table)
    console().print(text)
    assert capsys.readouterr().out.count(text) == 5


UNSEEN = "x\x1b]0;y\u202e\x9b2J\u2066é"
SEEN = r"x\x1b]0;y\u202e\x9b2J\u2066é"
STEERING = {"\x1b", "\u202e", "\x9b", "\u2066"}


def test_no_text_steers_the_terminal(capsys):
    table = Table(UNSEEN, title=UNSEEN, caption=UNSEEN)
    table.add_row(UNSEEN)
    terminal = console()
    show(terminal, table, UNSEEN)
    terminal.print(UNSEEN, soft_wrap=True)
    terminal.print(Text("bold", style="bold"))
    warn(UNSEEN)
    output = capsys.readouterr()
    assert output.out.count(f"{SEEN}\n") == 2
    assert output.err == f"warning: {SEEN}\n"
    assert not STEERING & {*output.out}


def test_styles_of_a_terminal_are_kept(capsys):
    terminal = console()
    terminal._force_terminal, terminal._color_system = True, 1
    terminal.print(Text("bold\x1b", style="bold"))
    assert capsys.readouterr().out == "\x1b[1mbold\\x1b\x1b[0m\n"


@pytest.mark.parametrize(
    "command",
    [
        ("run", f"{UNSEEN}.toml"),
        ("evaluate", f"{UNSEEN}.csv", "--device", "rram", "--workloads", "alexnet", "--out", "o"),
        ("run", "x.toml", f"--{UNSEEN}"),
        (UNSEEN,),
        ("import", f"{UNSEEN}.onnx", "--out", "o.csv"),
        ("report", UNSEEN),
        ("import", f"a\n{UNSEEN}.onnx", "--out", "o.csv"),
    ],
    ids=["run", "evaluate", "option", "command", "import", "report", "two lines"],
)
def test_a_name_in_an_error_does_not_steer_the_terminal(command, capsys):
    line = refused(capsys, *command)
    assert SEEN in line
    assert not STEERING & {*line}


@pytest.mark.parametrize(
    ("command", "options", "text"),
    [
        ("enumerate", [], HOSTILE[0]),
        ("run", ["--budget", "10", "--no-baselines", "--seeds", "1,2"], HOSTILE[1]),
    ],
)
def test_the_folder_that_is_named_is_the_one_written(tmp_path, capsys, command, options, text):
    out = tmp_path / text
    options = [write_study(tmp_path, 2), "--out", str(out), "--workers", "1", *options]
    assert main([command, *options]) == 0
    assert f"{out}/" in capsys.readouterr().out
    assert out.is_dir()


def test_a_pipe_gets_wide_lines_unless_the_user_says_how_wide(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console().width == PIPE_WIDTH
    monkeypatch.setenv("COLUMNS", "80")
    assert console().width == 80


@pytest.fixture
def clock(monkeypatch):
    """The time, in seconds, as progress sees it."""
    now = [100.0]

    class Time:
        monotonic = staticmethod(lambda: now[0])

    bars_of = progress.Bars.__init__

    def init(self, *columns, **options):
        bars_of(self, *columns, get_time=Time.monotonic, **options)

    monkeypatch.setattr(progress.Bars, "__init__", init)
    monkeypatch.setattr(progress, "time", Time)
    return now


def test_without_a_terminal_a_line_every_ten_seconds_has_the_remaining_time(clock, capsys):
    with counted("designs", 1000, quiet=False) as advance:
        for _ in range(25):
            clock[0] += 1.0
            advance(20)
    assert capsys.readouterr().err.splitlines() == [
        "designs: 200 of 1,000 (20 %), about 40 s left",
        "designs: 400 of 1,000 (40 %), about 30 s left",
    ]


def test_what_an_earlier_command_did_took_no_time_of_this_one(clock, capsys):
    with counted("tasks", 100, quiet=False, done=50) as advance:
        clock[0] += 10.0
        advance(10)
    assert capsys.readouterr().err == "tasks: 60 of 100 (60 %), about 40 s left\n"


def test_work_of_unknown_length_tells_the_time_and_its_state(clock, capsys):
    with Bars(quiet=False) as shown:
        task = shown.add_task("edap_max", total=None, state="gap 3 %")
        clock[0] += 11.0
        shown.update(task, state="gap 2 %")
    assert capsys.readouterr().err == "edap_max: 11 s, gap 2 %\n"


def test_quiet_progress_prints_nothing(clock, capsys):
    with counted("designs", 10, quiet=True) as advance:
        clock[0] += 60.0
        advance()
    assert capsys.readouterr().err == ""


def test_a_terminal_shows_the_remaining_time(clock, capsys, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    terminal = Console(stderr=True, force_terminal=True, width=100)
    monkeypatch.setattr(progress, "console", lambda **_: terminal)
    with counted("designs", 1000, quiet=False) as advance:
        clock[0] += 5.0
        advance(100)
        clock[0] += 5.0
        advance(100)
    shown = capsys.readouterr().err
    assert "designs" in shown
    assert "0:00:40" in shown


@pytest.mark.parametrize(
    ("elapsed", "completed", "total", "text"),
    [(10, 1, 10, "90 s"), (60, 1, 11, "10 min"), (3600, 1, 4, "3.0 h")],
)
def test_remaining_times_are_short(elapsed, completed, total, text):
    assert remaining(elapsed, completed, total) == text


def test_work_that_cannot_report_tells_its_time(clock, capsys, monkeypatch):
    monkeypatch.setattr(progress, "TICK_S", 0.01)
    with timed("importing net.onnx", quiet=False):
        clock[0] += 12.0
        sleep(0.2)
    assert capsys.readouterr().err == "importing net.onnx: 12 s\n"
    with timed("importing net.onnx", quiet=True):
        clock[0] += 12.0
        sleep(0.05)
    assert capsys.readouterr().err == ""
