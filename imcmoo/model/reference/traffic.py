"""Traffic: how many bits each storage level receives while a loop nest runs.

What a walk yields are products over axes that do not interact, so axes without temporal loops can
be set apart and nests that recur need to be walked only once.

Source: docs/model.md, section 6.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Bools, Floats, Ints
from imcmoo.model.reference.mapping import LEVEL
from imcmoo.model.reference.nests import GLB_ORDER, TOP_ORDER, Nests, Visits

SPACES = {
    "inputs": ("N", "C", "G"),
    "outputs": ("N", "M", "P", "Q", "G"),
    "weights": ("C", "M", "R", "S", "Y", "G"),
}
"""Axes of each operand; inputs have a sliding window on top of theirs."""

WINDOWS = (("P", "R"), ("Q", "S"))
"""Pairs of axes whose sum is one axis of the inputs."""

TRAFFIC = (
    "inputs.col.share",
    "inputs.macro.share",
    "inputs.tile.all",
    "inputs.tile.distinct",
    "inputs.group.whole",
    "inputs.glb.fill",
    "inputs.glb.held",
    "outputs.row.share",
    "outputs.macro.share",
    "outputs.tile.share",
    "outputs.tile.fill",
    "outputs.group.whole",
    "outputs.glb.fill",
    "outputs.glb.held",
    "weights.row.all",
    "weights.macro.share",
    "weights.tile.share",
    "weights.group.share",
)
"""Columns of a traffic array. share: distinct children served / all children; all, distinct: bits
newly brought to all or to the distinct children of a level; whole: whole boxes sent to the
distinct router groups; fill: bits newly brought to the buffer; held: bits the global buffer must
hold. Without the 8 bits of inputs and outputs, which `count_actions` supplies."""

Extent = Callable[[str], Ints]
Sides = list[tuple[Ints, Ints]]
"""Start and extent of a box along each of its axes, shapes (n, n_steps) or (n, 1)."""


def box(visits: Visits, space: str, extent: Extent) -> Sides:
    """Start and extent of one operand's tile along each of its axes."""
    live = visits.nests.axes
    sides = [(visits.position[a], extent(a)) for a in SPACES[space] if a in live]
    if space == "inputs":
        for a, b in WINDOWS:
            if a not in live:
                continue
            start = visits.position[a] + visits.position[b]
            sides.append((start, extent(a) + extent(b) - 1))
    return sides


def volume(sides: Sides) -> Ints:
    """Volume of a box, shape (n, n_steps) or (n, 1)."""
    return prod((size for _, size in sides), start=np.ones((1, 1), dtype=np.int64))


def newly_brought(visits: Visits, sides: Sides) -> Ints:
    """Words a tile receives at each step: its whole box, or the part outside the last box.

    The overlap counts only while the box keeps moving the same way: a move that differs from the
    one before brings the whole box and forgets the direction.
    """
    shape = visits.weight.shape
    if shape[1] == 1:
        return volume(sides)
    first = visits.before < 0
    shared = np.ones(shape, dtype=np.int64)
    move = np.zeros(shape, dtype=np.int64)
    for start, size in sides:
        old_start, old_size = visits.at_previous(start), visits.at_previous(size)
        reach = np.minimum(start + size, old_start + old_size) - np.maximum(start, old_start)
        shared *= np.maximum(reach, 0)
        twice = 2 * (start - old_start) + size - old_size
        shift = np.sign(twice) * ((np.abs(twice) + 1) // 2)
        move = move * (2 * int(np.abs(shift).max(initial=0)) + 1) + shift
    moved = (move != 0) & ~first & (visits.weight > 0)
    whole = first | _turns(move, moved)
    full = volume(sides)
    return np.where(whole, full, full - shared)


def _turns(move: Ints, moved: Bools) -> Bools:
    """Steps that move otherwise than the move before them, which then is forgotten."""
    turns = np.zeros_like(moved)
    forgotten = np.ones(len(move), dtype=bool)
    latest = np.zeros(len(move), dtype=np.int64)
    for step in range(move.shape[1]):
        moves_now = moved[:, step]
        turns[:, step] = moves_now & ~forgotten & (move[:, step] != latest)
        forgotten = np.where(moves_now, turns[:, step], forgotten)
        latest = np.where(moves_now, move[:, step], latest)
    return turns


def distinct_offsets(n: Ints, k: Ints, a: Ints, b: Ints) -> Ints:
    """Number of distinct values i·a + j·b for i < n, j < k; arrays broadcast.

    (i, j) and (i + b/g, j − a/g) coincide, g = gcd(a, b); each pair with such a partner is counted
    once too often.
    """
    g = np.gcd(a, b)
    return n * k - np.maximum(n - b // g, 0) * np.maximum(k - a // g, 0)


def sharing(visits: Visits, space: str, level: str) -> tuple[Ints, Ints, Ints]:
    """Children of a level as one operand sees them, at each step.

    Returns:
        Children that tell its data apart, and two factors: by how much the distinct children and
        by how much all children are more than these. Shapes (n, n_steps) or (n, 1).
    """
    live = visits.nests.axes
    one: Any = np.ones((1, 1), dtype=np.int64)
    telling, distinct, all_children = one, one, one
    windows = WINDOWS if space == "inputs" else ()
    paired = [axis for pair in windows for axis in pair]
    for axis in live:
        if axis in SPACES[space]:
            telling = telling * visits.children(level, axis)
        elif axis not in paired:
            all_children = all_children * visits.children(level, axis)
    for a, b in windows:
        if a in live:
            at = LEVEL[level]
            n, k = visits.children(level, a), visits.children(level, b)
            steps = (visits.full[:, at, live.index(axis), None] for axis in (a, b))
            distinct = distinct * distinct_offsets(n, k, *steps)
            all_children = all_children * n * k
    return telling, distinct, all_children


def traffic(nests: Nests, weights: bool) -> Floats:
    """Walk nests.

    Args:
        nests: n of them.
        weights: whether weights are streamed: then their traffic is wanted; else, instead, what
            fills the global buffer. Columns that are not wanted are 1.

    Returns:
        Shape (n, len(TRAFFIC)). The product of the traffics of two nests over disjoint axes that
        share no window is the traffic of the nest over all these axes.
    """
    visits = Visits(nests)
    chip = visits.full[:, -1]
    out: dict[str, NDArray[Any]] = {}
    visits.enter(TOP_ORDER, nests.top, chip * nests.inner)
    for space in ("inputs", "outputs"):
        if not weights:
            fill = newly_brought(visits, box(visits, space, visits.buffer_extent))
            out[f"{space}.glb.fill"] = visits.total(visits.quirk(fill))
        out[f"{space}.glb.held"] = held_words(nests.axes, chip * nests.inner, space)
    visits.enter(GLB_ORDER, nests.inner, chip)
    for space in ("inputs", "outputs"):
        out[f"{space}.group.whole"] = _whole(visits, space)
    for name in TRAFFIC:
        space, level, what = name.split(".")
        if what == "share" and (weights or space != "weights"):
            out[name] = _share(visits, space, level)
    telling, distinct, all_children = sharing(visits, "inputs", "tile")
    brought = telling * _brought(visits, "inputs", "tile")
    out["inputs.tile.all"] = visits.total(all_children * brought)
    out["inputs.tile.distinct"] = visits.total(distinct * brought)
    out["outputs.tile.fill"] = visits.total(_brought(visits, "outputs", "tile"))
    if weights:
        telling, _, all_children = sharing(visits, "weights", "row")
        out["weights.row.all"] = visits.total(
            telling * all_children * _brought(visits, "weights", "row")
        )
    return np.stack([_column(out.get(name, 1), len(nests)) for name in TRAFFIC], axis=1)


def _column(values: Any, n: int) -> Floats:
    return np.broadcast_to(np.asarray(values, dtype=np.float64), n)


def _child(visits: Visits, space: str, level: str) -> Sides:
    return box(visits, space, lambda axis: visits.extent(level, axis))


def _brought(visits: Visits, space: str, level: str) -> Ints:
    """Bits newly brought to a child of a level at each step."""
    return newly_brought(visits, _child(visits, space, level))


def _share(visits: Visits, space: str, level: str) -> Floats:
    """Distinct children served over all children, weighted by what they newly receive."""
    telling, distinct, all_children = sharing(visits, space, level)
    if distinct.shape[1] == all_children.shape[1] == 1:
        return (distinct / all_children)[:, 0]
    # The router keeps nothing, so its children always receive whole boxes.
    child = _child(visits, space, level)
    bits = telling * (volume(child) if level == "group" else newly_brought(visits, child))
    return visits.total(distinct * bits) / visits.total(all_children * bits)


def _whole(visits: Visits, space: str) -> Ints:
    """Whole boxes sent to the distinct router groups, in bits."""
    sent = volume(_child(visits, space, "group"))
    # A mesh of one router group is no level, so the buffer above it is the router's direct source.
    sent = np.where(visits.nests.lone_group[:, None], visits.quirk(sent), sent)
    telling, distinct, _ = sharing(visits, space, "group")
    return visits.total(telling * distinct * sent)


def held_words(axes: tuple[str, ...], extent: Ints, space: str) -> Ints:
    """Words a buffer holds of one operand, not clipped to the layer, by the extent along each axis
    of what is held, shape (n, n_axes).
    """
    size = dict(zip(axes, extent.T, strict=True))
    held = np.ones(len(extent), dtype=np.int64)
    for axis in SPACES[space]:
        held = held * size.get(axis, 1)
    if space == "inputs":
        for a, b in WINDOWS:
            held = held * (size.get(a, 1) + size.get(b, 1) - 1)
    return held
