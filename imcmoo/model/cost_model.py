"""Base class of cost models: designs in, metrics out.

Search, enumeration, certificates and reports know a cost model by this class alone. A subclass
implements `evaluate`. Every other method is optional: its default says that the model cannot tell,
and callers do without.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal

from numpy.typing import NDArray

from imcmoo.model.metrics import Floats, LayerCosts, Metrics, Quantity
from imcmoo.model.partials import NoBounds, PartialDesignTree
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels

Deployment = Literal["alone", "together"]
"""Whether a chip holds one network at a time or all networks at once. Streamed weights are never
resident, so it makes no difference to them."""

USUAL_OPTIONS = {"deployment": "alone"}
"""Options that a study passes to every cost model, with the values that mean nothing special."""


class CostModel(ABC):
    """Costs of designs of one space on a set of networks.

    Args:
        space: the designs; rows of value indices, shape (n, n_parameters), go into every method.
        workloads: the networks.
        options: options of a study by name; a subclass with a constructor of its own reads them.

    Attributes:
        workload_names: names of the W networks, in the order of the columns of all metrics.
        quantities: the objectives, in order.
        resource_names: resources that a network may lack on a chip, in order; may be empty.
        screened_by: parameters that `screen` depends on; its answers are stored by their values.
        mapping_parameters: parameters that decide the costly part of the work, which designs that
            agree in them share, those that matter most to it first; empty if the model does not
            tell.
        macs: multiply-accumulates of one inference of each network, shape (W,), if known.

    Raises:
        ValueError: an option that only a constructor of the subclass could read.
    """

    space: DesignSpace
    workload_names: list[str]
    quantities: tuple[Quantity, ...]
    resource_names: tuple[str, ...] = ()
    screened_by: tuple[str, ...] = ()
    mapping_parameters: tuple[str, ...] = ()
    macs: NDArray[Any] | None = None

    def __init__(self, space: DesignSpace, workloads: WorkloadSet, **options: Any) -> None:
        for name, value in options.items():
            if value != USUAL_OPTIONS.get(name):
                raise ValueError(
                    f"cost model {type(self).__name__} does not accept {name} = {value!r}"
                )
        self.space = space
        self.workload_names = workloads.names

    generic_operands: tuple[str, ...] = ()
    """Networks without data of their own operands, whose SNR rests on those of other networks."""

    @property
    def data_digest(self) -> str:
        """Hash of all data beside code, space and names of networks, such as component tables.

        Equal data, equal digest; empty if there are none.
        """
        return ""

    @property
    def shipped(self) -> CostModel:
        """The wrapped model if this one only adds to another; else `self`."""
        return self

    @property
    def of_baselines(self) -> CostModel:
        """The model by which designs for one network are judged on every network."""
        return self

    def offers(self, method: str) -> bool:
        """Tell whether the subclass implements an optional method."""
        return getattr(type(self), method) is not getattr(CostModel, method)

    @abstractmethod
    def evaluate(self, levels: Levels) -> Metrics:
        """All quantities and resources of designs.

        Raises:
            ValueError: a value index outside the space.
        """

    def resources(self, levels: Levels) -> Metrics:
        """Quantities of the chip and all resources, exactly as `evaluate` gives them.

        Implement it where this is much cheaper than an evaluation.
        """
        return self.evaluate(levels)

    def screen(self, levels: Levels) -> Metrics:
        """Quantities of the chip, and lower bounds of what networks lack, at almost no cost.

        Implement it together with `screened_by`.
        """
        return self.resources(levels)

    def prepare(self, area_limit_m2: float, at_most: int) -> None:  # noqa: B027  # optional
        """Do the costly part of the work ahead for all chips within a limit.

        Implement it where many designs at once take less time than a few at a time.

        Args:
            area_limit_m2: largest area; may be infinite.
            at_most: number of chips above which nothing is to be done.
        """

    def for_network(self, name: str) -> CostModel:
        """The model of one of the networks alone.

        Raises:
            ValueError: no such network, or the model cannot tell.
        """
        raise ValueError(f"cost model {type(self).__name__} has no model of one network alone")

    def time_multiplexed(self) -> CostModel:
        """The model of chips that need hold one network at a time; by default the model itself."""
        return self

    def single_network_models(self) -> list[CostModel]:
        """Models for single-network optima; their columns, joined, are the networks in order.

        By default one model for all: a network costs the same whatever else a chip can run.
        """
        return [self.time_multiplexed()]

    def breakdown(self, levels: Levels) -> LayerCosts | None:
        """Energy by layer and component and area by component of a few designs, if known."""
        return None

    def network_details(self, levels: Levels) -> Mapping[str, NDArray[Any]]:
        """Further figures of networks on a few designs by name, unit included, shape (n, W) each.

        Two names have a fixed meaning: `utilization` (share of the cells) and `bound_by` (name of
        the bottleneck).
        """
        return {}

    def resource_use(self, levels: Levels) -> Mapping[str, Floats]:
        """Share of each resource that networks use, by its name, shape (n, W) each.

        Above 1 exactly where something is missing. Leave out resources whose use is not known.
        """
        return {}

    def partials(self, area_limit_m2: float) -> PartialDesignTree:
        """Search tree over partial designs with lower bounds, for branch and bound.

        Args:
            area_limit_m2: bounds need not hold for larger chips; may be infinite.

        Raises:
            NoBounds: the space cannot be bounded; says why.
        """
        raise NoBounds(f"cost model {type(self).__name__} has no bounds of partial designs")
