"""One batch of designs of one schedule on its way through the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.chip import Chip, build_chip
from imcmoo.model.physical.copies import CopiesMemory
from imcmoo.model.physical.devices import Device
from imcmoo.model.physical.energy import Action, actions, loading
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.metrics import PhysicalResources
from imcmoo.model.physical.noise import NoiseMemory
from imcmoo.model.physical.operand_sums import OperandSums
from imcmoo.model.physical.operating_point import OperatingPoint, operating_point
from imcmoo.model.physical.parameters import DRAM, Designs
from imcmoo.model.physical.placement import Placement, place
from imcmoo.model.physical.switches import Switches
from imcmoo.model.physical.timing import LayerTimes, layer_times, step_time
from imcmoo.model.physical.traffic import Traffic, move

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Context:
    """What all designs of a model share.

    Args:
        layers: of all networks.
        sums: statistics of their operands.
        device: memory device.
        table: component numbers.
        given: assumptions.
        switches: rules that are on.
        requests: images over which a switch of networks is charged; infinite if none happens.
        together: whether all networks are on the chip.
        copies: copies by body.
        noise: signal to noise by circuit.
    """

    layers: LayerTable
    sums: OperandSums
    device: Device
    table: PhysicalTable
    given: Assumptions
    switches: Switches
    requests: float
    together: bool
    copies: CopiesMemory
    noise: NoiseMemory


@dataclass(frozen=True, eq=False)
class Mode:
    """Weights resident or streamed.

    Args:
        copies: at least 1, shape (n, L).
        passes: loads of a layer's weights, shape (n, L).
        streamed: which of the two.
    """

    copies: Floats
    passes: Floats
    streamed: bool


class Batch:
    """Designs with everything worked out of them once.

    Args:
        context: the model.
        designs: n chips, all layer by layer or all pipelined.
    """

    def __init__(self, context: Context, designs: Designs) -> None:
        self.context = context
        self.designs = designs

    @cached_property
    def point(self) -> OperatingPoint:
        """Speed and prices."""
        c = self.context
        return operating_point(
            self.designs, device=c.device, table=c.table, given=c.given, switches=c.switches
        )

    @cached_property
    def chip(self) -> Chip:
        """Areas, leakage, prices of actions."""
        c = self.context
        return build_chip(
            c.layers, self.designs, self.point, table=c.table, given=c.given, switches=c.switches
        )

    @cached_property
    def placement(self) -> Placement:
        """One copy of each layer."""
        c = self.context
        return place(c.layers, self.designs, diagonal_groups=c.switches.diagonal_groups)

    @cached_property
    def resident(self) -> Mode:
        """All weights on the chip; where a network does not fit, as if one copy did."""
        copies = self.context.copies.of(self.designs).resident.astype(float)
        return Mode(np.maximum(copies, 1.0), np.ones_like(copies), streamed=False)

    @cached_property
    def streaming(self) -> Mode:
        """A layer's weights at a time."""
        copies = self.context.copies.of(self.designs).streamed.astype(float)
        macros = self.designs.macros[:, None]
        passes = np.maximum(np.ceil(self.placement.macros / macros), 1.0)
        return Mode(np.maximum(copies, 1.0), passes, streamed=True)

    @cached_property
    def missing_macros(self) -> Floats:
        """Macros a network lacks to be resident, shape (n, W)."""
        layers, macros = self.context.layers, self.placement.macros
        if not self.context.switches.placement:
            need = np.stack(
                [macros[:, layers.of_network(w)].max(axis=1) for w in range(layers.n_networks)], 1
            )
        else:
            need = macros @ layers.multiplicity
            if self.context.together:
                need = np.broadcast_to(need.sum(axis=1, keepdims=True), need.shape)
        return np.maximum(need - self.designs.macros[:, None], 0.0)

    @cached_property
    def streams(self) -> Bools:
        """Whether weights may be streamed, shape (n, 1)."""
        there = self.designs.dram != DRAM.index("none")
        may = there & ~self.designs.pipelined & self.context.device.streams
        return may[:, None]

    def screen(self) -> PhysicalResources:
        """Area, and the cells a network surely lacks."""
        layers = self.context.layers
        weights = (layers.stored_bits / layers.weight_bits) @ layers.multiplicity
        cells = self._cells
        need = weights * self.placement.slice_columns.min(axis=1, keepdims=True)
        lacking = np.where(self.streams, 0.0, np.maximum(need - cells[:, None], 0.0))
        if not self.context.switches.placement:
            lacking = np.zeros_like(lacking)
        return PhysicalResources(self.chip.area_m2, cells, lacking, np.zeros_like(lacking))

    def resources(self, traffic: Traffic | None = None) -> PhysicalResources:
        """Area and exact shortfalls."""
        traffic = traffic or self.traffic(self.resident)
        per_macro = (self.designs.rows * self.designs.cols)[:, None]
        lacking = np.where(self.streams, 0.0, self.missing_macros * per_macro)
        return PhysicalResources(
            self.chip.area_m2, self._cells, lacking, self._missing_bits(traffic)
        )

    def traffic(self, mode: Mode) -> Traffic:
        """What moves."""
        c = self.context
        return move(
            c.layers,
            self.designs,
            self.placement,
            passes=mode.passes,
            given=c.given,
            switches=c.switches,
        )

    def times(self, mode: Mode, traffic: Traffic) -> LayerTimes:
        """Seconds of each layer on each resource."""
        c = self.context
        step = step_time(
            self.placement,
            self.designs,
            self.point,
            device=c.device,
            given=c.given,
            switches=c.switches,
        )
        times = layer_times(
            c.layers,
            self.designs,
            self.placement,
            traffic,
            self.chip,
            self.point,
            step=step,
            copies=mode.copies,
            passes=mode.passes,
            streamed=mode.streamed,
        )
        return times if c.switches.bandwidth else times.compute_only()

    def actions(self, mode: Mode, traffic: Traffic) -> list[Action]:
        """What each layer does for an image."""
        c = self.context
        found = actions(
            c.layers,
            self.designs,
            self.placement,
            traffic,
            self.chip,
            self.point,
            c.sums,
            switches=c.switches,
        )
        return found + self.loading(mode) if mode.streamed else found

    def loading(self, mode: Mode) -> list[Action]:
        """What loading all weights once takes."""
        return loading(
            self.context.layers, self.placement, self.chip, self.point, copies=mode.copies
        )

    @property
    def switches_networks(self) -> bool:
        """Whether weights are written when another network's turn comes."""
        return bool(np.isfinite(self.context.requests)) and self.context.switches.placement

    @property
    def io_bits(self) -> Floats:
        """The networks' own input and output through DRAM, shape (n, W)."""
        there = (self.designs.dram != DRAM.index("none")) & self.context.switches.activation_dram
        bits: Floats = there[:, None] * self.context.layers.io_bits
        return bits

    def occupied_macros(self, mode: Mode) -> Floats:
        """Macros that hold weights, at most the chip's where the network fits, shape (n, W)."""
        layers = self.context.layers
        used = self.placement.macros * mode.copies
        if not mode.streamed and self.context.switches.placement:
            return used @ layers.multiplicity
        largest = [used[:, layers.of_network(w)].max(axis=1) for w in range(layers.n_networks)]
        return np.minimum(np.stack(largest, axis=1), self.designs.macros[:, None])

    def leak_W(self, occupied: Floats) -> Floats:
        """What leaks while a network runs, shape (n, W)."""
        leaks = self.chip.leaks_W
        macros = sum(leaks[part] for part in ("cells", "drivers", "adc", "shift_add"))
        others = sum(leaks.values()) - macros
        share = (
            1.0 if self.context.switches.idle_leakage else occupied / self.designs.macros[:, None]
        )
        leak: Floats = others[:, None] + macros[:, None] * share * np.ones_like(occupied)
        return leak

    @property
    def _cells(self) -> Floats:
        cells: Floats = self.designs.macros * self.designs.rows * self.designs.cols
        return cells

    def _missing_bits(self, traffic: Traffic) -> Floats:
        """Buffer a network's worst layer lacks: activations without DRAM, lines of a pipeline."""
        layers, designs = self.context.layers, self.designs
        none = (designs.dram == DRAM.index("none")) & self.context.switches.activation_dram
        lacking = traffic.missing_bits * none[:, None]
        if designs.pipelined.any():
            held = layers.line_words * layers.input_bits
            bits = (
                self.resident.copies
                * traffic.tiles
                * (designs.rows * designs.macros_per_tile * 8)[:, None]
            )
            lines = np.where(layers.dynamic, 0.0, np.maximum(held - bits, 0.0))
            lacking = np.maximum(lacking, lines * designs.pipelined[:, None])
        worst = [lacking[:, layers.of_network(w)].max(axis=1) for w in range(layers.n_networks)]
        return np.stack(worst, axis=1)
