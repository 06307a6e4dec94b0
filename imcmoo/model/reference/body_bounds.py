"""What no design of a body falls short of, whatever its supply and cycle time.

Mapping and counts are the body's. Each price enters by its least over all supplies; of the cycle
time, energy (by leakage) and latency are the least at the shortest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imcmoo.model.reference.chips import ChipModel
from imcmoo.model.reference.mapping import Floats
from imcmoo.space.choices import every_choice
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional

SAFETY = 1 - 1e-9
"""Sums in another order may round up."""

LEAST_J = 1e-30
"""No network runs on less: bounds stay positive, so that every score has one."""


def least(
    chips: ChipModel, levels: Levels, features: Sequence[tuple[str, str]]
) -> tuple[Floats, Floats, Floats]:
    """The least prices, cycle time and area of some bodies.

    Args:
        chips: prices them.
        levels: a design of each, shape (n, n_parameters).
        features: what is priced.

    Returns:
        Prices in J, shape (n, n_features), seconds and m², shape (n,) each.
    """
    quick = _quickest(chips.space, levels)
    supplies = [name for name in chips.space.names if name == "voltage_V"]
    every = chips.designs(every_choice(chips.space, quick, supplies)[0])
    shape = len(levels), -1
    prices = chips.feature_prices(every, features).reshape(*shape, len(features)).min(axis=1)
    area = chips.areas(every).sum(axis=1).reshape(shape).min(axis=1)
    # A price may be negative, as what a bit costs beyond another: less is further from 0 then.
    prices = prices - np.abs(prices) * (1 - SAFETY)
    return prices, chips.cycle(chips.designs(quick)) * SAFETY, area * SAFETY


def _quickest(space: DesignSpace, levels: Levels) -> Levels:
    """The designs, each at its shortest cycle time."""
    if "cycle_s" not in space.names:
        return levels
    at = space.names.index("cycle_s")
    cycle, quick = space.parameters[at], levels.copy()
    if isinstance(cycle, Conditional):
        shortest = np.array([np.argmin(row.values) for row in cycle.rows])
        quick[:, at] = shortest[levels[:, space.names.index(cycle.on.name)]]
    else:
        quick[:, at] = np.argmin(cycle.values)
    return quick
