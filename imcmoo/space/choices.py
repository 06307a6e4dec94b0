"""Rows of levels of which only some are chosen yet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imcmoo.space.design_space import DesignSpace, Levels

UNCHOSEN = -1
"""The level of a parameter that is not chosen."""


def every_choice(
    space: DesignSpace,
    rows: Levels,
    names: Sequence[str],
    only: NDArray[np.int64] | None = None,
) -> tuple[Levels, NDArray[np.int64]]:
    """Each row with every combination of levels of some parameters, and the row each was made from.

    Args:
        space: of the first columns of the rows.
        rows: shape (n, n_columns).
        names: of the parameters to choose.
        only: which of the n · n_combinations results are wanted, ascending; all by default.

    Returns:
        Rows by row and combination, shape (n · n_combinations, n_columns), and indices into `rows`.
    """
    grid, at = space.grid(names), [space.names.index(name) for name in names]
    wanted = np.arange(len(rows) * len(grid)) if only is None else only
    parents, choices = np.divmod(wanted, len(grid))
    children = rows[parents]
    children[:, at] = grid[:, at][choices]
    return children, parents
