"""Allocation of the router groups of one chip to networks that run side by side, exactly.

Tables have shape (W, G): network w on g + 1 groups.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from imcmoo.model.metrics import Floats, Ints

EQUAL = 1e-8
"""Share of the power by which equal ones may differ: rounding is far below, and the dynamic energy
of most networks depends on their groups by nothing or by far more."""

FEWER = 1e-2
"""Share of a network's load that all groups of the chip must save to be worth having."""


def least_load(load: Floats, groups: int) -> tuple[float, Ints]:
    """Smallest largest load of any network, and the groups of each that reach it.

    A network may leave groups idle, so a load counts for all larger numbers of groups.

    Args:
        load: load of each network by number of groups, shape (W, G); infinite where it does not
            run.
        groups: number of router groups of the chip.

    Returns:
        The load, infinite where the networks do not fit, and the groups, shape (W,).
    """
    within = np.minimum.accumulate(load, axis=1)
    values = np.unique(within[np.isfinite(within)])
    low = bisect_left(values, True, key=lambda limit: _fewest(within, limit).sum() <= groups)
    if low == len(values):
        return np.inf, np.ones(len(load), np.int64)
    return float(values[low]), _fewest(within, values[low])


def _fewest(within: Floats, limit: float) -> Ints:
    """Fewest groups of each network that keep a load; beyond all where none does, shape (W,)."""
    keeps = within <= limit
    return np.where(keeps.any(axis=1), keeps.argmax(axis=1) + 1, 1 << 20)


def least_power(power: Floats, load: Floats, limit: float, groups: int) -> tuple[float, Ints]:
    """Smallest sum of power of networks that all keep a load, and the groups of each.

    The largest load is the least with which power is within `EQUAL` of the least. With it, power
    plus `EQUAL` of the least power × Σ (ln load + `FEWER` × share of the chip's groups) is least,
    so that the power may exceed the least by a few times `EQUAL`.

    Args:
        power: average power of each network by number of groups, W, shape (W, G).
        load: load of each network by number of groups, shape (W, G).
        limit: largest load.
        groups: number of router groups of the chip.

    Returns:
        The power, infinite where there is no allocation, and the groups, shape (W,).
    """
    least, allocated = _cheapest(power, load, limit, groups)
    if not np.isfinite(least):
        return least, allocated
    most = least + EQUAL * abs(least)
    limits = np.unique(load[load <= limit])
    smallest = bisect_left(
        limits, True, key=lambda to: _cheapest(power, load, to, groups)[0] <= most
    )
    with np.errstate(divide="ignore"):
        slower = np.log(load) + FEWER * np.arange(1, load.shape[1] + 1) / groups
    cost = power + EQUAL * abs(least) * slower
    _, allocated = _cheapest(cost, load, float(limits[smallest]), groups)
    return float(power[np.arange(len(power)), allocated - 1].sum()), allocated


def _cheapest(cost: Floats, load: Floats, limit: float, groups: int) -> tuple[float, Ints]:
    """Smallest sum of costs of networks that all keep a load, and the groups of each.

    Dynamic programming over networks and groups; the result is as that of `least_power`.
    """
    left = np.arange(groups + 1)[:, None] - np.arange(1, groups + 1)
    best, choices = np.zeros(groups + 1), []
    for row in np.where(load <= limit, cost, np.inf)[:, :groups]:
        # total[used, g]: this network on g + 1 of the groups that are used so far.
        total = np.where(left >= 0, best[left], np.inf)[:, : len(row)] + row
        choices.append(total.argmin(axis=1))
        best = total.min(axis=1)
    used = int(best.argmin())
    if not np.isfinite(best[used]):
        return np.inf, np.ones(len(load), np.int64)
    value, allocated = float(best[used]), np.empty(len(load), np.int64)
    for w in range(len(load) - 1, -1, -1):
        allocated[w] = choices[w][used] + 1
        used -= int(allocated[w])
    return value, allocated
