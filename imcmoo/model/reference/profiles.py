"""Profiles: what networks do on a chip, before any voltage or cycle time is known.

Mapping, loop orders and counts depend on the sizes of a chip only. `LayerRunner` counts them per
distinct layer shape; `Profiler` sums them over the layers of each network, weighted with the
operand means, into the features that prices multiply.

Source: docs/model.md, sections 2, 4 and 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from imcmoo.arrays import Bools, Floats, Growing, Ints
from imcmoo.model.reference.counts import ACTIONS
from imcmoo.model.reference.loop_orders import Orders, Walks, loop_orders
from imcmoo.model.reference.mapping import Chips, MappingTree
from imcmoo.model.reference.prices import FACTORS, Term
from imcmoo.networks.workloads import BITS, DIMENSIONS, WorkloadSet, slice_mean

CELL_AXES = ("C", "M", "R", "S")
"""Axes that count in the paper's capacity rule; groups do not."""


LEAVES_AT_ONCE = 1 << 14
"""Mappings whose loop orders are worked out at once; bounds memory."""


def operand_factors(workloads: WorkloadSet, cell_bits: int) -> Floats:
    """Factors 1, a, c and a·c of every layer, shape (n_layers, 4), columns as `costs.FACTORS`.

    a is the mean input, c the mean cell value, both as a share of full scale.

    Source: docs/model.md, section 2.
    """
    a = slice_mean(workloads.input_bits, BITS)
    c = slice_mean(workloads.weight_bits, cell_bits)
    return np.stack([np.ones_like(a), a, c, a * c], axis=1)


def needed_weights(workloads: WorkloadSet) -> Floats:
    """Weights of each network by the paper's capacity rule, shape (W,); shared ones count once.

    Source: docs/model.md, section 4.
    """
    columns = [DIMENSIONS.index(a) for a in CELL_AXES]
    weights = workloads.shapes[workloads.shape_index][:, columns].prod(axis=1)
    needed = np.zeros(len(workloads))
    np.add.at(needed, workloads.owner, weights * ~workloads.shares)
    return needed


@dataclass(frozen=True)
class LayerRuns:
    """Distinct layer shapes on chips; all 0 where a shape was not asked for on a chip.

    Args:
        choices: what all components do in a run, for every way to run some layer that occurs,
            shape (n_ways, n_actions), columns as `counts.ACTIONS`. The first way does nothing.
        way: which of them each layer takes on each chip, shape (n_shapes, n); 0 where the layer is
            not placed.
        cycles: shape (n_shapes, n).
        busy_bits: weight bits kept busy per cell of the chip, shape (n_shapes, n).
        unplaced_cells: cells a layer's weights lack, shape (n_shapes, n).
        missing_bits: bits the global buffer lacks for the loop order that needs the least,
            shape (n_shapes, n).
    """

    choices: Floats
    way: Ints
    cycles: Floats
    busy_bits: Floats
    unplaced_cells: Floats
    missing_bits: Floats

    def actions(self, action: str) -> Floats:
        """Number of actions of one kind of all components, shape (n_shapes, n)."""
        return self.choices[:, ACTIONS.index(action)][self.way]

    def take(self, chips: Ints) -> LayerRuns:
        """The runs on some of the chips."""
        columns = (getattr(self, f.name)[:, chips] for f in fields(self)[1:])
        return LayerRuns(self.choices, *columns)


class LayerRunner:
    """Runs layer shapes on the chips of a space; what a chip shares with others is worked out once.

    Args:
        shapes: shape (n_shapes, 8), columns as `workloads.DIMENSIONS`.
        capacities: values that the units of each level may have.
        smallest_buffer: bits of the smallest global buffer.
        streams_weights: whether weights are reloaded while a layer runs.
    """

    def __init__(
        self,
        shapes: Ints,
        capacities: Mapping[str, Ints],
        smallest_buffer: float,
        *,
        streams_weights: bool,
    ) -> None:
        self._macs = shapes.prod(axis=1)
        self._tree = MappingTree(shapes, capacities, streams_weights=streams_weights)
        self._walks = Walks(weights=streams_weights)
        self._smallest_buffer = smallest_buffer
        # Of each leaf of the tree: its orders (none where it is not placed), cycles, and cells that
        # its weights lack.
        self._first, self._number, self._cycles = Growing(), Growing(), Growing()
        self._unplaced = Growing((), np.float64)
        # Of each order; the first does nothing.
        self._held_bits = Growing((), np.float64)
        self._actions = Growing((len(ACTIONS),), np.float64)
        self._held_bits.extend(1, fill=0.0)
        self._actions.extend(1, fill=0.0)

    def run(
        self, chips: Chips, buffer_bits: Floats, prices: Mapping[int, Floats], wanted: Bools
    ) -> LayerRuns:
        """Run layer shapes on chips.

        Args:
            chips: n of them.
            buffer_bits: of the global buffer, shape (n,).
            prices: energy of the actions that decide between loop orders, by index in
                `counts.ACTIONS`, shape (n,) each.
            wanted: which shapes to run on which chip, shape (n, n_shapes).
        """
        shape, chip = np.nonzero(wanted.T)
        leaf = self._tree.leaves(shape, chips, chip)
        self._learn()
        cycles = self._cycles.rows[leaf]
        cells = chips.capacity.prod(axis=1)
        bits = chips.cell_bits[chip]
        n, n_shapes = wanted.shape
        out = LayerRuns(
            self._actions.rows, np.zeros((n_shapes, n), dtype=np.int64), *np.zeros((4, n_shapes, n))
        )
        out.cycles[shape, chip] = cycles
        out.busy_bits[shape, chip] = self._macs[shape] * 8.0 / (cycles * cells[chip] * bits) * bits
        out.unplaced_cells[shape, chip] = self._unplaced.rows[leaf]
        runs = self._number.rows[leaf] > 0
        shape, chip = shape[runs], chip[runs]
        orders = Orders(
            self._first.rows, self._number.rows, self._held_bits.rows, self._actions.rows.T
        )
        choice = orders.cheapest(
            leaf[runs], buffer_bits[chip], {action: price[chip] for action, price in prices.items()}
        )
        out.way[shape, chip], out.missing_bits[shape, chip] = choice
        return out

    def _learn(self) -> None:
        """Work out the loop orders of leaves that are new."""
        for first in range(len(self._number), len(self._tree), LEAVES_AT_ONCE):
            last = min(first + LEAVES_AT_ONCE, len(self._tree))
            mapping = self._tree.mapping(np.arange(first, last))
            placed = np.flatnonzero(mapping.passes == 1)
            orders = loop_orders(mapping.take(placed), self._walks, self._smallest_buffer)
            self._number.extend(last - first, fill=0)
            self._number.rows[first + placed] = orders.number
            self._first.extend(last - first, fill=0)
            self._first.rows[first + placed] = orders.first + len(self._held_bits)
            self._cycles.append(mapping.cycles)
            self._unplaced.append(mapping.unplaced_cells())
            self._held_bits.append(orders.held_bits)
            self._actions.append(orders.actions.T)


class Profiles(NamedTuple):
    """Action counts, cycles and shortfalls of networks on chips, a network on a chip each.

    Args:
        features: summed counts · operand factors, shape (n, n_features).
        cycles: shape (n,).
        utilization: highest of any layer, shape (n,).
        unplaced_cells: summed over layers, shape (n,).
        missing_bits: worst layer, shape (n,).
    """

    features: Floats
    cycles: Floats
    utilization: Floats
    unplaced_cells: Floats
    missing_bits: Floats


class Profiler:
    """Sums runs of layers into profiles of networks.

    Terms of the energy that share action and operand factor share a feature.
    """

    def __init__(self, workloads: WorkloadSet, terms: tuple[Term, ...]) -> None:
        self.workloads = workloads
        self.features = list(dict.fromkeys((t.action, t.factor) for t in terms))
        layers = len(workloads), len(workloads.shapes)
        number = np.zeros(layers)
        np.add.at(number, (workloads.owner, workloads.shape_index), 1.0)
        self._number = number
        self._shapes = [np.flatnonzero(row) for row in number]
        self._column = [ACTIONS.index(action) for action, _ in self.features]
        self._moments = np.stack([self._moment(b) for b in range(1, BITS + 1)], axis=2)

    def uses(self, networks: Bools) -> Bools:
        """Layer shapes that some of the chosen networks (n, W) have, shape (n, n_shapes)."""
        return networks @ (self._number > 0)

    def _moment(self, cell_bits: int) -> Floats:
        """By network, shape and feature, operand factors summed over the layers of equal shape."""
        sums = np.zeros((*self._number.shape, len(FACTORS)))
        factors = operand_factors(self.workloads, cell_bits)
        np.add.at(sums, (self.workloads.owner, self.workloads.shape_index), factors)
        return sums[:, :, [FACTORS.index(factor) for _, factor in self.features]]

    def summarise(self, runs: LayerRuns, cell_bits: Ints, network: int) -> Profiles:
        """Profiles of one network on n chips, from the runs of its layers.

        Args:
            runs: on the chips.
            cell_bits: of the chips, shape (n,).
            network: index of the network.
        """
        n = len(cell_bits)
        features, cycles, unplaced = np.zeros((n, len(self.features))), np.zeros(n), np.zeros(n)
        shapes = self._shapes[network]
        # One layer after the other, so that sums do not depend on how many chips there are.
        for shape in shapes:
            counts = runs.choices.take(runs.way[shape], axis=0).take(self._column, axis=1)
            features += self._moments[network, shape, cell_bits - 1] * counts
            cycles += self._number[network, shape] * runs.cycles[shape]
            unplaced += self._number[network, shape] * runs.unplaced_cells[shape]
        busy = runs.busy_bits[shapes].max(axis=0) / cell_bits
        missing = runs.missing_bits[shapes].max(axis=0)
        return Profiles(features, cycles, busy, unplaced, missing)
