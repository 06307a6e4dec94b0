"""From energy, latency and area to the numbers designs are compared by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np

from imcmoo.model.metrics import Floats, edp

MM2_PER_M2 = 1e6
"""EDAP is quoted in J·s·mm², as in the literature; area is in m² everywhere inside."""


@dataclass(frozen=True)
class Costs:
    """Costs of designs by name of the quantity, with the weight of each network.

    Args:
        values: shape (n, W), or (n,) for a quantity of the chip; in SI units, NaN where a network
            does not run.
        objectives: what is minimised, shape (n, n_objectives).
        weights: of the networks, positive, with sum W, shape (W,); (1,) by default.
    """

    values: Mapping[str, Floats]
    objectives: Floats
    weights: Floats = field(default_factory=lambda: np.ones(1))

    def __getitem__(self, name: str) -> Floats:
        return self.values[name]

    def __len__(self) -> int:
        return len(self.objectives)

    def take(self, rows: Any) -> Self:
        """The costs of some designs, by index or mask."""
        values = {name: v[rows] for name, v in self.values.items()}
        return type(self)(values, self.objectives[rows], self.weights)

    @cached_property
    def edap(self) -> Floats:
        """Energy × delay × area of each network, J·s·mm², shape (n, W)."""
        return edap(self["energy"], self["latency"], self["area"])


Score = Callable[[Costs], Floats]
"""One number per design, the smaller the better, shape (n,)."""

Aggregation = Callable[[Floats, Floats], Floats]
"""One number per design, shape (n,), from one per design and workload, shape (n, W), and the
weights of the workloads, with sum W, shape (W,) or (1,)."""


def costs_of(energy: Floats, latency: Floats, area: Floats) -> Costs:
    """Costs in energy (J) and latency (s), shape (n, W), and area (m²), (n,); equal weights."""
    values = {"energy": energy, "latency": latency, "area": area}
    return Costs(values, np.column_stack(list(values.values())))


def edap(energy: Floats, latency: Floats, area: Floats) -> Floats:
    """Energy-delay-area product in J·s·mm².

    Args:
        energy: J, shape (n, W).
        latency: s, shape (n, W).
        area: m², shape (n,).

    Returns:
        Shape (n, W); NaN where a network does not map.
    """
    return edap_of(edp(energy, latency), area)


def edap_of(edp_Js: Floats, area: Floats) -> Floats:
    """Energy-delay-area product in J·s·mm², shape (n, W), from energy × delay and area in m²."""
    return edp_Js * (area * MM2_PER_M2)[:, None]


def _largest(values: Floats, weights: Floats) -> Floats:
    return values.max(axis=1)


def _mean(values: Floats, weights: Floats) -> Floats:
    return np.asarray((weights * values).mean(axis=1))


def _product(values: Floats, weights: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        # A power of 1 need not be exact in the last digit.
        return np.asarray(np.where(weights == 1, values, values**weights).prod(axis=1))


def _geometric_mean(values: Floats, weights: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp((weights * np.log(values)).mean(axis=1)))


AGGREGATIONS: dict[str, Aggregation] = {
    "max": _largest,
    "mean": _mean,
    "product": _product,
    "geomean": _geometric_mean,
}
"""How workloads become one number, by name. Each takes positive values of shape (n, W) to (n,), and
NaN stays NaN. Weights weigh the mean and are exponents in product and geometric mean; the largest
value ignores them."""


def _log10_mean(logs: Floats, weights: Floats) -> Floats:
    terms = (logs + np.log10(weights / logs.shape[1])) * np.log(10.0)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.logaddexp.reduce(terms, axis=1) / np.log(10.0))


def _log10_product(logs: Floats, weights: Floats) -> Floats:
    return np.asarray((weights * logs).sum(axis=1))


LOG10_AGGREGATIONS: dict[str, Aggregation] = {
    "max": _largest,
    "mean": _log10_mean,
    "product": _log10_product,
    "geomean": _mean,
}
"""The aggregations by the names of `AGGREGATIONS`, from decimal logarithms to decimal logarithms,
for values that may leave float64."""


def edap_score(costs: Costs, *, aggregate: Aggregation) -> Floats:
    """EDAP of the networks as one number, J·s·mm² (to the power W for the product), shape (n,)."""
    return aggregate(costs.edap, costs.weights)


def log10_edap_product(costs: Costs) -> Floats:
    """Decimal logarithm of the product of the EDAPs of the networks, shape (n,)."""
    with np.errstate(divide="ignore"):
        return _log10_product(np.log10(costs.edap), costs.weights)


def ela_score(costs: Costs, *, aggregate: Aggregation) -> Floats:
    """Energy and latency aggregated each by itself, times area, shape (n,): the paper's score.

    By `max`, the energy of one network can meet the latency of another, so it is never below the
    largest EDAP. In J·s·mm².

    Source: arXiv 2410.16759, f = max E · max L · A; its released code, `objectiveMAX`.
    """
    energy, latency = (aggregate(costs[name], costs.weights) for name in ("energy", "latency"))
    return energy * latency * (costs["area"] * MM2_PER_M2)


def regret(values: Floats, best: Floats) -> Floats:
    """Excess over the best: `values` / `best` - 1, so 0 is as good as the best.

    Args:
        values: shape (n, W) or (n,).
        best: positive, broadcasts against `values`: shape (W,) or a scalar array.

    Raises:
        ValueError: a best value that is not positive.
    """
    if not (np.asarray(best) > 0).all():
        raise ValueError(f"best must be positive to compare against, got {best}")
    return values / best - 1.0


def worst_regret(values: Floats, best: Floats) -> Floats:
    """The largest regret over the workloads, shape (n,), of values (n, W) against single-network
    optima (W,): what minimax regret minimises."""
    return np.asarray(regret(values, best).max(axis=1))
