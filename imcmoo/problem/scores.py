"""Scores of designs from energy, latency and area."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Self, get_args

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.io.units import MM2_PER_M2
from imcmoo.model.metrics import edp
from imcmoo.problem.scale import RATIO

Delay = Literal["latency", "interval"]
"""Quantity that an EDAP takes as delay: latency of an inference, or initiation interval."""

Area = Literal["chip", "package", "silicon"]
"""What an EDAP takes as area: that of the chip, of the chip and the packages of its DRAM, or of the
chip and the dies of its DRAM."""

AREA_QUANTITIES: Mapping[Area, str] = {
    "chip": "area",
    "package": "package",
    "silicon": "silicon",
}
"""Quantity that holds each area, m²."""


@dataclass(frozen=True)
class EdapDefinition:
    """Which delay and which area an EDAP multiplies with the energy of an image.

    Args:
        delay: latency of an inference, or interval between images.
        area: area of the chip, of the chip and the packages of its DRAM, or of both as silicon.
        images: of an inference of each network, length W or 1.
    """

    delay: Delay = "latency"
    area: Area = "chip"
    images: tuple[int, ...] = (1,)

    @classmethod
    def every(cls) -> list[EdapDefinition]:
        """All definitions for one image, the default first."""
        return [cls(delay, area) for area in get_args(Area) for delay in get_args(Delay)]

    def __str__(self) -> str:
        return f"{self.delay}, {self.area}"

    @property
    def quantities(self) -> dict[str, str]:
        """Quantities that it multiplies with energy, by the key of a study that names them."""
        return {"delay": self.delay, "area": AREA_QUANTITIES[self.area]}

    def of_images(self, images: Sequence[int]) -> Self:
        """The definition for networks of so many images, length W."""
        return replace(self, images=tuple(images) if max(images, default=1) > 1 else (1,))

    def of(self, values: Mapping[str, Floats], energy_delay_Js: Floats | None = None) -> Floats:
        """Energy-delay-area product of each network, J·s·mm², shape (n, W).

        Args:
            values: quantities by name in SI units, shape (n, W), or (n,) for those of the chip;
                energies and times of an inference.
            energy_delay_Js: energy × delay, J·s, shape (n, W), if known better than by `values`.
        """
        if energy_delay_Js is None:
            energy_delay_Js = edp(values["energy"], values[self.delay])
        if self.images != (1,):
            images = np.array(self.images, dtype=float)
            energy_delay_Js = energy_delay_Js / images ** (2 if self.delay == "interval" else 1)
        return edap_of(energy_delay_Js, values[AREA_QUANTITIES[self.area]])


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
        definition: delay and area of the EDAP.
    """

    values: Mapping[str, Floats]
    objectives: Floats
    weights: Floats = field(default_factory=lambda: np.ones(1))
    definition: EdapDefinition = EdapDefinition()

    def __getitem__(self, name: str) -> Floats:
        return self.values[name]

    def __len__(self) -> int:
        return len(self.objectives)

    def take(self, rows: Any) -> Self:
        """Costs of the designs of an index or mask."""
        values = {name: v[rows] for name, v in self.values.items()}
        return type(self)(values, self.objectives[rows], self.weights, self.definition)

    def copy(self) -> Self:
        """Costs with arrays of their own."""
        values = {name: v.copy() for name, v in self.values.items()}
        objectives, weights = self.objectives.copy(), self.weights.copy()
        return type(self)(values, objectives, weights, self.definition)

    @cached_property
    def edap(self) -> Floats:
        """Energy-delay-area product of each network, J·s·mm², shape (n, W)."""
        return self.definition.of(self.values)


Score = Callable[[Costs], Floats]
"""One number per design, the smaller the better, shape (n,)."""

Aggregation = Callable[[Floats, Floats], Floats]
"""One number per design, shape (n,), from one per design and workload, shape (n, W), and the
weights of the workloads, with sum W, shape (W,) or (1,)."""

UNWEIGHTED = "max"
"""Name of the aggregation that ignores weights."""


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
    """Excess over the best, as a share.

    Args:
        values: shape (n, W) or (n,).
        best: positive, broadcastable to `values`.

    Raises:
        ValueError: a best value is not positive.
    """
    if not (np.asarray(best) > 0).all():
        raise ValueError(f"best must be positive to compare against, got {best}")
    return RATIO.excess(values, best)


def worst_regret(values: Floats, best: Floats) -> Floats:
    """Largest regret over the networks, shape (n,), of values (n, W) against single-network optima
    (W,)."""
    return np.asarray(regret(values, best).max(axis=1))
