"""A cost model under a load of requests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import cast

import numpy as np

from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Floats, Metrics, Quantity
from imcmoo.model.partials import PartialDesignTree
from imcmoo.scenario.bounds import ScenarioTree
from imcmoo.scenario.requests import Scenario
from imcmoo.scenario.response import service_times
from imcmoo.scenario.service import NETWORK_LOAD, READ, Service, service_in_turn
from imcmoo.space.design_space import Levels

MOST = 1e12
"""No average power in W and no load is as large."""

AVERAGE_POWER = Quantity("average_power", "W", per_workload=False, bound=MOST)
LOAD = Quantity("load", "", per_workload=False, bound=MOST)

AS_WITHOUT_LOAD = (
    *("space", "workload_names", "macs", "mapping_parameters", "prepare", "offers"),
    *("resource_names", "resources", "resource_use", "screened_by", "screen"),
    *("breakdown", "network_details"),
)
"""Attributes and methods of a cost model that do not depend on its load."""


class ScenarioModel(CostModel):
    """Costs of designs that serve a scenario: those of a cost model, average power and load.

    Args:
        inner: the cost model; gives what `Service` reads.
        scenario: requests of its networks, at least.
        separately: whether each network is judged as if it were alone on the chip.
    """

    changed: tuple[str, ...] = ()
    """Values of inferences that depend on the service."""

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
        """The cost model that the values come from."""
        return self.inner.shipped

    @property
    def of_baselines(self) -> CostModel:
        """Each network by itself at its rate."""
        return self.time_multiplexed()

    def service(self, levels: Levels) -> Service:
        """Service of the scenario by designs; NaN where a network does not run."""
        return self._service(levels, self.inner.evaluate(levels).values)

    def _service(self, levels: Levels, values: Mapping[str, Floats]) -> Service:
        """Service by designs of which the values that `Service` reads are known."""
        return service_in_turn(self.scenario, self.load, values)

    def evaluate(self, levels: Levels) -> Metrics:
        """All metrics of the cost model, average power and load; load of each network beside."""
        metrics = self.inner.evaluate(levels)
        known = metrics.values
        all_run = metrics.runs.all(axis=1)
        runs = slice(None) if all_run.all() else np.flatnonzero(all_run)  # views cost nothing
        service = self._service(levels[runs], {n: known[n][runs] for n in READ if n in known})
        served = {
            "average_power": service.average_power_W,
            "load": 1 / service.chip_capacity,
            NETWORK_LOAD: 1 / service.capacity,
        }
        values = {n: np.full((len(levels), *v.shape[1:]), np.nan) for n, v in served.items()}
        values |= {name: known[name].copy() for name in self.changed}
        for name, array in {**served, **{n: service.values[n] for n in self.changed}}.items():
            values[name][runs] = array
        if self._separately:
            service_s = service_times(known["latency"], known["interval"], self.load)
            values[NETWORK_LOAD] = service_s / self.load.deadline_s
        return Metrics({**known, **values}, metrics.resources)

    def for_network(self, name: str) -> ScenarioModel:
        """The model of one network alone at its rate.

        Raises:
            ValueError: no such network.
        """
        return ScenarioModel(self.inner.for_network(name), self.scenario.of_network(name))

    def time_multiplexed(self) -> ScenarioModel:
        """The model of networks that are judged one by one."""
        return ScenarioModel(self.inner.time_multiplexed(), self.scenario, separately=True)

    def single_network_models(self) -> list[CostModel]:
        """Models of the networks that are judged one by one, as the inner model has them."""
        inner = self.inner.single_network_models()
        if len(inner) == 1:
            return [self.time_multiplexed()]
        return [
            ScenarioModel(one, self.scenario.of_network(name), separately=True)
            for one, name in zip(inner, self.workload_names, strict=True)
        ]

    def partials(self, area_limit_m2: float) -> PartialDesignTree:
        """The tree of partial designs of the cost model, with bounds of average power and load.

        Raises:
            NoBounds: the space cannot be bounded.
        """
        tree = self.inner.partials(area_limit_m2)
        return cast("PartialDesignTree", ScenarioTree(tree, self.scenario, self.load))
