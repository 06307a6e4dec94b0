"""Cost model under a load of requests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Metrics, Quantity
from imcmoo.model.partials import PartialDesignTree
from imcmoo.scenario.requests import Load, Scenario
from imcmoo.scenario.response import blocking_times, capacities, service_times
from imcmoo.scenario.service import (
    NETWORK_LOAD,
    NETWORK_POWER,
    READ,
    Service,
    power_alone,
    service_in_turn,
)
from imcmoo.space.design_space import Levels

MAX_POWER_W_OR_LOAD = 1e12
"""Above any average power, W, and any load."""

AVERAGE_POWER = Quantity("average_power", "W", per_workload=False, bound=MAX_POWER_W_OR_LOAD)
LOAD = Quantity("load", "", per_workload=False, bound=MAX_POWER_W_OR_LOAD)

NEVER_S = 1e30
"""Latency, s, of a network that does not run; finite, so that differences of loads are numbers."""

AS_WITHOUT_LOAD = (
    *("space", "workload_names", "macs", "mapping_parameters", "prepare", "offers"),
    *("generic_operands", "snr_sources", "work_shares", "images", "phases", "steps", "owners"),
    *("resource_names", "resources", "resource_use", "screened_by", "screen"),
    *("breakdown", "lacks_dram_for_cache"),
)
"""Attributes and methods of a cost model that do not depend on the load."""


class ScenarioModel(CostModel):
    """Adds average power and load of a scenario to a cost model.

    Args:
        inner: the cost model; must give what `Service` reads.
        scenario: requests of its networks.
        separately: evaluate each network as if it were the only one on the chip.
    """

    changed: tuple[str, ...] = ()
    """Values per inference that depend on the service."""

    def __init__(self, inner: CostModel, scenario: Scenario, *, separately: bool = False) -> None:
        self.inner = inner
        self.scenario = scenario
        self.load = scenario.load(inner.workload_names)
        self.quantities = (*inner.quantities, AVERAGE_POWER, LOAD)
        for name in AS_WITHOUT_LOAD:
            if name not in vars(type(self)):
                setattr(self, name, getattr(inner, name))
        self._separately = separately

    @property
    def data_digest(self) -> str:
        """SHA-256 (hex) of the data of the cost model and of the scenario."""
        stated = repr((self.inner.data_digest, self.scenario.to_config(), self._separately))
        return hashlib.sha256(stated.encode()).hexdigest()

    @property
    def shipped(self) -> CostModel:
        """The cost model that gives the values."""
        return self.inner.shipped

    @property
    def of_baselines(self) -> CostModel:
        """The model of each network alone, at its rate."""
        return self.time_multiplexed()

    def service(self, levels: Levels, metrics: Metrics | None = None) -> Service:
        """Service of the scenario by designs; NaN where a network does not run.

        Args:
            levels: designs, shape (n, n_parameters).
            metrics: metrics of these designs by `evaluate`. If None, they are evaluated.
        """
        if metrics is None:
            metrics = self.inner.evaluate(levels)
        return self._service(levels, metrics.values)

    def _service(self, levels: Levels, values: Mapping[str, Floats]) -> Service:
        """Service by designs with known values of `READ`."""
        return service_in_turn(self.scenario, self.load, values)

    def evaluate(self, levels: Levels) -> Metrics:
        """Metrics of the cost model, average power, and load of the chip and each network."""
        return self._with_service(levels, self.inner.evaluate(levels))

    def _with_service(self, levels: Levels, metrics: Metrics) -> Metrics:
        """Metrics of the cost model with those of the service."""
        costs = metrics.values
        all_run = metrics.runs.all(axis=1)
        runs = slice(None) if all_run.all() else np.flatnonzero(all_run)  # views cost nothing
        service = self._service(levels[runs], {n: costs[n][runs] for n in READ if n in costs})
        served = {
            "average_power": service.average_power_W,
            "load": 1 / service.chip_capacity,
            NETWORK_LOAD: 1 / service.capacity,
        }
        is_limited = self.scenario.max_average_power_W is not None
        if is_limited:
            served[NETWORK_POWER] = _of_each(service.average_power_W, service.capacity)
        values = {n: np.full((len(levels), *v.shape[1:]), np.nan) for n, v in served.items()}
        values |= {name: costs[name].copy() for name in self.changed}
        for name, array in {**served, **{n: service.values[n] for n in self.changed}}.items():
            values[name][runs] = array
        if self._separately:
            service_s = service_times(costs["latency"], costs["interval"], self.load)
            values[NETWORK_LOAD] = service_s / self.load.deadline_s
            if is_limited:
                values[NETWORK_POWER] = power_alone(self.scenario, self.load, costs)
        return Metrics({**costs, **values}, metrics.resources)

    def for_network(self, name: str) -> ScenarioModel:
        """The model of a single network at its rate.

        Raises:
            ValueError: there is no such network.
        """
        return ScenarioModel(self.inner.for_network(name), self.scenario.of_network(name))

    def time_multiplexed(self) -> ScenarioModel:
        """The model that evaluates networks separately."""
        return ScenarioModel(self.inner.time_multiplexed(), self.scenario, separately=True)

    def single_network_models(self) -> list[CostModel]:
        """Models that evaluate networks separately, as the inner model groups them."""
        inner = self.inner.single_network_models()
        if len(inner) == 1:
            return [self.time_multiplexed()]
        return [
            ScenarioModel(one, self.scenario.of_network(name), separately=True)
            for one, name in zip(inner, self.workload_names, strict=True)
        ]

    def partials(self, area_limit_m2: float) -> PartialDesignTree:
        """Search tree of the cost model, with bounds of average power and load.

        Raises:
            NoBounds: the space cannot be bounded.
        """
        tree = self.inner.partials(area_limit_m2)
        return cast("PartialDesignTree", ScenarioTree(tree, self.scenario, self.load))


class ScenarioTree:
    """Adds bounds of average power and load to a `PartialDesignTree`.

    Load is non-decreasing in service times, so bounds of these give bounds of load. Saving and
    blocking between layers are bounded by 0.
    """

    def __init__(self, tree: PartialDesignTree, scenario: Scenario, load: Load) -> None:
        self._tree = tree
        self._scenario = scenario
        self._load = load

    def __getattr__(self, name: str) -> Any:
        """Everything except bounds, from the tree of the cost model."""
        return getattr(self._tree, name)

    def relaxed_bound(self, partial: Levels, stage: int) -> Metrics | None:
        """Cheap lower bounds of all children of each row."""
        relaxed = self._tree.relaxed_bound(partial, stage)
        return None if relaxed is None else self._with_load(relaxed)

    def bound(self, partial: Levels) -> Metrics:
        """Lower bounds over all designs of each row that run all networks."""
        return self._with_load(self._tree.bound(partial))

    def _with_load(self, bounds: Metrics) -> Metrics:
        # A network that does not run has infinite time and a huge load.
        latency, interval = (
            np.minimum(bounds.values[name], NEVER_S) for name in ("latency", "interval")
        )
        power = self._least_power(bounds.values)
        is_limited = self._scenario.max_average_power_W is not None
        return Metrics(
            {
                **bounds.values,
                "average_power": power,
                **({NETWORK_POWER: _of_each(power, latency)} if is_limited else {}),
                **self._least_load(service_times(latency, interval, self._load)),
            },
            bounds.resources,
        )

    def _least_power(self, bounds: Mapping[str, Floats]) -> Floats:
        """Lower bounds of average power, W, (n,). Gated chips leak at least `burst` intervals
        per request."""
        rate = self._load.burst / self._load.period_s
        if self._scenario.idle == "gated":
            return np.asarray((rate * bounds["energy"]).sum(axis=1))
        return np.asarray((rate * bounds["dynamic_energy"]).sum(axis=1) + bounds["static_power"])

    def _least_load(self, service_s: Floats) -> dict[str, Floats]:
        """Lower bounds of the load of chips, (n,), and networks, (n, W), by any policy."""
        blocking = blocking_times(service_s, self._load)
        load = 1 / capacities(service_s, blocking, self._load, interruptible=False)
        largest = load.max(axis=1)
        if self._scenario.interruptible:
            free = np.zeros_like(blocking)
            layered = 1 / capacities(service_s, free, self._load, interruptible=True)
            load = np.minimum(load, layered)
            largest = np.minimum(largest, layered.max(axis=1))
        return {"load": largest, NETWORK_LOAD: load}


def _of_each(of_chip: Floats, like: Floats) -> Floats:
    """Values of chips, shape (n,), for each network, shape of `like`, (n, W)."""
    return np.broadcast_to(of_chip[:, None], like.shape).copy()
