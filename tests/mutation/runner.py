"""Tests run against one mutant: in a copy of the repository, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import Phase, settings

ROOT = Path(__file__).parents[2]
COPIED = ("imcmoo", "problems", "experiments", "tests", "examples", "docs", "pyproject.toml")
FACTOR = 5
"""A mutant may take this many times the processor time that the tests take without it, but at
least `LEAST_CPU_S`. Not of the clock: how busy the machine is says nothing about a mutant."""
LEAST_CPU_S = 10
AT_MOST_S = 1200
"""Time of the clock after which whatever waits for ever is ended."""
MEMORY_BYTES = 12 << 30


@dataclass(frozen=True)
class Outcome:
    """How tests went.

    Args:
        failed: the first test that failed; "time" where they did not end; empty if all passed.
        cpu_s: processor time they took, in s.
    """

    failed: str
    cpu_s: float


class _FirstFailure:
    """A plugin that writes down which test failed first."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self._path.exists():
            self._path.write_text(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self._path.exists():
            self._path.write_text(f"{report.nodeid} (not importable)")


def warm_up() -> None:
    """Import what is slow to import and never mutated; processes forked after have it."""
    import matplotlib.pyplot  # noqa: F401
    import moocore  # noqa: F401
    import pandas  # noqa: F401
    import pydantic  # noqa: F401
    import pymoo.algorithms.moo.nsga2  # noqa: F401
    import rich.progress  # noqa: F401
    import scipy.sparse  # noqa: F401

    # The same examples every time, and no search for the smallest that fails.
    settings.register_profile(
        "mutants",
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
    )


@contextlib.contextmanager
def copy_of_the_repository() -> Iterator[Path]:
    """A copy without the full records beside it: what every user can run."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "repository"
        for name in COPIED:
            source = ROOT / name
            copied = shutil.copytree if source.is_dir() else shutil.copy
            copy.mkdir(exist_ok=True)
            copied(source, copy / name)
        yield copy


def run_mutant(
    copy: Path, module: str, source: str, tests: Sequence[str], cpu_limit_s: float
) -> Outcome:
    """Run tests with another text of one module; the copy is as before afterwards."""
    path = copy / module
    before = path.read_text()
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()
    path.write_text(source)
    try:
        return run_tests(copy, tests, cpu_limit_s)
    finally:
        path.write_text(before)


def run_tests(copy: Path, tests: Sequence[str], cpu_limit_s: float) -> Outcome:
    """Run tests in a copy, in a forked process, until the first fails."""
    note = copy.parent / "failed.txt"
    note.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        os.setsid()
        try:
            os._exit(_child(copy, tests, cpu_limit_s, note))
        finally:
            os._exit(70)
    _, status, used = os.wait4(child, 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what its tests may have left behind
    failed = note.read_text() if note.exists() else ""
    if os.WIFSIGNALED(status):
        failed = "time"
    elif os.WEXITSTATUS(status) and not failed:
        failed = "(no test: the run itself broke)"
    return Outcome(failed, used.ru_utime + used.ru_stime)


def _child(copy: Path, tests: Sequence[str], cpu_limit_s: float, note: Path) -> int:
    limit = max(LEAST_CPU_S, int(cpu_limit_s))
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.alarm(AT_MOST_S)
    with (copy.parent / "output.txt").open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.chdir(copy)
    sys.path = [str(copy), *(p for p in sys.path if Path(p or ".").resolve() != ROOT)]
    # Only what was imported from the work tree itself: it must come from the copy.
    for name in [n for n in sys.modules if n.split(".")[0] in ("tests", "imcmoo", "problems")]:
        del sys.modules[name]
    sys.dont_write_bytecode = True
    options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"]
    return int(pytest.main([*options, "-m", "not slow", *tests], plugins=[_FirstFailure(note)]))
