"""Processes that tests start, found again by a text in their environment."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="processes are found through /proc"
)


def marked(mark):
    """Processes that have this text in their environment."""
    pids = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                pids.append(int(entry.name))
        except OSError:
            continue  # it ended, or is not ours
    return pids


EARLIER = {}
"""Children of this process that are older than a mark."""


def pids_of_children():
    return {process.pid for process in multiprocessing.active_children()}


def workers(mark):
    """Processes that work for this one or for a marked one, as long as that lives."""
    parents = marked(mark)
    children = pids_of_children() - EARLIER.get(mark, set())
    others = [p for p in parents if parent(p) in parents and b"resource_tracker" not in command(p)]
    return sorted({*children, *others})


def parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def python(code, *arguments):
    """A new process that runs some code, with pipes as its standard input and output."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
