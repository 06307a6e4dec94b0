"""Commands on a small study, and what is said of how they ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
BAD = (BROKEN, LOST, TRACEBACK, SILENT)


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
