"""Moves from a design to nearby designs, and the distance between designs in steps."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from imcmoo.arrays import Bools, Ints
from imcmoo.space.design_space import DesignSpace, Levels


def single_moves(space: DesignSpace) -> Levels:
    """Moves that change one parameter, shape (n_moves, n_parameters).

    One value index up or down for an ordered parameter; any other value (cyclic) for an unordered
    one.
    """
    one_each = np.eye(len(space.parameters), dtype=np.int64)
    rows = [
        step * one
        for one, parameter in zip(one_each, space.parameters, strict=True)
        for step in ((-1, 1) if parameter.is_ordered else range(1, len(parameter)))
    ]
    return np.array(rows, dtype=np.int64).reshape(len(rows), len(one_each))


def move(space: DesignSpace, levels: Levels, moves: Levels) -> tuple[Levels, Bools]:
    """Apply every move to every design.

    Args:
        levels: shape (n, n_parameters).
        moves: shape (n_moves, n_parameters).

    Returns:
        Designs, shape (n, n_moves, n_parameters), and True for those in the space, shape (n,
        n_moves).
    """
    designs = levels[:, None, :] + moves
    for at in np.flatnonzero(~space.is_ordered):
        designs[..., at] %= space.shape[at]
    return designs, _inside(space, levels, moves)


def neighbours(space: DesignSpace, levels: Levels, moves: Levels) -> tuple[Levels, Ints]:
    """Designs of the space that one of the moves leads to; faster than `move`.

    Args:
        levels: shape (n, n_parameters).
        moves: shape (n_moves, n_parameters).

    Returns:
        Designs, possibly repeated, and the row in `levels` that each comes from.
    """
    of, how = np.nonzero(_inside(space, levels, moves))
    designs = levels.take(of, axis=0)
    designs += moves.take(how, axis=0)
    for at in np.flatnonzero(~space.is_ordered):
        designs[:, at] %= space.shape[at]
    return designs, of


def _inside(space: DesignSpace, levels: Levels, moves: Levels) -> Bools:
    """True where a move leads to a design of the space, shape (n, n_moves)."""
    inside = np.ones((len(levels), len(moves)), bool)
    # By parameter: "all" over many short rows would dominate the time.
    columns = zip(space.shape, space.is_ordered, levels.T, moves.T, strict=True)
    for size, is_ordered, ours, changes in columns:
        if is_ordered:
            reached = np.arange(size)[:, None] + changes
            inside &= ((reached >= 0) & (reached < size)).take(ours, axis=0)
    return inside


def pairs(single: Levels) -> Levels:
    """All pairs of single moves, except a move and its inverse, shape (n_pairs, n_parameters)."""
    first, second = np.triu_indices(len(single))
    pairs = single[first] + single[second]
    return pairs[pairs.any(axis=1)]


def paired_moves(space: DesignSpace) -> Levels:
    """Compensated two-parameter moves, shape (n_moves, n_parameters).

    One ordered parameter goes two or more value indices up, another as many down. With powers of
    two this keeps a product, such as the number of cells.
    """
    ordered = np.flatnonzero(space.is_ordered)
    rows = []
    for up in ordered:
        for down in ordered:
            for step in range(2, min(space.shape[up], space.shape[down])):
                if up != down:
                    row = np.zeros(len(space.shape), dtype=np.int64)
                    row[[up, down]] = step, -step
                    rows.append(row)
    return np.array(rows, dtype=np.int64).reshape(len(rows), len(space.shape))


@lru_cache(maxsize=16)
def nearby_moves(space: DesignSpace) -> tuple[Levels, Levels]:
    """Single moves, and all moves of up to two steps; shared by all callers and read-only.

    Returns:
        Shape (n_moves, n_parameters) each.
    """
    single = single_moves(space)
    up_to_two = np.concatenate([single, pairs(single), paired_moves(space)])
    for moves in (single, up_to_two):
        moves.flags.writeable = False
    return single, up_to_two


def steps(space: DesignSpace, levels: Levels, others: Levels) -> Ints:
    """Number of steps from designs to others, shape (n, n_others)."""
    # Adds rows of a small byte table; much faster than all differences.
    small = np.min_scalar_type(sum(space.shape))
    total = np.zeros((len(levels), len(others)), dtype=small)
    columns = zip(space.shape, space.is_ordered, levels.T, others.T, strict=True)
    for size, is_ordered, ours, theirs in columns:
        difference = np.arange(size)[:, None] - theirs
        table = (np.abs(difference) if is_ordered else difference != 0).astype(small)
        total += table.take(ours, axis=0)
    return total
