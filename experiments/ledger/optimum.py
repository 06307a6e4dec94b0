"""The published optimum of a study, and what the reference model says of it layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from imcmoo.model.metrics import Floats, Metrics
from imcmoo.model.reference.breakdown import Breakdown
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.model.reference.mapping import Ints, Mapping, map_layers
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels
from problems import STUDIES

CRITERION = "edap_max"
"""By which the optimum is meant: the EDAP of the network that has the largest."""

PUBLISHED = Path("results") / "published"


@dataclass(frozen=True)
class Optimum:
    """One design of a study.

    Args:
        study: its name.
        problem: what is asked.
        evaluator: its cost model.
        levels: the design, shape (1, n_parameters).
    """

    study: str
    problem: AcceleratorProblem
    evaluator: Evaluator
    levels: Levels

    @classmethod
    def published(cls, study: str, folder: Path = PUBLISHED) -> Optimum:
        """The best design of a study as it stands in the published tables.

        Args:
            study: a name in `problems.STUDIES`, of the reference model.
            folder: has a folder of each study.

        Raises:
            FileNotFoundError: neither of the tables that tell the optimum is there.
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
        """Whether weights are loaded while a layer runs."""
        return self.evaluator.chips.device.streams_weights

    def value(self, name: str) -> float:
        """A parameter of the design, or a value fixed in its space."""
        return float(self.problem.space.column(self.levels, name)[0])

    @property
    def macros(self) -> int:
        """Crossbars on the chip."""
        return int(np.prod([self.value(n) for n in MACROS_BY]))

    @cached_property
    def metrics(self) -> Metrics:
        """Energy, latency and area."""
        return self.evaluator.evaluate(self.levels)

    @property
    def energy_J(self) -> Floats:
        """Of each network, shape (W,)."""
        return self.metrics.energy_J[0]

    @property
    def latency_s(self) -> Floats:
        """Of each network, shape (W,)."""
        return self.metrics.latency_s[0]

    @property
    def area_m2(self) -> float:
        """Of the chip."""
        return float(self.metrics.area_m2[0])

    @cached_property
    def parts(self) -> Breakdown:
        """The same by layer and component."""
        return self.evaluator.breakdown(self.levels)

    @cached_property
    def mapping(self) -> Mapping:
        """Where each layer runs, one case per layer."""
        chips, shapes = self.evaluator.chips, self.evaluator.workloads
        every = shapes.shapes[shapes.shape_index]
        return map_layers(every, chips.sizes(self.levels).chips.take(np.zeros(len(every), int)))

    def accesses(self, action: str) -> Floats:
        """How often all components do something for one inference of each network, shape (W,)."""
        layers = self.evaluator.chips.run(self.levels).actions(action)[:, 0]
        return self.per_network(layers[self.evaluator.workloads.shape_index])

    def per_network(self, of_layers: Floats | Ints) -> Floats:
        """Sums over the layers of each network, shape (W,)."""
        found = np.bincount(self.evaluator.workloads.owner, of_layers, len(self.networks))
        return found.astype(np.float64)


MACROS_BY = ("router_groups", "tiles_per_group", "macros_per_tile")


def _best_row(folder: Path) -> dict[str, float]:
    """The values in the row of the published table that holds the optimum."""
    by_criterion = folder / "aggregations.csv"
    if by_criterion.is_file():
        frame = pd.read_csv(by_criterion)
        row = frame["criterion"].tolist().index(CRITERION)
    else:
        frame = pd.read_csv(folder / "cost_front.csv")
        row = int(frame[f"{CRITERION}_J_s_mm2"].to_numpy().argmin())
    numbers = frame.select_dtypes("number")
    return {str(name): float(numbers[name].iloc[row]) for name in numbers}
