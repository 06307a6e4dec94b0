"""The published optimum of a study and its costs by the reference model, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from imcmoo.model.metrics import Floats, Ints, Metrics
from imcmoo.model.reference.breakdown import Breakdown
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.model.reference.mapping import LEVEL, Mapping, map_layers
from imcmoo.networks.workloads import DIMENSIONS
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels
from problems import STUDIES

CRITERION = "edap_max"
"""Criterion of the optimum."""

PUBLISHED = Path("results") / "published"

MACROS_BY = ("router_groups", "tiles_per_group", "macros_per_tile")


@dataclass(frozen=True)
class Optimum:
    """One design of a study.

    Args:
        study: name of the study.
        problem: of the study.
        evaluator: cost model of the study.
        levels: the design, shape (1, n_parameters).
    """

    study: str
    problem: AcceleratorProblem
    evaluator: Evaluator
    levels: Levels

    @classmethod
    def published(cls, study: str, folder: Path = PUBLISHED) -> Optimum:
        """Read the best design of a study from the published tables.

        Args:
            study: a name in `problems.STUDIES`, of the reference model.
            folder: has a folder of tables for each study.

        Raises:
            FileNotFoundError: neither of the tables that hold the optimum is there.
        """
        evaluator = STUDIES[study].cost_model()
        assert isinstance(evaluator, Evaluator)
        problem = STUDIES[study].problem(evaluator)
        design = _best_row(folder / study)
        names = problem.space.names
        levels = problem.space.encode({n: np.array([design[n]]) for n in names})
        return cls(study, problem, evaluator, levels)

    @property
    def networks(self) -> list[str]:
        """Names of the networks, in order."""
        return self.evaluator.workload_names

    @property
    def streams_weights(self) -> bool:
        """True if weights are loaded while a layer runs."""
        return self.evaluator.chips.device.streams_weights

    def value(self, name: str) -> float:
        """Value of a parameter, or of what is fixed in the space."""
        return float(self.problem.space.column(self.levels, name)[0])

    @property
    def macros(self) -> int:
        """Number of crossbars on the chip."""
        return int(np.prod([self.value(n) for n in MACROS_BY]))

    @cached_property
    def metrics(self) -> Metrics:
        """Energy, latency and area of the design."""
        return self.evaluator.evaluate(self.levels)

    @property
    def energy_J(self) -> Floats:
        """Energy of each network, shape (W,)."""
        return self.metrics.energy_J[0]

    @property
    def latency_s(self) -> Floats:
        """Latency of each network, shape (W,)."""
        return self.metrics.latency_s[0]

    @property
    def area_m2(self) -> float:
        """Area of the chip."""
        return float(self.metrics.area_m2[0])

    @cached_property
    def parts(self) -> Breakdown:
        """Costs by layer and component."""
        return self.evaluator.breakdown(self.levels)

    @cached_property
    def mapping(self) -> Mapping:
        """Mapping of each layer, one case per layer."""
        chips, shapes = self.evaluator.chips, self.evaluator.workloads
        layers = shapes.shapes[shapes.shape_index]
        return map_layers(layers, chips.sizes(self.levels).chips.take(np.zeros(len(layers), int)))

    def accesses(self, action: str) -> Floats:
        """Count an action of all components for one inference of each network, shape (W,)."""
        layers = self.evaluator.chips.run(self.levels).actions(action)[:, 0]
        return self.per_network(layers[self.evaluator.workloads.shape_index])

    def per_network(self, of_layers: Floats | Ints) -> Floats:
        """Sum over the layers of each network, shape (W,)."""
        sums = np.bincount(self.evaluator.workloads.owner, of_layers, len(self.networks))
        return sums.astype(np.float64)


def _best_row(folder: Path) -> dict[str, float]:
    """Values of the row of a published table that holds the optimum."""
    by_criterion = folder / "aggregations.csv"
    if by_criterion.is_file():
        frame = pd.read_csv(by_criterion)
        row = frame["criterion"].tolist().index(CRITERION)
    else:
        frame = pd.read_csv(folder / "cost_front.csv")
        row = int(frame[f"{CRITERION}_J_s_mm2"].to_numpy().argmin())
    numbers = frame.select_dtypes("number")
    return {str(name): float(numbers[name].iloc[row]) for name in numbers}


def macros_of_layers(evaluator: Evaluator, levels: Levels) -> Ints:
    """Count the macros of one copy of each layer if every layer has macros of its own.

    A layer has K = C·R·S rows per output and a column per output and slice of its weights; every
    group of a grouped convolution has macros of its own.

    Args:
        evaluator: whose layers are counted.
        levels: designs, shape (n, n_parameters).

    Returns:
        Shape (n, n_layers).
    """
    workloads, sizes = evaluator.workloads, evaluator.chips.sizes(levels)
    layers = workloads.shapes[workloads.shape_index]
    size = dict(zip(DIMENSIONS, layers.T, strict=True))
    rows, cols = (sizes.chips.capacity[:, LEVEL[x], None] for x in ("row", "col"))
    deep = size["C"] * size["R"] * size["S"]
    wide = sizes.slices[:, None] * size["M"]
    return size["G"] * -(-deep // rows) * -(-wide // cols)
