"""A design under the requests of a scenario: tables of its service and timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.arrays import Floats
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import LayerCosts, Metrics
from imcmoo.scenario.model import ScenarioModel
from imcmoo.scenario.requests import Interrupt
from imcmoo.scenario.response import Timeline, simulate, xrbench_score
from imcmoo.scenario.service import Service
from imcmoo.space.design_space import Levels

SCENARIO, TIMELINE = "scenario", "timeline"
"""Names of the tables, without `.csv`."""

PERIODS = (2, 6)
"""Smallest and largest number of shortest periods in a timeline; in between, the longest period."""


@dataclass(frozen=True)
class ServedDesign:
    """A design under the requests of a scenario; all networks run.

    Args:
        model: cost model of the study.
        levels: the design, shape (1, n_parameters).
        metrics: its metrics. If None, it is evaluated.
        costs: its breakdown. If None, it is worked out where layers are interrupted.
    """

    model: ScenarioModel
    levels: Levels
    metrics: Metrics | None = None
    costs: LayerCosts | None = None

    @classmethod
    def if_served(
        cls,
        model: CostModel,
        levels: Levels,
        metrics: Metrics | None = None,
        costs: LayerCosts | None = None,
    ) -> ServedDesign | None:
        """The design, if the model has a scenario and all networks run; else None."""
        if not isinstance(model, ScenarioModel):
            return None
        served = cls(model, levels, metrics, costs)
        return served if np.isfinite(served.service.capacity).all() else None

    @cached_property
    def service(self) -> Service:
        """Service times, responses and power of the chip under the scenario."""
        return self.model.service(self.levels, self.metrics)

    @property
    def policy(self) -> Interrupt:
        """Policy of the chip: where it interrupts requests."""
        return self.model.scenario.policy(interrupts=bool(self.service.interrupts[0]))

    @property
    def least_capable(self) -> int:
        """Index of the network with the smallest capacity."""
        return int(self.service.capacity[0].argmin())

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per network: requests, response bound and its parts, capacity, power.

        With space sharing, figures are for the listed `groups`, except `largest_capacity`, that of
        the chip with groups allocated for it. `simulated_s` is the longest response and `xrbench`
        the score of the timeline.
        """
        service, load = self.service, self.model.load
        due = load.deadline_s
        response, blocking = service.response_s[0], service.blocking_s[0]
        simulated = self.timeline.response_s
        longest = np.array([r.max() for r in simulated])
        # Rounding errors of simulated times must not exceed a bound.
        rounded = np.isclose(longest, response, rtol=1e-9, atol=0.0)
        energy = load.burst * service.values["energy"][0]
        groups = {} if service.groups is None else {"groups": service.groups[0]}
        return pd.DataFrame(
            {
                "network": self.model.workload_names,
                **groups,
                "rate_Hz": [
                    self.model.scenario.requests[name].rate_Hz for name in self.model.workload_names
                ],
                "deadline_s": due,
                "burst": load.burst.astype(np.int64),
                "interrupt": self.policy,
                "service_s": service.service_s[0],
                "blocking_s": blocking,
                "blocked_by": self._blockers(),
                "interference_s": self._interference_s(),
                "response_s": response,
                "simulated_s": np.where(rounded, np.minimum(longest, response), longest),
                "slack_s": due - response,
                "utilization": service.utilization[0],
                "capacity": service.capacity[0],
                **self._largest,
                "average_power_W": service.power_W["networks"][0],
                "xrbench": [*map(xrbench_score, simulated, due.tolist(), energy.tolist())],
            }
        )

    @property
    def power_table(self) -> pd.DataFrame:
        """Average power by part, one row each; the networks first, all together."""
        parts = {name: float(values[0].sum()) for name, values in self.service.power_W.items()}
        parts = {name: parts[name] for name in ("networks", *parts)}
        return pd.DataFrame({"part": list(parts), "power_W": list(parts.values())})

    def _interference_s(self) -> Floats:
        """Part of each response due to more urgent networks, s, shape (W,)."""
        service = self.service
        others = (service.response_s - service.service_s - service.blocking_s)[0]
        # Differences may round below 0; no network is more urgent than the first.
        rounded = (self.model.load.rank == 0) & np.isfinite(others)
        return np.where(rounded, 0.0, np.maximum(others, 0.0))

    @property
    def _largest(self) -> dict[str, float]:
        """Largest capacity of a chip with space sharing."""
        if self.service.groups is None:
            return {}
        return {"largest_capacity": float(self.service.chip_capacity[0])}

    def _blockers(self) -> list[str]:
        """Less urgent network that delays each network most; empty if there is none."""
        service, rank, names = self.service, self.model.load.rank, self.model.workload_names
        if service.groups is not None:
            return [""] * len(names)
        longest = service.longest_s[0]
        blockers = []
        for w in range(len(names)):
            lower = np.flatnonzero(rank > rank[w])
            blockers.append(names[lower[longest[lower].argmax()]] if len(lower) else "")
        return blockers

    def summary(self) -> dict[str, Any]:
        """Capacity, utilization and power of the chip, as JSON values."""
        service, power = self.service, self.service.power_W
        names = self.model.workload_names
        return {
            "capacity": float(service.capacity[0].min()),
            **self._largest,
            "least_capacity": names[self.least_capable],
            "utilization": float(service.chip_utilization[0]),
            "sharing": self.model.scenario.sharing,
            "interrupt": self.policy,
            "average_power_W": {
                "total": float(service.average_power_W[0]),
                **{part: float(power[part][0]) for part in ("leakage", "saving", "dram_rest")},
                **dict(zip(names, power["networks"][0].tolist(), strict=True)),
            },
            "xrbench": float(100 * self.table["xrbench"].mean()),
        }

    @cached_property
    def releases_s(self) -> list[Floats]:
        """Requests of a timeline, s: all networks at once, then at their largest rate.

        They arrive just after the network that delays the one with the smallest capacity most.
        """
        load, first = self.model.load, self._blockers()[self.least_capable]
        shortest, longest = load.period_s.min(), load.period_s.max()
        until = shortest * np.clip(longest / shortest, *PERIODS)
        after = 1e-6 * shortest
        starts = [0.0 if name == first else after for name in self.model.workload_names]
        return [
            np.arange(start, until, period)
            for start, period in zip(starts, load.period_s, strict=True)
        ]

    @cached_property
    def timeline(self) -> Timeline:
        """Simulated service of these requests."""
        is_split, values = self.service.groups is not None, self.service.values
        refill = None
        if self.policy == "inference":
            refill = (values["latency"] - values["interval"])[0].tolist()
        return simulate(
            self.releases_s, self._segments(), self.model.load, apart=is_split, refill_s=refill
        )

    def _segments(self) -> list[Floats]:
        """Uninterruptible segments of one request of each network, s."""
        service, load = self.service, self.model.load
        if self.policy == "none":
            return [np.array([s]) for s in service.service_s[0]]
        if self.policy == "inference":
            latency, interval = (service.values[name][0] for name in ("latency", "interval"))
            return [
                np.array([first, *[further] * (int(burst) - 1)])
                for first, further, burst in zip(latency, interval, load.burst, strict=True)
            ]
        costs = self.costs or self.model.breakdown(self.levels)
        assert costs is not None
        assert costs.latency_s is not None
        networks = np.array([network for network, _ in costs.layers])
        half = service.values["save"] / 2  # first saves what it interrupts, and last restores it
        layers = [costs.latency_s[0, networks == name] for name in self.model.workload_names]
        return [
            np.concatenate([half, np.tile(of_network, int(burst)), half])
            for of_network, burst in zip(layers, load.burst, strict=True)
        ]

    def timeline_table(self) -> pd.DataFrame:
        """One row per piece of work: network, request, release, deadline, start, end."""
        timeline, names = self.timeline, np.array(self.model.workload_names)
        pieces = zip(timeline.network.tolist(), timeline.request.tolist(), strict=True)
        released = np.array([self.releases_s[w][k] for w, k in pieces])
        columns: Mapping[str, Any] = {
            "network": names[timeline.network],
            "request": timeline.request,
            "released_s": released,
            "due_s": released + self.model.load.deadline_s[timeline.network],
            "start_s": timeline.start_s,
            "end_s": timeline.end_s,
        }
        return pd.DataFrame(columns)
