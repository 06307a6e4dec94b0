"""A user's score as plain data: exponents of what designs cost, and an aggregate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.io.named import check_takes, load
from imcmoo.io.units import MM2_PER_M2
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.scores import AGGREGATIONS, LOG10_AGGREGATIONS, UNWEIGHTED, Costs

NAME = "score"
"""What a score of one's own is called among the criteria."""

UNITS = {"energy": "J", "latency": "s", "area": "mm²", "cost": "cost", "interval": "s"}

BOUNDED = {"energy", "latency", "area", "cost", "interval"}
"""What bounds are proven of."""


@dataclass(frozen=True)
class Exponents:
    """Energy^a · latency^b · area^c · cost^d · interval^e of each network, made one number by an
    aggregation.

    Raises:
        ValueError: a negative exponent, none above 0, or an unknown aggregation.
    """

    energy: float = 0.0  # not negative, so that less is never worse; 0 leaves a quantity out
    latency: float = 0.0
    area: float = 0.0
    aggregate: str = "max"  # a name in `AGGREGATIONS`
    cost: float = 0.0  # exponent of the cost of the chip, where that is an objective
    interval: float = 0.0
    """Exponent of the time from one inference to the next, 1 over throughput, where that is an
    objective."""

    def __post_init__(self) -> None:
        exponents = self.exponents.values()
        if not all(0 <= e < float("inf") for e in exponents) or not any(exponents):
            raise ValueError("exponents must be at least 0 and finite, and one of them above 0")
        if self.aggregate not in AGGREGATIONS:
            raise ValueError(
                f"unknown aggregate '{self.aggregate}'; known: {', '.join(AGGREGATIONS)}"
            )

    @property
    def exponents(self) -> dict[str, float]:
        """By quantity."""
        return {name: float(getattr(self, name)) for name in UNITS}

    @property
    def unit(self) -> str:
        """Unit of the score, such as J·s²·mm²; empty for the product, where it depends on W."""
        powers = {1.0: "", 2.0: "²", 3.0: "³"}
        parts = [UNITS[q] + powers.get(e, f"^{e:g}") for q, e in self.exponents.items() if e]
        return "" if self.aggregate == "product" else "·".join(parts)

    def __call__(self, costs: Costs) -> Floats:
        """Scores of designs, shape (n,), in J, s and mm²."""
        product = np.ones(1)
        with np.errstate(over="ignore", invalid="ignore"):
            for values, exponent in self.factors(costs):
                product = product * (values if exponent == 1 else values**exponent)
        return AGGREGATIONS[self.aggregate](_by_network(product, costs), costs.weights)

    def factors(self, costs: Costs) -> Iterator[tuple[Floats, float]]:
        """Quantities in J, s and mm² that count, shape (n, W) or (n, 1), and their exponents."""
        for name, exponent in self.exponents.items():
            if exponent:
                values = costs[name] * MM2_PER_M2 if name == "area" else costs[name]
                yield (values[:, None] if values.ndim == 1 else values), exponent


@dataclass(frozen=True)
class Log10Exponents:
    """Decimal logarithms of the scores of `exponents`, worked out without leaving float64."""

    exponents: Exponents

    def __call__(self, costs: Costs) -> Floats:
        """Logarithms of designs, shape (n,)."""
        logs, aggregate = np.zeros(1), LOG10_AGGREGATIONS[self.exponents.aggregate]
        with np.errstate(divide="ignore"):
            for values, exponent in self.exponents.factors(costs):
                logs = logs + exponent * np.log10(values)
        return aggregate(_by_network(logs, costs), costs.weights)


def _by_network(values: Floats, costs: Costs) -> Floats:
    """A column per network also where only the area counts."""
    return np.broadcast_to(values, (len(costs), max(values.shape[1], len(costs.weights))))


OwnScore = Exponents | str
"""Exponents, or `module:name` of a function from `Costs` to one number per design, shape (n,)."""


def own_criterion(score: OwnScore) -> Criterion:
    """The criterion of a user's score: searched for, selected by, enumerated and judged.

    A function returns values, positive and from 1e-290 to 1e290. One that returns logarithms, or
    anything else that is not positive, is a `Criterion` of scale "difference" instead.

    Raises:
        ValueError: there is no such function.
    """
    if isinstance(score, Exponents):
        return Criterion(
            NAME,
            score,
            needs=tuple(q for q, exponent in score.exponents.items() if exponent),
            monotone=True,
            unit=score.unit,
            is_product=score.aggregate == "product",
            degree=sum(score.exponents.values()),
            ignores_weights=score.aggregate == UNWEIGHTED,
            log10_score=Log10Exponents(score),
        )
    function = load(score, "score", known=())
    check_takes(function, f"score {score}", None)
    return Criterion(NAME, function, needs=())
