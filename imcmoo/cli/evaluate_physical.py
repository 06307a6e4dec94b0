"""`imcmoo evaluate --model physical`: whatever designs the component table covers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imcmoo.cli.evaluation import Evaluation, breakdown_frame, repeated
from imcmoo.io.errors import InputError
from imcmoo.io.units import to_display
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.latency import CAUSES
from imcmoo.model.physical.metrics import PhysicalMetrics
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.parameters import (
    DEFAULTS,
    NEEDED,
    TEXTS,
    DesignRefused,
    Designs,
)
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.designs_csv import DesignsTable

OPERATIONS_PER_MAC = 2
TERA = 1e12


class PhysicalEvaluation(Evaluation):
    """Costs by the physical model of all designs that the component table covers."""

    options = ("deployment", "requests_per_switch", "input_bits", "weight_bits")

    def __init__(
        self, path: Path, device: str, workloads: WorkloadSet, options: Mapping[str, Any]
    ) -> None:
        dynamic = np.concatenate([np.array(w.dynamic, dtype=bool) for w in workloads.workloads])
        try:
            self._model = PhysicalModel(workloads, device=device, dynamic=dynamic, **options)
        except ValueError as error:
            raise InputError(str(error)) from None
        self._designs = _read(path, device, self._model)

    def __len__(self) -> int:
        return len(self._designs)

    def costs(self, rows: slice) -> pd.DataFrame:
        """Costs of some designs on every workload."""
        columns, names = self._designs.take(rows).to_columns(), self._model.workload_names
        costs = _costs(self._model.evaluate(columns), self._model.macs)
        n = len(next(iter(columns.values())))
        return pd.DataFrame(
            {
                **repeated(columns, len(names)),
                "workload": np.tile(names, n),
                **{name: values.ravel() for name, values in costs.items()},
            }
        )

    def breakdown(self, rows: slice) -> pd.DataFrame:
        """Costs layer by layer; the bottleneck of a layer that does not run is empty."""
        columns = self._designs.take(rows).to_columns()
        parts = self._model.breakdown(columns)
        bound = np.where(np.isnan(parts.latency_s), "", np.array(CAUSES)[parts.bound_by])
        by_layer = {"latency_s": parts.latency_s, "bound_by": bound}
        return breakdown_frame(columns, parts, by_layer)


def _costs(found: PhysicalMetrics, macs: Floats) -> dict[str, NDArray[Any]]:
    """Columns of the output, each of shape (n, W), NaN or empty where a network does not run."""
    runs, resources = found.runs, found.resources
    shape = runs.shape
    area_mm2 = np.broadcast_to(to_display("m2", found.area_m2)[:, None], shape)
    operations = OPERATIONS_PER_MAC * macs
    tops = operations / found.interval_s / TERA
    noise = {
        name: np.where(runs, getattr(found, name), np.nan)
        for name in ("snr_adc_dB", "snr_dev_dB", "snr_rounding_dB", "snr_dB")
    }
    return {
        "energy_J": found.energy_J,
        "latency_s": found.latency_s,
        "interval_s": found.interval_s,
        "area_mm2": area_mm2,
        "power_W": found.power_W,
        "tops": tops,
        "tops_per_W": operations / found.energy_J / TERA,
        "tops_per_mm2": tops / area_mm2,
        **noise,
        "occupied_cells": found.occupied_cells,
        "cells": np.broadcast_to(resources.cells[:, None], shape).astype(np.int64),
        "dram_bits": found.dram_bits,
        "glb_bits": found.glb_bits,
        "bound_by": np.where(runs, np.array(CAUSES)[found.bound_by], ""),
        "feasible": runs,
        "missing_cells": np.ceil(resources.missing_cells).astype(np.int64),
        "missing_bits": np.ceil(resources.missing_bits).astype(np.int64),
    }


def _read(path: Path, device: str, model: PhysicalModel) -> Designs:
    table = DesignsTable.read(path)
    table.require_columns(NEEDED)
    if "device" in table.header:
        table.require("device", device, "--device is")
    columns = table.columns((*NEEDED, *DEFAULTS), TEXTS)

    def covered(rows: slice) -> Designs:
        try:
            return model.covered({name: values[rows] for name, values in columns.items()})
        except DesignRefused as refused:
            raise ValueError(f"{refused.column}: {refused.problem}") from None

    return table.accepted(covered)
