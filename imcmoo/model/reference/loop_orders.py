"""Loop orders: the one free choice of a mapping, and the cheapest that fits the global buffer.

Every temporal loop is split into trips above and below the global buffer. More trips below mean
fewer refills but a larger part of the layer to hold.

Source: docs/model.md, section 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.keyed_cache import KeyedCache
from imcmoo.model.reference.counts import WORD_BITS, MappingSummary, count_actions, total_actions
from imcmoo.model.reference.mapping import AXES, AXIS, LEVEL, Mapping, distinct, row_keys
from imcmoo.model.reference.traffic import TRAFFIC, WINDOWS, Nests, held_words, traffic

CHUNK_STEPS = 200_000
"""Steps walked at once at the most; bounds memory and keeps to the caches."""

CHUNK_NESTS = 8192
"""Nests without temporal loops whose traffic is worked out at once, for the same reason."""

NESTS_AT_ONCE = 1 << 14
"""Nests with temporal loops that are walked before they are stored."""

FEW_STEPS = 10_000
"""Steps up to which nests are walked together even where their loops differ: a walk costs as much
as some thousand steps."""

WORTH_SPLITTING = 400
"""Nests above which it pays to walk perfect loops apart from imperfect ones."""


class Walks:
    """Traffic of loop nests, perhaps of weights; each nest is walked once and remembered."""

    def __init__(self, *, weights: bool) -> None:
        self._weights = weights
        self._caches: dict[tuple[str, ...], KeyedCache] = {}

    def traffic(self, nests: Nests) -> Floats:
        """Traffic of n nests, shape (n, len(TRAFFIC))."""
        cache = self._caches.setdefault(nests.axes, KeyedCache(np.inf, rows_at_once=NESTS_AT_ONCE))
        return cache.rows(row_keys(nests.table()), lambda at: (self._walk(nests[at]),))[0]

    def once(self, nests: Nests) -> Floats:
        """Traffic of n nests without temporal loops, computed quickly and not stored."""
        return traffic(nests, self._weights)

    def _walk(self, nests: Nests) -> Floats:
        """Walk nests, those whose loops are visited alike together."""
        loops = np.concatenate([nests.top > 1, nests.inner > 1], axis=1)
        ragged = (nests.residual < nests.spatial).any(axis=1) & (nests.top * nests.inner > 1)
        out = np.empty((len(nests), len(TRAFFIC)))
        rows_of_all = np.arange(len(nests))
        few = _steps(loops, ragged) * len(nests) <= FEW_STEPS
        for rows in [rows_of_all] if few else alike(loops, rows_of_all):
            # Separating perfect loops saves steps but needs another round of calls.
            parts = alike(ragged[rows], rows) if len(rows) > WORTH_SPLITTING else [rows]
            for part in parts:
                size = max(1, CHUNK_STEPS // _steps(loops[part], ragged[part]))
                for at in range(0, len(part), size):
                    chunk = part[at : at + size]
                    out[chunk] = traffic(nests[chunk], self._weights)
        return out


def _steps(loops: Bools, ragged: Bools) -> int:
    """Steps at which nests are looked at that are walked together."""
    visits = 2 + ragged.any(axis=0)
    return int(np.where(loops.any(axis=0).reshape(2, -1), visits, 1).prod())


def alike(flags: Bools, rows: Ints) -> list[Ints]:
    """`rows` grouped by equal rows of `flags`, shape (len(rows), n_flags)."""
    if not len(rows):
        return []
    codes, _ = distinct(flags @ (1 << np.arange(flags.shape[1])))
    by_code = np.argsort(codes, kind="stable")
    return np.split(rows[by_code], np.flatnonzero(np.diff(codes[by_code])) + 1)


@dataclass(frozen=True)
class Orders:
    """All loop orders of many cases, cases in order.

    Args:
        first: index of the first order of each case, shape (n_cases,).
        number: how many it has, shape (n_cases,).
        held_bits: bits the global buffer must hold, shape (n_orders,).
        actions: what all components do, shape (len(ACTIONS), n_orders).
    """

    first: Ints
    number: Ints
    held_bits: Floats
    actions: Floats

    def cheapest(
        self, case: Ints, buffer_bits: Floats, prices: dict[int, Floats]
    ) -> tuple[Ints, Floats]:
        """The cheapest order that fits, for requests that each name a case.

        Args:
            case: shape (n,).
            buffer_bits: size of the global buffer, shape (n,).
            prices: energy of the actions that decide, by row of `actions`, shape (n,) each.

        Returns:
            Index of the order (the first of equals; the smallest if none fits), and the bits
            missing to hold it (0 if it fits), shape (n,) each.
        """
        best = self.first[case]
        missing = np.maximum(self.held_bits[best] - buffer_bits, 0.0)
        several = np.flatnonzero(self.number[case] > 1)
        if len(several):
            their_prices = {action: price[several] for action, price in prices.items()}
            choice = self._cheapest_of_several(case[several], buffer_bits[several], their_prices)
            best[several], missing[several] = choice
        return best, missing

    def _cheapest_of_several(
        self, case: Ints, buffer_bits: Floats, prices: dict[int, Floats]
    ) -> tuple[Ints, Floats]:
        """The cheapest order that fits, for requests whose cases have several orders."""
        number = self.number[case]
        start = np.cumsum(number) - number
        request = np.repeat(np.arange(len(case)), number)
        order = _ranges(self.first[case], number)
        missing = np.maximum(self.held_bits[order] - buffer_bits[request], 0.0)
        actions = self.actions.T[order]
        cost = np.zeros(len(order))
        for action, price in prices.items():
            cost += actions[:, action] * price[request]
        fewest = np.minimum.reduceat(missing, start)
        cost[missing > fewest[request]] = np.inf
        least = np.minimum.reduceat(cost, start)
        at = np.flatnonzero(cost == least[request])
        first = np.append(True, request[at[1:]] != request[at[:-1]])
        return order[at[first]], fewest


def _ranges(first: Ints, number: Ints) -> Ints:
    """The ranges of `number` integers from `first` on, joined."""
    start = np.cumsum(number) - number
    return np.arange(number.sum()) + np.repeat(first - start, number)


def loop_orders(mapping: Mapping, walks: Walks, smallest_buffer: float) -> Orders:
    """The loop orders of every case among which is the cheapest, with their actions.

    All cases are placed (`passes` is 1). No buffer will have less than `smallest_buffer` bits.
    """
    free = _free_axes(mapping, smallest_buffer)
    kinds = np.concatenate([mapping.temporal, free], axis=1)
    codes, kind = distinct(row_keys(kinds))
    kinds = kinds[kind].tolist()
    n = len(AXES)
    choices = [splits(tuple(k[:n]), tuple(map(bool, k[n:]))) for k in kinds]
    number = np.array([len(c) for c in choices], dtype=np.int64)[codes]
    first = np.cumsum(number) - number
    case = np.repeat(np.arange(len(codes)), number)
    choice = np.arange(len(case)) - first[case]
    offset = np.cumsum([0, *(len(c) for c in choices)])[codes]
    inner = np.concatenate([*choices, np.empty((0, n), np.int64)])[offset[case] + choice]

    flow = _traffic(mapping, case, inner, walks)
    held = flow[:, TRAFFIC.index("inputs.glb.held")] + flow[:, TRAFFIC.index("outputs.glb.held")]
    place = MappingSummary.from_mapping(mapping).take(case)
    actions = total_actions(place, count_actions(place, flow))
    return Orders(first, number, WORD_BITS * held, actions)


def _free_axes(mapping: Mapping, smallest_buffer: float) -> Bools:
    """Axes whose trips may have to be split, shape (n_cases, 9).

    By default the trips of P and Q are below the global buffer and all others above it.

    - Resident weights: P and Q may each be split at any divisor.
    - Streamed weights: the reference may split every axis but Q. A weight loop below P or Q
      reloads all weights from main memory; that never paid, and neither did another split, in
      thousands of random cases (see the tests), except these. P is split where the default does
      not fit the smallest buffer, or where P is the innermost loop of a lone router group and
      imperfect (see `Visits.quirk`). M is split where neither P nor Q has trips.
    """
    free = np.zeros(mapping.temporal.shape, dtype=bool)
    p, q, m = AXIS["P"], AXIS["Q"], AXIS["M"]
    if not mapping.chips.streams_weights:
        free[:, [p, q]] = True
        return free
    chip = mapping.spatial.prod(axis=1)
    default = np.ones_like(mapping.temporal)
    default[:, [p, q]] = mapping.temporal[:, [p, q]]
    held = WORD_BITS * sum(held_words(AXES, chip * default, o) for o in ("inputs", "outputs"))
    ragged = (mapping.residual[:, :, p] < mapping.spatial[:, :, p]).any(axis=1)
    lone = mapping.chips.capacity[:, LEVEL["group"]] == 1
    free[:, p] = (held > smallest_buffer) | (ragged & lone & (mapping.temporal[:, q] == 1))
    free[:, m] = (mapping.temporal[:, [p, q]] == 1).all(axis=1)
    return free


def _traffic(mapping: Mapping, case: Ints, inner: Ints, walks: Walks) -> Floats:
    """Traffic of all orders, shape (n_orders, len(TRAFFIC)).

    Axes that do not interact multiply. Axes without temporal loops do not depend on the order and
    are computed per case, which leaves few distinct nests.
    """
    moving = mapping.temporal > 1
    for pair in WINDOWS:
        columns = [AXIS[a] for a in pair]
        moving[:, columns] = moving[:, columns].any(axis=1, keepdims=True)
    flow = _at_rest(mapping, moving, walks)[case]
    for orders in alike(moving[case], np.arange(len(case))):
        axes = moving[case[orders[0]]]
        if axes.any():
            flow[orders] *= walks.traffic(_nests(mapping, axes, case[orders], inner[orders]))
    return flow


def _at_rest(mapping: Mapping, moving: Bools, walks: Walks) -> Floats:
    """Traffic of each case over the axes that do not move, shape (n_cases, len(TRAFFIC))."""
    parts = [np.empty((0, len(TRAFFIC)))]
    for at in range(0, len(moving), CHUNK_NESTS):
        chunk = np.arange(at, min(at + CHUNK_NESTS, len(moving)))
        once = np.ones((len(chunk), len(AXES)), dtype=np.int64)
        nests = _nests(mapping, np.ones(len(AXES), dtype=bool), chunk, once)
        # An axis of one trip and size 1 has no effect.
        still = ~moving[chunk, None]
        resting = np.where(still, nests.spatial, 1), np.where(still, nests.residual, 1)
        parts.append(walks.once(replace(nests, spatial=resting[0], residual=resting[1], top=once)))
    return np.concatenate(parts)


def _nests(mapping: Mapping, axes: Bools, cases: Ints, inner: Ints) -> Nests:
    """The loop nests of some cases over some axes."""
    at = np.flatnonzero(axes)
    return Nests(
        tuple(AXES[i] for i in at),
        mapping.spatial[:, :, at].take(cases, axis=0),
        mapping.residual[:, :, at].take(cases, axis=0),
        mapping.temporal[:, at].take(cases, axis=0) // inner[:, at],
        inner[:, at],
        mapping.chips.capacity[cases, LEVEL["group"]] == 1,
    )


def divisors(n: int) -> list[int]:
    """All divisors of a positive number, ascending."""
    small = [d for d in range(1, math.isqrt(n) + 1) if n % d == 0]
    return sorted({*small, *(n // d for d in small)})


@cache
def splits(trips: tuple[int, ...], free: tuple[bool, ...]) -> Ints:
    """All ways to split the trips of each axis: those below the global buffer, shape (n_orders, 9).

    Axes that are not free keep to the default.
    """
    options = []
    for axis, n, split in zip(AXES, trips, free, strict=True):
        if split:
            options.append(divisors(n))
        else:
            options.append([n if axis in ("P", "Q") else 1])
    return np.array(list(product(*options)), dtype=np.int64)
