"""Features, action counts and capacity shortfalls that depend only on the mapping key.

Supply voltage, ADC, buffers, links and DRAM enter later, through energies and times of actions, so
designs with the same mapping key share this work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.keyed_cache import Arrays
from imcmoo.model.physical.adder_trees import relative_activity
from imcmoo.model.physical.components import Switches
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.mapping import (
    Placement,
    Traffic,
    columns_of_slices,
    count_traffic,
    place,
    replication,
)
from imcmoo.model.physical.parameters import Designs

COMPONENT_OF = {
    "cell_low": "cells",
    "cell_span": "cells",
    "tree_span": "cells",
    "conversion": "adc",
    "shift_add": "shift_add",
    "dac": "dac",
    "row_pulse": "dac",
    "buffer_read": "buffers",
    "buffer_write": "buffers",
    "result": "buffers",
    "glb_read": "glb",
    "glb_write": "glb",
    "link": "links",
    "tile_sum": "links",
    "mac": "digital",
    "write": "writes",
    "dram": "dram",
}
"""Component of each kind of action."""

ACTIONS = (
    *("cell_low", "cell_span", "tree_span", "conversion", "dac", "row_pulse"),
    *("buffer_read", "buffer_write", "result", "glb_read", "glb_write", "write"),
)
"""Actions that depend only on the mapping key."""

ON_CHIP_ACTIONS = (*ACTIONS, "link", "tile_sum", "mac")


def count_actions(context: Context, designs: Designs, mapped: MappedLayers) -> dict[str, Floats]:
    """Actions of one occurrence of each layer by `ACTIONS`, arrays that broadcast to (n, L)."""
    layers, placement, traffic = context.layers, mapped.placement, mapped.traffic
    static = ~layers.digital
    vectors = layers.n_vectors * layers.groups * static
    low, span = _cell_reads(context, designs, placement)
    rows = vectors * layers.rows * placement.column_blocks
    weights = layers.groups * layers.rows * layers.outputs * static
    return {
        "cell_low": low,
        "cell_span": span,
        "tree_span": _tree_moves(context, designs, placement, span),
        "conversion": vectors
        * layers.outputs
        * placement.input_slices
        * placement.conversion_columns
        * placement.block_row_groups,
        "dac": rows * placement.input_slices,
        "row_pulse": rows * _row_pulses(context, designs, placement),
        "buffer_read": traffic.buffer_reads,
        "buffer_write": traffic.buffer_writes,
        "result": traffic.result_words,
        "glb_read": traffic.glb_read_bits,
        "glb_write": traffic.glb_write_bits,
        "write": weights * placement.slice_columns * mapped.copies,
    }


def image_actions(
    counts: Mapping[str, Floats],
    *,
    link_bits: Floats,
    tile_sum_bits: Floats,
    spilled_bits: Floats | float,
    operand_bits: Floats | float,
    macs: Floats,
    stored_bits: Floats,
    loads: Floats | float,
) -> dict[str, Floats]:
    """Actions on the chip per image, with those that depend on ADCs and buffers.

    For breakdown and bounds; `_with_energy` of `batch.py` adds up energies by itself.

    Of layers or of whole networks: arrays of shape (n, L) or (n, W), or that broadcast to it.

    Args:
        counts: by `ACTIONS`.
        link_bits: activations and partial sums over the links.
        tile_sum_bits: partial sums added within tiles.
        spilled_bits: partial sums through the global buffer.
        operand_bits: operands read by the digital unit.
        macs: multiply-accumulates of the digital unit.
        stored_bits: weight bits.
        loads: loads of the weights per image.
    """
    return {
        **counts,
        "glb_read": counts["glb_read"] + spilled_bits + operand_bits,
        "glb_write": counts["glb_write"] + spilled_bits,
        "write": counts["write"] * loads,
        "link": link_bits + stored_bits * loads,
        "tile_sum": tile_sum_bits,
        "mac": macs,
    }


def _input_pulses(context: Context, designs: Designs, placement: Placement) -> Floats:
    """Pulses of all slices of an input, mean over inputs, shape (n, L); one for each level."""
    coding = 0 if context.switches.unsigned_inputs else 1
    pulses = context.layers.operand_sums.pulses[coding, designs.input_slice_bits - 1]
    return np.where(designs.level_coded[:, None], placement.input_slices, pulses)


def _row_pulses(context: Context, designs: Designs, placement: Placement) -> Floats:
    """Pulses of all slices of an input on its row, mean over inputs, shape (n, L).

    One-bit inputs that stay on their lines count where they change, as in two's complement.
    """
    pulses = _input_pulses(context, designs, placement)
    if not context.device.holds_inputs:
        return pulses
    coding = 0 if context.switches.unsigned_inputs else 1
    one_bit = designs.input_slice_bits[:, None] == 1
    return np.where(one_bit, context.layers.operand_sums.changes[coding, 0], pulses)


def _cell_reads(context: Context, designs: Designs, placement: Placement) -> tuple[Floats, Floats]:
    """Pulses through cells, and pulses × stored share of full scale, shape (n, L) each.

    A slice sent as one level is one pulse. A row shared by several groups crosses the columns of
    all of them; cells off the diagonal hold 0. With exact sums, the changes of input lines count
    instead of pulses, and a stored bit is its share.
    """
    layers, sums = context.layers, context.layers.operand_sums
    coding = 0 if context.switches.unsigned_inputs else 1
    width, bits = designs.input_slice_bits - 1, designs.bits_per_cell - 1
    one_level, slices = designs.level_coded[:, None], placement.input_slices
    cells, parallel = (designs.weight_coding, bits), designs.redundancy
    held = slices * sums.of_cells(sums.conductances, cells, parallel)
    pulses = _input_pulses(context, designs, placement)
    products = sums.of_cells(sums.products, (coding, width, *cells), parallel)
    products = np.where(one_level, held, products)
    if context.device.exact:
        pulses, products = sums.changes[coding, width], sums.changed_ones[coding, width]
    macs = layers.macs * ~layers.digital
    crossings = placement.slice_columns * placement.groups_per_macro
    return macs * crossings * pulses, macs * products


def _tree_moves(context: Context, designs: Designs, placement: Placement, span: Floats) -> Floats:
    """Changed products of each layer, weighted with how much of an adder tree one moves, shape
    (n, L); 0 without trees.

    Args:
        context: the L distinct layers.
        designs: n designs.
        placement: placement of the layers on them.
        span: changed products, shape (n, L).
    """
    if not context.device.adds_in_trees:
        return np.zeros_like(span)
    coding = 0 if context.switches.unsigned_inputs else 1
    changes = context.layers.operand_sums.changes[coding, designs.input_slice_bits - 1]
    changing = changes / (designs.input_slice_bits[:, None] * placement.input_slices)
    depth = np.ceil(np.log2(designs.active_rows))[:, None]
    return span * relative_activity(changing, depth, context.weight_bits)


class MappingFeatures:
    """Features of n designs in one weight mode: rows of a cache, gathered when they are read.

    Args:
        store: the attributes, in their order, of each mapping key.
        places: row of each design's mapping key in them, shape (n,). If None, that of its index.

    Attributes:
        reads: array reads of a layer, one after the other, shape (n, L).
        link_share: 1 / the router groups whose links a layer shares, shape (n, L).
        buffer_words: words through the input buffer of one tile, shape (n, L).
        vector_reads: reads of one vector, shape (n, L); this and the next three do not depend on
            the mode and are stored once: shape (n, 0) if streamed.
        columns_used: of the fullest macro, shape (n, L).
        sum_words, tile_sum_words, sum_extra_bits: see `Traffic`, shape (n, L).
        layer_macros: macros of all replicas of a layer, stored once where idle macros are gated,
            else shape (n, 0).
        link_bits, spilled_sums: see `Traffic`, shape (n, L); these and the next two are stored if
            streamed, else shape (n, 0).
        glb_bits: activations through the global buffer.
        load_rows: rows written one after the other to load all weights of a layer.
        counts: actions of an image of a network by `ACTIONS`, shape (n, A, W).
        network_link_bits: activations of a network over the links, shape (n, W).
        occupied: macros that hold weights of a network, shape (n, W).
    """

    reads: Floats
    link_share: Floats
    buffer_words: Floats
    vector_reads: Floats
    columns_used: Floats
    sum_words: Floats
    tile_sum_words: Floats
    sum_extra_bits: Floats
    layer_macros: Floats
    link_bits: Floats
    spilled_sums: Floats
    glb_bits: Floats
    load_rows: Floats
    counts: Floats
    network_link_bits: Floats
    occupied: Floats

    def __init__(self, store: Arrays, places: Ints | None = None) -> None:
        self._store = store
        self._places = places

    def __getattr__(self, name: str) -> Floats:
        """Gather an array."""
        if name not in FEATURES:
            raise AttributeError(name)
        stored = self._store[FEATURES.index(name)]
        values: Floats = stored if self._places is None else stored.take(self._places, axis=0)
        setattr(self, name, values)
        return values

    def take(self, some: slice | Ints) -> MappingFeatures:
        """Features of some of the designs."""
        if isinstance(some, slice) and some == slice(None):
            return self
        places = np.arange(len(self._store[0])) if self._places is None else self._places
        return MappingFeatures(self._store, places[some])


FEATURES = tuple(MappingFeatures.__annotations__)


@dataclass(frozen=True, eq=False)
class MappedLayers:
    """Layers mapped to chips, shape (n, L): replication (at least 1), copies of the weights in the
    cells (at least the replication; those of the owner of shared weights), passes, placement and
    traffic."""

    replication: Floats
    copies: Floats
    passes: Floats
    placement: Placement
    traffic: Traffic


def map_layers(
    context: Context, designs: Designs, placement: Placement, *, streamed: bool
) -> MappedLayers:
    """Map placed layers to n chips; only the mapping key matters."""
    factors = replication(context, designs, streamed=streamed)
    needed = np.ceil(placement.macros / designs.macros[:, None])
    passes = np.maximum(needed, 1.0) if streamed else np.ones_like(needed)
    traffic = count_traffic(context, designs, placement, passes)
    copies = np.maximum(factors, 1.0)
    return MappedLayers(context.layers.working_copies(copies), copies, passes, placement, traffic)


def mapping_features(
    context: Context,
    designs: Designs,
    placement: Placement,
    *,
    streamed: bool,
    any_tiles: bool = False,
) -> Arrays:
    """Features of n mapping keys by `FEATURES`, as a cache stores them.

    Args:
        context: the L distinct layers.
        designs: one design per mapping key.
        placement: placement of the layers on them.
        streamed: True if weights are loaded for every image.
        any_tiles: True for the fewest words of a tile over all sizes of tiles.
    """
    layers, switches = context.layers, context.switches
    mapped = map_layers(context, designs, placement, streamed=streamed)
    traffic, factor = mapped.traffic, mapped.replication
    slices = placement.input_slices if switches.pulses else 1.0
    vector_reads = slices * placement.row_groups * ~layers.digital
    per_group = (designs.macros_per_tile * designs.tiles_per_group)[:, None]
    groups = factor * np.ceil(placement.macros / per_group)
    all_tiles = (designs.tiles_per_group * designs.router_groups)[:, None]
    tiles = np.maximum(np.minimum(all_tiles, factor * traffic.tiles), 1.0)
    if any_tiles:
        share = np.maximum(1 / factor, placement.macros / designs.macros[:, None])
        tiles = np.maximum(traffic.tiles, 1.0) / share
    counted = count_actions(context, designs, mapped)
    none = np.empty((len(designs), 0))

    def shared(array: Floats) -> Floats:
        return none if streamed else array

    features = {
        "reads": np.ceil(layers.n_vectors / factor) * mapped.passes * vector_reads,
        "link_share": 1 / np.maximum(np.minimum(designs.router_groups[:, None], groups), 1.0),
        "buffer_words": (traffic.buffer_reads + traffic.buffer_writes) / tiles,
        "vector_reads": shared(vector_reads),
        "columns_used": shared(placement.columns_used),
        "sum_words": shared(traffic.sum_words),
        "tile_sum_words": shared(traffic.tile_sum_words * (not any_tiles)),
        "sum_extra_bits": shared(traffic.sum_extra_bits),
        "layer_macros": none if context.device.streams else placement.macros * factor,
        "link_bits": traffic.link_bits if streamed else none,
        "spilled_sums": traffic.spilled_sums if streamed else none,
        "glb_bits": traffic.glb_read_bits + traffic.glb_write_bits if streamed else none,
        "load_rows": mapped.passes * placement.rows_used * ~layers.digital if streamed else none,
        "counts": np.stack([layers.total(counted[name]) for name in ACTIONS], axis=1),
        "network_link_bits": layers.total(traffic.link_bits),
        "occupied": _occupied(
            layers, placement.macros * mapped.copies, designs, streamed, switches
        ),
    }
    return tuple(features[name] for name in FEATURES)


def _occupied(
    layers: LayerTable, used: Floats, designs: Designs, streamed: bool, switches: Switches
) -> Floats:
    """Macros that hold weights: of all layers, or of the largest if layers take turns."""
    if not streamed and switches.placement:
        held: Floats = layers.total(used)
        return held
    return np.minimum(layers.largest(used), designs.macros[:, None])


def capacity_shortfall(context: Context, designs: Designs) -> tuple[Floats, Floats]:
    """Missing macros to be resident, and missing buffer bits of the worst layer to be pipelined.

    Shape (n, W) each; only the mapping key of the n designs matters.
    """
    layers = context.layers
    macros = place(context, designs).macros
    lines = np.zeros((len(designs), layers.n_networks))
    pipelined = np.flatnonzero(designs.pipelined)
    if len(pipelined):
        pipelines = designs.take(pipelined)
        copies = np.maximum(replication(context, pipelines, streamed=False), 1.0)
        factor = layers.working_copies(copies)
        tiles = np.ceil(macros[pipelined] / pipelines.macros_per_tile[:, None])
        room = factor * tiles * (pipelines.rows * pipelines.macros_per_tile * 8)[:, None]
        shortfall = np.maximum(layers.line_words * layers.input_bits - room, 0.0)
        lines[pipelined] = layers.largest(shortfall * ~layers.digital)
    return np.maximum(needed_macros(context, macros) - designs.macros[:, None], 0.0), lines


def needed_macros(context: Context, macros: Floats) -> Floats:
    """Macros that networks need to be resident; those of the largest layer without placement rule.

    Args:
        context: the L distinct layers of W networks.
        macros: macros of one copy of each layer, shape (n, L).

    Returns:
        Number of macros, shape (n, W).
    """
    if not context.switches.placement:
        return context.layers.largest(macros)
    need: Floats = context.layers.total(macros)
    if context.co_resident:
        owners = need
        if context.layers.followers.any():
            owners = need[:, ~context.layers.followers]
        need = np.broadcast_to(owners.sum(axis=1, keepdims=True), need.shape)
    return need


def least_missing_cells(layers: LayerTable, designs: Designs) -> Floats:
    """Cells of the weights beyond those of the chip, ignoring placement, shape (n, W)."""
    bits = layers.weight_bits.min() - designs.differential
    slices = np.ceil(bits / designs.bits_per_cell)
    columns = columns_of_slices(slices, designs.redundancy) * (1 + designs.differential)
    weights = layers.total(layers.stored_bits / layers.weight_bits)
    cells = designs.macros * designs.rows * designs.cols
    return np.maximum(columns[:, None] * weights - cells[:, None], 0.0)
