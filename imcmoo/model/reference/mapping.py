"""Spatial mapping: how a layer is spread over a chip, what stays temporal, what does not fit.

The reference stack allocates the loop dimensions of a layer level by level, innermost first, with
a greedy rule. It is deterministic, so a case (a layer shape on a chip) maps in closed form; the
few distinct allocations that occur are solved once and remembered.

Mappings of the same layers on many chips form a tree: a node of a level is a layer shape with its
factors up to that level, and a chip's capacity of the next level leads from one node to the next.
Few mappings differ: two thirds of the chips of a space map a layer as another chip does. Loop
orders and counts need to be worked out for the leaves only.

Source: docs/model.md, section 3; what fits, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from imcmoo.arrays import Floats, Growing, Ints
from imcmoo.networks.workloads import BITS, DIMENSIONS

AXES = (*DIMENSIONS, "Y")
"""Loop dimensions that are allocated: those of the layer, and Y, the bits of a weight."""

LEVELS = ("bit", "row", "col", "macro", "tile", "group")
"""Spatial levels, inner to outer: bits in a cell, rows and columns of a crossbar, macros of a tile,
tiles of a router group, router groups of the chip."""

WEIGHT_AXES = ("C", "M", "R", "S", "G", "Y")
"""Dimensions that tell one weight bit from another."""

AXIS = {name: i for i, name in enumerate(AXES)}
LEVEL = {name: i for i, name in enumerate(LEVELS)}

_OUTER = (("Y",), ("R", "S"), ("M", "C"), ("G",), ("P", "Q"), ("N",))
_ALLOCATION = {
    "row": (("C", "R", "S"),),
    "col": (("Y", "M"),),
    "macro": _OUTER,
    "tile": _OUTER,
    "group": _OUTER,
}

ALLOCATED = tuple(_ALLOCATION)
"""Levels over which loops are spread, inner to outer: all but the bits of a cell."""


@dataclass(frozen=True)
class Chips:
    """Sizes of chips that decide the mapping, one entry per case.

    Args:
        cell_bits: weight bits a cell holds, shape (n_cases,).
        capacity: units of each level (bit: 1), shape (n_cases, 6), columns as `LEVELS`.
        streams_weights: whether weights are reloaded while a layer runs (SRAM) instead of being
            resident (RRAM); Q then stays temporal.
    """

    cell_bits: Ints
    capacity: Ints
    streams_weights: bool

    @property
    def cells(self) -> Floats:
        """Number of cells, shape (n_cases,)."""
        return self.capacity.prod(axis=1).astype(float)

    @property
    def slices(self) -> Ints:
        """Cells a weight needs, shape (n_cases,)."""
        return -(-BITS // self.cell_bits)

    def take(self, rows: Ints) -> Chips:
        """Some of the chips, in the order given."""
        return Chips(self.cell_bits[rows], self.capacity[rows], self.streams_weights)


@dataclass(frozen=True)
class Mapping:
    """Spatial and temporal factors of every loop of every case.

    Args:
        sizes: loop sizes, shape (n_cases, 9), columns as `AXES`.
        spatial: factors per level, shape (n_cases, 6, 9), axes as `LEVELS` and `AXES`.
        temporal: trips that remain, shape (n_cases, 9).
        chips: the chips mapped onto.
    """

    sizes: Ints
    spatial: Ints
    temporal: Ints
    chips: Chips

    @cached_property
    def cycles(self) -> Ints:
        """Cycles of the layer, shape (n_cases,)."""
        return self.temporal.prod(axis=1)

    @cached_property
    def passes(self) -> Ints:
        """Number of times the chip must be written to hold all weights in turn; 1 if they fit.

        Where weights are streamed, only the bits of one weight must be side by side.
        """
        axes = ("Y",) if self.chips.streams_weights else WEIGHT_AXES
        return self.temporal[:, [AXIS[a] for a in axes]].prod(axis=1)

    @cached_property
    def residual(self) -> Ints:
        """Children in use at each level on the last trip, shape (n_cases, 6, 9)."""
        residual = np.ones_like(self.spatial)
        left = self.sizes.copy(order="F")
        for level in range(len(LEVELS)):
            for axis in np.flatnonzero((self.spatial[:, level] > 1).any(axis=0)):
                whole, last = np.divmod(left[:, axis] - 1, self.spatial[:, level, axis])
                residual[:, level, axis] = last + 1
                left[:, axis] = whole + 1
        return residual

    def take(self, rows: Ints) -> Mapping:
        """The mapping of some cases, in the order given."""
        sizes, spatial, temporal = (
            x.T[..., rows].T for x in (self.sizes, self.spatial, self.temporal)
        )
        return Mapping(sizes, spatial, temporal, self.chips.take(rows))

    def utilization(self) -> Floats:
        """Share of the chip's cells the layer keeps busy, averaged over its cycles, (n_cases,)."""
        macs = self.sizes[:, : len(DIMENSIONS)].prod(axis=1)
        cells = self.chips.capacity.prod(axis=1)
        return macs * 8.0 / (self.cycles * cells * self.chips.cell_bits)

    def unplaced_cells(self) -> Floats:
        """Cells the weights lack: those of all passes but one, shape (n_cases,)."""
        weights = self.sizes[:, [AXIS[a] for a in WEIGHT_AXES if a != "Y"]].prod(axis=1)
        return weights * self.chips.slices * (1.0 - 1.0 / self.passes)


def spread(left: Ints, capacity: Ints, level: str) -> Ints:
    """Spread what is left of the loops of each case over the units of one level.

    Args:
        left: loop sizes, shape (n_cases, 9), columns as `AXES`.
        capacity: units of the level, shape (n_cases,).
        level: one of `ALLOCATED`.

    Returns:
        Factors, shape (n_cases, 9).
    """
    factors = np.ones(left.T.shape, dtype=np.int64).T
    room = capacity.copy()
    for group in _ALLOCATION[level]:
        columns = [AXIS[a] for a in group]
        taken = allocate(left[:, columns], room)
        factors[:, columns] = taken
        room //= taken.prod(axis=1)
    return factors


def allocate(sizes: Ints, capacity: Ints) -> Ints:
    """Allocate one group of loop dimensions to the units of one level.

    Args:
        sizes: what is left of each dimension, shape (n_cases, n_dims), at least 1.
        capacity: free units of the level, shape (n_cases,), at least 1.

    Returns:
        Factors, shape (n_cases, n_dims); their product never exceeds `capacity`.

    Source: docs/model.md, section 3.
    """
    if np.max(sizes, initial=1) == 1:
        return np.ones_like(sizes)
    key = capacity.copy()
    for column in sizes.T:
        key = key * (int(column.max()) + 1) + column
    codes, first = distinct(key)
    solved = [_fill(tuple(int(s) for s in sizes[i]), int(capacity[i]))[1] for i in first.tolist()]
    return np.array(solved, dtype=np.int64).reshape(-1, sizes.shape[1])[codes]


def distinct(key: Ints) -> tuple[Ints, Ints]:
    """Codes of the distinct values in `key`, in the order in which they occur, and where each
    occurs first."""
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return np.argsort(order)[which], first[order]


@cache
def _fill(left: tuple[int, ...], capacity: int) -> tuple[float, tuple[int, ...]]:
    """Utilization of one group and the factors that reach it.

    Tries, by dimension, an uneven cut with the fewest trips, then every prime of the size; only a
    strict improvement replaces the best.
    """
    best, chosen = 1.0, (1,) * len(left)
    for i, size in enumerate(left):
        if size > capacity:
            trips = -(-size // capacity)
            cut = -(-size // trips)
            # The reference's own formula: where the cut divides the size, the last trip counts 0.
            mean = (cut * (trips - 1) + size % cut) / trips
            if mean > best:
                best = mean
                chosen = tuple(cut if j == i else 1 for j in range(len(left)))
        for prime in distinct_primes(size):
            if prime > capacity:
                continue
            remaining = tuple(s // prime if j == i else s for j, s in enumerate(left))
            value, factors = _fill(remaining, capacity // prime)
            if prime * value > best:
                best = prime * value
                chosen = tuple(f * prime if j == i else f for j, f in enumerate(factors))
    return best, chosen


@cache
def distinct_primes(number: int) -> tuple[int, ...]:
    """Distinct prime factors, in the order in which the reference visits them.

    That order decides ties. The reference collects primes in a Python set and iterates over it, so
    this does the same: by hash, {2, 17} gives 17 before 2.
    """
    primes = set()
    divisor = 2
    while number > 1:
        if number % divisor == 0:
            primes.add(divisor)
            number //= divisor
        elif divisor * divisor > number:
            divisor = number
        else:
            divisor += 1
    return tuple(primes)


def row_keys(rows: Ints) -> Ints:
    """One 64-bit number per row of an integer matrix (n, k), to find equal rows quickly.

    A random linear hash: different rows collide with a probability of about 2^-62 per pair.
    """
    with np.errstate(over="ignore"):
        return np.asarray(rows @ _odd_numbers(rows.shape[1]), dtype=np.int64)


@cache
def _odd_numbers(n: int) -> Ints:
    """Random odd numbers, the same ones every time, shape (n,)."""
    return np.asarray(2 * np.random.default_rng(0).integers(0, 2**62, size=n) + 1)


class MappingTree:
    """Mappings of some layer shapes on the chips of a space.

    Args:
        shapes: of the layers, shape (n_shapes, 8), columns as `workloads.DIMENSIONS`.
        capacities: values that the units of each of `ALLOCATED` may have.
        streams_weights: whether weights are reloaded while a layer runs.
    """

    def __init__(self, shapes: Ints, capacities: Map[str, Ints], *, streams_weights: bool) -> None:
        self._streams_weights = streams_weights
        sizes = np.concatenate([shapes, np.full((len(shapes), 1), BITS, dtype=np.int64)], axis=1)
        # One root per shape and bits per cell.
        self._sizes = np.repeat(sizes, BITS, axis=0)
        self._cell_bits = np.tile(np.arange(1, BITS + 1), len(shapes))
        left = self._sizes.copy()
        left[:, AXIS["Y"]] = -(-left[:, AXIS["Y"]] // self._cell_bits)
        if streams_weights:
            left[:, AXIS["Q"]] = 1
        self._roots = left
        self._levels = [
            _Level(level, np.unique(capacities[level]), streams_weights) for level in ALLOCATED
        ]

    def __len__(self) -> int:
        """Number of leaves."""
        return len(self._levels[-1].left)

    def leaves(self, shape: Ints, chips: Chips, chip: Ints) -> Ints:
        """Number of the leaf of each case, a layer shape on a chip, shape (n_cases,).

        Cases share a leaf if they have the same mapping and agree in what else action counts depend
        on: bits of a cell, macros of a tile, whether there is a single router group and, where
        weights are streamed, columns of a crossbar. Numbers count from 0 as leaves are found.
        """
        node = shape * BITS + chips.cell_bits[chip] - 1
        left = self._roots
        for level in self._levels:
            at = np.searchsorted(level.values, chips.capacity[:, LEVEL[level.name]])
            node = level.follow(node, at[chip], left)
            left = level.left.rows
        return node

    def mapping(self, leaves: Ints) -> Mapping:
        """The mappings of some leaves, each on one of the chips that have it."""
        spatial = np.ones((len(LEVELS), len(AXES), len(leaves)), dtype=np.int64).transpose(2, 0, 1)
        capacity = np.ones((len(leaves), len(LEVELS)), dtype=np.int64)
        temporal = np.asfortranarray(self._levels[-1].left.rows[leaves])
        node = leaves
        for level in reversed(self._levels):
            spatial[:, LEVEL[level.name]] = level.factors.rows[node]
            capacity[:, LEVEL[level.name]] = level.capacity.rows[node]
            node = level.parent.rows[node]
        spatial[:, LEVEL["bit"], AXIS["Y"]] = self._cell_bits[node]
        sizes = np.asfortranarray(self._sizes[node])
        if self._streams_weights:
            temporal[:, AXIS["Q"]] = sizes[:, AXIS["Q"]]
        return Mapping(
            sizes, spatial, temporal, Chips(self._cell_bits[node], capacity, self._streams_weights)
        )


def map_layers(shapes: Ints, chips: Chips) -> Mapping:
    """Map one layer shape on one chip per case; what does not fit shows in `passes`."""
    capacities = {level: chips.capacity[:, LEVEL[level]] for level in ALLOCATED}
    tree = MappingTree(shapes, capacities, streams_weights=chips.streams_weights)
    cases = np.arange(len(shapes))
    return replace(tree.mapping(tree.leaves(cases, chips, cases)), chips=chips)


class _Level:
    """Nodes of one level, which may have these capacities, ascending.

    Attributes:
        left: what is left of the loops beyond each node, shape (n_nodes, 9).
        factors: of the level, shape (n_nodes, 9).
        parent: node of the level below, shape (n_nodes,).
        capacity: of a chip that has the node, shape (n_nodes,).
    """

    def __init__(self, name: str, values: Ints, streams_weights: bool) -> None:
        self.name = name
        self.values = values
        self.left, self.factors = Growing((len(AXES),)), Growing((len(AXES),))
        self.parent, self.capacity = Growing(), Growing()
        # By node of the level below and capacity; -1 if not requested.
        self._next = Growing((len(values),), np.int32)
        self._known: dict[int, int] = {}
        # Equal factors with different capacities: action counts depend on these.
        told = name == "macro" or (name == "col" and streams_weights)
        self._told = values if told else (values == 1) * int(name == "group")

    def follow(self, node: Ints, at: Ints, left: Ints) -> Ints:
        """The node each case comes to."""
        self._next.extend(len(left) - len(self._next), fill=-1)
        nodes = self._next.rows[node, at]
        new = nodes < 0
        if new.any():
            cases = np.unique(node[new] * len(self.values) + at[new])
            self._add(*np.divmod(cases, len(self.values)), left)
            nodes = self._next.rows[node, at]
        return nodes.astype(np.int64)

    def _add(self, node: Ints, at: Ints, left: Ints) -> None:
        """Spread new cases, all different, and give each a node."""
        inner, capacity = left[node], self.values[at]
        factors = spread(np.asfortranarray(inner), capacity, self.name)
        identity = np.column_stack([factors, node, self._told[at]])
        keys = row_keys(identity)
        codes, first = distinct(keys)
        keys = keys[first]
        nodes = np.array([self._known.get(key, -1) for key in keys.tolist()], dtype=np.int64)
        new = np.flatnonzero(nodes < 0)
        nodes[new] = len(self.left) + np.arange(len(new))
        self._known.update(zip(keys[new].tolist(), nodes[new].tolist(), strict=True))
        rows = first[new]
        self.left.append(-(-inner[rows] // factors[rows]))
        self.factors.append(factors[rows])
        self.parent.append(node[rows])
        self.capacity.append(capacity[rows])
        self._next.rows[node, at] = nodes[codes]
