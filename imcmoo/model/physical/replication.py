"""How many copies of each layer a chip holds, for all chips at once.

Copies depend on array and number of macros alone, never on supply, converter or bandwidth: chips
that share those share this work, and a bound that holds for one holds for all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BISECTIONS = 50


def fastest_copies(
    macros: Floats, steps: Floats, time: Floats, count: Floats, available: Floats
) -> Floats:
    """Copies that make layers that run one after the other fast.

    Minimises Σ count ⌈steps / r⌉ time subject to Σ count · macros · r ≤ available, 1 ≤ r ≤ steps:
    the continuous optimum by bisection on its multiplier, rounded down to the fewest copies with
    the same number of rounds, what is left spent on the largest gain per macro.

    Args:
        macros: of one copy, 0 where a layer needs none, shape (n, L).
        steps: vectors of the layer, shape (L,).
        time: relative time of a vector, shape (n, L).
        count: identical layers, which get the same copies, shape (L,).
        available: macros of each chip, shape (n,).

    Returns:
        Copies, shape (n, L); 0 where not even one copy of each layer fits.
    """
    best, need = np.ones_like(macros), macros * count
    fits = need.sum(axis=1) <= available
    if fits.any():
        some = _continuous(macros[fits], steps, time[fits], count, available[fits])
        # The guard keeps a continuous optimum that is a whole number whole.
        some = _fewest(steps, np.ceil(steps / np.floor(some * (1 + 1e-12))))
        best[fits] = _spend(some, need[fits], steps, time[fits] * count, available[fits])
    best[~fits] = 0
    return best


def copies_bound(
    macros: Floats, steps: Floats, time: Floats, count: Floats, available: Floats
) -> Floats:
    """Lower bound of Σ count ⌈steps / r⌉ time over all copies that fit, shape (n,).

    The continuous optimum: exact copies cannot beat it. Infinite where one copy does not fit.
    """
    fits = (macros * count).sum(axis=1) <= available
    bound = np.full(len(macros), np.inf)
    copies = _continuous(macros[fits], steps, time[fits], count, available[fits])
    bound[fits] = (count * steps / copies * time[fits]).sum(axis=1)
    return bound


def even_copies(
    macros: Floats, steps: Floats, time: Floats, count: Floats, available: Floats
) -> Floats:
    """Copies that make the slowest of layers that run at once fast: min max ⌈steps / r⌉ time.

    Args and returns as `fastest_copies`; among equals the fewest copies.
    """
    best, need = np.ones_like(macros), macros * count
    fits = need.sum(axis=1) <= available
    if fits.any():
        work = np.where(macros[fits] > 0, steps * time[fits], 0.0)
        low, high = np.zeros(fits.sum()), work.max(axis=1)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            copies = _copies_within(middle, steps, time[fits])
            ok = (copies <= steps).all(axis=1, where=macros[fits] > 0) & (
                (copies * need[fits]).sum(axis=1) <= available[fits]
            )
            low, high = np.where(ok, low, middle), np.where(ok, middle, high)
        copies = _copies_within(high, steps, time[fits])
        best[fits] = np.where(macros[fits] > 0, np.clip(copies, 1, steps), 1.0)
    best[~fits] = 0
    return best


def _copies_within(limit: Floats, steps: Floats, time: Floats) -> Floats:
    """Fewest copies with ⌈steps / r⌉ time ≤ limit; more than `steps` where none has."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rounds = np.floor(limit[:, None] / time)
        return np.where(rounds >= 1, np.ceil(steps / np.maximum(rounds, 1)), steps + 1)


def _continuous(
    macros: Floats, steps: Floats, time: Floats, count: Floats, available: Floats
) -> Floats:
    """r = clip(√(steps · time / (λ · macros)), 1, steps), λ the smallest that fits."""
    weight = np.sqrt(np.where(macros > 0, steps * time / np.maximum(macros, 1), np.inf))
    need = macros * count
    low = np.zeros(len(macros))
    finite = np.where(np.isfinite(weight), weight, 0.0)
    high = finite.max(axis=1, initial=1.0)  # with it, no layer of any macros has over one copy
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        copies = np.clip(weight / middle[:, None], 1, steps)
        over = (copies * need).sum(axis=1) > available
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return np.clip(weight / high[:, None], 1, steps)


def _fewest(steps: Floats, rounds: Floats) -> Floats:
    """Fewest copies with these rounds."""
    return np.ceil(steps / rounds)


def _spend(copies: Floats, need: Floats, steps: Floats, time: Floats, available: Floats) -> Floats:
    """Give what macros are left to the layer that gains most per macro, again and again."""
    copies = copies.copy()
    left = available - (copies * need).sum(axis=1)
    active = np.arange(len(copies))
    while len(active):
        here, spare = copies[active], left[active]
        rounds = np.ceil(steps / here)
        more = _fewest(steps, np.maximum(rounds - 1, 1))
        cost = (more - here) * need[active]
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = (rounds - np.ceil(steps / more)) * time[active] / cost
        gain = np.where((cost > 0) & (cost <= spare[:, None]), gain, 0.0)
        choice = gain.argmax(axis=1)
        lines = np.arange(len(active))
        helps = gain[lines, choice] > 0
        active, choice, lines = active[helps], choice[helps], lines[helps]
        copies[active, choice] = more[lines, choice]
        left[active] -= cost[lines, choice]
    return copies
