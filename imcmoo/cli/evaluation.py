"""Interface of cost models to `imcmoo evaluate`: designs of a file in, tables out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imcmoo.model.layer_costs import LayerCosts
from imcmoo.networks.workloads import WorkloadSet

Columns = Mapping[str, NDArray[Any]]


class Evaluation(ABC):
    """The designs of a file and a model of what they cost.

    Args:
        path: a CSV of designs.
        device: that they are of.
        workloads: the networks.
        options: of the model, by names in `options`; those that are left out are as usual.

    Raises:
        InputError: any of these is at fault; of the file it names line, column and what is allowed.
    """

    options: ClassVar[tuple[str, ...]]
    """Names of the model's own options."""

    @abstractmethod
    def __init__(
        self, path: Path, device: str, workloads: WorkloadSet, options: Mapping[str, Any]
    ) -> None: ...

    @abstractmethod
    def __len__(self) -> int:
        """Number of designs."""

    @abstractmethod
    def costs(self, rows: slice) -> pd.DataFrame:
        """One row per design and workload, designs outermost."""

    @abstractmethod
    def breakdown(self, rows: slice) -> pd.DataFrame:
        """One row per design, workload, layer and component, designs outermost."""


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
    n = len(costs.energy_J)
    workloads, names = (np.repeat(part, n_components) for part in zip(*costs.layers, strict=True))
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
