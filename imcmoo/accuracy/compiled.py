"""Loops compiled by numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function, without the lock of the interpreter while it runs.

    The result is kept between processes where a folder for it can be written.
    """
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # numba found no folder
        return numba.njit(nogil=True)(function)
