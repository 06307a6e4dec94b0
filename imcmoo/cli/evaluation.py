"""Interface of `imcmoo evaluate` to a cost model: designs of a file in, tables out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imcmoo.model.layer_costs import LayerCosts
from imcmoo.networks.workloads import WorkloadSet

Columns = Mapping[str, NDArray[Any]]


class Evaluation(Protocol):
    """The designs of a file and a model of what they cost."""

    def __len__(self) -> int:
        """Number of designs."""

    def costs(self, rows: slice) -> pd.DataFrame:
        """One row per design and workload, designs outermost."""

    def breakdown(self, rows: slice) -> pd.DataFrame:
        """One row per design, workload, layer and component, designs outermost."""


@dataclass(frozen=True)
class EvaluatedModel:
    """A cost model as the command knows it.

    Args:
        begin: reads a file of designs for a device, given networks and the model's own options by
            name; raises an `InputError` if any of these is at fault.
        options: names of the model's own options.
    """

    begin: Callable[[Path, str, WorkloadSet, Mapping[str, Any]], Evaluation]
    options: tuple[str, ...]


def repeated(columns: Columns, times: int) -> dict[str, NDArray[Any]]:
    """Design columns with each design so many times."""
    return {name: np.repeat(values, times) for name, values in columns.items()}


def breakdown_frame(
    designs: Columns, costs: LayerCosts, by_layer: Mapping[str, NDArray[Any]]
) -> pd.DataFrame:
    """One row per design, workload, layer and component, designs outermost.

    Args:
        designs: design columns of n designs.
        costs: of the same.
        by_layer: further columns that are the same for all components, shape (n, L) each.
    """
    n_components, n_layers = len(costs.components), len(costs.layers)
    layers: Sequence[tuple[str, str]] = costs.layers
    n = len(costs.energy_J)
    workloads, names = (np.repeat(part, n_components) for part in zip(*layers, strict=True))
    return pd.DataFrame(
        {
            **repeated(designs, n_layers * n_components),
            "workload": np.tile(workloads, n),
            "layer": np.tile(names, n),
            "component": np.tile(costs.components, n * n_layers),
            "energy_J": costs.energy_J.ravel(),
            **{name: np.repeat(v.ravel(), n_components) for name, v in by_layer.items()},
        }
    )
