"""One batch of designs of one schedule on its way through the model."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.bodies import STREAMS, BodyFeatures, body_features, layer_counts
from imcmoo.model.physical.chip import Chip, build_chip, converters_per_macro
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.keys import body_keys
from imcmoo.model.physical.metrics import PhysicalResources
from imcmoo.model.physical.operating_point import OperatingPoint, operating_point
from imcmoo.model.physical.parameters import DRAM, Designs
from imcmoo.model.physical.timing import LayerTimes, read_time
from imcmoo.model.physical.traffic import (
    REFERENCE_SUM_BITS,
    converted_bits,
    operand_bits,
    overflow_bits,
)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


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
    def resident(self) -> BodyFeatures:
        """All weights on the chip; where a network does not fit, as if one copy did."""
        return self._features(streamed=False)

    @cached_property
    def streamed(self) -> BodyFeatures:
        """The weights of a layer at a time."""
        return self._features(streamed=True)

    def _features(self, *, streamed: bool) -> BodyFeatures:
        c = self.context

        def work_out(index: NDArray[np.int64]) -> BodyFeatures:
            bodies = self.designs.take(index)
            known = c.copies.of(bodies)
            return body_features(
                c.layers,
                c.sums,
                bodies,
                (known.streamed if streamed else known.resident).astype(float),
                streamed=streamed,
                together=c.together,
                switches=c.switches,
            )

        return c.bodies[streamed].of(body_keys(self.designs), work_out)

    @cached_property
    def may_stream(self) -> Bools:
        """Whether weights may be streamed, shape (n, 1)."""
        there = self.designs.dram != DRAM.index("none")
        may: Bools = there & ~self.designs.pipelined & self.context.device.streams
        return may[:, None]

    @cached_property
    def overflow_bits(self) -> Floats:
        """Outputs that leave the global buffer, shape (n, L)."""
        sizes, which = np.unique(self.designs.glb_KiB, return_inverse=True)
        return overflow_bits(self.context.layers, sizes)[which]

    @cached_property
    def spill_bits(self) -> Floats:
        """Activations written to DRAM and read back, shape (n, L)."""
        return 2.0 * self.overflow_bits * self.context.switches.activation_dram

    @cached_property
    def io_bits(self) -> Floats:
        """The networks' own input and output through DRAM, shape (n, W)."""
        there = (self.designs.dram != DRAM.index("none")) & self.context.switches.activation_dram
        bits: Floats = there[:, None] * self.context.layers.io_bits
        return bits

    def link_bits(self, features: BodyFeatures, *, streamed: bool) -> Floats:
        """Activations and partial sums over the links, shape (n, L)."""
        words = features.sum_words * self._sum_bits(features)
        if streamed:
            return words + features.streams[:, STREAMS.index("link_bits")]
        return words + self.context.layers.resident_link_bits(self.context.switches.strides)

    def kept_bits(self, features: BodyFeatures) -> Floats:
        """Partial sums that wait in the global buffer between passes, shape (n, L)."""
        kept: Floats = features.streams[:, STREAMS.index("kept_sums")] * self._sum_bits(features)
        return kept

    def glb_bits(self, features: BodyFeatures, *, streamed: bool) -> Floats:
        """What passes the global buffer, shape (n, L), or (1, L) where all agree."""
        layers = self.context.layers
        if streamed:
            bits = features.streams[:, STREAMS.index("glb_bits")] + 2 * self.kept_bits(features)
        else:
            bits = layers.resident_glb_bits(self.context.switches.strides)[None]
        return bits + operand_bits(layers, self.designs) if layers.dynamic.any() else bits

    def _sum_bits(self, features: BodyFeatures) -> Floats:
        if not self.context.switches.wide_sums:
            return np.full((1, 1), REFERENCE_SUM_BITS)
        width: Floats = converted_bits(self.context.layers, self.designs) + features.sum_extra_bits
        return np.minimum(width, self.context.given.widest_sum_bits.value, out=width)

    def times(
        self, features: BodyFeatures, link_bits: Floats, glb_bits: Floats, *, streamed: bool
    ) -> LayerTimes:
        """Seconds of each layer on each resource."""
        c, designs, chip = self.context, self.designs, self.chip
        read = read_time(
            designs,
            self.point,
            features.columns_used,
            converters_per_macro(designs, c.switches),
            device=c.device,
            given=c.given,
            pulses=c.switches.pulses,
        )
        compute = features.reads * read
        if c.layers.dynamic.any():
            unit = designs.mac_units * self.point.clock_Hz
            compute += c.layers.dynamic * c.layers.macs / unit[:, None]
        link_s = chip.link_bit_s[:, None] / features.groups_used
        link = link_bits * link_s
        dram = self.spill_bits * chip.dram_bit_s[:, None]
        loads: tuple[Floats, ...] | None = None
        if streamed:
            rows = features.streams[:, STREAMS.index("load_rows")]
            loads = (
                rows * self.point.cell.row_write_s[:, None],
                c.layers.stored_bits * link_s,
                c.layers.stored_bits * chip.dram_bit_s[:, None],
            )
            twice = designs.ping_pong[:, None] > 0
            if twice.any():
                compute = np.where(twice, np.maximum(compute, loads[0]), compute)
                link = link + np.where(twice, loads[1], 0.0)
                dram = dram + np.where(twice, loads[2], 0.0)
                loads = tuple(np.where(twice, 0.0, load) for load in loads)
        buffer = features.buffer_words * chip.buffer_word_s[:, None]
        terms = (compute, glb_bits * chip.glb_bit_s[:, None], link, buffer, dram)
        times = LayerTimes(features.step_reads * read, terms, loads)
        return times if c.switches.bandwidth else times.compute_only()

    def counts(self, features: BodyFeatures, *, streamed: bool) -> dict[str, Floats]:
        """Actions of one occurrence of each layer, by `energy.COMPONENT_OF`, shape (n, L)."""
        c, designs = self.context, self.designs
        known = c.copies.of(designs)
        counts = layer_counts(
            c.layers,
            c.sums,
            designs,
            (known.streamed if streamed else known.resident).astype(float),
            streamed=streamed,
            switches=c.switches,
        )
        dram = self.spill_bits
        link = self.link_bits(features, streamed=streamed)
        if streamed:
            kept = self.kept_bits(features)
            counts["glb_read"], counts["glb_write"] = (
                counts[name] + kept for name in ("glb_read", "glb_write")
            )
            dram, link = dram + c.layers.stored_bits, link + c.layers.stored_bits
        else:
            del counts["write"]
        operands = operand_bits(c.layers, designs) if c.layers.dynamic.any() else 0.0
        return counts | {
            "shift_add": counts["conversion"],
            "link": link,
            "glb_read": counts["glb_read"] + operands,
            "mac": c.layers.macs * c.layers.dynamic,
            "dram": dram,
        }

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

    @property
    def cells(self) -> Floats:
        """Cells of each chip."""
        cells: Floats = self.designs.macros * self.designs.rows * self.designs.cols
        return cells

    def resources(self) -> PhysicalResources:
        """Area and exact shortfalls."""
        features, designs = self.resident, self.designs
        per_macro = (designs.rows * designs.cols)[:, None]
        cells = np.where(self.may_stream, 0.0, features.missing_macros * per_macro)
        none = (designs.dram == DRAM.index("none")) & self.context.switches.activation_dram
        bits = np.zeros_like(cells)
        if none.any():
            bits[none] = self.context.layers.largest(self.overflow_bits[none])
        if designs.pipelined.any():
            lines = features.missing_line_bits * designs.pipelined[:, None]
            bits = np.maximum(bits, lines)
        return PhysicalResources(self.chip.area_m2, self.cells, cells, bits)

    def screen(self) -> PhysicalResources:
        """Area, and the cells a network surely lacks: its weights' against the chip's."""
        layers, designs = self.context.layers, self.designs
        bits = layers.weight_bits.min() - designs.differential
        columns = np.ceil(bits / designs.bits_per_cell) * (1 + designs.differential)
        weights = (layers.stored_bits / layers.weight_bits) @ layers.multiplicity
        lacking = np.maximum(columns[:, None] * weights - self.cells[:, None], 0.0)
        certain = ~self.may_stream & self.context.switches.placement
        return PhysicalResources(
            self.chip.area_m2, self.cells, lacking * certain, np.zeros_like(lacking)
        )
