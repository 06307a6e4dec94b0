"""Exact answers of studies, for all tests of the records."""

import fcntl
import os
from functools import cache

import pytest

from imcmoo.exact import answer
from imcmoo.exact.enumeration import Enumeration
from imcmoo.problem.identity import identity
from problems import STUDIES


@pytest.fixture(scope="session")
def exact_answer(tmp_path_factory):
    """Exact answer of a study by its name; each is enumerated once, in whichever process."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    @cache
    def of(study):
        problem = STUDIES[study].problem()
        mark, home = identity(problem), folder / f"exact_{study}"
        with (folder / f"{study}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (home / answer.SUMMARY).exists():
                answer.save(Enumeration(problem).answer(), home, problem, mark, {"study": study})
        return answer.load(home, problem, mark)

    return of
