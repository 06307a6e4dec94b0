"""Networks that run side by side, each on its own router groups.

The allocation of groups is exact. There are no bounds: search, or evaluate all designs.

Bandwidth is shared by demand, as of networks that take turns on the whole chip. Replication of
layers with equal gain follows the order of the networks, so the load of a chip depends on that
order slightly: up to 0.33 % for three networks on 40 chips.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.keyed_cache import Arrays, KeyedCache
from imcmoo.model.metrics import DRAM_DETAILS, Metrics
from imcmoo.model.partials import NoBounds, PartialDesignTree
from imcmoo.scenario.model import ScenarioModel
from imcmoo.scenario.requests import Load, Scenario
from imcmoo.scenario.response import service_times
from imcmoo.scenario.service import Service
from imcmoo.space.design_space import Levels

if TYPE_CHECKING:
    from imcmoo.model.physical.breakdown import PhysicalBreakdown
    from imcmoo.model.physical.model import PhysicalEvaluator

BY_DEMAND = 0.8
"""Share of the common bandwidth that is divided by demand; the rest is divided equally."""

UNSERVED = 1e9
"""Load of chips on which no allocation of groups fits all networks."""

PART_VALUES = ("energy", "latency", "interval", "power")
"""Quantities of a network that depend on its part of the chip."""

EQUAL = 1e-8
"""Relative difference of equal powers: far above rounding errors, far below the effect of groups on
the dynamic energy.
"""

FEWER = 1e-2
"""Share of a network's load that all groups of the chip must save to be worthwhile."""


def network_load(service_s: Floats, interval_s: Floats, load: Load) -> Floats:
    """Load of networks on their own groups, shape (..., W).

    Args:
        service_s: time of one request, s.
        interval_s: initiation interval, s.
        load: the requests.
    """
    busy = load.burst * interval_s / load.period_s
    return np.maximum(service_s / load.deadline_s, busy)


class SpaceModel(ScenarioModel):
    """Costs of designs whose networks run side by side; `inner` models all networks together."""

    inner: PhysicalEvaluator
    changed = PART_VALUES

    def __init__(self, inner: PhysicalEvaluator, scenario: Scenario) -> None:
        super().__init__(inner, scenario)
        self._allocations = KeyedCache()

    def offers(self, method: str) -> bool:
        """Return True if the model implements an optional method; it has no bounds."""
        return method != "partials" and super().offers(method)

    def partials(self, area_limit_m2: float) -> PartialDesignTree:
        """Not supported: search, or evaluate all designs.

        Raises:
            NoBounds: always.
        """
        raise NoBounds('sharing = "space" has no bounds')

    def evaluate(self, levels: Levels) -> Metrics:
        """Metrics of networks on their groups, average power, and load."""
        metrics = self.inner.evaluate(levels)
        # Allocated here, so that breakdown and service evaluate no design again.
        self._allocation(levels, metrics.values)
        return self._with_service(levels, metrics)

    def breakdown(self, levels: Levels) -> PhysicalBreakdown:
        """Breakdown of designs, each network on its groups; on the whole chip where that is
        impossible."""
        costs = self.inner.breakdown(levels)
        # The inner model knows the DRAM traffic of networks that share the whole buffer.
        details = {n: v for n, v in costs.details.items() if n not in DRAM_DETAILS}
        costs = replace(costs, details=details)
        groups, bandwidth, largest, _ = self._allocation(levels)
        rows = np.flatnonzero(largest > 1 / UNSERVED)
        if not len(rows):
            return costs
        owner = np.array([network for network, _ in costs.layers])
        for w, name in enumerate(self.workload_names):
            part = self.inner.break_down_part(
                name,
                levels[rows],
                groups[rows, w],
                bandwidth[rows, w],
                1 / len(self.workload_names),
            )
            at = np.ix_(rows, owner == name)
            for array in ("energy_J", "latency_s", "bound_by", "utilization"):
                getattr(costs, array)[at] = getattr(part, array)
            for kind in ("bound_by", "utilization"):
                costs.details[kind][rows, w] = part.details[kind][:, 0]
        return costs

    def service(self, levels: Levels, metrics: Metrics | None = None) -> Service:
        """Service of the scenario by designs; see `ScenarioModel.service`."""
        if metrics is None:
            return super().service(levels)
        return self._side_by_side(levels, metrics.values, self._allocation(levels))

    def _allocation(self, levels: Levels, whole: Mapping[str, Floats] | None = None) -> Arrays:
        """See `_allocated`; `whole` are values on the whole chip, evaluated where needed if None.

        A design is allocated once, though its costs, service and breakdown depend on it.
        """

        def work_out(rows: Ints) -> Arrays:
            if whole is None:
                return self._allocated(levels[rows], self.inner.evaluate(levels[rows]).values)
            return self._allocated(levels[rows], {name: v[rows] for name, v in whole.items()})

        return self._allocations.rows(self.space.rank(levels), work_out)

    def _bandwidth(self, values: Mapping[str, Floats]) -> Floats:
        """Share of each network of the common bandwidth, shape (n, W), from values on the whole
        chip."""
        use = service_times(values["latency"], values["interval"], self.load) / self.load.period_s
        demand = use / use.sum(axis=1, keepdims=True)
        return np.asarray(BY_DEMAND * demand + (1 - BY_DEMAND) / len(self.workload_names))

    def _service(self, levels: Levels, values: Mapping[str, Floats]) -> Service:
        return self._side_by_side(levels, values, self._allocation(levels, values))

    def _allocated(self, levels: Levels, whole: Mapping[str, Floats]) -> Arrays:
        """Allocation of least power, or else of largest capacity, from values on the whole chip.

        Returns:
            Router groups and share of the bandwidth of each network, shape (n, W), largest
            capacity, (n,), and `PART_VALUES`, (n, 4, W), where they run.
        """
        n, networks = len(levels), len(self.workload_names)
        running = np.isfinite(whole["latency"]).all(axis=1)
        runs = np.flatnonzero(running)
        groups, bandwidth = np.ones((n, networks), np.int64), np.full((n, networks), np.nan)
        values = np.stack([whole[name] for name in PART_VALUES], axis=1)
        all_groups = self.space.column(levels, "router_groups").astype(np.int64)
        largest = np.where(running, 1 / UNSERVED, np.nan)
        if len(runs):
            of_runs = {name: v[runs] for name, v in whole.items()}
            bandwidth[runs] = self._bandwidth(of_runs)
            tables = self._tables(levels[runs], of_runs, all_groups[runs], bandwidth[runs])
        for at, row in enumerate(runs):
            power, load, parts = (tables[name][at] for name in ("power", "load", "parts"))
            most = int(all_groups[row])
            capable, of_load = least_load(load, most)
            if not np.isfinite(capable):
                continue
            least, of_power = least_power(power, load, self.scenario.max_load, most)
            largest[row] = 1 / capable
            groups[row] = of_power if np.isfinite(least) else of_load
            values[row] = parts[:, np.arange(networks), groups[row] - 1]
        return groups, bandwidth, largest, values

    def _side_by_side(
        self, levels: Levels, whole: Mapping[str, Floats], allocation: Arrays
    ) -> Service:
        """Service by networks with an allocation, see `_allocated`; no network waits."""
        groups, _, largest, parts = allocation
        values = {**whole, **{name: parts[:, q] for q, name in enumerate(PART_VALUES)}}
        share = groups / self.space.column(levels, "router_groups")[:, None]
        service = service_times(values["latency"], values["interval"], self.load)
        busy = self.load.burst * values["interval"] / self.load.period_s
        of_networks = network_load(service, values["interval"], self.load)
        serves = (largest > 1 / UNSERVED)[:, None]
        leak, rest = (values[name][:, None] * share for name in ("leak", "dram_rest"))
        energy = values["energy"] - (leak + rest) * values["interval"]
        gated = (leak * np.minimum(busy, 1.0)).sum(axis=1)
        return Service(
            values=values,
            interrupts=np.zeros(len(groups), dtype=bool),
            service_s=service,
            longest_s=service,
            blocking_s=np.zeros(groups.shape),
            response_s=service,
            capacity=1 / np.where(serves | np.isnan(of_networks), of_networks, UNSERVED),
            utilization=busy,
            chip_capacity=largest,
            chip_utilization=np.asarray((busy * share).sum(axis=1)),
            power_W={
                "leakage": values["leak"] if self.scenario.idle == "on" else gated,
                "saving": np.zeros(len(groups)),
                "dram_rest": values["dram_rest"],
                "networks": self.load.burst / self.load.period_s * energy,
            },
            groups=groups,
        )

    def _tables(
        self, levels: Levels, values: Mapping[str, Floats], groups: Ints, bandwidth: Floats
    ) -> Mapping[str, Floats]:
        """Power and load, shape (n, W, G), and `PART_VALUES`, (n, 4, W, G), by number of groups;
        infinite where a network does not run.
        """
        n, networks, most = len(levels), len(self.workload_names), int(groups.max(initial=1))
        rows = np.repeat(np.arange(n), groups)
        number = np.concatenate([np.arange(1, g + 1) for g in groups])
        parts = np.full((n, len(PART_VALUES), networks, most), np.inf)
        for w, name in enumerate(self.workload_names):
            costs = self.inner.evaluate_part(
                name, levels[rows], number, bandwidth[rows, w], 1 / networks
            )
            for q, quantity in enumerate(PART_VALUES):
                part = costs[quantity]
                parts[rows, q, w, number - 1] = np.where(np.isnan(part), np.inf, part)
        energy, latency, interval, _ = np.moveaxis(parts, 1, 0)
        between = np.moveaxis(interval, 1, 2)
        with np.errstate(invalid="ignore"):
            service = service_times(np.moveaxis(latency, 1, 2), between, self.load)
        service = np.where(np.isnan(service), np.inf, service)
        load = network_load(service, between, self.load)
        # The power of an idle chip does not depend on the allocation.
        always = values["dram_rest"] + (values["leak"] if self.scenario.idle == "on" else 0.0)
        part = always[:, None, None] * np.arange(1, most + 1) / groups[:, None, None]
        with np.errstate(invalid="ignore"):
            spent = energy - part * interval
        power = (self.load.burst / self.load.period_s)[:, None] * spent
        return {"power": power, "load": np.moveaxis(load, 2, 1), "parts": parts}


def least_load(load: Floats, groups: int) -> tuple[float, Ints]:
    """Smallest possible largest load of the networks, and the groups that reach it.

    A network may leave groups idle, so a load also holds for more groups.

    Args:
        load: load of network w on g + 1 groups, shape (W, G); infinite where it does not run.
        groups: number of router groups of the chip.

    Returns:
        The load, infinite if the networks do not fit, and the groups, shape (W,).
    """
    within = np.minimum.accumulate(load, axis=1)
    values = np.unique(within[np.isfinite(within)])
    low = bisect_left(values, True, key=lambda limit: _fewest(within, limit).sum() <= groups)
    if low == len(values):
        return np.inf, np.ones(len(load), np.int64)
    return float(values[low]), _fewest(within, values[low])


def _fewest(within: Floats, limit: float) -> Ints:
    """Fewest groups with which each network keeps a load, shape (W,); above all if none."""
    keeps = within <= limit
    return np.where(keeps.any(axis=1), keeps.argmax(axis=1) + 1, 1 << 20)


def least_power(power: Floats, load: Floats, limit: float, groups: int) -> tuple[float, Ints]:
    """Smallest total power of networks that keep a load, and their groups.

    Among allocations within `EQUAL` of the least power, the smallest largest load is taken; then
    power plus `EQUAL` of the least power × Σ (ln load + `FEWER` × share of the groups) is
    minimised.

    Args:
        power: average power of network w on g + 1 groups, W, shape (W, G).
        load: load of network w on g + 1 groups, shape (W, G); infinite where it does not run.
        limit: largest load.
        groups: number of router groups of the chip.

    Returns:
        The power, infinite if there is no allocation, and the groups, shape (W,).
    """
    least, allocated = _cheapest(power, load, limit, groups)
    if not np.isfinite(least):
        return least, allocated
    most = least + EQUAL * abs(least)
    limits = np.unique(load[load <= limit])
    smallest = bisect_left(
        limits, True, key=lambda to: _cheapest(power, load, to, groups)[0] <= most
    )
    with np.errstate(divide="ignore"):
        slower = np.log(load) + FEWER * np.arange(1, load.shape[1] + 1) / groups
    cost = power + EQUAL * abs(least) * slower
    _, allocated = _cheapest(cost, load, float(limits[smallest]), groups)
    return float(power[np.arange(len(power)), allocated - 1].sum()), allocated


def _cheapest(cost: Floats, load: Floats, limit: float, groups: int) -> tuple[float, Ints]:
    """Smallest total cost of networks that keep a load, and their groups (dynamic programming)."""
    left = np.arange(groups + 1)[:, None] - np.arange(1, groups + 1)
    best, choices = np.zeros(groups + 1), []
    for row in np.where(load <= limit, cost, np.inf)[:, :groups]:
        # total[used, g]: this network on g + 1 of the groups that are used so far.
        total = np.where(left >= 0, best[left], np.inf)[:, : len(row)] + row
        choices.append(total.argmin(axis=1))
        best = total.min(axis=1)
    used = int(best.argmin())
    if not np.isfinite(best[used]):
        return np.inf, np.ones(len(load), np.int64)
    value, allocated = float(best[used]), np.empty(len(load), np.int64)
    for w in range(len(load) - 1, -1, -1):
        allocated[w] = choices[w][used] + 1
        used -= int(allocated[w])
    return value, allocated
