"""Partial designs: rows of value indices of which some are not chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imcmoo.space.design_space import DesignSpace, Levels

UNCHOSEN = -1
"""Value index of a parameter that is not chosen."""


def every_choice(
    space: DesignSpace,
    rows: Levels,
    names: Sequence[str],
    only: NDArray[np.int64] | None = None,
) -> tuple[Levels, NDArray[np.int64]]:
    """Extend each row by every combination of values of some parameters.

    Args:
        space: space of the first columns of the rows.
        rows: shape (n, n_columns).
        names: parameters to choose.
        only: indices of the wanted ones of the n · n_combinations results, ascending. If None, all.

    Returns:
        Rows by row and combination, shape (n · n_combinations, n_columns), and the index of the
        original row of each.
    """
    grid, at = space.grid(names), [space.names.index(name) for name in names]
    wanted = np.arange(len(rows) * len(grid)) if only is None else only
    parents, choices = np.divmod(wanted, len(grid))
    children = rows[parents]
    children[:, at] = grid[:, at][choices]
    return children, parents
