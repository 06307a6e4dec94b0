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
    """Designs of which only some parameters are chosen: a tree, chosen stage by stage.

    A partial design is a row of whole numbers that only the model reads. Those of one call are all
    at the same stage: of `start` nothing is chosen, of a row from `children` one stage more.

    Attributes:
        stages: names of what is chosen together, in order.
    """

    stages: Sequence[str]

    @property
    def start(self) -> Levels:
        """The one partial design that stands for all designs, shape (1, n_columns)."""

    def children(
        self, partial: Levels, stage: int, only: NDArray[np.int64] | None = None
    ) -> tuple[Levels, NDArray[np.int64]]:
        """Children: partial designs with one more stage chosen, and the index of each one's row.

        Children that cannot become feasible may be left out. No design is in two children.

        Args:
            partial: with the stages before chosen, shape (n, n_columns).
            stage: which is to be chosen.
            only: which of the options of all rows are wanted, ascending, at a stage with
                relaxed bounds; all by default.
        """

    def relaxed_bound(self, partial: Levels, stage: int) -> Metrics | None:
        """Cheap lower bounds of all children of each row, in the order of `children`; None if the
        model has none. All rows must have equally many children.

        Args:
            partial: with the stages before chosen, shape (n, n_columns).
            stage: which may be chosen.
        """

    def n_leaves(self, partial: Levels) -> NDArray[np.int64]:
        """Number of designs of each row, shape (n,)."""

    def child_leaves(self, partial: Levels, stage: int) -> NDArray[np.int64]:
        """Number of designs of each child of all rows, in the order of `children`; called at stages
        with relaxed bounds only.

        Args:
            partial: with the stages before chosen, shape (n, n_columns).
            stage: which may be chosen.
        """

    def designs(self, partial: Levels) -> Levels:
        """Designs of rows with all stages chosen, shape (n, n_parameters)."""

    def representative_designs(self, partial: Levels) -> Levels:
        """A representative design of each row, shape (n, n_parameters); once there are bounds, all
        designs of a row have its technology node."""

    def screen(self, partial: Levels) -> Metrics:
        """Lower bounds on area and constraint violation over all designs of each row."""

    def bound(self, partial: Levels) -> Metrics:
        """Lower bounds of energies, latencies and area over all designs of each row that run every
        network, infinite where there are none; of the product `edp`, too, if that has a better one,
        and of `interval`, without which `min_fps` rules out no row.

        Args:
            partial: with at least `bound_from` stages chosen.
        """

    def ancestors(self, levels: Levels, stage: int) -> Levels | None:
        """The partial design of a stage that contains each design, shape (n, n_columns); None if
        the tree cannot tell.

        Args:
            levels: designs, shape (n, n_parameters).
            stage: number of stages that are chosen.
        """

    @property
    def bound_from(self) -> int:
        """Stages that must be chosen before there are bounds."""

    @property
    def refined_from(self) -> int:
        """Stages that must be chosen before `bound` is tighter than `relaxed_bound`."""
