"""One batch of designs of one schedule on its way through the model."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.bodies import BodyFeatures, KnownBodies, body_features
from imcmoo.model.physical.chip import Chip, build_chip
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.keyed_memory import Arrays
from imcmoo.model.physical.keys import body_keys
from imcmoo.model.physical.layer_work import LayerWork, Rates
from imcmoo.model.physical.limits import ir_drop, level_sigmas
from imcmoo.model.physical.metrics import PhysicalResources
from imcmoo.model.physical.operating_point import OperatingPoint, operating_point
from imcmoo.model.physical.parameters import DRAM, Designs
from imcmoo.model.physical.parts import Parts, look_up_parts
from imcmoo.model.physical.runs import Run, powered
from imcmoo.model.physical.shortfalls import shortfalls
from imcmoo.model.physical.timing import held_time
from imcmoo.model.physical.traffic import converted_bits, overflow_bits

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Index = slice | NDArray[np.int64]


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
    def parts(self) -> Parts:
        """What the component table says of them."""
        c = self.context
        return look_up_parts(
            c.layers, self.designs, self.point, table=c.table, given=c.given, switches=c.switches
        )

    @cached_property
    def chip(self) -> Chip:
        """Areas, leakage, prices of actions."""
        return build_chip(self.parts)

    @cached_property
    def rates(self) -> Rates:
        """What timing the layers takes of the designs."""
        c, designs, point, chip = self.context, self.designs, self.point, self.chip
        return Rates(
            read_s=held_time(
                designs, point, device=c.device, given=c.given, pulses=c.switches.pulses
            ),
            convert_s=point.converter.time_s * point.slowdown,
            converters=self.parts.converters,
            hold=designs.sample_and_hold > 0,
            sum_bits=converted_bits(c.layers, designs),
            glb_bit_s=chip.glb_bit_s,
            link_bit_s=chip.link_bit_s,
            buffer_word_s=chip.buffer_word_s,
            dram_bit_s=chip.dram_bit_s,
            row_write_s=point.cell.row_write_s,
            ping_pong=designs.ping_pong > 0,
            mac_units=designs.mac_units,
            mac_s=1 / (designs.mac_units * point.clock_Hz),
            buffer_size=self._buffer_sizes[1],
        )

    @cached_property
    def resident(self) -> KnownBodies:
        """All weights on the chip; where a network does not fit, as if one copy did."""
        return self._bodies(streamed=False)

    @cached_property
    def streamed(self) -> KnownBodies:
        """The weights of a layer at a time."""
        return self._bodies(streamed=True)

    def bodies(self, *, streamed: bool) -> KnownBodies:
        """Either of these."""
        return self.streamed if streamed else self.resident

    @cached_property
    def _body_keys(self) -> NDArray[np.int64]:
        return body_keys(self.designs)

    def _bodies(self, *, streamed: bool) -> KnownBodies:
        c = self.context
        # What streams asks resident bodies, too, for what is the same in both modes. Designs that
        # do not ask may have any body, which then costs nothing.
        use = self.uses(streamed=True) if streamed else np.asarray(self.runs.any(axis=1))
        whose = np.where(use, np.arange(len(use)), use.argmax() if len(use) else 0)

        def work_out(index: NDArray[np.int64]) -> Arrays:
            bodies = self.designs.take(whose[index])
            known = c.copies.of(bodies)
            return body_features(
                c.layers,
                c.sums,
                bodies,
                (known.streamed if streamed else known.resident).astype(float),
                streamed=streamed,
                switches=c.switches,
            ).arrays

        store, places = c.bodies[streamed].of(self._body_keys[whose], work_out)
        return KnownBodies(BodyFeatures.of_arrays(store), places)

    @cached_property
    def shortfalls(self) -> Arrays:
        """As `shortfalls.shortfalls`, of the designs' bodies, each of shape (n, W)."""
        c = self.context

        def work_out(index: NDArray[np.int64]) -> Arrays:
            return shortfalls(
                c.layers,
                self.designs.take(index),
                c.copies,
                together=c.together,
                switches=c.switches,
            )

        store, places = c.shortfalls.of(self._body_keys, work_out)
        return tuple(array.take(places, axis=0) for array in store)

    @cached_property
    def noise(self) -> Floats:
        """As `NoiseMemory.of`, shape (n, 3, W)."""
        return self.context.noise.of(self.designs)

    @cached_property
    def may_stream(self) -> Bools:
        """Whether weights may be streamed, shape (n, 1)."""
        there = self.designs.dram != DRAM.index("none")
        may: Bools = there & ~self.designs.pipelined & self.context.device.streams
        return may[:, None]

    @cached_property
    def _buffer_sizes(self) -> tuple[Floats, NDArray[np.int64]]:
        """Distinct sizes of the global buffer, and which of them each design has."""
        sizes, which = np.unique(self.designs.glb_KiB, return_inverse=True)
        return sizes, which

    @cached_property
    def _overflow_bits(self) -> Floats:
        """Outputs that leave the global buffer, by its size, shape (n_sizes, L)."""
        return overflow_bits(self.context.layers, self._buffer_sizes[0])

    @cached_property
    def spill_bits(self) -> Floats:
        """Activations written to DRAM and read back, by size of the buffer, shape (n_sizes, L)."""
        return 2.0 * self._overflow_bits * self.context.switches.activation_dram

    @cached_property
    def spilled(self) -> Floats:
        """The same of whole networks, shape (n, W)."""
        by_size = self.context.layers.total(self.spill_bits)
        return by_size.take(self._buffer_sizes[1], axis=0)

    @cached_property
    def io_bits(self) -> Floats:
        """The networks' own input and output through DRAM, shape (n, W)."""
        there = (self.designs.dram != DRAM.index("none")) & self.context.switches.activation_dram
        bits: Floats = there[:, None] * self.context.layers.io_bits
        return bits

    def work(self, some: Index, *, streams: bool) -> LayerWork:
        """What is worked out layer by layer, of some of the designs.

        Args:
            streams: whether also with weights loaded for every image.
        """
        c = self.context
        return LayerWork(
            c.layers,
            c.switches,
            self.rates.take(some),
            self.spill_bits,
            c.given.widest_sum_bits.value,
            self.resident.layers(some),
            self.streamed.layers(some) if streams else None,
        )

    @property
    def switches_networks(self) -> bool:
        """Whether weights are written when another network's turn comes."""
        return bool(np.isfinite(self.context.requests)) and self.context.switches.placement

    def leak_W(self, occupied: Floats) -> Floats:
        """What leaks while a network runs on so many macros, shape (n, W)."""
        macros = self.designs.macros[:, None]
        share = 1.0 if self.context.switches.idle_leakage else occupied / macros
        leak: Floats = self.chip.other_leak_W[:, None] + self.chip.macro_leak_W[:, None] * share
        return np.broadcast_to(leak, occupied.shape)

    def powered(self, run: Run, occupied: Floats) -> Run:
        """As `runs.powered`, of networks that run on so many macros, shape (n, W)."""
        return powered(run, self.chip, self.leak_W(occupied), self.context.given)

    @property
    def cells(self) -> Floats:
        """Cells of each chip."""
        cells: Floats = self.designs.macros * self.designs.rows * self.designs.cols
        return cells

    @cached_property
    def fits(self) -> Bools:
        """Whether all weights of each network are on the chip at once, shape (n, W)."""
        fits: Bools = self.shortfalls[0] <= 0
        return fits

    def uses(self, *, streamed: bool) -> Bools:
        """Whether some network may run best in a mode, shape (n,)."""
        possible = self.may_stream if streamed else self.fits
        return np.asarray((self.runs & possible).any(axis=1))

    @cached_property
    def runs(self) -> Bools:
        """Whether each network runs, shape (n, W)."""
        return self.resources.runs

    @cached_property
    def resources(self) -> PhysicalResources:
        """Area, exact shortfalls, and what limits look at."""
        designs = self.designs
        macros, lines = self.shortfalls
        cells = np.where(self.may_stream, 0.0, macros * (designs.rows * designs.cols)[:, None])
        none = (designs.dram == DRAM.index("none")) & self.context.switches.activation_dram
        lacking = self.context.layers.largest(self._overflow_bits)
        bits = lacking.take(self._buffer_sizes[1], axis=0) * none[:, None]
        return self._resources(cells, np.maximum(bits, lines))

    def screen(self) -> PhysicalResources:
        """As `resources`, but of cells only what is surely missing, and no bits."""
        cells = self.surely_missing_cells
        return self._resources(cells, np.zeros_like(cells))

    @property
    def surely_missing_cells(self) -> Floats:
        """Cells of the weights less the chip's, shape (n, W)."""
        layers, designs = self.context.layers, self.designs
        bits = layers.weight_bits.min() - designs.differential
        columns = np.ceil(bits / designs.bits_per_cell) * (1 + designs.differential)
        weights = layers.total(layers.stored_bits / layers.weight_bits)
        lacking = np.maximum(columns[:, None] * weights - self.cells[:, None], 0.0)
        certain = ~self.may_stream & self.context.switches.placement
        missing: Floats = lacking * certain
        return missing

    def _resources(self, missing_cells: Floats, missing_bits: Floats) -> PhysicalResources:
        c, designs = self.context, self.designs
        lost = ir_drop(designs, self.point, device=c.device, given=c.given, switches=c.switches)
        return PhysicalResources(
            area_m2=self.chip.area_m2,
            cells=self.cells,
            missing_cells=missing_cells,
            missing_bits=missing_bits,
            snr_adc_dB=self.noise[:, 0],
            ir_drop=lost,
            level_sigmas=level_sigmas(designs, device=c.device, given=c.given),
        )
