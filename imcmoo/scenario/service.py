"""Service of a scenario by designs: response times, capacity and power from costs per inference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.scenario.requests import Interrupt, Load, Scenario
from imcmoo.scenario.response import blocking_times, capacities, response_bounds, service_times

NETWORK_LOAD = "network_load"
"""Load of each network as a share of the capacity for it, shape (n, W)."""

NETWORK_POWER = "network_power"
"""Average power that a limit holds for, W, shape (n, W): of the chip, the same for all networks; of
networks that are evaluated separately, of a chip that serves this network only."""

READ = (
    *("energy", "latency", "interval", "power", "leak", "dram_rest"),
    *("longest_layer", "save", "save_energy"),
)
"""Values of designs that a service depends on or changes, if the cost model gives them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Service:
    """Service of a scenario by n designs; arrays have shape (n, W) unless stated otherwise.

    Args:
        values: values per inference, by names of `READ`; with "space", on the groups of a network.
        interrupts: True where requests are interrupted, as the scenario says, shape (n,).
        service_s: time of one request with its whole burst, s.
        longest_s: longest uninterruptible segment of a request, s.
        blocking_s: longest wait for a less urgent request, s.
        response_s: upper bound of the response time, s.
        capacity: factor by which the load may grow until the network misses its deadline; NaN where
            networks do not run.
        utilization: share of time that the chip, or the groups of the network, work for it.
        chip_capacity: factor by which the load may grow until some network misses its deadline,
            with groups allocated for it, shape (n,).
        chip_utilization: share of time that the chip works, shape (n,).
        power_W: average power, W, by part: `leakage`, `saving`, `dram_rest`, shape (n,), and
            `networks` with what the DRAM takes beyond self-refresh while they run.
        groups: router groups of each network; None if networks take turns.
    """

    values: Mapping[str, Floats]
    interrupts: Bools
    service_s: Floats
    longest_s: Floats
    blocking_s: Floats
    response_s: Floats
    capacity: Floats
    utilization: Floats
    chip_capacity: Floats
    chip_utilization: Floats
    power_W: Mapping[str, Floats]
    groups: Ints | None = None

    @property
    def average_power_W(self) -> Floats:
        """Average power, W, shape (n,)."""
        parts = self.power_W
        power: Floats = sum(
            (parts[name] for name in ("leakage", "saving", "dram_rest")),
            parts["networks"].sum(axis=1),
        )
        return power


def request_times(
    values: Mapping[str, Floats], load: Load, interrupt: Interrupt
) -> dict[str, Floats]:
    """Times and capacity by field of `Service`.

    Args:
        values: values per inference, see `service_in_turn`.
        load: the requests.
        interrupt: where requests are interrupted. Between layers, each request pays for saving what
            it interrupts; layers, saving and restoring (half of `save` each) are not interruptible.
            Between inferences nothing is saved, but a pipeline drains and fills again, so each
            request pays `refill`; inferences are not interruptible.
    """
    service_s = longest_s = service_times(values["latency"], values["interval"], load)
    if interrupt == "layer":
        save = values["save"][:, None]
        service_s, longest_s = service_s + save, np.maximum(values["longest_layer"], save / 2)
    elif interrupt == "inference":
        service_s, longest_s = service_s + refill(values), values["latency"]
    interruptible = interrupt != "none"
    blocking_s = blocking_times(longest_s, load)
    bounded = service_s, blocking_s, load
    return {
        "service_s": service_s,
        "longest_s": longest_s,
        "blocking_s": blocking_s,
        "response_s": response_bounds(*bounded, interruptible=interruptible),
        "capacity": capacities(*bounded, interruptible=interruptible),
    }


def refill(values: Mapping[str, Floats]) -> Floats:
    """Longest time to fill the pipeline of a network, s, shape (n, 1); 0 of sequential layers."""
    filling = values["latency"] - values["interval"]
    longest: Floats = filling.max(axis=1, keepdims=True)
    return longest


def service_in_turn(scenario: Scenario, load: Load, values: Mapping[str, Floats]) -> Service:
    """Service by networks that take turns; each design uses the policy of larger capacity.

    Values, in SI units: energy, latency and interval, shape (n, W); leak and `dram_rest`, shape
    (n,); for requests interrupted between layers also longest_layer, shape (n, W), save and
    save_energy, shape (n,). Energy includes leak and the idle power of the DRAM during the
    interval; between requests the DRAM is in self-refresh, which it enters and leaves for free.
    """
    times: dict[str, Any] = request_times(values, load, "none")
    leak, dram_rest = values["leak"], values["dram_rest"]
    interrupts, saving = np.zeros(len(leak), dtype=bool), np.zeros(len(leak))
    if scenario.interruptible:
        cut = request_times(values, load, scenario.interrupt)
        interrupts = cut["capacity"].min(axis=1) > times["capacity"].min(axis=1)
        for name in times:
            times[name] = np.where(interrupts[:, None], cut[name], times[name])
    if scenario.saves:
        saving = np.where(interrupts, values["save_energy"] * (1 / load.period_s).sum(), 0.0)
    utilization = times["service_s"] / load.period_s
    chip_utilization = np.asarray(utilization.sum(axis=1))
    energy = values["energy"] - dram_rest[:, None] * values["interval"]
    dynamic = energy - leak[:, None] * values["interval"]
    on = scenario.idle == "on"
    return Service(
        values=values,
        interrupts=interrupts,
        **times,
        utilization=utilization,
        chip_capacity=np.asarray(times["capacity"].min(axis=1)),
        chip_utilization=chip_utilization,
        power_W={
            "leakage": leak if on else leak * np.minimum(chip_utilization, 1.0),
            "saving": saving,
            "dram_rest": dram_rest,
            "networks": load.burst / load.period_s * dynamic,
        },
    )


def power_alone(scenario: Scenario, load: Load, values: Mapping[str, Floats]) -> Floats:
    """Average power of chips that serve one network each, W, shape (n, W).

    Args:
        scenario: the scenario.
        load: the requests.
        values: values per inference, see `service_in_turn`.
    """
    leak, dram_rest = values["leak"][:, None], values["dram_rest"][:, None]
    dynamic = values["energy"] - (leak + dram_rest) * values["interval"]
    busy = service_times(values["latency"], values["interval"], load) / load.period_s
    leakage = leak if scenario.idle == "on" else leak * np.minimum(busy, 1.0)
    return np.asarray(leakage + dram_rest + load.burst / load.period_s * dynamic)
