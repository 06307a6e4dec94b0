"""Profiles: what networks do on a chip, before any voltage or cycle time is known.

Mapping, loop orders and counts depend on the sizes of a chip only. `run_layers` counts them per
distinct layer shape; `Profiler` sums them over the layers of each network, weighted with the
operand means, into the features that prices multiply.

Source: docs/model.md, sections 2, 4 and 7.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.sparse import csr_array

from imcmoo.model.reference.counts import ACTIONS, GLB_WORD_BITS
from imcmoo.model.reference.loop_orders import Walks, loop_orders
from imcmoo.model.reference.mapping import Bools, Chips, Floats, Ints, map_layers
from imcmoo.model.reference.prices import FACTORS, Term
from imcmoo.networks.workloads import BITS, DIMENSIONS, WorkloadSet, slice_mean

CELL_AXES = ("C", "M", "R", "S")
"""Axes that count in the paper's capacity rule; groups do not."""


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
            shape (n_actions, n_ways), first axis as `counts.ACTIONS`. The last way does nothing.
        way: which of them each layer takes on each chip, shape (n_shapes, n); the last where the
            layer is not placed.
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
        """How often all components do this, shape (n_shapes, n)."""
        return self.choices[ACTIONS.index(action)][self.way]

    def take(self, rows: Ints) -> LayerRuns:
        """The runs on some of the chips."""
        rest = (getattr(self, f.name)[:, rows] for f in fields(self)[1:])
        return LayerRuns(self.choices, *rest)


def run_layers(
    shapes: Ints,
    chips: Chips,
    glb_depth: Ints,
    prices: dict[int, Floats],
    wanted: Bools,
    walks: Walks,
) -> LayerRuns:
    """Run layer shapes on chips that may differ in nothing but their global buffer.

    Args:
        shapes: shape (n_shapes, 8), columns as `workloads.DIMENSIONS`.
        chips: n of them; equal neighbours are mapped once.
        glb_depth: words of the global buffer, shape (n,).
        prices: energy of the actions that decide between loop orders, by index in
            `counts.ACTIONS`, shape (n,) each.
        wanted: which shapes to run on which chip, shape (n, n_shapes).
        walks: remembers the loop nests that were walked before.
    """
    n, n_shapes = wanted.shape
    table = np.concatenate([chips.cell_bits[:, None], chips.capacity, wanted], axis=1)
    starts = np.append(True, (table[1:] != table[:-1]).any(axis=1))
    body = np.cumsum(starts) - 1
    body_of, shape_of = np.nonzero(wanted[starts])
    case_at = np.full((int(starts.sum()), n_shapes), -1)
    case_at[body_of, shape_of] = np.arange(len(body_of))
    mapping = map_layers(shapes[shape_of], chips.take(np.flatnonzero(starts)[body_of]))
    placed = np.flatnonzero(mapping.passes == 1)
    buffer_bits = GLB_WORD_BITS * glb_depth.astype(float)
    orders = loop_orders(mapping.take(placed), walks, buffer_bits.min(initial=np.inf))
    order_at = np.full(len(body_of), -1)
    order_at[placed] = np.arange(len(placed))

    chip, shape = np.nonzero(wanted)
    case = case_at[body[chip], shape]
    runs = order_at[case] >= 0
    chip_run, shape_run = chip[runs], shape[runs]
    order, missing = orders.cheapest(
        order_at[case[runs]],
        buffer_bits[chip_run],
        {action: price[chip_run] for action, price in prices.items()},
    )
    idle = orders.actions.shape[1]
    choices = np.concatenate([orders.actions, np.zeros((len(ACTIONS), 1))], axis=1)
    out = LayerRuns(choices, np.full((n_shapes, n), idle), *np.zeros((4, n_shapes, n)))
    out.way[shape_run, chip_run] = order
    out.missing_bits[shape_run, chip_run] = missing
    out.cycles[shape, chip] = mapping.cycles[case]
    out.busy_bits[shape, chip] = (mapping.utilization() * mapping.chips.cell_bits)[case]
    out.unplaced_cells[shape, chip] = mapping.unplaced_cells()[case]
    return out


@dataclass(frozen=True)
class Profiles:
    """What n chips do for W networks.

    Args:
        features: summed counts · operand factors, shape (n, W, n_features).
        cycles: shape (n, W).
        utilization: highest of any layer, shape (n, W).
        unplaced_cells: summed over layers, shape (n, W).
        missing_bits: worst layer, shape (n, W).
    """

    features: Floats
    cycles: Floats
    utilization: Floats
    unplaced_cells: Floats
    missing_bits: Floats

    @classmethod
    def allocate(cls, n: int, n_workloads: int, n_features: int) -> Profiles:
        """Room for n chips, not filled; what is never written takes no memory."""
        return cls(np.empty((n, n_workloads, n_features)), *np.empty((4, n, n_workloads)))

    def __len__(self) -> int:
        return len(self.cycles)

    def grown(self, n: int) -> Profiles:
        """The same with room for n chips."""
        grown = Profiles.allocate(n, *self.features.shape[1:])
        for f in fields(self):
            getattr(grown, f.name)[: len(self)] = getattr(self, f.name)
        return grown

    def only(self, workload: int) -> Profiles:
        """A view of one network's profiles: what is put into these shows there."""
        return Profiles(*(getattr(self, f.name)[:, workload : workload + 1] for f in fields(self)))

    def put(self, rows: Ints, other: Profiles) -> None:
        """Write `other` into some rows."""
        for f in fields(self):
            getattr(self, f.name)[rows] = getattr(other, f.name)


class Profiler:
    """Sums runs of layers into profiles of networks.

    Args:
        workloads: the networks.
        terms: terms of the energy; terms that share action and operand factor share a feature.
    """

    def __init__(self, workloads: WorkloadSet, terms: tuple[Term, ...]) -> None:
        self.workloads = workloads
        self.features = list(dict.fromkeys((t.action, t.factor) for t in terms))
        n = len(workloads), len(workloads.shapes)
        self.multiplicity = np.zeros(n)
        np.add.at(self.multiplicity, (workloads.owner, workloads.shape_index), 1.0)
        self._moments = {b: self._moment(b) for b in range(1, BITS + 1)}

    def _moment(self, cell_bits: int) -> list[csr_array]:
        """By feature, operand factors summed over the layers of equal shape, (W, n_shapes)."""
        sums = np.zeros((len(FACTORS), *self.multiplicity.shape))
        factors = operand_factors(self.workloads, cell_bits)
        for factor, values in zip(sums, factors.T, strict=True):
            np.add.at(factor, (self.workloads.owner, self.workloads.shape_index), values)
        # Most shapes occur in one network only.
        sparse = [csr_array(s) for s in sums]
        return [sparse[FACTORS.index(factor)] for _, factor in self.features]

    def summarise(self, runs: LayerRuns, cell_bits: int) -> Profiles:
        """Profiles of n chips with cells of equally many bits, from the runs of their layers."""
        moments = self._moments[cell_bits]
        present = self.multiplicity > 0
        number = csr_array(self.multiplicity)
        return Profiles(
            np.stack(
                [
                    (moment @ runs.actions(action)).T
                    for (action, _), moment in zip(self.features, moments, strict=True)
                ],
                axis=2,
            ),
            (number @ runs.cycles).T,
            np.stack([runs.busy_bits[p].max(axis=0) for p in present], axis=1) / cell_bits,
            (number @ runs.unplaced_cells).T,
            np.stack([runs.missing_bits[p].max(axis=0) for p in present], axis=1),
        )
