"""Two commands in one folder: one of them does its work, the other says in one line that it cannot.

Takes minutes; `make test-slow` runs it.
"""

import itertools
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUDY = "four_workload_rram"

pytestmark = pytest.mark.slow


def run(*more):
    own = ["--budget", "120", "--no-baselines", "--quiet", "--workers", "1"]
    return ["-m", "experiments.run", STUDY, *own, *more]


def enumerate_(*more):
    return ["-m", "imcmoo", "enumerate", STUDY, "--quiet", "--workers", "1", *more]


def compare(*more):
    return ["-m", "experiments.compare", "--random", "1", "--workers", "1", *more]


KINDS = {
    "run": run(),
    "other budget": run("--budget", "90"),
    "resumed": run("--resume"),
    "two seeds": run("--seeds", "1-2"),
    "enumeration": enumerate_(),
    "smaller enumeration": enumerate_("--area-limit", "500"),
    "comparison": compare("--seeds", "1"),
    "longer comparison": compare("--seeds", "2"),
}

RUNS, ENUMERATIONS, COMPARISONS = list(KINDS)[:4], list(KINDS)[4:6], list(KINDS)[6:]
PAIRS = [
    pair
    for kinds in (RUNS, ENUMERATIONS, COMPARISONS)
    for pair in itertools.combinations_with_replacement(kinds, 2)
]
"""16 pairs, each tried twice: that makes 32."""


def command(kind, out):
    return [sys.executable, *KINDS[kind], "--out", str(out)]


def contents(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


@pytest.fixture(scope="session")
def alone(tmp_path_factory):
    """What each command leaves when nothing else runs."""
    found = {}
    for kind in KINDS:
        out = tmp_path_factory.mktemp("alone")
        subprocess.run(command(kind, out), cwd=ROOT, check=True)
        found[kind] = contents(out)
    return found


@pytest.mark.parametrize("again", range(2))
@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[" & ".join(p) for p in PAIRS])
def test_nothing_is_broken(alone, tmp_path, first, second, again):
    started = []
    for kind in (first, second):
        started.append(
            subprocess.Popen(command(kind, tmp_path), cwd=ROOT, stderr=subprocess.PIPE, text=True)
        )
        time.sleep(random.uniform(0, 2))
    errors = [process.communicate()[1] for process in started]
    codes = [process.returncode for process in started]
    assert 0 in codes
    for process, other, code, error in zip(started, started[::-1], codes, errors, strict=True):
        if code:
            assert code == 2
            assert error.count("\n") == 1
            assert f"is in use by process {other.pid} on {os.uname().nodename}" in error, process
        else:
            assert error == ""
    done = [kind for kind, code in zip((first, second), codes, strict=True) if code == 0]
    left = contents(tmp_path)
    # Whoever came last has replaced the files of the one before; what that one alone has stays.
    assert left in [{**alone[a], **alone[b]} for a, b in itertools.product(done, done)]
