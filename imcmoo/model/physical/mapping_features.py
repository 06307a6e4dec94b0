"""Layer features that depend only on array and tiling parameters (the mapping key).

Supply, ADC, buffers, links and DRAM enter later, through energies and times of actions. So designs
with the same mapping key share this work, and a search or a proof over the rest is cheap.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter

import numpy as np

from imcmoo.keyed_cache import Arrays
from imcmoo.model.metrics import Floats, Ints
from imcmoo.model.physical.action_counts import ACTIONS, count_actions
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.mapping import Placement, place
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.switches import Switches
from imcmoo.model.physical.traffic import Traffic, count_traffic

STREAMED = ("link_bits", "glb_bits", "spilled_sums", "load_rows")
"""As in `Traffic`, and rows written one after the other to load all weights of a layer."""


@dataclass(frozen=True, eq=False)
class LayerFeatures:
    """Features of single layers, with weights resident or streamed.

    Args:
        reads: array reads of a layer, one after the other, shape (n, L).
        link_share: 1 / the router groups whose links a layer shares, shape (n, L).
        buffer_words: words through the input buffer of one tile, shape (n, L).
        vector_reads: reads of one vector, shape (n, L); this and the next three are the same
            whether weights are resident or streamed, and kept once: shape (n, 0) if streamed.
        columns_used: of the fullest macro, shape (n, L).
        sum_words, sum_extra_bits: as in `Traffic`, shape (n, L).
        streams: further features by `STREAMED`, shape (n, 4, L), or (n, 0, 1) if resident.
    """

    reads: Floats
    link_share: Floats
    buffer_words: Floats
    vector_reads: Floats
    columns_used: Floats
    sum_words: Floats
    sum_extra_bits: Floats
    streams: Floats

    def streamed(self, name: str) -> Floats:
        """A feature of `STREAMED`, shape (n, L)."""
        return self.streams[:, STREAMED.index(name)]


@dataclass(frozen=True, eq=False)
class NetworkFeatures:
    """Features of whole networks, with weights resident or streamed.

    Args:
        counts: actions of an image by `ACTIONS`, shape (n, A, W).
        link_bits: activations over the links, shape (n, W).
        occupied: macros that hold weights, shape (n, W).
    """

    counts: Floats
    link_bits: Floats
    occupied: Floats


_LAYER_ARRAYS = attrgetter(*(field.name for field in fields(LayerFeatures)))
_NETWORK_ARRAYS = attrgetter(*(field.name for field in fields(NetworkFeatures)))
_N_LAYER_ARRAYS = len(fields(LayerFeatures))


@dataclass(frozen=True, eq=False)
class MappingFeatures:
    """Features of n designs, gathered from those of their mapping keys when needed.

    Args:
        store: arrays of `LayerFeatures` and `NetworkFeatures` by mapping key.
        places: row of each design's mapping key, shape (n,).
    """

    store: Arrays
    places: Ints

    def layers(self, some: slice | Ints) -> LayerFeatures:
        """Features of single layers, of some of the designs."""
        places = self.places[some]
        return LayerFeatures(*[v.take(places, axis=0) for v in self.store[:_N_LAYER_ARRAYS]])

    @cached_property
    def networks(self) -> NetworkFeatures:
        """Features of whole networks, of all designs."""
        return NetworkFeatures(*[v.take(self.places, axis=0) for v in self.store[_N_LAYER_ARRAYS:]])


@dataclass(frozen=True, eq=False)
class MappedLayers:
    """Layers mapped to chips: replication (at least 1), passes, placement and traffic, (n, L)."""

    replication: Floats
    passes: Floats
    placement: Placement
    traffic: Traffic


def map_layers(context: Context, designs: Designs, *, streamed: bool) -> MappedLayers:
    """Map layers to n chips, of which only the mapping key matters.

    Args:
        context: the model.
        designs: the chips.
        streamed: whether weights are loaded for every image.
    """
    layers, switches = context.layers, context.switches
    replication = context.replication.of(designs).of(streamed=streamed)
    placement = place(layers, designs, diagonal_groups=switches.diagonal_groups)
    needed = np.ceil(placement.macros / designs.macros[:, None])
    passes = np.maximum(needed, 1.0) if streamed else np.ones_like(needed)
    traffic = count_traffic(layers, designs, placement, passes, strides=switches.strides)
    return MappedLayers(np.maximum(replication, 1.0), passes, placement, traffic)


def layer_counts(context: Context, designs: Designs, mapped: MappedLayers) -> dict[str, Floats]:
    """Actions of one occurrence of each layer by `ACTIONS`."""
    return count_actions(
        context.layers,
        designs,
        mapped.placement,
        mapped.traffic,
        context.sums,
        mapped.replication,
        unsigned=context.switches.unsigned_inputs,
    )


def mapping_features(context: Context, designs: Designs, *, streamed: bool) -> Arrays:
    """Work out the features of n mapping keys.

    Args:
        context: the model.
        designs: a design of each mapping key.
        streamed: whether weights are loaded for every image.

    Returns:
        Arrays of `LayerFeatures`, then of `NetworkFeatures`, as `MappingFeatures` stores them.
    """
    layers, switches = context.layers, context.switches
    mapped = map_layers(context, designs, streamed=streamed)
    placement, traffic, factor = mapped.placement, mapped.traffic, mapped.replication
    slices = placement.input_slices if switches.pulses else 1.0
    vector_reads = slices * placement.row_groups * ~layers.dynamic
    per_group = (designs.macros_per_tile * designs.tiles_per_group)[:, None]
    groups = factor * np.ceil(placement.macros / per_group)
    all_tiles = (designs.tiles_per_group * designs.router_groups)[:, None]
    tiles = np.maximum(np.minimum(all_tiles, factor * traffic.tiles), 1.0)
    counted = layer_counts(context, designs, mapped)
    none = np.empty((len(designs), 0))

    def shared(array: Floats) -> Floats:
        return none if streamed else array

    of_layers = LayerFeatures(
        reads=np.ceil(layers.n_vectors / factor) * mapped.passes * vector_reads,
        link_share=1 / np.maximum(np.minimum(designs.router_groups[:, None], groups), 1.0),
        buffer_words=(traffic.buffer_reads + traffic.buffer_writes) / tiles,
        vector_reads=shared(vector_reads),
        columns_used=shared(placement.columns_used),
        sum_words=shared(traffic.sum_words),
        sum_extra_bits=shared(traffic.sum_extra_bits),
        streams=_streams(layers, mapped) if streamed else none[:, :, None],
    )
    of_networks = NetworkFeatures(
        counts=np.stack([layers.total(counted[name]) for name in ACTIONS], axis=1),
        link_bits=layers.total(traffic.link_bits),
        occupied=_occupied(layers, placement.macros * factor, designs, streamed, switches),
    )
    return (*_LAYER_ARRAYS(of_layers), *_NETWORK_ARRAYS(of_networks))


def _streams(layers: LayerTable, mapped: MappedLayers) -> Floats:
    """Features by `STREAMED`."""
    traffic = mapped.traffic
    arrays = (
        traffic.link_bits,
        traffic.glb_read_bits + traffic.glb_write_bits,
        traffic.spilled_sums,
        mapped.passes * mapped.placement.rows_used * ~layers.dynamic,
    )
    return np.stack(arrays, axis=1)


def _occupied(
    layers: LayerTable, used: Floats, designs: Designs, streamed: bool, switches: Switches
) -> Floats:
    """Macros that hold weights: of all layers, or of the largest where each has its turn."""
    if not streamed and switches.placement:
        held: Floats = layers.total(used)
        return held
    return np.minimum(layers.largest(used), designs.macros[:, None])
