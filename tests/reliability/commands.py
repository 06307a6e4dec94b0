"""Commands of `imcmoo` in processes that can be disturbed, and the word for how they ended."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from imcmoo.cli.main import COMMANDS, IN_A_CHECKOUT, main

ROOT = Path(__file__).parents[2]
SECONDS = 300.0
MOST_BYTES = 8 << 30
"""Address space of a forked command, so that a trial costs no other process its memory."""

FINE, REFUSED = "undisturbed result", "clear error, nothing lost"
BROKEN, LOST, TRACEBACK, SILENT = "broken", "lost", "traceback", "silent"
ENDLESS = "too slow or endless"
BAD = (BROKEN, LOST, TRACEBACK, SILENT, ENDLESS)


@dataclass(frozen=True)
class Outcome:
    """End of one trial.

    Args:
        case: what was tried.
        ended: one of the words above.
        message: the last line on stderr.
    """

    case: str
    ended: str
    message: str = ""


@dataclass(frozen=True)
class End:
    """End of one command.

    Args:
        code: exit code, negative for a signal; None if it was ended because its time was up.
        out: standard output.
        error: standard error.
    """

    code: int | None
    out: str
    error: str


def start(folder: Path, arguments: Sequence[str], *, before: str = "") -> subprocess.Popen[str]:
    """Start a command in a new process and process group, imports included.

    Args:
        folder: the working folder.
        arguments: command line without the program.
        before: Python that is run first.
    """
    code = f"import runpy, sys\n{before}\nsys.argv = {['imcmoo', *arguments]!r}\n"
    code += "runpy.run_module('imcmoo', run_name='__main__', alter_sys=True)\n"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> End:
    """Wait for a process; kill its group when its time is up."""
    try:
        out, error = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return End(None, *process.communicate())
    return End(process.returncode, out, error)


def fork(
    folder: Path,
    arguments: Sequence[str],
    *,
    before: Callable[[], object] = lambda: None,
    seconds: float = 60.0,
    kill: tuple[signal.Signals, Callable[[], bool]] | None = None,
) -> End:
    """Run one command of `imcmoo` in a fork of this process, which spares it all imports.

    Args:
        folder: the working folder; a user's modules are imported from it.
        arguments: command line without the program.
        before: is called in the new process first.
        seconds: wall time the command may take.
        kill: a signal, and a function that is called each millisecond until it returns True: then
            the signal is sent.
    """
    out, error = os.memfd_create("out"), os.memfd_create("error")
    child = os.fork()
    if not child:
        _become(folder, arguments, before, out, error)
    watch = os.pidfd_open(child)
    while kill and not select.select([watch], [], [], 0.001)[0]:
        if kill[1]():
            os.kill(child, kill[0])
            break
    in_time = bool(select.select([watch], [], [], seconds)[0])
    if not in_time:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError):  # workers that it has left
        os.killpg(child, signal.SIGKILL)
    os.close(watch)
    texts = [os.pread(file, 1 << 24, 0).decode(errors="replace") for file in (out, error)]
    os.close(out)
    os.close(error)
    code = os.waitstatus_to_exitcode(status) if in_time else None
    return End(code, *texts)


def _become(
    folder: Path,
    arguments: Sequence[str],
    before: Callable[[], object],
    out: int,
    error: int,
) -> None:
    """Be the command from here on, in a new session, with new streams."""
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
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
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
    """Import every command, so that forks need not; no bytecode of a user's old module is kept."""
    sys.dont_write_bytecode = True
    for name in COMMANDS.keys() - IN_A_CHECKOUT:
        import_module(f"imcmoo.cli.{name.replace('-', '_')}_command")


def judged(end: End, *, right: bool = True, kept: bool = True, must: str = "") -> str:
    """The word for how a command ended.

    Args:
        end: of the command.
        right: whether its answer is right, if it gave one.
        kept: whether everything is there that was there and was not to be replaced.
        must: "refuse" where no answer can be right, "work" where there is one.
    """
    if end.code is None:
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


def outcome(case: str, end: End, **rules: object) -> Outcome:
    """The outcome of a trial, judged by the last command of it; `rules` as `judged` takes them."""
    lines = end.error.strip().splitlines()
    output = lines[-1][:200] if lines else ""
    return Outcome(case, judged(end, **rules), output)  # type: ignore[arg-type]
