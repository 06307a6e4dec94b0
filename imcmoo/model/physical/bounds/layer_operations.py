"""Operations of whole networks for a mapping key, the sums of their layers' operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from imcmoo.keyed_cache import Arrays
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.action_counts import ACTIONS, ON_CHIP_ACTIONS, image_actions
from imcmoo.model.physical.batch import Batch, LayerWork, pipeline_groups
from imcmoo.model.physical.traffic import operand_bits


@dataclass(frozen=True, eq=False)
class NetworkOperations:
    """Operations of W networks in one weight mode for n mapping keys, shape (n, W) unless said.

    Sequential networks add up their layers. Of pipelined ones, whose layers have arrays and tile
    buffers of their own, the largest layer counts there, and one vector is part of `reads`.

    Args:
        counts: actions on the chip by `ON_CHIP_ACTIONS`, shape (n, W, A).
        pipeline_link_bits: of an image over the links, by the groups that a pipeline uses.
        reads: array reads of all vectors.
        conversions: columns that these have converted.
        fill_reads, fill_conversions: of one vector of each layer.
        glb_bits: through the global buffer.
        link_bits: over the links, by the groups that share them.
        buffer_words: through the input buffer of a tile.
        load_rows, load_link_bits: of weights that are loaded for every image.
    """

    counts: Floats
    pipeline_link_bits: Floats
    reads: Floats
    conversions: Floats
    fill_reads: Floats
    fill_conversions: Floats
    glb_bits: Floats
    link_bits: Floats
    buffer_words: Floats
    load_rows: Floats
    load_link_bits: Floats

    @property
    def arrays(self) -> Arrays:
        """All arrays, in order."""
        return tuple(getattr(self, f.name) for f in fields(self))


N_ARRAYS = len(fields(NetworkOperations))


def network_operations(batch: Batch, *, streamed: bool) -> NetworkOperations:
    """Add up the layers of networks.

    Args:
        batch: a design of each of n mapping keys, other parameters at their most optimistic value.
        streamed: whether weights are loaded for every image.
    """
    layers = batch.context.layers
    work = LayerWork(batch, slice(None), streams=streamed)
    features, shared = work.features(streamed=streamed), work.resident
    reads, fills = features.reads, shared.vector_reads
    add: Callable[[Floats], Floats] = layers.total
    if batch.designs.pipelined.any():
        add, reads, fills = layers.largest, reads + fills, np.zeros_like(fills)
    of_networks = batch.features(streamed=streamed).networks
    moved = layers.total(work.sums) + of_networks.link_bits
    zero = np.zeros_like(moved)
    glb_bits = np.broadcast_to(work.glb_bits(streamed=streamed), reads.shape)
    return NetworkOperations(
        counts=_counts(batch, work, moved, streamed=streamed),
        pipeline_link_bits=moved / pipeline_groups(batch.designs, of_networks.occupied),
        reads=add(reads),
        conversions=add(reads * shared.columns_used),
        fill_reads=add(fills),
        fill_conversions=add(fills * shared.columns_used),
        glb_bits=layers.total(glb_bits),
        link_bits=layers.total(work.link_bits(streamed=streamed) * features.link_share),
        buffer_words=add(features.buffer_words),
        load_rows=layers.total(features.streamed("load_rows")) if streamed else zero,
        load_link_bits=layers.total(layers.stored_bits * features.link_share) if streamed else zero,
    )


def _counts(batch: Batch, work: LayerWork, link_bits: Floats, *, streamed: bool) -> Floats:
    """Actions on the chip by `ON_CHIP_ACTIONS`, shape (n, W, A)."""
    layers = batch.context.layers
    counted = batch.features(streamed=streamed).networks.counts
    spilled = work.spilled_sums if streamed else None
    operands = operand_bits(layers, batch.designs.mac_units) if layers.has_dynamic else None
    counts = image_actions(
        {name: counted[:, at] for at, name in enumerate(ACTIONS)},
        link_bits=link_bits,
        spilled_bits=0.0 if spilled is None else layers.total(spilled),
        operand_bits=0.0 if operands is None else layers.total(operands),
        macs=layers.total(layers.macs * layers.dynamic),
        stored_bits=layers.total(layers.stored_bits),
        loads=batch.context.loads(streamed=streamed),
    )
    return np.stack([np.broadcast_to(counts[n], link_bits.shape) for n in ON_CHIP_ACTIONS], axis=2)
