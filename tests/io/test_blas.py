"""Threads of linear algebra: one where we decide, the user's where he does."""

import os
import subprocess
import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from imcmoo.io import blas
from imcmoo.io.executor import imap_unordered, local
from imcmoo.search.algorithm import run_search
from tests.io.blas_threads import blas_threads
from tests.search.searches import LARGE_PROBLEM

THREADS = """
import threadpoolctl
print(max(t["num_threads"] for t in threadpoolctl.threadpool_info() if t["user_api"] == "blas"))
"""


def threads(*, before="", **variables):
    """BLAS threads of a new process that runs some code before NumPy is imported."""
    ours = {*blas.VARIABLES, blas.SHARED_VARIABLE}
    environment = {k: v for k, v in os.environ.items() if k not in ours} | variables
    code = before + "\nimport numpy" + THREADS
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


COMMAND = """
import contextlib, io
from imcmoo.cli.main import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main(["--help"])
"""


def test_a_command_uses_one_thread_unless_the_user_says_otherwise():
    assert threads(before=COMMAND) == 1
    several = min(2, threads())
    assert threads(before=COMMAND, OMP_NUM_THREADS=f"{several}") == several


def test_importing_the_package_leaves_the_threads_as_they_are():
    imported = "import imcmoo, imcmoo.search.surrogate, imcmoo.io.executor"
    assert threads(before=imported) == threads()


def test_a_worker_uses_one_thread_and_leaves_its_parent_alone(monkeypatch):
    for name in (*blas.VARIABLES, blas.SHARED_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    with local(2) as executor:
        assert [n for _, n in imap_unordered(executor, blas_threads, range(2))] == [1, 1]
    assert not set(blas.VARIABLES) & set(os.environ)


def test_a_search_fits_its_surrogates_by_one_thread(monkeypatch):
    counts, solve = [], np.linalg.solve

    def counted(matrix, right):
        counts.append(blas_threads())
        return solve(matrix, right)

    monkeypatch.setattr("imcmoo.search.surrogate.np.linalg.solve", counted)
    outside = blas_threads()
    run_search(LARGE_PROBLEM, budget=400, rng=np.random.default_rng(0))
    assert set(counts) == {1}
    assert blas_threads() == outside


@pytest.fixture(autouse=True)
def _several_threads():
    """More than one thread outside, so that one is not what there was anyway."""
    with threadpool_limits(2, "blas"):
        yield
