"""The physical model behind the seam: levels of a design space in, metrics out.

What a study limits by default (signal to noise of conversion, levels of a cell that can be told
apart, loss along wires) are resources that designs may lack, as are cells and buffer bits.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Floats, Metrics, Resource
from imcmoo.model.physical.breakdown import PhysicalBreakdown
from imcmoo.model.physical.copies import Deployment
from imcmoo.model.physical.keys import COSTLY
from imcmoo.model.physical.limits import (
    DEFAULT_IR_DROP,
    DEFAULT_LEVEL_SIGMAS,
    DEFAULT_SNR_ADC_DB,
)
from imcmoo.model.physical.metrics import PhysicalResources
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels


class PhysicalEvaluator:
    """Keeps `imcmoo.model.cost_model.CostModel`.

    Args:
        space: the designs, of one device; its parameters and fixed values are the columns of
            `imcmoo.model.physical.parameters.Designs`, and `device`.
        workloads: the networks; layers that multiply two activations run on the digital unit.
        deployment: whether networks share a chip "alone" or "together".
        table: component numbers; the shipped ones by default.
        options: further arguments of `PhysicalModel`.

    Raises:
        ValueError: the space lacks a column or has a value that the table or the model does not
            cover.
    """

    quantities = (ENERGY, LATENCY, AREA)
    resource_names = ("cells", "buffer_bits", "snr", "levels", "wires")

    def __init__(
        self,
        space: DesignSpace,
        workloads: WorkloadSet,
        *,
        deployment: Deployment = "alone",
        table: PhysicalTable | None = None,
        **options: Any,
    ) -> None:
        if "device" not in space.fixed:
            raise ValueError(f"space {space.name} must fix `device` for the physical model")
        self.space = space
        self.workloads = workloads
        self._table = table or PhysicalTable.load()
        self._deployment: Deployment = deployment
        self._options = options
        self._model = PhysicalModel(
            workloads,
            device=space.fixed["device"],
            deployment=deployment,
            table=self._table,
            dynamic=np.concatenate([np.array(w.dynamic, dtype=bool) for w in workloads.workloads]),
            **options,
        )
        self.body_parameters = tuple(n for n in space.names if n in COSTLY)
        self.screened_by = tuple(space.names)

    @property
    def workload_names(self) -> list[str]:
        """Names of the networks, in the order of the columns of all metrics."""
        return self.workloads.names

    @property
    def macs(self) -> Floats:
        """Multiply-accumulates of one inference of each network, shape (W,)."""
        return self._model.macs

    @property
    def data_digest(self) -> str:
        """SHA-256 (hex) of the component table, the networks, deployment and options."""
        stated = (self._table.fingerprint, self._deployment, sorted(self._options.items()))
        digest = hashlib.sha256(repr(stated).encode())
        digest.update(self.workloads.fingerprint.encode())
        return digest.hexdigest()

    def only(self, name: str) -> PhysicalEvaluator:
        """The model of one of the networks alone.

        Raises:
            ValueError: no such network here.
        """
        if name not in self.workload_names:
            raise ValueError(f"no workload '{name}'; here are {', '.join(self.workload_names)}")
        one = WorkloadSet((self.workloads.workloads[self.workload_names.index(name)],))
        return PhysicalEvaluator(self.space, one, table=self._table, **self._options)

    def apart(self) -> PhysicalEvaluator:
        """The model of chips that need hold one network at a time."""
        if self._deployment == "alone":
            return self
        return PhysicalEvaluator(self.space, self.workloads, table=self._table, **self._options)

    def screen(self, levels: Levels) -> Metrics:
        """Area, and cells and bits that are surely missing; limits are not looked at.

        Args:
            levels: shape (n, n_parameters).
        """
        known = self._model.screen(self.space.decode(levels))
        unknown = Resource(np.ones(len(levels)), np.zeros((len(levels), len(self.workloads))))
        limits = dict.fromkeys(self.resource_names[2:], unknown)
        return Metrics({"area": known.area_m2}, {**_resources(known), **limits})

    def resources(self, levels: Levels) -> Metrics:
        """Area and all that is missing: limits follow from an evaluation, so this is one.

        Args:
            levels: shape (n, n_parameters).
        """
        found = self.evaluate(levels)
        return Metrics({"area": found.area_m2}, found.resources)

    def breakdown(self, levels: Levels) -> PhysicalBreakdown:
        """Energy by layer and component and area by component of a few designs.

        Args:
            levels: shape (n, n_parameters); memory grows with n · layers · components.
        """
        return self._model.breakdown(self.space.decode(levels))

    def evaluate(self, levels: Levels) -> Metrics:
        """All metrics of many designs.

        Args:
            levels: shape (n, n_parameters).

        Returns:
            `energy` and `latency`, shape (n, W), NaN where a network does not run; `area`, (n,).

        Raises:
            ValueError: levels outside the space, or a value the component table lacks.
        """
        found = self._model.evaluate(self.space.decode(levels))
        one = np.ones(len(levels))
        short_dB = np.nan_to_num(DEFAULT_SNR_ADC_DB - found.snr_adc_dB, nan=0.0)
        alike = np.ones((1, len(self.workloads)))
        limits = {
            # So that 3 dB are one octave of noise power.
            "snr": np.maximum(10 ** (short_dB / 10) - 1, 0.0),
            "levels": _excess(DEFAULT_LEVEL_SIGMAS / found.level_sigmas)[:, None] * alike,
            "wires": _excess(found.ir_drop / DEFAULT_IR_DROP)[:, None] * alike,
        }
        resources = _resources(found.resources)
        resources |= {name: Resource(one, missing) for name, missing in limits.items()}
        runs = np.logical_and.reduce([r.missing <= 0 for r in resources.values()])
        shown = np.where(runs, 1.0, np.nan)
        values = {"energy": found.energy_J * shown, "latency": found.latency_s * shown}
        return Metrics({**values, "area": found.area_m2}, resources)


def _excess(ratio: Floats) -> Floats:
    """By how much a ratio is above 1, 0 below."""
    return np.maximum(ratio - 1, 0.0)


def _resources(known: PhysicalResources) -> dict[str, Resource]:
    return {
        "cells": Resource(known.cells, known.missing_cells),
        # A chip may have no buffer to speak of: what is missing counts in bits of 1 KiB.
        "buffer_bits": Resource(np.full(len(known.cells), 8192.0), known.missing_bits),
    }


def physical_model(
    space: DesignSpace, workloads: WorkloadSet, *, scaling: str = "reference", **options: Any
) -> PhysicalEvaluator:
    """The physical cost model, as studies ask for it.

    Args:
        space: as `PhysicalEvaluator`.
        workloads: the networks.
        scaling: of the reference model's table; has no meaning here.
        options: as `PhysicalEvaluator`.

    Raises:
        ValueError: as `PhysicalEvaluator`.
    """
    return PhysicalEvaluator(space, workloads, **options)
