"""Scores of designs from energy, latency and area."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.io.units import MM2_PER_M2
from imcmoo.model.metrics import edp


@dataclass(frozen=True)
class Costs:
    """Costs of designs by quantity, and the weights of the networks.

    Index by name: `costs["energy"]`. Criteria take one.

    Args:
        values: shape (n, W), or (n,) for a quantity of the chip; SI units, NaN where a network does
            not run.
        objectives: minimised objectives, shape (n, n_objectives).
        weights: positive weights of the networks with sum W, shape (W,). Default: shape (1,), equal
            weights.
    """

    values: Mapping[str, Floats]
    objectives: Floats
    weights: Floats = field(default_factory=lambda: np.ones(1))

    def __getitem__(self, name: str) -> Floats:
        return self.values[name]

    def __len__(self) -> int:
        return len(self.objectives)

    def take(self, rows: Any) -> Self:
        """Costs of the designs of an index or mask."""
        values = {name: v[rows] for name, v in self.values.items()}
        return type(self)(values, self.objectives[rows], self.weights)

    def copy(self) -> Self:
        """Costs with arrays of their own."""
        values = {name: v.copy() for name, v in self.values.items()}
        return type(self)(values, self.objectives.copy(), self.weights.copy())

    @cached_property
    def edap(self) -> Floats:
        """Energy-delay-area product of each network, J·s·mm², shape (n, W)."""
        return edap(self["energy"], self["latency"], self["area"])


Score = Callable[[Costs], Floats]
"""One number per design, the smaller the better, shape (n,)."""

Aggregation = Callable[[Floats, Floats], Floats]
"""One number per design, shape (n,), from one per design and workload, shape (n, W), and the
weights of the workloads, with sum W, shape (W,) or (1,)."""


def costs_of(energy: Floats, latency: Floats, area: Floats) -> Costs:
    """Costs from energy (J) and latency (s), shape (n, W), and area (m²), (n,); equal weights."""
    values = {"energy": energy, "latency": latency, "area": area}
    return Costs(values, np.column_stack(list(values.values())))


def edap(energy: Floats, latency: Floats, area: Floats) -> Floats:
    """Energy-delay-area product, J·s·mm².

    Args:
        energy: J, shape (n, W).
        latency: s, shape (n, W).
        area: m², shape (n,).

    Returns:
        Shape (n, W); NaN where a network does not run.
    """
    return edap_of(edp(energy, latency), area)


def edap_of(edp_Js: Floats, area: Floats) -> Floats:
    """Energy-delay-area product, J·s·mm², shape (n, W), from energy × delay, J·s, and area, m²."""
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
    """Aggregated energy × aggregated latency × area, shape (n,): the score of the paper.

    With `max`, energy and latency may come from different networks, so it is never below the
    largest EDAP. In J·s·mm².

    Source: arXiv 2410.16759, f = max E · max L · A; its released code, `objectiveMAX`.
    """
    energy, latency = (aggregate(costs[name], costs.weights) for name in ("energy", "latency"))
    return energy * latency * (costs["area"] * MM2_PER_M2)


def regret(values: Floats, best: Floats) -> Floats:
    """Excess over the best: `values` / `best` - 1.

    Args:
        values: shape (n, W) or (n,).
        best: positive, broadcastable to `values`.

    Raises:
        ValueError: a best value is not positive.
    """
    if not (np.asarray(best) > 0).all():
        raise ValueError(f"best must be positive to compare against, got {best}")
    return values / best - 1.0


def worst_regret(values: Floats, best: Floats) -> Floats:
    """Largest regret over the networks, shape (n,), of values (n, W) against single-network optima
    (W,)."""
    return np.asarray(regret(values, best).max(axis=1))
