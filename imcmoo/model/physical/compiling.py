"""Whether there is compiled code for what takes most of the time, and when it is worth it."""

from __future__ import annotations

from functools import cache

LEAST = 256
"""Designs of a batch from which it is used: for a few, loading it takes longer than they do."""


@cache
def compiles() -> bool:
    """Whether numba is there, and works with the NumPy there is."""
    try:
        import numba
    except ImportError:
        return False
    return hasattr(numba, "njit")


def worth_compiling(n_designs: int) -> bool:
    """Whether to use compiled code for a batch of so many designs; figures are the same."""
    return n_designs >= LEAST and compiles()
