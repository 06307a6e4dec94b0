"""The published optimum of a study and its costs by the reference model, layer by layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from imcmoo.model.metrics import Floats, Ints
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.model.reference.mapping import LEVEL
from imcmoo.model.reference.mapping_tree import map_layers
from imcmoo.networks.workloads import DIMENSIONS
from imcmoo.space.design_space import Levels
from problems import STUDIES

CRITERION = "edap_max"
"""Criterion of the optimum."""

MACROS_BY = ("router_groups", "tiles_per_group", "macros_per_tile")


class Optimum:
    """One design of a study.

    Args:
        study: name of the study.
        evaluator: cost model of the study.
        levels: the design, shape (1, n_parameters).

    Attributes:
        networks: their names, in order.
        energy_J: of each network, shape (W,).
        latency_s: of each network, shape (W,).
        area_m2: of the chip.
        macros: number of crossbars on the chip.
        streams_weights: whether weights are loaded while a layer runs.
        parts: costs by layer and component.
        mapping: of each layer, one case per layer.
    """

    def __init__(self, study: str, evaluator: Evaluator, levels: Levels) -> None:
        self.study, self.evaluator, self.levels = study, evaluator, levels
        self.networks = evaluator.workload_names
        metrics, chips = evaluator.evaluate(levels), evaluator.chips
        self.energy_J, self.latency_s = metrics.energy_J[0], metrics.latency_s[0]
        self.area_m2 = float(metrics.area_m2[0])
        self.macros = int(np.prod([self.value(n) for n in MACROS_BY]))
        self.streams_weights = chips.device.streams_weights
        self.parts = evaluator.breakdown(levels)
        self._layers = evaluator.workloads.shapes[evaluator.workloads.shape_index]
        one_each = chips.sizes(levels).take(np.zeros(len(self._layers), int))
        self.mapping = map_layers(self._layers, one_each)

    @classmethod
    def published(cls, study: str, folder: Path) -> Optimum:
        """Read the best design of a study from the published tables.

        Args:
            study: a name in `problems.STUDIES`, of the reference model.
            folder: has a folder of tables for each study.

        Raises:
            FileNotFoundError: neither of the tables that hold the optimum is there.
        """
        evaluator = STUDIES[study].cost_model()
        assert isinstance(evaluator, Evaluator)
        design, space = _best_row(folder / study), evaluator.space
        return cls(study, evaluator, space.levels_of(dict(design)))

    def value(self, name: str) -> float:
        """Value of a parameter, or of what is fixed in the space."""
        return float(self.evaluator.space.column(self.levels, name)[0])

    def accesses(self, action: str) -> Floats:
        """Count an action of all components for one inference of each network, shape (W,)."""
        layers = self.evaluator.chips.run(self.levels).actions(action)[:, 0]
        return self.per_network(layers[self.evaluator.workloads.shape_index])

    def per_network(self, of_layers: Floats | Ints) -> Floats:
        """Sum over the layers of each network, shape (W,)."""
        sums = np.bincount(self.evaluator.workloads.owner, of_layers, len(self.networks))
        return sums.astype(np.float64)

    def macros_of_layers(self) -> Ints:
        """Count the macros of one copy of each layer if every layer has macros of its own.

        A layer has K = C·R·S rows per output and a column per output and slice of its weights;
        every group of a grouped convolution has macros of its own.

        Returns:
            Shape (n_layers,).
        """
        sizes = self.evaluator.chips.sizes(self.levels)
        size = dict(zip(DIMENSIONS, self._layers.T, strict=True))
        rows, cols = (sizes.capacity[0, LEVEL[x]] for x in ("row", "col"))
        deep = size["C"] * size["R"] * size["S"]
        wide = sizes.slices[0] * size["M"]
        return size["G"] * -(-deep // rows) * -(-wide // cols)


def _best_row(folder: Path) -> pd.Series[float]:
    """Numbers of the row of a published table that holds the optimum."""
    if (folder / "aggregations.csv").is_file():
        frame = pd.read_csv(folder / "aggregations.csv")
        best = frame[frame["criterion"] == CRITERION]
    else:
        best = pd.read_csv(folder / "cost_front.csv").nsmallest(1, f"{CRITERION}_J_s_mm2")
    return best.select_dtypes("number").iloc[0]
