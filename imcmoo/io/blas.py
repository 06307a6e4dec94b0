"""Threads of linear algebra: the systems solved here are so small that more than one costs time.

A 200 × 200 system takes 0.5 ms by one thread and 13 to 63 ms by several that wait for each other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""What libraries read, once, when NumPy is imported."""

SHARED_VARIABLE = "OMP_NUM_THREADS"
"""What libraries read where their own variable is not set."""


def use_one_thread() -> None:
    """Let this process and those it starts use one thread, where NumPy is not imported yet.

    A variable that the user has set wins.
    """
    if SHARED_VARIABLE not in os.environ:
        for name in VARIABLES:
            os.environ.setdefault(name, "1")


@contextmanager
def children_use_one_thread() -> Iterator[None]:
    """Let processes that are started inside use one thread; this one stays as it is."""
    before = {name: os.environ.get(name) for name in VARIABLES}
    use_one_thread()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread inside, whatever the user's settings are outside."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> Any:
    """The libraries that are loaded; to find them takes as long as some solutions."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
