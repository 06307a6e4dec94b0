"""The seam between cost models and all that uses them.

A cost model is bound to a design space and a set of networks; designs go in, `Metrics` come out.
It names what designs are compared by and what networks may lack on a chip. Nothing outside a model
assumes how it computes. What a model can do beyond that are *abilities*, each a protocol of its own
here, in `layer_costs` and in `partials`; whoever has a use for one asks with `isinstance`, and goes
without where it is not offered.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Metrics, Quantity
from imcmoo.space.design_space import DesignSpace, Levels


class CostModel(Protocol):
    """What every cost model has.

    Attributes:
        space: the designs; level matrices of it go in.
        workload_names: of the networks, in the order of the columns of all metrics.
        quantities: the objectives, in order.
        resource_names: what a network may lack on a chip, in order; may be empty.
    """

    space: DesignSpace
    quantities: tuple[Quantity, ...]
    resource_names: tuple[str, ...]

    @property
    def workload_names(self) -> list[str]:
        """Names of the networks."""

    def evaluate(self, levels: Levels) -> Metrics:
        """All quantities and resources of designs, levels (n, n_parameters).

        Raises:
            ValueError: levels outside the space.
        """


@runtime_checkable
class KnowsResources(Protocol):
    """Tells what is missing without the costly rest; then only what runs need be evaluated."""

    def resources(self, levels: Levels) -> Metrics:
        """Quantities of the chip and all resources, exactly as `evaluate` gives them."""


@runtime_checkable
class Screens(Protocol):
    """Tells next to for free what a chip surely lacks.

    Attributes:
        screened_by: the parameters the screen depends on, and no others: what it says is looked up
            by these ever after.
    """

    screened_by: tuple[str, ...]

    def screen(self, levels: Levels) -> Metrics:
        """As `resources`, but what is missing may be too little, never too much."""


@runtime_checkable
class SharesWork(Protocol):
    """Does the costly part of its work once for all designs that agree in some parameters.

    Attributes:
        body_parameters: those parameters; designs that agree in them are best asked about at once.
    """

    body_parameters: tuple[str, ...]


@runtime_checkable
class Prepares(Protocol):
    """Works faster on many designs at once than by the handful."""

    def prepare(self, area_limit_m2: float, at_most: int) -> None:
        """Do the costly part ahead for the chips within a limit, unless more than `at_most`."""


@runtime_checkable
class TakesApart(Protocol):
    """Can be had for one network, or for chips that need hold only one network at a time."""

    def only(self, name: str) -> CostModel:
        """The model of one of the networks alone.

        Raises:
            ValueError: no such network here.
        """

    def apart(self) -> CostModel:
        """The model of chips that need hold one network at a time."""


@runtime_checkable
class KnowsOperations(Protocol):
    """Knows how much work the networks are."""

    @property
    def macs(self) -> NDArray[np.int64]:
        """Multiply-accumulates of one inference of each network, shape (W,)."""


@runtime_checkable
class KnowsItsData(Protocol):
    """Depends on more than its code, space and the names of its networks: on tables of numbers.

    A user's model or score offers this for data that the digest of its code cannot see.
    """

    @property
    def data_digest(self) -> str:
        """A hash of those numbers: equal data, equal digest."""
