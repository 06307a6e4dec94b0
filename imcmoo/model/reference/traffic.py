"""Traffic: how many bits each storage level receives while a loop nest runs.

The reference stack derives its action counts from a walk over the temporal loops in which it only
visits the trips that can differ. "Previous" always means the last visited step, so the visiting
rule is part of the definition. Here many nests are walked side by side: arrays of shape
(n_nests, n_steps), where a step that a nest does not visit has weight 0.

What a walk yields are products over axes that do not interact, so axes without temporal loops can
be set apart and nests that recur need to be walked only once.

Source: docs/model.md, section 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from math import prod
from typing import Any

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints, Values
from imcmoo.model.reference.mapping import LEVEL

TOP_ORDER = ("S", "R", "M", "C", "G", "N", "P", "Q")
"""Loops above the global buffer, outer to inner."""

GLB_ORDER = ("S", "R", "P", "Q", "C", "M", "N", "G")
"""Loops between global buffer and chip, outer to inner."""


@dataclass(frozen=True)
class Nests:
    """Loop nests, one per row: a mapping restricted to some axes, and a split of its trips.

    Args:
        axes: names of the axes; any other is taken to have one trip and size 1.
        spatial: factors, shape (n, 6, n_axes), levels as `mapping.LEVELS`.
        residual: children in use on the last trip, same shape.
        top: trips above the global buffer, shape (n, n_axes).
        inner: trips between global buffer and chip, shape (n, n_axes).
        lone_group: whether the chip has one router group only, shape (n,).
    """

    axes: tuple[str, ...]
    spatial: Ints
    residual: Ints
    top: Ints
    inner: Ints
    lone_group: Bools

    def __len__(self) -> int:
        return len(self.spatial)

    def __getitem__(self, rows: Any) -> Nests:
        picked = (getattr(self, f.name)[rows] for f in fields(self)[1:])
        return Nests(self.axes, *picked)

    def table(self) -> Ints:
        """Everything that tells one nest from another, one row each."""
        flat = (self.spatial.reshape(len(self), -1), self.residual.reshape(len(self), -1))
        return np.concatenate([*flat, self.top, self.inner, self.lone_group[:, None]], axis=1)


def extents(factors: Ints, residual: Ints) -> tuple[Ints, Ints]:
    """Extent of a child at each level, (n, 7, n_axes), last the whole chip: the full one, and the
    one that is left at the end. Factors and residuals have shape (n, 6, n_axes), inner to outer.
    """
    n, levels, axes = factors.shape
    full = np.ones((n, levels + 1, axes), dtype=np.int64)
    last = np.ones_like(full)
    for level in range(levels):
        last[:, level + 1] = last[:, level] + full[:, level] * (residual[:, level] - 1)
        full[:, level + 1] = full[:, level] * factors[:, level]
    return full, last


class Visits:
    """The visited steps of many nests, built loop by loop from the outside."""

    def __init__(self, nests: Nests) -> None:
        n = len(nests)
        self.nests = nests
        self.full, self.partial = extents(nests.spatial, nests.residual)
        # Of each level and axis on the last trips of all loops outside: children and extent.
        none = nests.residual == 1
        outer = np.logical_and.accumulate(none[:, ::-1], axis=1)[:, ::-1]
        beyond = np.concatenate([outer[:, 1:], np.ones_like(outer[:, :1])], axis=1)
        self._last_children = np.where(beyond, nests.residual, nests.spatial)
        self._last_extents = np.where(outer, self.partial[:, :-1], self.full[:, :-1])
        self._same_children = (self._last_children == nests.spatial).all(axis=0).tolist()
        self._same_extents = (self._last_extents == self.full[:, :-1]).all(axis=0).tolist()
        self.weight: Ints = np.ones((n, 1), dtype=np.int64)
        self.position: dict[str, Ints] = {a: np.zeros((n, 1), np.int64) for a in nests.axes}
        self.last: dict[str, Bools] = {a: np.ones((n, 1), bool) for a in nests.axes}
        self.ragged: Bools = np.any(nests.residual < nests.spatial, axis=1)
        self.repeats: Bools = np.zeros((n, 1), bool)
        """Steps that end an imperfect innermost loop of three or more trips (see `quirk`)."""
        self.before: Ints = np.full((1, 1), -1)
        """Index of the step visited before each, −1 where there is none, (n or 1, n_steps)."""
        self.all_visited = True
        self._children: dict[tuple[str, str], Ints] = {}
        self._extents: dict[tuple[str, str], Ints] = {}

    def enter(self, order: tuple[str, ...], trips: Ints, stride: Ints) -> None:
        """Nest one block of loops inside what is there.

        Args:
            order: the block's axes, outer to inner.
            trips: trips per axis, shape (n, n_axes).
            stride: how far one trip moves, same shape.
        """
        self._children, self._extents = {}, {}
        self.repeats = np.zeros_like(self.weight, dtype=bool)
        for axis in order:
            if axis in self.nests.axes:
                i = self.nests.axes.index(axis)
                if (trips[:, i] > 1).any():
                    self._loop(axis, trips[:, i, None], stride[:, i, None], self.ragged[:, i, None])
        self._close()

    def _loop(self, axis: str, trips: Ints, stride: Ints, ragged: Bools) -> None:
        """Visit trip 0, trip 1 for all that are like it, and the last where it is imperfect."""
        ends = (ragged & (trips > 1)) & self.last[axis]
        weights = [np.ones_like(self.weight), trips - 1 - ends]
        steps = [np.zeros_like(trips), np.ones_like(trips)]
        if ends.any():
            weights.append(ends.astype(np.int64))
            steps.append(trips - 1)
        n = len(self.nests)
        k = len(steps)

        def spread(old: Values) -> Values:
            return np.repeat(old, k, axis=1)

        trip = np.concatenate(steps, axis=1)
        trip = np.tile(trip, (1, self.weight.shape[1]))
        share = np.stack(np.broadcast_arrays(*weights), axis=2).reshape(n, -1)
        third = np.tile(np.arange(k) == 2, self.weight.shape[1])[None]
        self.weight = spread(self.weight) * share
        self.repeats = np.where(trips > 1, third & (trips >= 3), spread(self.repeats))
        self.position = {a: spread(p) for a, p in self.position.items()}
        self.position[axis] = self.position[axis] + trip * stride
        self.last = {a: spread(x) for a, x in self.last.items()}
        self.last[axis] = self.last[axis] & (trip == trips - 1)

    def _close(self) -> None:
        """Work out which step is visited before which."""
        steps = np.arange(self.weight.shape[1])
        self.all_visited = bool((self.weight > 0).all())
        if self.all_visited:
            self.before = steps[None] - 1
            return
        seen = np.maximum.accumulate(np.where(self.weight > 0, steps, -1), axis=1)
        self.before = np.concatenate([np.full((len(seen), 1), -1), seen[:, :-1]], axis=1)

    def at_previous(self, values: Ints) -> Ints:
        """Values (n, n_steps) or (n, 1) at the step visited before; anything at the first."""
        if values.shape[1] == 1:
            return values
        if self.all_visited:
            return np.concatenate([values[:, :1], values[:, :-1]], axis=1)
        return np.take_along_axis(values, np.maximum(self.before, 0), axis=1)

    def children(self, level: str, axis: str) -> Ints:
        """Children in use at a level along one axis, shape (n, n_steps) or (n, 1)."""
        children = self._children.get((level, axis))
        if children is None:
            i, at = self.nests.axes.index(axis), LEVEL[level]
            children = self.nests.spatial[:, at, i, None]
            if not self._same_children[at][i]:
                last = self._last_children[:, at, i, None]
                children = np.where(self.last[axis], last, children)
            self._children[level, axis] = children
        return children

    def extent(self, level: str, axis: str) -> Ints:
        """Extent of a child of a level along one axis, shape (n, n_steps) or (n, 1)."""
        extent = self._extents.get((level, axis))
        if extent is None:
            i, at = self.nests.axes.index(axis), LEVEL[level]
            extent = self.full[:, at, i, None]
            if not self._same_extents[at][i]:
                extent = np.where(self.last[axis], self._last_extents[:, at, i, None], extent)
            self._extents[level, axis] = extent
        return extent

    def buffer_extent(self, axis: str) -> Ints:
        """Extent of what the global buffer holds along one axis, shape (n, n_steps) or (n, 1)."""
        i = self.nests.axes.index(axis)
        inner = self.nests.inner[:, i, None]
        full, last = self.full[:, -1, i, None], self.partial[:, -1, i, None]
        if (last == full).all():
            return full * inner
        return np.where(self.last[axis], full * (inner - 1) + last, full * inner)

    def quirk(self, values: Ints) -> Ints:
        """The reference's slip: an imperfect innermost loop ends with its middle trip's value.

        Only where that loop has three trips or more; its middle trip is then the step before.
        """
        values = np.broadcast_to(values, self.weight.shape)
        if not (self.repeats & (self.weight > 0)).any():
            return values
        return np.where(self.repeats, self.at_previous(values), values)

    def total(self, values: Ints) -> Ints:
        """Weighted sum over the steps, shape (n,)."""
        return (self.weight * values).sum(axis=1)


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
    out: dict[str, Values] = {}
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
    return _rows(out, len(nests))


def _rows(columns: Mapping[str, Any], n: int) -> Floats:
    """Columns in the order of `TRAFFIC`, shape (n, len(TRAFFIC)); 1 where there is none."""
    rows = np.ones((n, len(TRAFFIC)))
    for at, name in enumerate(TRAFFIC):
        if name in columns:
            rows[:, at] = columns[name]
    return rows


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
    # A mesh of one router group is no level, so the buffer above feeds the router directly.
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
