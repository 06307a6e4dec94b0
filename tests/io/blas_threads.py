"""Threads of linear algebra of a process; apart from tests, whose imports a new process repeats."""

import numpy  # noqa: F401 -- loads BLAS
from threadpoolctl import threadpool_info


def blas_threads(_=None):
    return max(t["num_threads"] for t in threadpool_info() if t["user_api"] == "blas")
