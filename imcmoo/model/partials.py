"""What a cost model may know of designs of which only some parameters are chosen: lower bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Metrics
from imcmoo.space.design_space import DesignSpace, Levels


class NoBounds(ValueError):
    """A space cannot be bounded; one line says why."""


class Partials(Protocol):
    """Designs of which only some parameters are chosen: a tree, chosen stage by stage.

    A partial design is a row of whole numbers that only the model reads. Those of one call are all
    at the same stage: of `start` nothing is chosen, of a row from `options` one stage more.

    Attributes:
        stages: names of what is chosen together, in order.
    """

    stages: Sequence[str]

    @property
    def start(self) -> Levels:
        """The one partial design that stands for all designs, shape (1, n_columns)."""

    def options(
        self, partial: Levels, stage: int, only: NDArray[np.int64] | None = None
    ) -> tuple[Levels, NDArray[np.int64]]:
        """Partial designs with a stage more chosen, and the row each was made from.

        What cannot become feasible may be left out. No design comes from two rows.

        Args:
            partial: with the stages before chosen, shape (n, n_columns).
            stage: which is to be chosen.
            only: which of the options of all rows are wanted, ascending, at a stage with
                relaxed bounds; all by default.
        """

    def relaxed_bound(self, partial: Levels, stage: int) -> Metrics | None:
        """Cheap lower bounds of all children of each row, in the order of `options`; None if the
        model has none. All rows must have equally many children of equally many designs.

        Args:
            partial: with the stages before chosen, shape (n, n_columns).
            stage: which may be chosen.
        """

    def completions(self, partial: Levels) -> NDArray[np.int64]:
        """How many designs each stands for, shape (n,)."""

    def designs(self, partial: Levels) -> Levels:
        """The designs that rows with all stages chosen stand for, shape (n, n_parameters)."""

    def filled(self, partial: Levels) -> Levels:
        """Some completion of each, shape (n, n_parameters); once there are bounds, all completions
        of a row have its technology node."""

    def screen(self, partial: Levels) -> Metrics:
        """As `Screens.screen`: of no completion is the area smaller or less missing."""

    def bound(self, partial: Levels) -> Metrics:
        """Energies, latencies (and their product, `edp`, if that is told better) and area that no
        completion which runs every network falls short of; infinite where there is none.

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


@runtime_checkable
class BoundsPartials(Protocol):
    """Knows lower bounds of designs of which only some parameters are chosen."""

    def partials(self, area_limit_m2: float) -> Partials:
        """The tree of partial designs and its bounds.

        Args:
            area_limit_m2: bounds need not hold for larger chips; may be infinite.

        Raises:
            ValueError: the space cannot be bounded; says why.
        """


@runtime_checkable
class BoundsBoxes(Protocol):
    """Knows lower bounds of boxes of designs, by intervals of levels: for a proof without stages.

    Attributes:
        space: the designs.
    """

    space: DesignSpace

    def bound_boxes(self, lowest: Levels, highest: Levels) -> Metrics:
        """As `Partials.bound`, of all designs whose level of each parameter is in an interval.

        Of a box of one design a bound is best what `evaluate` says.

        Args:
            lowest: level of each parameter, shape (n, n_parameters).
            highest: likewise; it belongs to the interval.
        """


@runtime_checkable
class BoundsBodies(Protocol):
    """Knows lower bounds of all designs that share a body (as `SharesWork` tells them)."""

    def bound_bodies(self, levels: Levels) -> Metrics:
        """Energies, latencies and area that no design of the same body which runs every network
        falls short of; infinite where there is none.

        Args:
            levels: a design of each body, shape (n, n_parameters).
        """
