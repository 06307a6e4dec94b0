"""Loop orders: the one free choice of a mapping, and the cheapest that fits the global buffer.

Every temporal loop is split into trips above and below the global buffer. More trips below mean
fewer refills but a larger part of the layer to hold.

Source: cost model of the reference stack, section "Temporal order and the one free choice".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from imcmoo.counts import WORD_BITS, Placement, count_actions, total_actions
from imcmoo.mapping import AXES, AXIS, LEVEL, Bools, Floats, Ints, Mapping, row_keys
from imcmoo.nests import Nests
from imcmoo.traffic import TRAFFIC, WINDOWS, traffic

CHUNK_STEPS = 200_000
"""Steps walked at once at the most; bounds memory and keeps to the caches."""

WORTH_SPLITTING = 400
"""Nests above which it pays to walk perfect loops apart from imperfect ones."""


class Walks:
    """Traffic of loop nests, each distinct nest walked once and then remembered.

    Args:
        weights: whether the traffic of weights is wanted.
    """

    def __init__(self, *, weights: bool) -> None:
        self._weights = weights
        self._index: dict[int, int] = {}
        self._known = np.empty((0, len(TRAFFIC)))

    def traffic(self, keys: Ints, build: Callable[[Ints], Nests]) -> Floats:
        """Traffic of n nests.

        Args:
            keys: a number per nest, the same for equal nests only, shape (n,).
            build: makes the nests of some of the n rows.

        Returns:
            Shape (n, len(TRAFFIC)).
        """
        codes, distinct = pd.factorize(keys)
        new = [i for i, key in enumerate(distinct.tolist()) if key not in self._index]
        if new:
            known = len(self._known)
            self._index.update(zip(distinct[new].tolist(), range(known, known + len(new))))
            rows = np.unique(codes, return_index=True)[1][new]
            self._known = np.concatenate([self._known, self._walk(build(rows))])
        return self._known[[self._index[key] for key in distinct.tolist()]][codes]

    def _walk(self, nests: Nests) -> Floats:
        """Walk nests, those whose loops are visited alike together."""
        loops = np.concatenate([nests.top > 1, nests.inner > 1], axis=1)
        ragged = (nests.residual < nests.spatial).any(axis=1) & (nests.top * nests.inner > 1)
        out = np.empty((len(nests), len(TRAFFIC)))
        for rows in _alike(loops, np.arange(len(nests))):
            # Telling perfect loops from others saves steps, and costs another round of calls.
            parts = _alike(ragged[rows], rows) if len(rows) > WORTH_SPLITTING else [rows]
            for part in parts:
                visits = 2 + ragged[part].any(axis=0)
                steps = np.where(loops[part[0]].reshape(2, -1), visits, 1).prod()
                size = max(1, CHUNK_STEPS // int(steps))
                for at in range(0, len(part), size):
                    some = part[at : at + size]
                    out[some] = traffic(nests[some], self._weights)
        return out


def _alike(flags: Bools, rows: Ints) -> list[Ints]:
    """`rows` grouped by equal rows of `flags`, shape (len(rows), n_flags)."""
    codes, _ = pd.factorize(flags @ (1 << np.arange(flags.shape[1])))
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
        number = self.number[case]
        start = np.cumsum(number) - number
        request = np.repeat(np.arange(len(case)), number)
        order = np.arange(len(request)) + np.repeat(self.first[case] - start, number)
        missing = np.maximum(self.held_bits[order] - buffer_bits[request], 0.0)
        cost = np.zeros(len(order))
        for action, price in prices.items():
            cost += self.actions[action, order] * price[request]
        fewest = np.minimum.reduceat(missing, start) if len(start) else missing
        cost[missing > fewest[request]] = np.inf
        least = np.minimum.reduceat(cost, start) if len(start) else cost
        at = np.flatnonzero(cost == least[request])
        best = at[np.unique(request[at], return_index=True)[1]]
        return order[best], fewest


def loop_orders(mapping: Mapping, walks: Walks) -> Orders:
    """Every loop order of every case, with its actions.

    Args:
        mapping: n_cases cases, all of which are placed (`passes` is 1).
        walks: remembers the loop nests that were walked before.
    """
    streams = mapping.chips.streams_weights
    codes, _ = pd.factorize(row_keys(mapping.temporal))
    kinds = mapping.temporal[np.unique(codes, return_index=True)[1]]
    choices = [splits(tuple(trips), streams) for trips in kinds.tolist()]
    number = np.array([len(c) for c in choices], dtype=np.int64)[codes]
    first = np.cumsum(number) - number
    case = np.repeat(np.arange(len(codes)), number)
    choice = np.arange(len(case)) - first[case]
    offset = np.cumsum([0, *(len(c) for c in choices)])[codes]
    inner = np.concatenate([*choices, np.empty((0, len(AXES)), np.int64)])[offset[case] + choice]

    flow = _traffic(mapping, case, choice, inner, walks)
    held = flow[:, TRAFFIC.index("inputs.glb.held")] + flow[:, TRAFFIC.index("outputs.glb.held")]
    place = Placement.of(mapping).take(case)
    return Orders(first, number, WORD_BITS * held, total_actions(place, count_actions(place, flow)))


def _traffic(mapping: Mapping, case: Ints, choice: Ints, inner: Ints, walks: Walks) -> Floats:
    """Traffic of all orders, shape (n_orders, len(TRAFFIC)).

    Axes without temporal loops, windows apart, do not depend on the order and are taken per case.
    """
    windows = {axis for pair in WINDOWS for axis in pair}
    moving = [a for a in AXES if a in windows or (mapping.temporal[:, AXIS[a]] > 1).any()]
    still = [a for a in AXES if a not in moving]
    lone = mapping.chips.capacity[:, LEVEL["group"]] == 1

    def nests(axes: list[str], cases: Ints, below: Ints) -> Nests:
        at = [AXIS[a] for a in axes]
        return Nests(
            tuple(axes),
            mapping.spatial[cases][:, :, at],
            mapping.residual[cases][:, :, at],
            mapping.temporal[cases][:, at] // below[:, at],
            below[:, at],
            lone[cases],
        )

    def keys(axes: list[str]) -> Ints:
        at = [AXIS[a] for a in axes]
        flat = [
            m[:, :, at].reshape(len(m), m.shape[1] * len(at))
            for m in (mapping.spatial, mapping.residual)
        ]
        names = np.full((len(lone), 1), sum(1 << i for i in at))
        return row_keys(np.concatenate([*flat, mapping.temporal[:, at], lone[:, None], names], 1))

    once = np.ones_like(mapping.temporal)
    fixed = walks.traffic(keys(still), lambda rows: nests(still, rows, once[rows]))
    order_keys = row_keys(np.stack([keys(moving)[case], choice], axis=1))
    return fixed[case] * walks.traffic(
        order_keys, lambda rows: nests(moving, case[rows], inner[rows])
    )


@cache
def splits(trips: tuple[int, ...], streams: bool) -> Ints:
    """The ways to split the trips of a case that can be the cheapest.

    Trips of P and Q are below the global buffer and all others above it, except that

    - resident weights: P and Q may each be split at any divisor;
    - streamed weights: P may be split at any divisor, and M where it is the only loop that could
      (no P or Q). The reference may split every axis but Q, yet a weight loop below P or Q reloads
      all weights from main memory, and a split of another axis only holds more: of thousands of
      random cases none had a cheaper order among those left out (see the tests).

    Args:
        trips: of each axis of `AXES`.
        streams: whether weights are streamed.

    Returns:
        Trips below the global buffer, shape (n_orders, 9).
    """
    free = ("P",) if streams else ("P", "Q")
    if streams and trips[AXIS["P"]] == trips[AXIS["Q"]] == 1:
        free = ("M",)
    options = []
    for axis, n in zip(AXES, trips, strict=True):
        if axis in free:
            options.append([d for d in range(1, n + 1) if n % d == 0])
        else:
            options.append([n if axis in ("P", "Q") else 1])
    return np.array(list(product(*options)), dtype=np.int64)
