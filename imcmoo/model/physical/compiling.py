"""Whether there is compiled code for what takes most of the time, and when it is worth it."""

from __future__ import annotations

from importlib.util import find_spec

COMPILES = find_spec("numba") is not None
"""Whether numba is there."""

LEAST = 256
"""Designs of a batch from which it is used: for a few, loading it takes longer than they do."""


def worth_compiling(n_designs: int) -> bool:
    """Whether to use compiled code for a batch of so many designs; figures are the same."""
    return COMPILES and n_designs >= LEAST
