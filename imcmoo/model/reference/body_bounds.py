"""What no design of a body falls short of, whatever its supply and cycle time.

Mapping and counts are the body's. Each price enters by its least over all supplies; of the cycle
time, energy (by leakage) and latency are the least at the shortest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imcmoo.model.reference.chips import ChipModel, Designs
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
    space = chips.space
    # Many bodies are priced alike.
    deciding = [*chips.prices.deciding([t.price for t in chips.terms]), *_of_cycle(space)]
    _, first, which = np.unique(
        space.rank(levels, deciding), return_index=True, return_inverse=True
    )
    every = _at_every_supply(chips, levels[first])
    prices = chips.feature_prices(every, features).reshape(len(first), -1, len(features))
    least_prices = prices.min(axis=1)[which]
    cycle = chips.cycle(every).reshape(len(first), -1).min(axis=1)[which]
    area = chips.areas(_at_every_supply(chips, levels)).sum(axis=1).reshape(len(levels), -1)
    # A price may be negative, as what a bit costs beyond another: less is further from 0 then.
    least_prices -= np.abs(least_prices) * (1 - SAFETY)
    return least_prices, cycle * SAFETY, area.min(axis=1) * SAFETY


def _at_every_supply(chips: ChipModel, levels: Levels) -> Designs:
    """Each design with every supply voltage, one after the other, at its shortest cycle time."""
    supplies = [name for name in chips.space.names if name == "voltage_V"]
    every, _ = every_choice(chips.space, levels, supplies)
    return chips.designs(_quickest(chips.space, every))


def _of_cycle(space: DesignSpace) -> list[str]:
    """The parameters that decide the cycle time."""
    own = [p for p in space.parameters if p.name == "cycle_s"]
    return [*(p.name for p in own), *(p.on.name for p in own if isinstance(p, Conditional))]


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
