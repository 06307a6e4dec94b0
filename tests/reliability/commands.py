"""Commands on a small study, and what is said of how they ended."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from imcmoo.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[2]
STUDY = """name = "small"
[space]
base = "rram"
rows = [512]
cols = [32, 64]
voltage_V = [0.5, 0.6]
bits_per_cell = 8
[[networks]]
source = "resnet18"
[[networks]]
source = "alexnet"
"""
SECONDS = 300.0
RUN = ("imcmoo", "run", "small.toml", "--budget", "200", "--quiet")
ENUMERATE = ("imcmoo", "enumerate", "small.toml", "--quiet")
EXPLAIN = ("imcmoo", "explain", "results/small/seed-1", "--json")

FINE, REFUSED = "as if nothing had been", "one line, nothing lost"
BROKEN, LOST, TRACEBACK, SILENT = "broken", "lost", "traceback", "silent"
ENDLESS = "too slow or endless"
BAD = (BROKEN, LOST, TRACEBACK, SILENT, ENDLESS)


@dataclass(frozen=True)
class Outcome:
    """How one trial ended.

    Args:
        kind: what was tried.
        case: more exactly.
        ended: one of the words above.
        said: the last line on stderr.
    """

    kind: str
    case: str
    ended: str
    said: str = ""


def start(
    folder: Path,
    command: Sequence[str],
    *,
    before: str = "",
    environment: Mapping[str, str] | None = None,
    limit: Callable[[], None] | None = None,
) -> subprocess.Popen[str]:
    """Start a command in a folder, in a process group of its own.

    Args:
        folder: where.
        command: module and arguments.
        before: Python that is run first.
        environment: beside the usual.
        limit: is called in the new process before anything else.
    """
    module, *arguments = command
    code = f"import runpy, sys\n{before}\nsys.argv = {[module, *arguments]!r}\n"
    code += f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)\n"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=limit,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait; the exit code and what it said on stderr."""
    try:
        _, error = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return -signal.SIGKILL, "did not end"
    return process.returncode, error


def ended(code: int, error: str, *, same: bool, damaged: bool = False) -> str:
    """The word for how a command ended.

    Args:
        code: exit code.
        error: stderr.
        same: whether what it left is what an undisturbed command leaves.
        damaged: whether something stood there that it should have complained of.
    """
    if "Traceback" in error:
        return TRACEBACK
    if code == 0:
        return (SILENT if damaged else FINE) if same else BROKEN
    return REFUSED if code in (1, 2, 130, 143) and error.count("\n") <= 1 else BROKEN


def last_line(error: str) -> str:
    """Of stderr."""
    return error.strip().splitlines()[-1] if error.strip() else ""


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


@dataclass(frozen=True)
class End:
    """How one command ended.

    Args:
        code: exit code, negative for a signal; None if it was ended because its time was up.
        out: standard output.
        error: standard error.
        cpu: user and system seconds.
    """

    code: int | None
    out: str
    error: str
    cpu: float


def fork(
    folder: Path,
    arguments: Sequence[str],
    *,
    before: Callable[[], object] = lambda: None,
    environment: Mapping[str, str] | None = None,
    seconds: float = 60.0,
    kill: tuple[signal.Signals, Callable[[], bool]] | None = None,
) -> End:
    """Run one command of `imcmoo` in a fork of this process, which spares it all imports.

    Args:
        folder: where; modules of a user's are found there, too.
        arguments: command line without the program.
        before: is called in the new process first.
        environment: beside the usual.
        seconds: wall time the command may take.
        kill: a signal, and a function that is called each millisecond until it returns True: then
            the signal is sent.
    """
    out, error = os.memfd_create("out"), os.memfd_create("error")
    child = os.fork()
    if not child:
        _become(folder, arguments, before, environment or {}, out, error)
    watch = os.pidfd_open(child)
    while kill and not select.select([watch], [], [], 0.001)[0]:
        if kill[1]():
            os.kill(child, kill[0])
            break
    in_time = bool(select.select([watch], [], [], seconds)[0])
    if not in_time:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    with contextlib.suppress(ProcessLookupError):  # workers that it has left
        os.killpg(child, signal.SIGKILL)
    os.close(watch)
    said = [os.pread(file, 1 << 24, 0).decode(errors="replace") for file in (out, error)]
    os.close(out)
    os.close(error)
    code = os.waitstatus_to_exitcode(status) if in_time else None
    return End(code, *said, usage.ru_utime + usage.ru_stime)


def _become(
    folder: Path,
    arguments: Sequence[str],
    before: Callable[[], object],
    environment: Mapping[str, str],
    out: int,
    error: int,
) -> None:
    """Be the command from here on, in a session, folder and streams of its own."""
    code: object = 1
    begun = False
    try:
        os.setsid()
        os.chdir(folder)
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(error, 2)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.path.insert(0, str(folder))
        os.environ.update(environment)
        before()
        begun = True
        code = main(list(arguments))
    except SystemExit as left:
        code = left.code
    except BaseException as error:
        if begun or not isinstance(error, KeyboardInterrupt):
            traceback.print_exc()
        else:  # an interrupt so early is ours
            code = 130
            sys.stderr.write("interrupted before the command began\n")
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


def preload() -> None:
    """Import every command, so that forks need not; what is written then is never an old module."""
    sys.dont_write_bytecode = True
    for name in COMMANDS:
        import_module(f"imcmoo.cli.{name.replace('-', '_')}_command")


def judged(
    end: End, *, right: bool = True, kept: bool = True, must: str = "", cpu: float = 1e9
) -> str:
    """The word for how a command ended that was given something odd.

    Args:
        end: of the command.
        right: whether its answer is right, if it gave one.
        kept: whether everything is there that was there and was not to be replaced.
        must: "refuse" where no answer can be right, "work" where there is one.
        cpu: seconds it may take.
    """
    if end.code is None or end.cpu > cpu:
        return ENDLESS
    if "Traceback" in end.error or "Exception ignored" in end.error:
        return TRACEBACK
    if not kept:
        return LOST
    if end.code == 0:
        return FINE if right and must != "refuse" else SILENT
    lines = len(end.error.strip().splitlines())
    told = lines == 1 if end.code in (2, 130) else lines <= 1 and end.code in (129, 143)
    return REFUSED if told and must != "work" else BROKEN
