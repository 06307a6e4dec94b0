"""Lower bounds of average power and load of all designs of a sub-domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from imcmoo.model.metrics import Floats, Metrics
from imcmoo.model.partials import PartialDesignTree
from imcmoo.scenario.requests import Load, Scenario
from imcmoo.scenario.response import blocking_times, capacities, service_times
from imcmoo.scenario.service import NETWORK_LOAD
from imcmoo.space.design_space import Levels

NEVER_S = 1e30
"""Latency of what does not run: finite, so that differences of loads are numbers."""


class ScenarioTree:
    """A `PartialDesignTree` with bounds of average power and load, and all else of the cost model.

    Loads of bounded service times are bounds, since a load does not fall as one of these grows.
    Saving and blocking between layers are bounded by 0.

    Args:
        tree: the tree of the cost model.
        scenario: the scenario.
        load: its requests as arrays.
    """

    def __init__(self, tree: PartialDesignTree, scenario: Scenario, load: Load) -> None:
        self._tree = tree
        self._scenario = scenario
        self._load = load

    def __getattr__(self, name: str) -> Any:
        """Everything but bounds, as the tree of the cost model has it."""
        return getattr(self._tree, name)

    def relaxed_bound(self, partial: Levels, stage: int) -> Metrics | None:
        """Cheap lower bounds of all children of each row."""
        relaxed = self._tree.relaxed_bound(partial, stage)
        return None if relaxed is None else self._with_load(relaxed)

    def bound(self, partial: Levels) -> Metrics:
        """Lower bounds over all designs of each row that run every network."""
        return self._with_load(self._tree.bound(partial))

    def _with_load(self, bounds: Metrics) -> Metrics:
        """Bounds with those of average power and load."""
        # What does not run has an infinite time, and a load that is as good as infinite.
        latency, interval = (
            np.minimum(bounds.values[name], NEVER_S) for name in ("latency", "interval")
        )
        return Metrics(
            {
                **bounds.values,
                "average_power": self._least_power(bounds.values),
                **self._least_load(service_times(latency, interval, self._load)),
            },
            bounds.resources,
        )

    def _least_power(self, bounds: Mapping[str, Floats]) -> Floats:
        """Lower bounds of average power, W, shape (n,): static power counts all the time, or where
        idle chips do not leak while they work, `burst` intervals a request at least."""
        rate = self._load.burst / self._load.period_s
        if self._scenario.idle == "gated":
            return np.asarray((rate * bounds["energy"]).sum(axis=1))
        return np.asarray((rate * bounds["dynamic_energy"]).sum(axis=1) + bounds["static_power"])

    def _least_load(self, service_s: Floats) -> dict[str, Floats]:
        """Lower bounds of the load of chips, shape (n,), and networks, (n, W), by any policy."""
        blocking = blocking_times(service_s, self._load)
        load = 1 / capacities(service_s, blocking, self._load, interruptible=False)
        largest = load.max(axis=1)
        if self._scenario.interruptible:
            free = np.zeros_like(blocking)
            layered = 1 / capacities(service_s, free, self._load, interruptible=True)
            load = np.minimum(load, layered)
            largest = np.minimum(largest, layered.max(axis=1))
        return {"load": largest, NETWORK_LOAD: load}
