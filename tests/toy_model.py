"""A cost model, a space and a criterion of a user's: nothing of it is known to the package."""

import numpy as np

from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Metrics, Quantity, Resource
from imcmoo.problem.criteria import Criterion
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Integer

SPACE = DesignSpace(
    "toy", (*(Integer(f"x{i}", 0, 9) for i in range(5)), Categorical("kind", tuple("abcdefghij")))
)
"""10^6 designs."""


class Toy(CostModel):
    """Delay and accuracy of two networks, neither a product of prices and counts."""

    quantities = (
        Quantity("delay", "s"),
        Quantity("accuracy", "dB", sense="max", scale="interval"),
        Quantity("power", "W", per_workload=False),
    )
    resource_names = ("memory",)

    def __init__(self, space, workloads, **options):
        self.space = space
        self.workload_names = workloads.names

    def evaluate(self, levels):
        self.space.validate(levels)
        x, kind = levels[:, :5].astype(float), levels[:, 5]
        size = 1 + np.arange(len(self.workload_names))
        bend = np.cos(x @ np.arange(1, 6) + kind)
        delay = size * (1 + np.abs(x - 4.5).sum(axis=1) + bend)[:, None] * 1e-3
        accuracy = 20 - 30 * np.abs(np.sin(x.sum(axis=1)[:, None] / size + 0.3 * kind[:, None]))
        # Binds in one corner only, which is among the best otherwise.
        corner = (x[:, 0] >= 4) & (x[:, 1] >= 4) & (x[:, 2] == 5) & (kind == 7)
        missing = np.where(corner, x.sum(axis=1), 0.0)[:, None] * np.ones(len(size))
        runs = np.where(missing > 0, np.nan, 1.0)
        return Metrics(
            {
                "delay": delay * runs,
                "accuracy": accuracy * runs,
                "power": 1 + x[:, 3] ** 2 + 0.1 * kind,
            },
            {"memory": Resource(np.full(len(x), 10.0), missing)},
        )


def _figure_of_merit(costs):
    return (costs["delay"] * 10 ** (-costs["accuracy"] / 10)).mean(axis=1) * costs["power"]


MERIT = Criterion("merit", _figure_of_merit, needs=("delay", "accuracy", "power"))
"""Power times delay over the ratio that the accuracy in decibels stands for."""
