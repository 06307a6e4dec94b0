"""Designs that are distinct, or not among others, by their ranks."""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from imcmoo.arrays import Bools
from imcmoo.space.design_space import DesignSpace, Levels, Ranks


def are_in(ranks: Ranks, seen: Set[int]) -> Bools:
    """True for ranks that are in `seen`, shape as `ranks` (n,)."""
    return np.fromiter(map(seen.__contains__, ranks.tolist()), bool, len(ranks))


def unseen(space: DesignSpace, levels: Levels, seen: Set[int]) -> Levels:
    """Distinct designs whose rank is not in `seen`, in order."""
    return distinct(space, levels[~are_in(space.rank(levels), seen)])


def distinct(space: DesignSpace, levels: Levels) -> Levels:
    """Designs without their repetitions, in order."""
    return levels[np.sort(np.unique(space.rank(levels), return_index=True)[1])]
