"""Loop nests, and the steps of them that the reference stack visits.

The reference stack derives its action counts from a walk over the temporal loops in which it only
visits the trips that can differ. "Previous" always means the last visited step, so the visiting
rule is part of the definition. Here many nests are walked side by side: arrays of shape
(n_nests, n_steps), where a step that a nest does not visit has weight 0.

Source: docs/model.md, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Bools, Ints
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
        """Nest a block of loops, outer to inner, inside what is there; a trip moves by `stride`."""
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

        def spread(old: NDArray[Any]) -> NDArray[Any]:
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
            children = self._children[level, axis] = self._children_of(level, axis)
        return children

    def _children_of(self, level: str, axis: str) -> Ints:
        i, at = self.nests.axes.index(axis), LEVEL[level]
        full = self.nests.spatial[:, at, i, None]
        last = self.nests.residual[:, at, i, None]
        outer = (self.nests.residual[:, at + 1 :, i] == 1).all(axis=1)[:, None]
        return self._on_last(axis, np.where(outer, last, full), full)

    def extent(self, level: str, axis: str) -> Ints:
        """Extent of a child of a level along one axis, shape (n, n_steps) or (n, 1)."""
        extent = self._extents.get((level, axis))
        if extent is None:
            extent = self._extents[level, axis] = self._extent_of(level, axis)
        return extent

    def _extent_of(self, level: str, axis: str) -> Ints:
        i, at = self.nests.axes.index(axis), LEVEL[level]
        is_last = (self.nests.residual[:, at:, i] == 1).all(axis=1)[:, None]
        full, last = self.full[:, at, i, None], self.partial[:, at, i, None]
        return self._on_last(axis, np.where(is_last, last, full), full)

    def buffer_extent(self, axis: str) -> Ints:
        """Extent of what the global buffer holds along one axis, shape (n, n_steps) or (n, 1)."""
        i = self.nests.axes.index(axis)
        inner = self.nests.inner[:, i, None]
        full, last = self.full[:, -1, i, None], self.partial[:, -1, i, None]
        return self._on_last(axis, full * (inner - 1) + last, full * inner)

    def _on_last(self, axis: str, last: Ints, otherwise: Ints) -> Ints:
        if (last == otherwise).all():
            return otherwise
        return np.where(self.last[axis], last, otherwise)

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
