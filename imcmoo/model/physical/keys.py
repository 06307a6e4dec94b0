"""Whole numbers that tell bodies apart: designs with equal keys share work."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.parameters import Designs

Ints = NDArray[np.int64]

# Bits of each field and its least value; the limits of `parameters` keep the fields within.
_ARRAY = {
    "schedule": (1, 0),
    "rows": (10, 1),
    "cols": (10, 1),
    "active_rows": (10, 1),
    "bits_per_cell": (3, 1),
    "weight_coding": (1, 0),
    "input_slice_bits": (3, 1),
}
_TILING = {
    "input_coding": (1, 0),
    "macros_per_tile": (8, 0),
    "tiles_per_group": (8, 0),
    "router_groups": (8, 0),
}

COSTLY: tuple[str, ...] = (*_ARRAY, *_TILING)
"""Parameters that decide a body, and so the work that is done once for all that share it."""


def copies_keys(designs: Designs) -> Ints:
    """What decides copies: array, slices, rows read at once, schedule and number of macros."""
    return _packed(designs.macros.astype(np.int64), designs, _ARRAY.items())


def body_keys(designs: Designs) -> Ints:
    """What decides features of a body: the above, but how macros are tiled, and input coding.

    Ascending keys are layer by layer first, then pipelined.
    """
    fields = (_ARRAY | _TILING).items()
    return _packed(np.zeros(len(designs), np.int64), designs, fields)


def _packed(key: Ints, designs: Designs, fields: Iterable[tuple[str, tuple[int, int]]]) -> Ints:
    """Fields side by side in one number."""
    for name, (bits, least) in fields:
        key = (key << bits) | (getattr(designs, name).astype(np.int64) - least)
    return key
