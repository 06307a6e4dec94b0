"""The command line as a whole: help, version, suggestions, errors, commands of a checkout."""

import json
import os
import signal
import subprocess
import sys
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from imcmoo.cli import command_line
from imcmoo.cli.main import GROUPS, IN_A_CHECKOUT, main
from imcmoo.problem.identity import problem_stamp
from imcmoo.study.catalogue import find_study
from imcmoo.version import __version__
from tests import ROOT
from tests.cli.helpers import offered_by_this_checkout, python, refused
from tests.extras import needs
from tests.reliability.drawn import LAYERS, NAMES, study_text


@pytest.fixture
def _checkout(monkeypatch):
    monkeypatch.setattr("importlib.metadata.entry_points", offered_by_this_checkout)


def helped(capsys, *command):
    """The help of a command, which ends with exit code 0."""
    with pytest.raises(SystemExit) as left:
        main([*command, "--help"])
    assert left.value.code == 0
    return capsys.readouterr().out


def test_imcmoo_alone_prints_its_help(capsys):
    assert main([]) == 0
    alone = capsys.readouterr().out
    assert alone == helped(capsys)
    lines = alone.splitlines()
    for group, names in GROUPS.items():
        at = lines.index(group) + 1
        assert [line.split()[0] for line in lines[at : at + len(names)]] == list(names)


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"imcmoo {__version__}\n"


def test_the_process_is_configured_once(monkeypatch, capsys):
    configure, calls = command_line.configure_process, []
    monkeypatch.setattr(command_line, "configure_process", lambda: calls.append(configure()))
    assert main(["run", "--list"]) == 0
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (["rnu"], "imcmoo: error: unknown command 'rnu'; did you mean 'run'? known: new, run, "),
        (["--spee"], "imcmoo: error: the following arguments are required: COMMAND"),
        (["run", "--spee"], "imcmoo run: error: unrecognized arguments: --spee"),
        (
            ["components", "build", "--out", "x"],
            "imcmoo components build: error: the following arguments are required: --device",
        ),
        (
            ["enumerate", "four_workload_ram"],
            "imcmoo enumerate: error: unknown study 'four_workload_ram'; did you mean "
            "'four_workload_sram' or 'four_workload_rram'? known: ",
        ),
    ],
)
def test_errors_name_the_command(capsys, command, line):
    assert refused(capsys, *command).startswith(line)


@pytest.mark.usefixtures("_checkout")
def test_commands_of_a_checkout_have_their_own_help_and_errors(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    shown = helped(capsys, "compare")
    assert shown.startswith("usage: imcmoo compare ")
    assert "--ablation" in shown
    assert "--data" in helped(capsys, "reproduce", "silicon")
    shown = helped(capsys, "reproduce", "paper")
    assert "--workers" in shown
    assert "--data" not in shown
    assert "--budget" not in shown
    assert refused(capsys, "compare", "gone").startswith("imcmoo compare: error: unknown study")
    line = refused(capsys, "reproduce", "paper")
    assert line.startswith("imcmoo reproduce paper: error: paper writes into a checkout of imcmoo")


@pytest.mark.usefixtures("_checkout")
@pytest.mark.parametrize("is_default", [True, False])
@pytest.mark.parametrize("command", ["imcmoo", "experiments.run"])
def test_a_publication_gets_its_options(monkeypatch, tmp_path, command, is_default):
    requests = []

    class Physics:
        def __init__(self, *options):
            requests.append(options)

        def publish(self, *folders, **options):
            requests.append((folders, options))

    monkeypatch.setattr("experiments.physics.study.Physics", Physics)
    monkeypatch.chdir(ROOT)
    words = [*([] if is_default else ["--out", str(tmp_path)]), "--workers", "1"]
    if command == "imcmoo":
        assert main(["reproduce", "physical", *words]) == 0
    else:
        assert import_module("experiments.run").main(["physical", *words]) == 0
    out, docs = (Path("results"), Path("docs")) if is_default else (tmp_path, tmp_path / "docs")
    options = {"quiet": False, "workers": 1}
    assert requests == [(out,), ((out / "published", docs), options)]


@pytest.mark.parametrize("name", IN_A_CHECKOUT)
@pytest.mark.parametrize("offered", [True, False])
def test_outside_a_checkout_they_say_what_is_missing(capsys, monkeypatch, name, offered):
    entry = EntryPoint(name, "experiments.gone:x", "imcmoo.commands")
    offers = [entry] if offered else []
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group, name: offers)
    monkeypatch.setitem(sys.modules, "experiments", None)
    line = refused(capsys, name, "x")
    assert line == (
        f"imcmoo {name}: error: needs a checkout of imcmoo, with 'pip install -e .' in it\n"
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("imcmoo c", ["calibrate", "compare", "certify", "check-certificate", "components"]),
        ("imcmoo certify --gap 0 --cr", ["--criterion"]),
        ("imcmoo certify four_workload_rram_p", ["four_workload_rram_physical"]),
    ],
)
def test_shells_complete_commands_options_and_studies(tmp_path, line, words):
    needs("completion", "argcomplete")
    out = tmp_path / "completions"
    request = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(out),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    command = [sys.executable, "-m", "imcmoo"]
    subprocess.run(command, env=os.environ | request, cwd=ROOT, check=True, timeout=60)
    assert sorted(out.read_text().split()) == sorted(words)


def interrupted(program):
    """Exit code and errors of a program that gets Ctrl-C when it prints a line."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", program], text=True, **pipes)
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    return process.returncode, error


@pytest.mark.parametrize("end", ["run('p', lambda: None, interrupted='')", "Parser().exit()"])
def test_an_interrupt_after_the_end_of_a_command_changes_nothing(end):
    """While the interpreter ends, which takes a tenth of a second."""
    program = (
        "import atexit, sys, time\n"
        "from imcmoo.cli import command_line\n"
        "atexit.register(lambda: (print('now', flush=True), time.sleep(1)))\n"
        f"sys.exit(command_line.{end})\n"
    )
    assert interrupted(program) == (0, "")


def test_little_is_imported_before_ctrl_c_is_answered():
    """No module is loaded but those of Python's own start and of `signal`."""
    code = "import {}, sys; print(*sys.modules)"
    loaded = {}
    for module in (
        "signal, contextlib, collections.abc, __future__",
        "imcmoo.__main__",
        "experiments.run",
    ):
        loaded[module] = set(python(code.format(module)).stdout.split())
    start, *ours = loaded.values()
    assert {m for all_of in ours for m in all_of - start} == {
        "imcmoo",
        "imcmoo.version",
        "imcmoo.cli",
        "imcmoo.cli.interrupts",
        "imcmoo.__main__",
        "experiments",
        "experiments.run",
    }


@pytest.mark.parametrize(
    ("commands", "without"),
    [
        (["components", "import"], {"pandas", "imcmoo.search", "imcmoo.solve.searches"}),
        (["certify"], {"pandas", "moocore", "asyncio", "matplotlib"}),
        (["run", "report"], {"matplotlib", "scipy.stats"}),
    ],
)
def test_commands_start_without_the_libraries_of_others(commands, without):
    modules = ", ".join(f"imcmoo.cli.{command}_command" for command in commands)
    loaded = python(f"import sys, {modules}; print(*sys.modules)").stdout.split()
    assert not without & {*loaded}


def test_ctrl_c_while_argparse_is_imported_is_one_line(tmp_path):
    (tmp_path / "argparse.py").write_text("import time\nprint('now', flush=True)\ntime.sleep(60)\n")
    program = (
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n"
        "from imcmoo.__main__ import main\nmain()\n"
    )
    assert interrupted(program) == (130, "imcmoo: interrupted; nothing was begun\n")


def test_an_interrupt_in_a_destructor_ends_the_command():
    """Python drops an exception that is raised there."""
    program = (
        "import sys, time\n"
        "from imcmoo.cli import command_line\n"
        "class Slow:\n"
        "    def __del__(self):\n"
        "        print('now', flush=True)\n"
        "        time.sleep(1)\n"
        "def main():\n"
        "    slow = Slow()\n"
        "    del slow\n"
        "    time.sleep(60)\n"
        "sys.exit(command_line.run('p', main, interrupted='again'))\n"
    )
    assert interrupted(program) == (130, "p: interrupted; again\n")


SETTINGS = {"study": "tiny", "area_limit_mm2": 200.5, "deployment": "together"}
RUN_SETTINGS = {"budget": 30, "criterion": "edap_mean", "baselines": False}


@pytest.mark.parametrize(
    ("command", "options", "written", "asked"),
    [
        ("run", ["--budget", "30", "--criterion", "edap_mean", "--no-baselines"],
         "tiny/seed-1/config.json", SETTINGS | RUN_SETTINGS),
        ("enumerate", ["--workers", "1"], "enumerated/tiny/summary.json", SETTINGS),
        ("certify", ["--criterion", "edap_max"],
         "certified/tiny/edap_max/certificate.json", SETTINGS),
    ],
    ids=["run", "enumerate", "certify"],
)  # fmt: skip
def test_options_reach_the_problem(tmp_path, monkeypatch, command, options, written, asked):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(study_text())
    for name in NAMES:
        (tmp_path / f"{name}.csv").write_text(LAYERS)
    settings = ["--area-limit", "200.5", "--deployment", "together"]
    assert main([command, "tiny.toml", "--out", "out", "--quiet", *settings, *options]) == 0
    answer = json.loads((tmp_path / "out" / written).read_text())
    stated = answer["stamp"].get("settings", answer)
    assert {name: stated[name] for name in asked} == asked
    study = find_study("tiny.toml").replace(area_limit_mm2=200.5, deployment="together")
    parts = problem_stamp(study.problem()).only("data", "space", "question", "own code")
    assert parts.difference(answer["stamp"]) == ""
