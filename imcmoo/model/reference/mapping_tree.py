"""Mappings of the same layers on many chips, each distinct mapping worked out once.

Layers are spread level by level (see `mapping`), so mappings form a tree: a node of a level is a
layer shape with its factors up to that level, and a chip's capacity of the next level leads from
one node to the next. Few mappings differ: two thirds of the chips of a space map a layer as another
chip does. Loop orders and counts need to be worked out for the leaves only.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from imcmoo.model.metrics import Ints
from imcmoo.model.reference.mapping import (
    ALLOCATED,
    AXES,
    AXIS,
    LEVEL,
    LEVELS,
    Chips,
    Mapping,
    distinct,
    row_keys,
    spread,
)
from imcmoo.networks.workloads import BITS


class Growing:
    """An array whose rows are added at the end; it doubles its room where there is none left."""

    def __init__(self, shape: tuple[int, ...] = (), dtype: DTypeLike = np.int64) -> None:
        self._room: NDArray[Any] = np.empty((16, *shape), dtype=dtype)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    @property
    def rows(self) -> NDArray[Any]:
        """A view of all rows; one taken before may no longer show what is written later."""
        return self._room[: self._used]

    def append(self, rows: NDArray[Any]) -> None:
        """Add some rows, shape (n, ...)."""
        self.extend(len(rows))
        self._room[self._used - len(rows) : self._used] = rows

    def extend(self, n: int, fill: Any = None) -> None:
        """Add n rows, each entry `fill`, or whatever is there."""
        first, self._used = self._used, self._used + n
        if self._used > len(self._room):
            larger = np.empty((2 * self._used, *self._room.shape[1:]), dtype=self._room.dtype)
            larger[:first] = self._room[:first]
            self._room = larger
        if fill is not None:
            self._room[first : self._used] = fill


class MappingTree:
    """Mappings of layer shapes, (n_shapes, 8), on chips with some capacities by level."""

    def __init__(self, shapes: Ints, capacities: Map[str, Ints], *, streams_weights: bool) -> None:
        self._streams_weights = streams_weights
        sizes = np.concatenate([shapes, np.full((len(shapes), 1), BITS, dtype=np.int64)], axis=1)
        # A root for each shape and number of bits in a cell.
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
        # By node of the level below and capacity; -1 where it was not asked for.
        self._next = Growing((len(values),), np.int32)
        self._known: dict[int, int] = {}
        # Capacities told apart although factors are the same: action counts depend on them.
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
