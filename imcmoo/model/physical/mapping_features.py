"""What of a design depends on its arrays and how they are tiled, and on nothing else.

Supply, converter, buffers, links and DRAM enter later, through energies and times of actions. So
designs that share a body share this work, and a search or a proof over the rest is cheap.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.action_counts import ACTIONS, OperandSums, count_actions
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.mapping import Placement, place
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.switches import Switches
from imcmoo.model.physical.traffic import Traffic, move

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


STREAMS = ("link_bits", "glb_bits", "kept_sums", "load_rows")
"""As in `Traffic`, and rows written one after the other to load all weights of a layer."""


@dataclass(frozen=True, eq=False)
class LayerFeatures:
    """What bodies say of single layers, with weights resident or streamed.

    Args:
        reads: array reads of a layer, one after the other, shape (n, L).
        link_share: 1 / the router groups whose links a layer shares, shape (n, L).
        buffer_words: words through the input buffer of one tile, shape (n, L).
        step_reads: reads of one vector, shape (n, L); this and the next three are the same
            whether weights are resident or streamed, and kept once: shape (n, 0) if streamed.
        columns_used: of the fullest macro, shape (n, L).
        sum_words, sum_extra_bits: as in `Traffic`, shape (n, L).
        streams: what streaming changes, by `STREAMS`, shape (n, 4, L), or (n, 0, 1) if resident.
    """

    reads: Floats
    link_share: Floats
    buffer_words: Floats
    step_reads: Floats
    columns_used: Floats
    sum_words: Floats
    sum_extra_bits: Floats
    streams: Floats

    def take(self, index: Ints) -> LayerFeatures:
        """Some of the bodies."""
        return LayerFeatures(*[values.take(index, axis=0) for values in _LAYER_ARRAYS(self)])


_LAYER_ARRAYS = attrgetter(*(field.name for field in fields(LayerFeatures)))


@dataclass(frozen=True, eq=False)
class NetworkFeatures:
    """What bodies say of whole networks, with weights resident or streamed.

    Args:
        counts: actions of an image by `ACTIONS`, shape (n, A, W).
        link_bits: activations over the links, shape (n, W).
        occupied: macros that hold weights, shape (n, W).
    """

    counts: Floats
    link_bits: Floats
    occupied: Floats

    def take(self, index: Ints) -> NetworkFeatures:
        """Some of the bodies."""
        return NetworkFeatures(*[values.take(index, axis=0) for values in _NETWORK_ARRAYS(self)])


_NETWORK_ARRAYS = attrgetter(*(field.name for field in fields(NetworkFeatures)))


@dataclass(frozen=True, eq=False)
class BodyFeatures:
    """Features of many bodies, with their weights resident or streamed."""

    layers: LayerFeatures
    networks: NetworkFeatures

    @property
    def arrays(self) -> tuple[Floats, ...]:
        """All arrays, in order."""
        return (*_LAYER_ARRAYS(self.layers), *_NETWORK_ARRAYS(self.networks))

    @classmethod
    def of_arrays(cls, arrays: tuple[Floats, ...]) -> BodyFeatures:
        """Features from their arrays."""
        n = len(fields(LayerFeatures))
        return cls(LayerFeatures(*arrays[:n]), NetworkFeatures(*arrays[n:]))


@dataclass(frozen=True, eq=False)
class KnownBodies:
    """The bodies of n designs; features are gathered when they are asked for.

    Args:
        store: features of many bodies.
        places: of the body of each design among them, shape (n,).
    """

    store: BodyFeatures
    places: Ints

    def layers(self, some: slice | Ints) -> LayerFeatures:
        """Features of single layers, of some of the designs."""
        return self.store.layers.take(self.places[some])

    @cached_property
    def networks(self) -> NetworkFeatures:
        """Features of whole networks, of all designs."""
        return self.store.networks.take(self.places)


@dataclass(frozen=True, eq=False)
class _Mapped:
    """Layers on bodies: copies at least 1, passes, placement and traffic, shape (n, L)."""

    copies: Floats
    passes: Floats
    placement: Placement
    traffic: Traffic


def _mapped(
    layers: LayerTable, bodies: Designs, copies: Floats, streamed: bool, switches: Switches
) -> _Mapped:
    placement = place(layers, bodies, diagonal_groups=switches.diagonal_groups)
    needed = np.ceil(placement.macros / bodies.macros[:, None])
    passes = np.maximum(needed, 1.0) if streamed else np.ones_like(needed)
    traffic = move(layers, bodies, placement, passes, strides=switches.strides)
    return _Mapped(np.maximum(copies, 1.0), passes, placement, traffic)


def layer_counts(
    layers: LayerTable,
    sums: OperandSums,
    bodies: Designs,
    copies: Floats,
    *,
    streamed: bool,
    switches: Switches,
) -> dict[str, Floats]:
    """Actions of one occurrence of each layer by `ACTIONS`; arguments as `body_features`."""
    mapped = _mapped(layers, bodies, copies, streamed, switches)
    return _counts(layers, sums, bodies, mapped, switches)


def _counts(
    layers: LayerTable, sums: OperandSums, bodies: Designs, mapped: _Mapped, switches: Switches
) -> dict[str, Floats]:
    return count_actions(
        layers,
        bodies,
        mapped.placement,
        mapped.traffic,
        sums,
        mapped.copies,
        unsigned=switches.unsigned_inputs,
    )


def body_features(
    layers: LayerTable,
    sums: OperandSums,
    bodies: Designs,
    copies: Floats,
    *,
    streamed: bool,
    switches: Switches,
) -> BodyFeatures:
    """Work out the features of n bodies.

    Args:
        layers: L distinct layers.
        sums: statistics of their operands.
        bodies: designs, of which only what makes a body matters.
        copies: of each layer, shape (n, L); 0 counts as 1.
        streamed: whether weights are loaded for every image.
        switches: `placement`, `pulses`, `strides`, `unsigned_inputs` and `diagonal_groups` matter.
    """
    mapped = _mapped(layers, bodies, copies, streamed, switches)
    placement, traffic, copies = mapped.placement, mapped.traffic, mapped.copies
    slices = placement.input_slices if switches.pulses else 1.0
    step_reads = slices * placement.phases * ~layers.dynamic
    per_group = (bodies.macros_per_tile * bodies.tiles_per_group)[:, None]
    groups = copies * np.ceil(placement.macros / per_group)
    all_tiles = (bodies.tiles_per_group * bodies.router_groups)[:, None]
    tiles = np.maximum(np.minimum(all_tiles, copies * traffic.tiles), 1.0)
    counted = _counts(layers, sums, bodies, mapped, switches)
    none = np.empty((len(bodies), 0))

    def shared(array: Floats) -> Floats:
        return none if streamed else array

    of_layers = LayerFeatures(
        reads=np.ceil(layers.steps / copies) * mapped.passes * step_reads,
        link_share=1 / np.maximum(np.minimum(bodies.router_groups[:, None], groups), 1.0),
        buffer_words=(traffic.buffer_reads + traffic.buffer_writes) / tiles,
        step_reads=shared(step_reads),
        columns_used=shared(placement.columns_used),
        sum_words=shared(traffic.sum_words),
        sum_extra_bits=shared(traffic.sum_extra_bits),
        streams=_streams(layers, mapped) if streamed else none[:, :, None],
    )
    of_networks = NetworkFeatures(
        counts=np.stack([layers.total(counted[name]) for name in ACTIONS], axis=1),
        link_bits=layers.total(traffic.link_bits),
        occupied=_occupied(layers, placement.macros * copies, bodies, streamed, switches),
    )
    return BodyFeatures(of_layers, of_networks)


def _streams(layers: LayerTable, mapped: _Mapped) -> Floats:
    """What streaming changes, by `STREAMS`."""
    traffic = mapped.traffic
    arrays = (
        traffic.link_bits,
        traffic.glb_read_bits + traffic.glb_write_bits,
        traffic.kept_sums,
        mapped.passes * mapped.placement.rows_used * ~layers.dynamic,
    )
    return np.stack(arrays, axis=1)


def _occupied(
    layers: LayerTable, used: Floats, bodies: Designs, streamed: bool, switches: Switches
) -> Floats:
    """Macros that hold weights: of all layers, or of the largest where each has its turn."""
    if not streamed and switches.placement:
        held: Floats = layers.total(used)
        return held
    return np.minimum(layers.largest(used), bodies.macros[:, None])
