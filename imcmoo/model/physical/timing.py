"""How long things take: one vector through an array, one layer, and what binds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.chip import Chip, converters_per_macro
from imcmoo.model.physical.devices import Device
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.operating_point import OperatingPoint
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.placement import Placement
from imcmoo.model.physical.switches import Switches
from imcmoo.model.physical.traffic import Traffic

Floats = NDArray[np.float64]

CAUSES = ("compute", "glb", "link", "buffer", "dram", "power")
"""What may bind a layer; power binds a whole image."""


@dataclass(frozen=True, eq=False)
class LayerTimes:
    """Seconds of one occurrence of each layer, shape (n, L) each, on each resource.

    Args:
        step: one vector through one copy.
        terms: by the first five of `CAUSES`; they overlap, the largest counts.
        loads: compute, link and DRAM time of loading weights that nothing overlaps; may be None.
    """

    step: Floats
    terms: tuple[Floats, Floats, Floats, Floats, Floats]
    loads: tuple[Floats, Floats, Floats] | None = None

    def compute_only(self) -> LayerTimes:
        """As if everything but computing and writing rows were done at once."""
        compute = self.terms[0]
        nothing = np.zeros_like(compute)
        loads = None if self.loads is None else (self.loads[0], nothing, nothing)
        return LayerTimes(self.step, (compute, nothing, nothing, nothing, nothing), loads)

    @property
    def seconds(self) -> Floats:
        """Seconds of each layer where layers take turns, shape (n, L)."""
        seconds = np.maximum.reduce(self.terms) + self.step
        return seconds if self.loads is None else seconds + np.maximum.reduce(self.loads)


def step_time(
    placement: Placement,
    designs: Designs,
    point: OperatingPoint,
    *,
    device: Device,
    given: Assumptions,
    switches: Switches,
) -> Floats:
    """Seconds of one vector through one copy of each layer, shape (n, L).

    n_in · phases · (array + pulses + c conversions), or with a sample-and-hold per column the
    larger of reading and converting instead of their sum.
    """
    pulses = 2.0**designs.input_slice_bits - 1
    held = np.where(designs.levels, device.held_level_s(given), pulses * given.pulse_s.value)
    read = point.array_s + held * switches.pulses
    turns = np.ceil(placement.columns_used / converters_per_macro(designs, switches)[:, None])
    convert = turns * (point.converter.time_s * point.slowdown)[:, None]
    overlap = designs.sample_and_hold[:, None] > 0
    both = np.where(overlap, np.maximum(read[:, None], convert), read[:, None] + convert)
    slices = placement.input_slices if switches.pulses else 1.0
    time: Floats = slices * placement.phases * both
    return time


def layer_times(
    layers: LayerTable,
    designs: Designs,
    placement: Placement,
    traffic: Traffic,
    chip: Chip,
    point: OperatingPoint,
    *,
    step: Floats,
    copies: Floats,
    passes: Floats,
    streamed: bool,
) -> LayerTimes:
    """Seconds of each layer on each resource.

    Args:
        layers, designs, placement, traffic, chip, point: as their modules make them.
        step: seconds of a vector, from `step_time`.
        copies: at least 1, shape (n, L).
        passes: loads of a layer's weights, shape (n, L).
        streamed: whether weights are loaded for every image.
    """
    vectors = np.ceil(layers.steps / copies) * passes
    unit = designs.mac_units * point.clock_Hz
    compute = np.where(layers.dynamic, layers.macs / unit[:, None], vectors * step)
    per_group = (designs.macros_per_tile * designs.tiles_per_group)[:, None]
    groups = np.minimum(
        designs.router_groups[:, None], copies * np.ceil(placement.macros / per_group)
    )
    all_tiles = (designs.tiles_per_group * designs.router_groups)[:, None]
    tiles = np.maximum(np.minimum(all_tiles, copies * traffic.tiles), 1)
    link_s = chip.link_bit_s[:, None] / np.maximum(groups, 1)
    dram_s = chip.dram_bit_s[:, None]
    link, dram = traffic.link_bits * link_s, traffic.spill_bits * dram_s
    loads = None
    if streamed:
        row_s = point.cell.row_write_s[:, None]
        rows = np.where(layers.dynamic, 0.0, passes * placement.rows_used * row_s)
        twice = designs.ping_pong[:, None] > 0
        weights = (layers.stored_bits * link_s, layers.stored_bits * dram_s)
        compute = np.where(twice, np.maximum(compute, rows), compute)
        link = link + np.where(twice, weights[0], 0.0)
        dram = dram + np.where(twice, weights[1], 0.0)
        loads = tuple(np.where(twice, 0.0, load) for load in (rows, *weights))
    return LayerTimes(
        step=np.where(layers.dynamic, 0.0, step),
        terms=(
            compute,
            traffic.glb_bits * chip.glb_bit_s[:, None],
            link,
            traffic.buffer_words * chip.buffer_word_s[:, None] / tiles,
            dram,
        ),
        loads=loads,
    )


def worst(terms: tuple[Floats, ...], causes: tuple[int, ...]) -> tuple[Floats, NDArray[np.int8]]:
    """The largest of several terms and its cause, the first of equals.

    Args:
        terms: arrays of one shape.
        causes: an index into `CAUSES` for each.
    """
    largest = terms[0]
    cause = np.full(largest.shape, causes[0], np.int8)
    for term, index in zip(terms[1:], causes[1:], strict=True):
        cause[term > largest] = index
        largest = np.maximum(largest, term)
    return largest, cause
