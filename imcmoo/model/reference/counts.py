"""Action counts: what every component does while one layer runs.

Source: docs/model.md, section 6 and its table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.model.reference.mapping import AXIS, LEVEL, Mapping
from imcmoo.model.reference.traffic import TRAFFIC

WORD_BITS = 8
"""Bits of an input or output word; the row drivers send an input bit by bit."""

INSTANCE_AXES = ("G", "Y", "S", "R", "M", "C", "Q", "P", "N")
"""The order in which the reference multiplies floating-point shares of axes."""

KINDS = {"routers": "group", "buffers": "tile", "drivers": "macro", "cells": "row"}
"""Kinds of replicated components, and the innermost level they are replicated over."""

GLB_WORD_BITS = 2048
LINK_BITS = 128
"""Width of a router link and of the main memory's bus."""

ACTIONS = (
    "row_drivers.read",
    "cim_unit.read",
    "cim_unit.write",
    "adc.read",
    "weight_drivers.read",
    "input_buffer.read",
    "input_buffer.write",
    "output_buffer.read",
    "output_buffer.write",
    "router.read",
    "glb.read",
    "glb.write",
    "main_memory.read",
    "drivers.leak",
    "cells.leak",
    "buffers.leak",
    "glb.leak",
)
"""Rows of an array of actions: accesses of all instances together, and leaking unit-cycles."""

DECIDING = ACTIONS[ACTIONS.index("input_buffer.read") : ACTIONS.index("drivers.leak")]
"""Actions whose number depends on the loop order; none of their prices depends on voltage."""


@dataclass(frozen=True)
class MappingSummary:
    """Features of mappings that action counts need, equal for all loop orders. Shape (n,) each.

    Args:
        cycles: of the layer.
        units: product of the spatial factors, by level.
        instances: components in use, by kind.
        cell_bits: weight bits in a cell.
        cols: columns of a crossbar.
        macros: macros of a tile.
        streams_weights: whether weights are reloaded while the layer runs.
    """

    cycles: Ints
    units: dict[str, Ints]
    instances: dict[str, Ints]
    cell_bits: Ints
    cols: Ints
    macros: Ints
    streams_weights: bool

    @classmethod
    def from_mapping(cls, mapping: Mapping) -> MappingSummary:
        """Sum up a mapping."""
        chips = mapping.chips
        return cls(
            mapping.cycles,
            {level: mapping.spatial[:, i].prod(axis=1) for level, i in LEVEL.items()},
            instances(mapping),
            chips.cell_bits,
            chips.capacity[:, LEVEL["col"]],
            chips.capacity[:, LEVEL["macro"]],
            chips.streams_weights,
        )

    def take(self, rows: Ints) -> MappingSummary:
        """Some of the cases, in the order given."""
        return MappingSummary(
            self.cycles[rows],
            {k: v[rows] for k, v in self.units.items()},
            {k: v[rows] for k, v in self.instances.items()},
            self.cell_bits[rows],
            self.cols[rows],
            self.macros[rows],
            self.streams_weights,
        )


def instances(mapping: Mapping) -> dict[str, Ints]:
    """Components in use, averaged over the steps and truncated, shape (n_cases,) by kind.

    Follows the reference's floating-point product, which in about one layer in a thousand falls
    just below the integer it should be.
    """
    used = np.ones(len(mapping.sizes))
    units = mapping.temporal.astype(np.float64)
    spread = np.any(mapping.spatial > 1, axis=0)
    by_kind: dict[str, Ints] = {}
    level = len(LEVEL)
    for kind, innermost in KINDS.items():
        while level > LEVEL[innermost]:
            level -= 1
            # The reference omits loops of one trip, and so their rounding errors.
            for i in (AXIS[a] for a in INSTANCE_AXES if spread[level, AXIS[a]]):
                factor = mapping.spatial[:, level, i]
                after = mapping.residual[:, level, i] + factor * (units[:, i] - 1)
                used = np.where(factor > 1, used * after / units[:, i], used)
                units[:, i] = after
        by_kind[kind] = used.astype(np.int64)
    return by_kind


@dataclass(frozen=True)
class Counts:
    """Bits each instance moves, as the reference reports them, shape (n,) each.

    Args:
        reads: bits read, by "component.operand".
        fills: bits written to make room, likewise; only where they cost something.
        updates: bits written back, likewise.
    """

    reads: dict[str, Floats]
    fills: dict[str, Floats]
    updates: dict[str, Floats]


def count_actions(place: MappingSummary, flow: Floats) -> Counts:
    """Bits moved by each component.

    Args:
        place: n cases.
        flow: their traffic, shape (n, len(TRAFFIC)).

    Returns:
        Counts, rounded as the reference does: down where it truncates, to nearest elsewhere.
    """
    t = dict(zip(TRAFFIC, flow.T, strict=True))
    units = place.units
    pulses = WORD_BITS * place.cycles * units["row"] * units["col"]
    row = pulses * t["inputs.col.share"]
    column = pulses * t["outputs.row.share"]
    tile_out = column * units["macro"] * t["outputs.macro.share"]
    buffer_fill = WORD_BITS * t["outputs.tile.fill"]
    glb_out = WORD_BITS * t["outputs.group.whole"]
    reads = {
        "cim_unit.weights": place.cell_bits * place.cycles,
        "row_drivers.inputs": row,
        "adc.outputs": column,
        "input_buffer.inputs": row * units["macro"] * t["inputs.macro.share"],
        "output_buffer.outputs": tile_out,
        "router.inputs": WORD_BITS * t["inputs.tile.distinct"],
        "router.outputs": buffer_fill * units["tile"] * t["outputs.tile.share"],
        "glb.inputs": WORD_BITS * t["inputs.group.whole"],
        "glb.outputs": glb_out,
    }
    fills = {
        "input_buffer.inputs": np.floor(WORD_BITS * t["inputs.tile.all"] / units["tile"]),
        "output_buffer.outputs": buffer_fill,
    }
    if place.streams_weights:
        weights = t["weights.row.all"]
        fills["cim_unit.weights"] = np.floor(weights / units["row"])
        weights = weights * units["col"]
        reads["weight_drivers.weights"] = weights
        for level in ("macro", "tile", "group"):
            weights = weights * units[level] * t[f"weights.{level}.share"]
        reads["main_memory.weights"] = weights
    else:
        fills["glb.inputs"] = WORD_BITS * t["inputs.glb.fill"]
        fills["glb.outputs"] = WORD_BITS * t["outputs.glb.fill"]
    updates = {"output_buffer.outputs": tile_out, "glb.outputs": glb_out}
    nearest = [{k: np.floor(v + 0.5) for k, v in d.items()} for d in (reads, fills, updates)]
    return Counts(*nearest)


def total_actions(place: MappingSummary, counts: Counts) -> Floats:
    """Actions of all instances of each component, shape (len(ACTIONS), n_cases).

    Bits become accesses of whole blocks (each component's width), rounded up per operand.
    """
    used = place.instances
    wide = WORD_BITS * place.macros
    block: dict[str, tuple[int | Ints, str | None]] = {
        "row_drivers": (WORD_BITS, "drivers"),
        "cim_unit": (place.cell_bits, "cells"),
        "adc": (WORD_BITS, "drivers"),
        "weight_drivers": (place.cols, "drivers"),
        "input_buffer": (wide, "buffers"),
        "output_buffer": (wide, "buffers"),
        "router": (LINK_BITS, "routers"),
        "glb": (GLB_WORD_BITS, None),
        "main_memory": (LINK_BITS, None),
    }
    total = np.zeros((len(ACTIONS), len(place.cycles)))
    writes = [*counts.fills.items(), *counts.updates.items()]
    for action, moved in (("read", [*counts.reads.items()]), ("write", writes)):
        for name, bits in moved:
            component = name.split(".")[0]
            width, kind = block[component]
            row = ACTIONS.index(f"{component}.{action}")
            total[row] += np.ceil(bits / width) * (used[kind] if kind else 1)
    for kind in ("drivers", "cells", "buffers"):
        total[ACTIONS.index(f"{kind}.leak")] = place.cycles * np.maximum(1, used[kind])
    total[ACTIONS.index("glb.leak")] = place.cycles
    return total
