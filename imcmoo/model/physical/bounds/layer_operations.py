"""Operations of the layers for a mapping key, by layer and added up for each network.

Replication, placement and action counts are those of `evaluate`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.action_counts import ACTIONS, count_actions
from imcmoo.model.physical.evaluate import Context
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.mapping import Placement, place
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.traffic import Traffic, converted_bits, move, operand_bits

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ON_CHIP_ACTIONS = (*ACTIONS, "link", "mac")
"""Actions on the chip."""


@dataclass(frozen=True, eq=False)
class LayerOperations:
    """What takes time on n bodies, of k layers or networks, shape (n, k).

    Args:
        reads: of an array, all vectors; none for products of activations.
        columns: that these reads have converted, one after the other but for shared converters.
        fills, fill_columns: the same of one vector of each layer.
        glb_bits: through the global buffer.
        link_bits: over the links, by the groups that share them.
        buffer_words: through the input buffer of a tile.
        load_rows, load_link_bits: of weights that are loaded for every image.
    """

    reads: Floats
    columns: Floats
    fills: Floats
    fill_columns: Floats
    glb_bits: Floats
    link_bits: Floats
    buffer_words: Floats
    load_rows: Floats
    load_link_bits: Floats

    @property
    def arrays(self) -> tuple[Floats, ...]:
        """All of them, in order."""
        return tuple(getattr(self, f.name) for f in fields(self))

    def in_turns(self, layers: LayerTable) -> LayerOperations:
        """Of networks whose layers run one after the other: all add up."""
        return LayerOperations(*added(layers, np.stack(self.arrays)))

    def at_once(self, layers: LayerTable) -> LayerOperations:
        """Of networks whose layers run at once: of arrays and tiles what the slowest takes."""
        largest, none = layers.largest, np.zeros((len(self.reads), layers.n_networks))
        return LayerOperations(
            largest(self.reads + self.fills),
            largest(self.columns + self.fill_columns),
            none,
            none,
            added(layers, self.glb_bits),
            none,
            largest(self.buffer_words),
            none,
            none,
        )


@dataclass(frozen=True, eq=False)
class MappingOperations:
    """What n bodies do in one mode.

    Args:
        steps: by layer.
        columns_used: converted at each read, shape (n, L).
        counts: of actions on the chip by `ON_CHIP_ACTIONS`, shape (n, W, A).
        pipeline_link_bits: of an image over the links, by the groups it uses, shape (n, W).
    """

    steps: LayerOperations
    columns_used: Floats
    counts: Floats
    pipeline_link_bits: Floats


def added(layers: LayerTable, values: Floats) -> Floats:
    """Sum over all layers of each network, (..., L) to (..., W)."""
    starts = np.searchsorted(layers.owner, np.arange(layers.n_networks))
    total: Floats = np.add.reduceat(values * layers.count, starts, axis=-1)
    return total


def loads_of(context: Context, *, streamed: bool) -> float:
    """How often weights are loaded for an image."""
    return 1.0 if streamed else float(np.isfinite(context.requests)) / context.requests


def work_of(
    context: Context, designs: Designs, *, streams: bool
) -> tuple[Bools, list[MappingOperations]]:
    """Gather what bodies do.

    Args:
        context: the model.
        designs: n, of one schedule.
        streams: whether also with weights that are loaded for every image.

    Returns:
        Whether all weights of each network are on the chip at once, shape (n, W); and what is done
        if they are, as if one copy of each layer were where they are not; then with streaming.
    """
    placement = place(context.layers, designs)
    modes = (False, True) if streams else (False,)
    works = [_work(context, designs, placement, streamed=streamed) for streamed in modes]
    need = added(context.layers, placement.macros)
    if context.together:
        need = np.broadcast_to(need.sum(axis=1, keepdims=True), need.shape)
    return np.asarray(need <= designs.macros[:, None]), works


def _work(
    context: Context, designs: Designs, placement: Placement, *, streamed: bool
) -> MappingOperations:
    layers, copies = context.layers, context.copies.of(designs)
    held = np.maximum(copies.streamed if streamed else copies.resident, 1.0)
    none = np.zeros(held.shape)
    passes = np.ceil(placement.macros / designs.macros[:, None]) if streamed else none
    passes = np.maximum(passes, 1.0)
    moved = move(layers, designs, placement, passes, strides=True)
    sum_bits = converted_bits(layers, designs) + moved.sum_extra_bits
    sum_bits = np.minimum(sum_bits, context.given.widest_sum_bits.value)
    links, kept = moved.link_bits + moved.sum_words * sum_bits, moved.kept_sums * sum_bits
    counts = _counts(context, designs, placement, moved, held, links, kept, streamed)
    reads = placement.input_slices * placement.phases * ~layers.dynamic
    rounds = np.ceil(layers.steps / held) * passes
    per_group = (designs.macros_per_tile * designs.tiles_per_group)[:, None]
    most_groups, tiles = designs.router_groups[:, None], designs.tiles_per_group[:, None]
    shares = np.clip(held * np.ceil(placement.macros / per_group), 1.0, most_groups)
    groups = np.ceil(added(layers, placement.macros * held) / per_group)
    steps = LayerOperations(
        reads=rounds * reads,
        columns=rounds * reads * placement.columns_used,
        fills=none + reads,
        fill_columns=reads * placement.columns_used,
        glb_bits=counts["glb_read"] + counts["glb_write"],
        link_bits=links / shares,
        buffer_words=(moved.buffer_reads + moved.buffer_writes)
        / np.clip(held * moved.tiles, 1.0, tiles * most_groups),
        load_rows=passes * placement.rows_used * ~layers.dynamic if streamed else none,
        load_link_bits=layers.stored_bits / shares if streamed else none,
    )
    every = np.empty((len(ON_CHIP_ACTIONS), *none.shape))
    for at, name in enumerate(ON_CHIP_ACTIONS):
        every[at] = counts[name]
    return MappingOperations(
        steps,
        placement.columns_used,
        np.moveaxis(added(layers, every), 0, 2),
        added(layers, links) / np.clip(groups, 1.0, most_groups),
    )


def _counts(
    context: Context,
    designs: Designs,
    placement: Placement,
    moved: Traffic,
    held: Floats,
    links: Floats,
    kept: Floats,
    streamed: bool,
) -> dict[str, Floats]:
    """Actions of each layer by `ON_CHIP_ACTIONS`, weight loading included, shape (n, L) or less."""
    layers, loads = context.layers, loads_of(context, streamed=streamed)
    counts = count_actions(layers, designs, placement, moved, context.sums, held, unsigned=True)
    counts["glb_read"] = counts["glb_read"] + kept
    if layers.has_dynamic:
        counts["glb_read"] += operand_bits(layers, designs.mac_units)
    counts["glb_write"] = counts["glb_write"] + kept
    counts["write"] = counts["write"] * loads
    counts["link"] = links + layers.stored_bits * loads
    counts["mac"] = layers.dynamic * layers.macs
    return counts
