"""Partial designs: a search tree over a design space with lower bounds, for branch and bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Metrics
from imcmoo.space.design_space import Levels


class NoBounds(ValueError):
    """A space cannot be bounded; one line says why."""


class PartialDesignTree(Protocol):
    """A tree of partial designs, whose parameters are chosen stage by stage.

    Implement it to certify designs of your cost model (`CostModel.partials`). A partial design is a
    row of integers that only the model reads. All rows of one call are at the same stage: nothing
    is chosen in `start`, one stage more in `children`.

    Attributes:
        stages: names of the stages, in order.
    """

    stages: Sequence[str]

    @property
    def start(self) -> Levels:
        """Return the root, shape (1, n_columns)."""

    def children(
        self, partial: Levels, stage: int, only: NDArray[np.int64] | None = None
    ) -> tuple[Levels, NDArray[np.int64]]:
        """Return partial designs with one more stage chosen, and the index of the parent of each.

        Children that cannot become feasible may be omitted. No design is in two children.

        Args:
            partial: rows with the earlier stages chosen, shape (n, n_columns).
            stage: stage to choose.
            only: indices of the wanted children of all rows, ascending, at a stage with relaxed
                bounds. If None, all.
        """

    def relaxed_bound(self, partial: Levels, stage: int) -> Metrics | None:
        """Return cheap lower bounds of all children, ordered as `children`; None if there are none.

        All rows must have equally many children.

        Args:
            partial: rows with the earlier stages chosen, shape (n, n_columns).
            stage: stage to choose.
        """

    def n_leaves(self, partial: Levels) -> NDArray[np.int64]:
        """Return the number of designs of each row, shape (n,)."""

    def child_leaves(self, partial: Levels, stage: int) -> NDArray[np.int64]:
        """Return the number of designs of each child, in the order of `children`.

        Only called at stages with relaxed bounds.

        Args:
            partial: rows with the earlier stages chosen, shape (n, n_columns).
            stage: stage to choose.
        """

    def designs(self, partial: Levels) -> Levels:
        """Return the designs of rows with all stages chosen, shape (n, n_parameters)."""

    def representative_designs(self, partial: Levels) -> Levels:
        """Return a representative design of each row, shape (n, n_parameters).

        Once there are bounds, all designs of a row must have its technology node.
        """

    def screen(self, partial: Levels) -> Metrics:
        """Return lower bounds of area and constraint violation over all designs of each row."""

    def bound(self, partial: Levels) -> Metrics:
        """Return lower bounds over all designs of each row that run all networks.

        Of energies, latencies and area, infinite where there is no such design; optionally of the
        product `edp` if tighter, of `interval`, without which `min_fps` excludes no row, and of
        `package` and `silicon`, the areas of the chip with packages or dies of DRAM.

        Args:
            partial: rows with at least `bound_from` stages chosen.
        """

    def ancestors(self, levels: Levels, stage: int) -> Levels | None:
        """Return the partial design that contains each design, (n, n_columns); None if unknown.

        Args:
            levels: designs, shape (n, n_parameters).
            stage: number of chosen stages.
        """

    @property
    def bound_from(self) -> int:
        """Number of stages that must be chosen before there are bounds."""

    @property
    def refined_from(self) -> int:
        """Number of stages that must be chosen before `bound` is tighter than `relaxed_bound`."""
