"""A user's score as plain data: exponents of what designs cost, and an aggregate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.io.named import check_takes, load
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.score_range import coded, log_of
from imcmoo.problem.scores import AGGREGATIONS, MM2_PER_M2, Costs

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
        """Scores of designs, shape (n,), in J, s and mm²; coded (`score_range`) beyond float64."""
        product, logs = np.ones(1), np.zeros(1)
        with np.errstate(over="ignore", invalid="ignore"):
            for name, exponent in self.exponents.items():
                if exponent:
                    values = costs[name] * MM2_PER_M2 if name == "area" else costs[name]
                    values = values[:, None] if values.ndim == 1 else values
                    product = product * (values if exponent == 1 else values**exponent)
                    logs = logs + exponent * log_of(values)
            values = coded(product, logs)
        # A column per network also where only the area counts.
        shape = len(costs), max(values.shape[1], len(costs.weights))
        values = np.broadcast_to(values, shape)
        return AGGREGATIONS[self.aggregate](values, costs.weights)


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
            is_coded=True,
        )
    function = load(score, "score", known=())
    check_takes(function, f"score {score}", None)
    return Criterion(NAME, function, needs=())
