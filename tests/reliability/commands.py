"""Commands of `imcmoo` in processes that can be disturbed, and the word for how they ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import ROOT

SECONDS = 120.0
"""Wall time that a command may take."""

FINE, REFUSED = "undisturbed result", "clear error, nothing lost"
BROKEN, LOST, TRACEBACK, SILENT = "broken", "lost", "traceback", "silent"
ENDLESS = "too slow or endless"
BAD = (BROKEN, LOST, TRACEBACK, SILENT, ENDLESS)


@dataclass(frozen=True)
class Outcome:
    """End of one trial."""

    case: str  # what was tried
    ended: str  # one of the words above
    message: str = ""  # the last line on stderr


End = subprocess.CompletedProcess[str]
"""End of a command; its exit code is negative for a signal, `TIMED_OUT` if its time was up."""

TIMED_OUT = 1000


def start(
    folder: Path,
    arguments: Sequence[str],
    *,
    before: str = "",
    limit: Callable[[], object] | None = None,
) -> subprocess.Popen[str]:
    """Start a command in a folder, in a new process and process group; `before` is Python that is
    run first, and `limit` is called in the new process before Python starts."""
    code = f"import runpy, sys\n{before}\nsys.argv = {['imcmoo', *arguments]!r}\n"
    code += "runpy.run_module('imcmoo', run_name='__main__', alter_sys=True)\n"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=limit,
    )


def finish(process: subprocess.Popen[str], seconds: float = SECONDS) -> End:
    """Wait for a process; kill its group when its time is up."""
    try:
        output = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return End(process.args, TIMED_OUT, *process.communicate())
    return End(process.args, process.returncode, *output)


def wait(child: int, seconds: float) -> int:
    """The exit code of a forked child, negative for a signal; kills its group when time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        process, status = os.waitpid(child, os.WNOHANG)
        if process:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return TIMED_OUT


def run(folder: Path, arguments: Sequence[str], **options: Any) -> End:
    """Run a command to its end; options are those of `start`."""
    return finish(start(folder, arguments, **options))


def judged(end: End, *, right: bool = True, kept: bool = True, must: str = "") -> str:
    """The word for how a command ended.

    Args:
        end: of the command.
        right: whether its answer is right, if it gave one.
        kept: whether everything is there that was there and was not to be replaced.
        must: "refuse" where no answer can be right, "work" where there is one.
    """
    if end.returncode == TIMED_OUT:
        return ENDLESS
    if "Traceback" in end.stderr or "Exception ignored" in end.stderr:
        return TRACEBACK
    if not kept:
        return LOST
    if end.returncode == 0:
        return FINE if right and must != "refuse" else SILENT
    lines = len(end.stderr.strip().splitlines())
    told = lines == 1 if end.returncode in (2, 130) else lines <= 1 and end.returncode in (129, 143)
    return REFUSED if told and must != "work" else BROKEN


def outcome(case: str, end: End, **rules: object) -> Outcome:
    """The outcome of a trial, judged by the last command of it; `rules` as `judged` takes them."""
    lines = end.stderr.strip().splitlines()
    output = lines[-1][:200] if lines else ""
    return Outcome(case, judged(end, **rules), output)  # type: ignore[arg-type]
