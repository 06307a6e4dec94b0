"""The seam between cost models and all that uses them.

A cost model is bound to a design space and a set of networks; designs go in, `Metrics` come out.
It names what designs are compared by and what networks may lack on a chip. Nothing outside a model
assumes how it computes. What a model can do beyond that are *abilities*, each a protocol of its own
here; whoever has a use for one asks with `isinstance`, and goes without where it is not offered.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Floats, Metrics, Quantity
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

    def options(self, partial: Levels, stage: int) -> tuple[Levels, NDArray[np.int64]]:
        """Partial designs with a stage more chosen, and the row each was made from.

        What cannot become feasible may be left out. No design comes from two rows.

        Args:
            partial: with the stages before chosen, shape (n, n_columns).
            stage: which is to be chosen.
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

    @property
    def bound_from(self) -> int:
        """Stages that must be chosen before there are bounds."""


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
class TakesApart(Protocol):
    """Can be had for one network, or for chips that need hold only one network at a time."""

    def only(self, name: str) -> CostModel:
        """The model of one of the networks alone.

        Raises:
            ValueError: no such network here.
        """

    def apart(self) -> CostModel:
        """The model of chips that need hold one network at a time."""


class LayerCosts(Protocol):
    """Costs of n designs, layer by layer."""

    @property
    def layers(self) -> Sequence[tuple[str, str]]:
        """Network and name of each of the L layers."""

    @property
    def components(self) -> Sequence[str]:
        """Names of the K components."""

    @property
    def energy_J(self) -> Floats:
        """Shape (n, L, K)."""

    @property
    def area_m2(self) -> Floats:
        """Shape (n, K)."""


@runtime_checkable
class BreaksDown(Protocol):
    """Tells where energy and area go."""

    def breakdown(self, levels: Levels) -> LayerCosts:
        """Energy by layer and component and area by component of a few designs."""


@runtime_checkable
class TimesLayers(Protocol):
    """Layer costs that tell time, too."""

    @property
    def latency_s(self) -> Floats:
        """Shape (n, L); of the layers of a network that take turns the sum is its latency."""


@runtime_checkable
class UsesCells(Protocol):
    """Layer costs that tell how much of the chip a layer uses."""

    @property
    def utilization(self) -> Floats:
        """Share of the cells kept busy, shape (n, L)."""


@runtime_checkable
class BindsLayers(Protocol):
    """Layer costs that tell what each layer waits for."""

    @property
    def causes(self) -> Sequence[str]:
        """Names of what may bind."""

    @property
    def bound_by(self) -> NDArray[np.int64]:
        """Index into `causes`, shape (n, L); without meaning where a layer does not run."""


@runtime_checkable
class TellsOfRuns(Protocol):
    """Knows more of how networks run than what designs are compared by."""

    def of_runs(self, levels: Levels) -> Mapping[str, NDArray[Any]]:
        """Figures of a few designs by name, unit included, shape (n, W) each.

        Two names have a meaning of their own: `utilization` (share of the cells) and `bound_by` (a
        word for what decides the latency).
        """


@runtime_checkable
class TellsSlack(Protocol):
    """Knows how near networks are to the end of a resource, not only what is missing beyond it."""

    def used(self, levels: Levels) -> Mapping[str, Floats]:
        """Share of a resource that each network uses, by name of the resource, shape (n, W).

        Above 1 exactly where something is missing. Resources a model cannot tell are left out.
        """


@runtime_checkable
class KnowsOperations(Protocol):
    """Knows how much work the networks are."""

    @property
    def macs(self) -> NDArray[np.int64]:
        """Multiply-accumulates of one inference of each network, shape (W,)."""


@runtime_checkable
class KnowsItsData(Protocol):
    """Depends on more than its code, space and the names of its networks: on tables of numbers."""

    @property
    def data_digest(self) -> str:
        """A hash of those numbers: equal data, equal digest."""


MODELS = {
    "reference": "imcmoo.model.reference.several_devices:reference_model",
    "physical": "imcmoo.model.physical.evaluator:physical_model",
}
"""The cost models that come with the package, by name."""


def find(name: str) -> Any:
    """What makes a cost model: called with a space, networks and options by name.

    Args:
        name: one of `MODELS`, one that an installed package offers by an entry point of the group
            `imcmoo.cost_models`, or `module:Class`.

    Raises:
        ValueError: there is no such model; says what is allowed.
    """
    offered = {e.name: e.value for e in entry_points(group="imcmoo.cost_models")}
    known = {**offered, **MODELS}
    return load(known.get(name, name), "cost model", known=known)


def load(path: str, what: str, *, known: Sequence[str] | dict[str, Any]) -> Any:
    """An object by the name of its module and its own, `module:name`.

    Args:
        what: what it is to be, for the error.
        known: names that need no module, for the error.

    Raises:
        ValueError: no such module or object.
    """
    module, colon, name = path.partition(":")
    if not colon:
        raise ValueError(f"unknown {what} '{path}'; known: {', '.join(known)}, or module:name")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{what} '{path}' cannot be had: {error}") from None
