"""Metrics of the physical model: arrays over designs and networks, SI units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class PhysicalResources:
    """Area and capacity of chips, shortfalls of networks, and quantities with circuit limits.

    Args:
        area_m2: chip area, memory interface included, shape (n,).
        cells: cells of the chip, shape (n,).
        missing_cells: capacity shortfall of a network in cells, shape (n, W).
        missing_bits: capacity shortfall of a network in buffer bits, shape (n, W).
        snr_adc_dB: ADC SQNR, shape (n, W).
        snr_dB: compute SNR, of ADCs and cells, shape (n, W).
        ir_drop: largest share of the read voltage that is lost along a wire, shape (n,).
        level_sigmas: distance of neighbouring levels of a cell in σ, shape (n,).
        accuracy_drop: float score minus predicted accuracy, shape (n, W); (n, 0) if no network has
            accuracy data.
    """

    area_m2: Floats
    cells: Floats
    missing_cells: Floats
    missing_bits: Floats
    snr_adc_dB: Floats
    snr_dB: Floats
    ir_drop: Floats
    level_sigmas: Floats
    accuracy_drop: Floats

    @property
    def runs(self) -> Bools:
        """True where a network fits on a chip, shape (n, W); limits of circuits and of a study do
        not count, unlike in `imcmoo.model.metrics.Metrics.runs`."""
        return (self.missing_cells <= 0) & (self.missing_bits <= 0)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Several batches, at least one, as one."""
        return cls(
            *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls))
        )

    def take(self, index: Ints) -> Self:
        """Values of the designs of an index."""
        return type(self)(*(getattr(self, f.name).take(index, axis=0) for f in fields(self)))


@dataclass(frozen=True, eq=False)
class PhysicalMetrics(PhysicalResources):
    """One image of every network on every chip; what does not run is NaN (−1 in `bound_by`).

    Args:
        energy_J: of one image: actions, leakage and idle DRAM over the interval, DRAM traffic, and
            the image's share of the writing of weights at a switch of networks; shape (n, W) like
            all that follow.
        latency_s: from first input to last output.
        interval_s: between images.
        power_W: on the chip.
        snr_dev_dB, snr_rounding_dB: SNR from cell variation, and of operands rounded to integers.
        occupied_cells: cells of the macros that hold replicas of layers, each counted whole.
        dram_bits: moved from and to DRAM.
        glb_bits: read from and written to the global buffer.
        bound_by: index into `imcmoo.model.physical.latency.CAUSES`.
        streamed: whether weights are loaded for every image.
        switch_energy_J: of writing all weights of a network; 0 where none are written.
        switch_time_s: likewise.
        longest_layer_s: longest layer of a network, that cannot be interrupted, infinite for
            pipelined designs; NaN unless it was wanted.
        leak_W: leakage of the chip, shape (n,) like all that follow.
        dram_idle_W: idle power of the DRAM, off the chip.
        save_s: saving the global buffer in DRAM and bringing it back, with the weights that stay
            in SRAM; infinite without DRAM.
        save_J: energy of it.
    """

    energy_J: Floats
    latency_s: Floats
    interval_s: Floats
    power_W: Floats
    snr_dev_dB: Floats
    snr_rounding_dB: Floats
    occupied_cells: Floats
    dram_bits: Floats
    glb_bits: Floats
    bound_by: NDArray[np.int8]
    streamed: Bools
    switch_energy_J: Floats
    switch_time_s: Floats
    longest_layer_s: Floats
    leak_W: Floats
    dram_idle_W: Floats
    save_s: Floats
    save_J: Floats

    @property
    def resources(self) -> PhysicalResources:
        """Area, capacity, shortfalls and quantities with circuit limits."""
        return self
