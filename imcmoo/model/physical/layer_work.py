"""What every layer moves and how long that takes, for a few hundred designs at a time.

All that is worked out layer by layer is here. Node, supply, converter, buffers, links and DRAM of a
design enter through a handful of numbers, its `Rates`, and arrays through the features of its body.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.bodies import STREAMS, LayerFeatures
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.switches import Switches
from imcmoo.model.physical.timing import LayerTimes, converted_read
from imcmoo.model.physical.traffic import REFERENCE_SUM_BITS, operand_bits

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rates:
    """How fast and how wide the parts of n designs are; arrays of shape (n,) unless said.

    Args:
        read_s: one read of an array with its pulses.
        convert_s: one conversion.
        converters: of a macro.
        hold: whether each column has a sample-and-hold.
        sum_bits: width of a shifted and added conversion, shape (n, L) or (n, 1).
        glb_bit_s, link_bit_s, buffer_word_s, dram_bit_s: as in `Chip`.
        row_write_s: writing one row of a macro.
        ping_pong: whether arrays are loaded while others compute.
        mac_units: of the digital unit.
        mac_s: seconds of one multiply-accumulate of the whole unit.
        buffer_size: index of the size of the global buffer.
    """

    read_s: Floats
    convert_s: Floats
    converters: Floats
    hold: Bools
    sum_bits: Floats
    glb_bit_s: Floats
    link_bit_s: Floats
    buffer_word_s: Floats
    dram_bit_s: Floats
    row_write_s: Floats
    ping_pong: Bools
    mac_units: Floats
    mac_s: Floats
    buffer_size: Ints

    def take(self, index: slice | Ints) -> Rates:
        """Those of some designs."""
        return Rates(*[values[index] for values in _RATES(self)])


_RATES = attrgetter(*(field.name for field in fields(Rates)))


class LayerWork:
    """Work of L layers on n designs; what both modes share is worked out once.

    Args:
        layers: L distinct layers.
        switches: rules that are on.
        rates: of the designs.
        spill_bits: DRAM traffic of activations by size of the global buffer, shape (n_sizes, L).
        widest_sum_bits: limit of the width of partial sums.
        resident: features of the bodies with their weights on the chip.
        streamed: with their weights loaded for every image, if that is asked about.
    """

    def __init__(
        self,
        layers: LayerTable,
        switches: Switches,
        rates: Rates,
        spill_bits: Floats,
        widest_sum_bits: float,
        resident: LayerFeatures,
        streamed: LayerFeatures | None = None,
    ) -> None:
        self._layers = layers
        self._switches = switches
        self._rates = rates
        self._spill_bits = spill_bits
        self._widest = widest_sum_bits
        self._resident = resident
        self._streamed = streamed

    def _of(self, streamed: bool) -> LayerFeatures:
        if not streamed:
            return self._resident
        assert self._streamed is not None, "made without features of streaming"
        return self._streamed

    @cached_property
    def read(self) -> Floats:
        """Seconds of one read of an array, conversions included, shape (n, L)."""
        r, used = self._rates, self._resident.columns_used
        return converted_read(r.read_s, r.convert_s, used, r.converters, r.hold)

    @cached_property
    def step(self) -> Floats:
        """Seconds of one vector through one copy, shape (n, L)."""
        step: Floats = self._resident.step_reads * self.read
        return step

    @cached_property
    def sum_bits(self) -> Floats:
        """Width of partial sums, shape (n, L) or (1, 1)."""
        if not self._switches.wide_sums:
            return np.full((1, 1), REFERENCE_SUM_BITS)
        width: Floats = self._rates.sum_bits + self._resident.sum_extra_bits
        return np.minimum(width, self._widest, out=width)

    @cached_property
    def sums(self) -> Floats:
        """Bits of partial sums over the links, shape (n, L)."""
        bits: Floats = self._resident.sum_words * self.sum_bits
        return bits

    @cached_property
    def spill_bits(self) -> Floats:
        """Activations written to DRAM and read back, shape (n, L)."""
        return self._spill_bits.take(self._rates.buffer_size, axis=0)

    @cached_property
    def kept_bits(self) -> Floats | None:
        """Partial sums that wait in the global buffer between passes, shape (n, L), if any do."""
        kept = self._of(True).streams[:, STREAMS.index("kept_sums")]
        return kept * self.sum_bits if kept.any() else None

    @cached_property
    def operand_bits(self) -> Floats | float:
        """What the digital unit reads, shape (n, L); 0 where there is nothing for it to do."""
        if not self._layers.has_dynamic:
            return 0.0
        return operand_bits(self._layers, self._rates.mac_units)

    def link_bits(self, *, streamed: bool) -> Floats:
        """Activations and partial sums over the links, shape (n, L)."""
        moved = (
            self._of(True).streams[:, STREAMS.index("link_bits")]
            if streamed
            else self._layers.resident_link_bits(self._switches.strides)
        )
        bits: Floats = self.sums + moved
        return bits

    def glb_bits(self, *, streamed: bool) -> Floats:
        """What passes the global buffer, shape (n, L), or (1, L) where all agree."""
        if streamed:
            bits = self._of(True).streams[:, STREAMS.index("glb_bits")]
            if self.kept_bits is not None:
                bits = bits + 2 * self.kept_bits
        else:
            bits = self._layers.resident_glb_bits(self._switches.strides)[None]
        return bits + self.operand_bits if self._layers.has_dynamic else bits

    def times(self, *, streamed: bool) -> LayerTimes:
        """Seconds of each layer on each resource."""
        layers, r, f = self._layers, self._rates, self._of(streamed)
        compute = f.reads * self.read
        if layers.has_dynamic:
            compute += layers.dynamic * layers.macs * r.mac_s[:, None]
        link_s = f.link_share * r.link_bit_s[:, None]
        link, dram = self.link_bits(streamed=streamed), self.spill_bits
        loads: tuple[Floats, ...] | None = None
        dram_s = r.dram_bit_s[:, None]
        if streamed:
            rows = f.streams[:, STREAMS.index("load_rows")] * r.row_write_s[:, None]
            overlap = r.ping_pong.astype(float)[:, None]
            mixed = r.ping_pong.any() and not r.ping_pong.all()
            if r.ping_pong.any():
                stored = layers.stored_bits * overlap if mixed else layers.stored_bits
                np.maximum(compute, rows * overlap if mixed else rows, out=compute)
                link += stored
                dram = dram + stored
            if not r.ping_pong.all():
                stored = layers.stored_bits * (1 - overlap) if mixed else layers.stored_bits
                loads = (rows * (1 - overlap) if mixed else rows, stored * link_s, stored * dram_s)
        link *= link_s
        terms: tuple[Any, ...] = (
            compute,
            self.glb_bits(streamed=streamed) * r.glb_bit_s[:, None],
            link,
            f.buffer_words * r.buffer_word_s[:, None],
            dram * dram_s,
        )
        times = LayerTimes(self.step, terms, loads)
        return times if self._switches.bandwidth else times.compute_only()
