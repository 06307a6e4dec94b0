"""Base class of cost models: designs in, metrics out.

Subclass `CostModel` and implement `evaluate`. All other methods are optional; without them, search,
enumeration and reports work, only slower or with less detail.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from imcmoo.arrays import Bools, Floats, Values
from imcmoo.model.metrics import LayerCosts, Metrics, Quantity
from imcmoo.model.partials import NoBounds, PartialDesignTree
from imcmoo.networks.work_shares import WorkShares
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels

Deployment = Literal["alone", "together"]
""""alone": a chip holds one network at a time; "together": all networks. No effect on streamed
weights."""

USUAL_OPTIONS = {"deployment": "alone"}
"""Default values of the options that a study passes to every cost model."""


class CostModel(ABC):
    """Costs of the designs of a space on a set of networks.

    To add a cost model, subclass this class, set `quantities`, and implement `evaluate`. Then name
    it in a study as `module:Class`.

    Args:
        space: the design space. All methods take rows of its value indices, shape (n,
            n_parameters).
        workloads: the networks.
        options: options of a study, by name. Override the constructor to accept some.

    Attributes:
        workload_names: names of the W networks, in the order of the columns of all metrics.
        quantities: the objectives, in order.
        resource_names: resources that a chip may lack for a network, in order; may be empty.
        screened_by: parameters that `screen` depends on; results are cached by their values.
        mapping_parameters: parameters that decide the costly part of an evaluation, the most
            decisive first. Designs that agree in them are evaluated together. Empty if unknown.
        images: images of an inference of each network, length W; empty if it is one.
        phases: phase of generation of each network, `prefill`, `step` or empty, length W.
        steps: steps of a request of each network, length W; 0 for others than language models.
        owners: index of the network whose weights each network uses, length W.
        macs: multiply-accumulates per inference of each network, shape (W,); None if unknown.

    Raises:
        ValueError: an option that the model does not accept.
    """

    space: DesignSpace
    workload_names: list[str]
    quantities: tuple[Quantity, ...]
    resource_names: tuple[str, ...] = ()
    screened_by: tuple[str, ...] = ()
    mapping_parameters: tuple[str, ...] = ()
    images: tuple[int, ...] = ()
    phases: tuple[str, ...] = ()
    steps: tuple[int, ...] = ()
    owners: tuple[int, ...] = ()
    macs: Values | None = None

    def __init__(self, space: DesignSpace, workloads: WorkloadSet, **options: Any) -> None:
        for name, value in options.items():
            if value != USUAL_OPTIONS.get(name):
                raise ValueError(
                    f"cost model {type(self).__name__} does not accept {name} = {value!r}"
                )
        self.space = space
        self.workload_names = workloads.names
        self.images = workloads.images
        self.phases = tuple(w.phase for w in workloads.workloads)
        self.steps = tuple(w.steps for w in workloads.workloads)
        self.owners = tuple(range(len(workloads)))

    snr_sources: Mapping[str, str] = {}
    """What the SNR of each network rests on; empty for models without noise."""

    generic_operands: tuple[str, ...] = ()
    """Networks without operand statistics of their own; their SNR rests on those of other networks.
    """

    ordered_texts: Mapping[str, tuple[str, ...]] = {}
    """Texts of a parameter from the smallest to the largest size, by parameter."""

    work_shares: Mapping[str, WorkShares] = {}
    """Where the weights and products of each network run; empty for models with one unit."""

    @property
    def data_digest(self) -> str:
        """Hash of all data besides code, space and names of networks, such as component tables.

        Equal data must have equal digests; empty if there are no data.
        """
        return ""

    @property
    def shipped(self) -> CostModel:
        """The wrapped model if this one only adds to another; else `self`."""
        return self

    @property
    def of_baselines(self) -> CostModel:
        """The model that evaluates single-network designs on all networks."""
        return self

    def offers(self, method: str) -> bool:
        """Return True if the subclass implements an optional method."""
        return getattr(type(self), method) is not getattr(CostModel, method)

    @abstractmethod
    def evaluate(self, levels: Levels) -> Metrics:
        """Evaluate designs: all quantities and resources.

        Raises:
            ValueError: a value index is outside the space.
        """

    def resources(self, levels: Levels) -> Metrics:
        """Return the quantities of the chip and all resources, exactly as `evaluate` does.

        Implement it if it is much cheaper than an evaluation.
        """
        return self.evaluate(levels)

    def screen(self, levels: Levels) -> Metrics:
        """Return chip quantities and lower bounds of capacity shortfalls, at almost no cost.

        Implement it together with `screened_by`.
        """
        return self.resources(levels)

    def prepare(self, area_limit_m2: float, at_most: int) -> None:  # noqa: B027  # optional
        """Do the costly part of the work in advance for all chips within an area limit.

        Implement it if many designs at once take less time than a few at a time.

        Args:
            area_limit_m2: largest area, m²; may be infinite.
            at_most: do nothing if there are more chips than this.
        """

    def for_network(self, name: str) -> CostModel:
        """Return the model of a single network.

        Raises:
            ValueError: there is no such network, or no such model.
        """
        raise ValueError(f"cost model {type(self).__name__} has no model of one network alone")

    def time_multiplexed(self) -> CostModel:
        """Return the model of chips that hold one network at a time; by default `self`."""
        return self

    def single_network_models(self) -> list[CostModel]:
        """Return models for single-network optima; their joined columns are the networks in order.

        By default `self`, for networks whose cost does not depend on the other networks.
        """
        return [self.time_multiplexed()]

    def breakdown(self, levels: Levels) -> LayerCosts | None:
        """Return costs of a few designs by layer and component, and further figures of the
        networks; None if unknown."""
        return None

    def resource_use(self, levels: Levels) -> Mapping[str, Floats]:
        """Return the share of each resource that the networks use, by name, shape (n, W) each.

        Above 1 exactly where capacity is missing. Omit resources whose use is unknown.
        """
        return {}

    def check_design(self, design: Mapping[str, Any]) -> None:  # noqa: B027  # optional
        """Check that the model covers a design, which the space need not have.

        Implement it to tell which ends of lists of values are ends of the model's range.

        Args:
            design: value of each parameter and fixed value, by name, SI units.

        Raises:
            ValueError: a value is not covered.
        """

    def lacks_dram_for_cache(self, levels: Levels) -> Bools:
        """Return True where a network lacks buffer for a cache of earlier positions only, and DRAM
        would hold that cache, shape (n, W). By default nowhere.

        The message about the nearest chip then names the cache and the remedy.
        """
        return np.zeros((len(levels), len(self.workload_names)), dtype=bool)

    def partials(self, area_limit_m2: float) -> PartialDesignTree:
        """Return the search tree over partial designs with lower bounds, for branch and bound.

        Args:
            area_limit_m2: bounds need not hold for larger chips; may be infinite.

        Raises:
            NoBounds: the space cannot be bounded; says why.
        """
        raise NoBounds(f"cost model {type(self).__name__} has no bounds of partial designs")
