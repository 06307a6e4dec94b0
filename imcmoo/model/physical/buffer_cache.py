"""The share of keys and values of earlier positions that the global buffer keeps.

The buffer keeps what fits beside inputs, outputs and weights of the layer that needs most; the rest
goes through DRAM.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Bools, Floats
from imcmoo.model.physical.layers import LayerTable


@dataclass(frozen=True, eq=False)
class BufferCache:
    """Caches in the global buffer while each of W networks runs, shape (W,) each.

    Args:
        cached: True for networks with a cache.
        held_bits: most bits beside the caches that the buffer holds while a layer of a network with
            a cache runs.
        reserved_bits: size of all caches that stay in the buffer; 0 if none does.
    """

    cached: Bools
    held_bits: Floats
    reserved_bits: Floats

    @classmethod
    def of_layers(cls, layers: LayerTable, weight_bits: Floats, *, common: bool) -> BufferCache:
        """Work out the caches of W networks.

        Args:
            layers: their layers; networks with the weights of one owner have one cache.
            weight_bits: weights that the buffer holds while a network runs, shape (W,).
            common: True if the caches of all networks stay in the buffer, False if only that of the
                running network and its group does.
        """
        groups, reserved = layers.cells_of_network, layers.total(layers.reserved_bits)
        cached = reserved > 0
        inputs, outputs = layers.buffered_bits
        held = layers.largest((inputs + outputs + weight_bits[layers.owner])[None])[0]
        members = groups[:, None] == groups
        held = (members * np.where(cached, held, 0.0)).max(axis=1)
        reserved = (members * reserved).max(axis=1)
        if common:
            _, first = np.unique(groups, return_index=True)
            held = np.full(len(groups), held.max())
            reserved = np.full(len(groups), reserved[first].sum())
        return cls(cached, held, reserved)

    def take(self, some: slice) -> BufferCache:
        """Caches of some of the networks."""
        return BufferCache(self.cached[some], self.held_bits[some], self.reserved_bits[some])

    def share(self, buffer_bits: Floats) -> Floats:
        """Share of the caches that buffers keep, shape (n, W); 1 without caches.

        Args:
            buffer_bits: size of the global buffer, shape (n,).
        """
        free = np.maximum(buffer_bits[:, None] - self.held_bits, 0.0)
        share: Floats = np.minimum(free / np.maximum(self.reserved_bits, 1.0), 1.0)
        return np.where(self.reserved_bits > 0, share, 1.0)

    def room(self, buffer_bits: Floats) -> Floats:
        """Bits of buffers that networks have for their layers, shape (n, W).

        Networks without a cache find the caches of others in the buffer.

        Args:
            buffer_bits: size of the global buffer, shape (n,).
        """
        buffer = buffer_bits[:, None]
        beside = np.maximum(buffer - self.reserved_bits, np.minimum(buffer, self.held_bits))
        return np.where(self.cached | (self.reserved_bits == 0), buffer, beside)

    def missing_bits(self, buffer_bits: Floats) -> Floats:
        """Bits of the cache of each network that buffers do not keep, shape (n, W)."""
        missing: Floats = (1 - self.share(buffer_bits)) * self.reserved_bits * self.cached
        return missing
