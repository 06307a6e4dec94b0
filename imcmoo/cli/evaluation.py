"""The designs of a file and their costs by one cost model: what `imcmoo evaluate` writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imcmoo.cli import catalogue
from imcmoo.io.errors import InputError
from imcmoo.io.units import to_display
from imcmoo.model.layer_costs import LayerCosts
from imcmoo.model.metrics import Floats, tera_operations_per
from imcmoo.model.physical.latency import CAUSES
from imcmoo.model.physical.metrics import PhysicalMetrics
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.parameters import DEFAULTS, NEEDED, TEXTS, DesignRefused, Designs
from imcmoo.model.reference.evaluator import Evaluator, Rounding
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.designs_csv import DesignsTable, levels_of
from imcmoo.space.restricted import restricted

Columns = Mapping[str, NDArray[Any]]


class ReferenceEvaluation:
    """Designs of the device's space, or with other values that the component table covers, and
    their costs by the paper's model.

    Args:
        path: a CSV of designs.
        device: a name in `catalogue.spaces`.
        workloads: the networks.
        options: by the names in the attribute `options`; those left out have their defaults.

    Raises:
        InputError: any of these is at fault; of the file it names line, column and what is allowed.
    """

    options = ("rounding",)
    """Names of the model's own options."""

    def __init__(
        self, path: Path, device: str, workloads: WorkloadSet, options: Mapping[str, Any]
    ) -> None:
        table = DesignsTable.read(path)
        self._evaluator = Evaluator(catalogue.spaces()[device], workloads)
        for name in self._evaluator.space.names:
            self._evaluator = _with_values_of(table, name, self._evaluator)
        self._levels = levels_of(table, self._evaluator.space)
        self._rounding: Rounding = options.get("rounding", "none")

    def __len__(self) -> int:
        return len(self._levels)

    def costs(self, rows: slice) -> pd.DataFrame:
        """One row per design and workload, designs outermost."""
        evaluator = self._evaluator
        metrics = evaluator.evaluate(self._levels[rows], rounding=self._rounding)
        costs = metrics.to_frame(evaluator.quantities, evaluator.workload_names)
        designs = _repeated(self._designs(rows), len(evaluator.workload_names))
        frame = pd.concat([pd.DataFrame(designs), costs.drop(columns="design")], axis=1)
        frame = frame.rename(columns={"runs": "feasible"})
        at = list(frame).index("feasible") + 1
        frame.insert(at, "max_utilization_pct", 100 * metrics.values["utilization"].ravel())
        return frame

    def breakdown(self, rows: slice) -> pd.DataFrame:
        """One row per design, workload, layer and component, designs outermost."""
        parts = self._evaluator.breakdown(self._levels[rows], rounding=self._rounding)
        return _breakdown_frame(self._designs(rows), parts, {"cycles": parts.cycles})

    def _designs(self, rows: slice) -> Columns:
        space = self._evaluator.space
        values = space.decode(self._levels[rows])
        return {name: values[name] for name in space.names}


def _with_values_of(table: DesignsTable, name: str, evaluator: Evaluator) -> Evaluator:
    """The evaluator with the values that a table has for a parameter, if it can cost them."""
    space = evaluator.space
    known = np.asarray(space.values_of(name))
    if name not in table.header or known.dtype.kind not in "iuf":
        return evaluator
    values = np.unique(table.column(name, known))
    new = values[~np.isclose(values[:, None], known, rtol=1e-9, atol=0).any(axis=1)].tolist()
    if not new:
        return evaluator
    if known.dtype.kind in "iu":
        new = [int(value) if value.is_integer() else value for value in new]
    try:
        wider = restricted(space, {name: [*known.tolist(), *new]}, name=space.name)
        return Evaluator(wider, evaluator.workloads)
    except ValueError:  # the line of such a value is named later
        return evaluator


class PhysicalEvaluation:
    """Designs that the component table covers and their costs by the physical model.

    Args and Raises: as `ReferenceEvaluation`.
    """

    options = ("deployment", "requests_per_switch", "input_bits", "weight_bits")

    def __init__(
        self, path: Path, device: str, workloads: WorkloadSet, options: Mapping[str, Any]
    ) -> None:
        dynamic = np.concatenate([np.array(w.dynamic, dtype=bool) for w in workloads.workloads])
        try:
            self._model = PhysicalModel(workloads, device=device, dynamic=dynamic, **options)
        except ValueError as error:
            raise InputError(str(error)) from None
        self._designs = _physical_designs(path, device, self._model)

    def __len__(self) -> int:
        return len(self._designs)

    def costs(self, rows: slice) -> pd.DataFrame:
        """One row per design and workload, designs outermost."""
        columns, names = self._designs.take(rows).to_columns(), self._model.workload_names
        costs = _physical_costs(self._model.evaluate(columns), self._model.macs)
        n = len(next(iter(columns.values())))
        return pd.DataFrame(
            {
                **_repeated(columns, len(names)),
                "workload": np.tile(names, n),
                **{name: values.ravel() for name, values in costs.items()},
            }
        )

    def breakdown(self, rows: slice) -> pd.DataFrame:
        """One row per design, workload, layer and component, designs outermost; the bottleneck of a
        layer that does not run is empty."""
        columns = self._designs.take(rows).to_columns()
        parts = self._model.breakdown(columns)
        bound = np.where(np.isnan(parts.latency_s), "", np.array(CAUSES)[parts.bound_by])
        by_layer = {"latency_s": parts.latency_s, "bound_by": bound}
        return _breakdown_frame(columns, parts, by_layer)


def _physical_costs(metrics: PhysicalMetrics, macs: Floats) -> dict[str, NDArray[Any]]:
    """Columns of the output, each of shape (n, W), NaN or empty where a network does not run."""
    runs, resources = metrics.runs, metrics.resources
    shape = runs.shape
    area_mm2 = np.broadcast_to(to_display("m2", metrics.area_m2)[:, None], shape)
    tops = tera_operations_per(macs, metrics.interval_s)
    noise = {
        name: np.where(runs, getattr(metrics, name), np.nan)
        for name in ("snr_adc_dB", "snr_dev_dB", "snr_rounding_dB", "snr_dB")
    }
    return {
        "energy_J": metrics.energy_J,
        "latency_s": metrics.latency_s,
        "interval_s": metrics.interval_s,
        "area_mm2": area_mm2,
        "power_W": metrics.power_W,
        "tops": tops,
        "tops_per_W": tera_operations_per(macs, metrics.energy_J),
        "tops_per_mm2": tops / area_mm2,
        **noise,
        "occupied_cells": metrics.occupied_cells,
        "cells": np.broadcast_to(resources.cells[:, None], shape).astype(np.int64),
        "dram_bits": metrics.dram_bits,
        "glb_bits": metrics.glb_bits,
        "bound_by": np.where(runs, np.array(CAUSES)[metrics.bound_by], ""),
        "feasible": runs,
        "missing_cells": np.ceil(resources.missing_cells).astype(np.int64),
        "missing_bits": np.ceil(resources.missing_bits).astype(np.int64),
    }


def _physical_designs(path: Path, device: str, model: PhysicalModel) -> Designs:
    """The designs of a file, checked line by line."""
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


def _repeated(columns: Columns, times: int) -> dict[str, NDArray[Any]]:
    """Design columns with each design so many times."""
    return {name: np.repeat(values, times) for name, values in columns.items()}


def _breakdown_frame(
    designs: Columns, costs: LayerCosts, by_layer: Mapping[str, NDArray[Any]]
) -> pd.DataFrame:
    """One row per design, workload, layer and component, designs outermost; `by_layer` has further
    columns that are the same for all components, shape (n, L) each."""
    n_components, n_layers = len(costs.components), len(costs.layers)
    n = len(costs.energy_J)
    workloads, names = (np.repeat(part, n_components) for part in zip(*costs.layers, strict=True))
    return pd.DataFrame(
        {
            **_repeated(designs, n_layers * n_components),
            "workload": np.tile(workloads, n),
            "layer": np.tile(names, n),
            "component": np.tile(costs.components, n * n_layers),
            "energy_J": costs.energy_J.ravel(),
            **{name: np.repeat(v.ravel(), n_components) for name, v in by_layer.items()},
        }
    )
