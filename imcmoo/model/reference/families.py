"""Families of chips: close relatives, of which mapping all costs nothing more than mapping one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imcmoo.model.reference.chips import OPERATING_POINT
from imcmoo.model.reference.mapping import Ints
from imcmoo.networks.workloads import BITS
from imcmoo.space.design_space import DesignSpace, Levels


@dataclass(frozen=True)
class Family:
    """Chips of equal mapping: all buffer depths, and all cells that need as many slices.

    Args:
        representatives: levels to run, shape (n, n_parameters).
        members: for each number of bits in a cell: that number, the representatives it exists for
            (n_members,), and the levels of its chips (n_members, n_parameters).
    """

    representatives: Levels
    members: list[tuple[int, Ints, Levels]]


def families(space: DesignSpace, levels: Levels, at_once: int) -> Iterator[Family]:
    """Group designs with their close relatives.

    Args:
        space: what the designs are from.
        levels: shape (n, n_parameters).
        at_once: representatives per family at the most.
    """
    base = levels.copy()
    for name in (*OPERATING_POINT, "glb_depth"):
        if name in space.names:
            base[:, space.names.index(name)] = 0
    if "bits_per_cell" in space.names:
        at = space.names.index("bits_per_cell")
        base[:, at] = _fewest_bits(space)[base[:, at]]
    base = np.unique(base, axis=0)
    depths = len(space.values_of("glb_depth"))
    step = max(1, at_once // depths)
    for first in range(0, len(base), step):
        chips = np.repeat(base[first : first + step], depths, axis=0)
        if "glb_depth" in space.names:
            chips[:, space.names.index("glb_depth")] = np.tile(
                np.arange(depths), len(chips) // depths
            )
        yield Family(chips, list(_members(space, chips)))


def _fewest_bits(space: DesignSpace) -> Ints:
    """For each level of bits per cell, the first level that needs as many slices."""
    slices = -(-BITS // np.asarray(space.values_of("bits_per_cell")))
    _, first, same = np.unique(slices, return_index=True, return_inverse=True)
    return first[same]


def _members(space: DesignSpace, chips: Levels) -> Iterator[tuple[int, Ints, Levels]]:
    values = space.values_of("bits_per_cell")
    if "bits_per_cell" not in space.names:
        yield int(values[0]), np.arange(len(chips)), chips
        return
    at = space.names.index("bits_per_cell")
    for level, fewest in enumerate(_fewest_bits(space)):
        rows = np.flatnonzero(chips[:, at] == fewest)
        member = chips[rows]
        member[:, at] = level
        if len(rows):
            yield int(values[level]), rows, member
