"""Service of a scenario by designs: response times, capacity and power from costs of inferences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from imcmoo.model.metrics import Bools, Floats
from imcmoo.scenario.requests import Load, Scenario
from imcmoo.scenario.response import blocking_times, capacities, response_bounds, service_times

NETWORK_LOAD = "network_load"
"""Name of the load of each network as a share of the capacity for it, shape (n, W)."""

READ = (
    *("energy", "latency", "interval", "leak", "dram_idle"),
    *("longest_layer", "save", "save_energy"),
)
"""Values of designs that a service depends on, as far as the cost model gives them."""


@dataclass(frozen=True, eq=False)
class Policy:
    """Service by one policy of interruption; arrays of shape (n, W) for n designs.

    Args:
        load: the requests.
        service_s: time of one request.
        longest_s: longest segment of a request that nothing interrupts.
        interruptible: whether there are several such segments.
    """

    load: Load
    service_s: Floats
    longest_s: Floats
    interruptible: bool

    @cached_property
    def blocking_s(self) -> Floats:
        """Longest wait for a less urgent request."""
        return blocking_times(self.longest_s, self.load)

    @cached_property
    def capacity(self) -> Floats:
        """Factor by which the load may grow until the network misses its deadline."""
        return capacities(
            self.service_s, self.blocking_s, self.load, interruptible=self.interruptible
        )

    @property
    def response_s(self) -> Floats:
        """Upper bound of the time from a request to its end."""
        return response_bounds(
            self.service_s, self.blocking_s, self.load, interruptible=self.interruptible
        )


@dataclass(frozen=True, eq=False)
class Service:
    """Service of a scenario by n designs, each by the policy of its larger capacity.

    Args:
        scenario: the scenario.
        load: its requests as arrays.
        values: energy, latency, interval (n, W) and leak (n,) of designs; where requests may be
            interrupted, also longest_layer (n, W), save and save_energy (n,); SI units. Energy
            includes leak and `dram_idle` (n,), W, during the interval.
    """

    scenario: Scenario
    load: Load
    values: Mapping[str, Floats]

    changed: ClassVar[tuple[str, ...]] = ()
    """Values of inferences that depend on the service."""

    @cached_property
    def whole(self) -> Policy:
        """Every request runs to its end."""
        service = service_times(self.values["latency"], self.values["interval"], self.load)
        return Policy(self.load, service, service, interruptible=False)

    @cached_property
    def layered(self) -> Policy:
        """Requests are interrupted between layers; each pays for saving what it interrupts.

        Nothing interrupts a layer, the saving of what was interrupted, or its return, each half of
        `save`.
        """
        save = self.values["save"][:, None]
        longest = np.maximum(self.values["longest_layer"], save / 2)
        return Policy(self.load, self.whole.service_s + save, longest, interruptible=True)

    @property
    def interrupts(self) -> Bools:
        """True where requests are interrupted between layers, shape (n,)."""
        if not self.scenario.interruptible:
            return np.zeros(len(self.whole.service_s), dtype=bool)
        least, other = (p.capacity.min(axis=1) for p in (self.whole, self.layered))
        return np.asarray(other > least)

    def _chosen(self, name: str) -> Floats:
        """An array of the chosen policy of each design."""
        whole: Floats = getattr(self.whole, name)
        if not self.interrupts.any():
            return whole
        return np.where(self.interrupts[:, None], getattr(self.layered, name), whole)

    @property
    def service_s(self) -> Floats:
        """Time of one request, its whole burst, shape (n, W)."""
        return self._chosen("service_s")

    @property
    def blocking_s(self) -> Floats:
        """Longest wait for a less urgent request, shape (n, W)."""
        return self._chosen("blocking_s")

    @property
    def response_s(self) -> Floats:
        """Upper bound of response times, shape (n, W)."""
        return self._chosen("response_s")

    @property
    def capacity(self) -> Floats:
        """Factor by which the load may grow until each network misses its deadline, (n, W)."""
        return self._chosen("capacity")

    @property
    def utilization(self) -> Floats:
        """Share of the time that a chip works for each network, shape (n, W)."""
        use: Floats = self.service_s / self.load.period_s
        return use

    @property
    def chip_capacity(self) -> Floats:
        """Factor by which the load may grow until some network misses its deadline, shape (n,)."""
        return np.asarray(self.capacity.min(axis=1))

    @property
    def chip_utilization(self) -> Floats:
        """Share of the time that the chip works, shape (n,)."""
        return np.asarray(self.utilization.sum(axis=1))

    @property
    def power_W(self) -> dict[str, Floats]:
        """Average power by part: `leakage`, `saving`, `dram_idle`, (n,), and `networks`, (n, W)."""
        values, none = self.values, np.zeros(len(self.interrupts))
        leak, dram_idle = values["leak"], values["dram_idle"]
        energy = values["energy"] - dram_idle[:, None] * values["interval"]
        dynamic = energy - leak[:, None] * values["interval"]
        gated = leak * np.minimum(self.chip_utilization, 1.0)
        saved = values["save_energy"] if self.interrupts.any() else none
        return {
            "leakage": leak if self.scenario.idle == "on" else gated,
            "saving": np.where(self.interrupts, saved * (1 / self.load.period_s).sum(), 0.0),
            "dram_idle": dram_idle,
            "networks": self.load.burst / self.load.period_s * dynamic,
        }

    @property
    def average_power_W(self) -> Floats:
        """Average power, shape (n,)."""
        parts = self.power_W
        power: Floats = sum(
            (parts[name] for name in ("leakage", "saving", "dram_idle")),
            parts["networks"].sum(axis=1),
        )
        return power
