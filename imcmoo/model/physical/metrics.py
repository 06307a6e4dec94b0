"""Metrics of the physical model: arrays over designs and networks, SI units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PhysicalResources:
    """Area and capacity of chips, shortfalls of networks, and quantities with circuit limits.

    Args:
        area_m2: chip area, memory interface included, shape (n,).
        cells: cells of the chip, shape (n,).
        missing_cells: cells a network lacks to run, shape (n, W).
        missing_bits: bits of buffer a network lacks to run, shape (n, W).
        snr_adc_dB: signal to noise of conversion, shape (n, W).
        ir_drop: largest share of the read voltage that is lost along a wire, shape (n,).
        level_sigmas: distance of neighbouring levels of a cell in σ, shape (n,).
    """

    area_m2: Floats
    cells: Floats
    missing_cells: Floats
    missing_bits: Floats
    snr_adc_dB: Floats
    ir_drop: Floats
    level_sigmas: Floats

    @property
    def runs(self) -> NDArray[np.bool_]:
        """Whether each network runs on each chip, shape (n, W); limits are a study's matter."""
        return (self.missing_cells <= 0) & (self.missing_bits <= 0)

    @classmethod
    def joined(cls, parts: Sequence[PhysicalResources]) -> PhysicalResources:
        """Resources of several batches, at least one, joined."""
        return cls(
            *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls))
        )


@dataclass(frozen=True, eq=False)
class PhysicalMetrics:
    """One image of every network on every chip; what does not run is NaN (−1 in `bound_by`).

    Args:
        resources: area, shortfalls, and what studies limit.
        energy_J: DRAM and, where weights are written at a switch of networks, that included;
            shape (n, W) like all that follow.
        latency_s: from first input to last output.
        interval_s: between images.
        power_W: on the chip.
        snr_dev_dB, snr_dB: signal to noise of cells, and of cells and conversion.
        occupied_cells: cells that copies of layers hold.
        dram_bits: moved from and to DRAM.
        glb_bits: read from and written to the global buffer.
        bound_by: index into `imcmoo.model.physical.latency.CAUSES`.
        streamed: whether weights are loaded for every image.
        switch_energy_J: of writing all weights of a network; 0 where none are written.
        switch_time_s: likewise.
    """

    resources: PhysicalResources
    energy_J: Floats
    latency_s: Floats
    interval_s: Floats
    power_W: Floats
    snr_dev_dB: Floats
    snr_dB: Floats
    occupied_cells: Floats
    dram_bits: Floats
    glb_bits: Floats
    bound_by: NDArray[np.int8]
    streamed: NDArray[np.bool_]
    switch_energy_J: Floats
    switch_time_s: Floats

    @property
    def area_m2(self) -> Floats:
        """Chip area, shape (n,)."""
        return self.resources.area_m2

    @property
    def snr_adc_dB(self) -> Floats:
        """Signal to noise of conversion, shape (n, W)."""
        return self.resources.snr_adc_dB

    @property
    def ir_drop(self) -> Floats:
        """Largest share of the read voltage lost along a wire, shape (n,)."""
        return self.resources.ir_drop

    @property
    def level_sigmas(self) -> Floats:
        """Conductance-level margin in standard deviations, shape (n,)."""
        return self.resources.level_sigmas

    @property
    def runs(self) -> NDArray[np.bool_]:
        """Whether each network runs, shape (n, W)."""
        return self.resources.runs

    @classmethod
    def room(cls, n: int, n_networks: int) -> PhysicalMetrics:
        """Arrays for n designs, to be filled by `put`."""

        def array(name: str) -> NDArray[Any]:
            shape = (n,) if name in _OF_CHIP else (n, n_networks)
            return np.empty(shape, _TYPES.get(name, np.float64))

        resources = PhysicalResources(*(array(f.name) for f in fields(PhysicalResources)))
        return cls(resources, *(array(f.name) for f in fields(cls)[1:]))

    def put(self, at: int, part: PhysicalMetrics) -> None:
        """Copy metrics of some designs to where the first of them belongs, and on from there."""
        n = len(part.area_m2)
        for name in _RESOURCES:
            getattr(self.resources, name)[at : at + n] = getattr(part.resources, name)
        for name in _METRICS:
            getattr(self, name)[at : at + n] = getattr(part, name)

    def take(self, index: NDArray[np.int64]) -> PhysicalMetrics:
        """Metrics of some designs."""
        resources = [getattr(self.resources, name).take(index, axis=0) for name in _RESOURCES]
        others = [getattr(self, name).take(index, axis=0) for name in _METRICS]
        return PhysicalMetrics(PhysicalResources(*resources), *others)


_OF_CHIP = ("area_m2", "cells", "ir_drop", "level_sigmas")
_TYPES = {"bound_by": np.int8, "streamed": np.bool_}
_RESOURCES = tuple(f.name for f in fields(PhysicalResources))
_METRICS = tuple(f.name for f in fields(PhysicalMetrics) if f.name != "resources")
