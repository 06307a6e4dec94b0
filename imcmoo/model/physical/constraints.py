"""Resources, metrics and circuit limits of chips: arrays over designs and networks, SI units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.model.metrics import Resource
from imcmoo.model.physical.circuit import sigma_of
from imcmoo.model.physical.components import MOST_SAMPLING, Technology, adc_noise_V2
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.model.physical.parameters import BITS_PER_KIB, CELL_ERRORS, LIMITS, Designs
from imcmoo.model.physical.predicted_accuracy import PredictedAccuracy, beyond_allowed


@dataclass(frozen=True, eq=False)
class PhysicalResources:
    """Area and capacity of chips, shortfalls of networks, and quantities with circuit limits.

    Args:
        area_m2: chip area with memory interface, shape (n,).
        dram_m2: area of the DRAM beside the chip, shape (n,).
        dram_silicon_m2: area of the dies of that DRAM, shape (n,).
        cells: cells of the chip, shape (n,).
        missing_cells: capacity shortfall in cells, shape (n, W).
        missing_bits: capacity shortfall in buffer bits, shape (n, W).
        snr_adc_dB: ADC SQNR, shape (n, W).
        snr_dB: compute SNR, of ADCs and cells, shape (n, W).
        ir_drop: largest share of the read voltage lost along a wire, shape (n,).
        level_sigmas: distance of neighbouring levels of a cell in σ, shape (n,).
        sampling: share of the noise power of a conversion that sampling takes, shape (n,).
        accuracy_drop: float score minus predicted accuracy, shape (n, W); (n, 0) without a limit
            of it.
    """

    area_m2: Floats
    dram_m2: Floats
    dram_silicon_m2: Floats
    cells: Floats
    missing_cells: Floats
    missing_bits: Floats
    snr_adc_dB: Floats
    snr_dB: Floats
    ir_drop: Floats
    level_sigmas: Floats
    sampling: Floats
    accuracy_drop: Floats

    @property
    def has_capacity(self) -> Bools:
        """True where a chip has the cells and buffer bits that a network needs, shape (n, W).

        The network runs, as `Metrics.runs` says, if limits of circuits and of a study are kept too.
        """
        return (self.missing_cells <= 0) & (self.missing_bits <= 0)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Several batches, at least one, as one."""
        names = [f.name for f in fields(cls)]
        return cls(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})

    def take(self, index: Ints) -> Self:
        """Values of the designs of an index."""
        return type(self)(**{n: v.take(index, axis=0) for n, v in vars(self).items()})


DEFAULT_SNR_ADC_DB = 15.0
"""Default limit on ADC SQNR, dB: networks lose at most one point of accuracy above 13 to 15 dB.

It is the same for all devices, as is the noise added by ADCs.
"""
MOST_DB = 100.0
"""Largest stated SNR, dB: an ADC that resolves every unit has no noise, but limits need a
number."""
ADC_SQNR, COMPUTE_SNR = "snr", "compute_snr"
"""Resources of the limits on ADC SQNR and on compute SNR, if there are such limits."""
DEFAULT_IR_DROP = 0.05
DEFAULT_LEVEL_SIGMAS = 6.0
"""Default conductance-level margin: two levels 6 σ apart are distinguished at 3 σ."""


@dataclass(frozen=True)
class CircuitLimits:
    """Limits on the circuits of a feasible chip.

    Args:
        snr_adc_dB: smallest ADC SQNR, dB; minus infinity for no limit.
        snr_dB: smallest compute SNR, of ADCs and cells, dB; minus infinity for no limit.
        ir_drop: largest share of the read voltage lost along a wire.
        level_sigmas: smallest distance of neighbouring levels of a cell, in standard deviations.

    Raises:
        ValueError: a share or distance is not positive, or a limit exceeds `MOST_DB`.
    """

    snr_adc_dB: float = DEFAULT_SNR_ADC_DB
    snr_dB: float = -np.inf
    ir_drop: float = DEFAULT_IR_DROP
    level_sigmas: float = DEFAULT_LEVEL_SIGMAS

    def __post_init__(self) -> None:
        if not (self.ir_drop > 0 and self.level_sigmas > 0):
            raise ValueError(f"limits must be positive, got {self}")
        if max(self.snr_adc_dB, self.snr_dB) > MOST_DB:
            raise ValueError(f"limits on SNR must be at most {MOST_DB:g} dB, got {self}")

    @classmethod
    def of_device(cls, device: str, **limits: float) -> CircuitLimits:
        """Limits of a device, some of them changed.

        Args:
            device: name of the memory device.
            limits: changed limits, by field.

        Raises:
            ValueError: the device is unknown, or a limit is not allowed.
        """
        return cls(**({"snr_dB": memory_cell(device).snr_limit_dB} | limits))

    @property
    def resources(self) -> tuple[str, ...]:
        """Names of the resources of these limits."""
        of_noise = {ADC_SQNR: self.snr_adc_dB, COMPUTE_SNR: self.snr_dB}
        limited = (name for name, least_dB in of_noise.items() if least_dB > -np.inf)
        return (*limited, "levels", "wires", "sampling")


def ir_drop(
    designs: Designs, adcs: Floats, wire_ohm_per_m: Floats, technology: Technology
) -> Floats:
    """Largest share of the read voltage lost along a column, or, with levels, along a row.

    a · rows / 2 · G · R_col with interleaved active rows, and with levels columns at once · cols /
    2 · G · R_row. All columns conduct at once with a sample-and-hold each, else as many as there
    are ADCs (twice for pairs; all parallel columns).

    Args:
        designs: n chips.
        adcs: ADCs of a macro, shape (n,).
        wire_ohm_per_m: resistance of the array wires, Ω/m, shape (n,).
        technology: cells and their conductances.

    Returns:
        Shape (n,); 0 for devices that draw no current.

    Source: Xiao et al., IEEE Circuits and Systems Magazine 2022, for the form of the product.
    """
    currents = technology.device.currents(designs, technology.assumptions)
    if currents is None:
        return np.zeros(len(designs))
    feature = designs.technology_nm * 1e-9
    ohm = wire_ohm_per_m * feature * currents.conductance_S
    column = designs.active_rows * designs.rows / 2 * ohm * currents.height_F
    converted = adcs * (1 + designs.differential)
    in_turn = np.minimum(converted * designs.redundancy, designs.cols)
    at_once = np.where(designs.sample_and_hold > 0, designs.cols, in_turn)
    row = at_once * designs.cols / 2 * ohm * currents.width_F
    return np.maximum(column, np.where(designs.level_coded, row, 0.0))


def level_sigmas(designs: Designs, technology: Technology) -> Floats:
    """Conductance-level margin: distance of neighbouring levels in standard deviations, (n,).

    Infinite for exact sums.
    """
    if technology.device.exact:
        return np.full(len(designs), np.inf)
    usual = technology.device.sigma(technology.assumptions)
    sigma: Floats | float = usual
    if designs.cell_errors.any():
        bits = range(1, LIMITS["bits_per_cell"][1] + 1)
        table = np.array([[sigma_of(name, b, usual) for b in bits] for name in CELL_ERRORS])
        sigma = table[designs.cell_errors, designs.bits_per_cell - 1]
    distance: Floats = 1 / ((2.0**designs.bits_per_cell - 1) * sigma)
    return distance


def sampling_share(designs: Designs, technology: Technology) -> Floats:
    """Share of the noise power of a conversion that sampling a column takes, shape (n,).

    0 where `adc_noise` is 0, and for ADCs without noise.
    """
    if not (technology.switches.shared_converters and designs.adc_noise.any()):
        return np.zeros(len(designs))
    sampled = technology.device.sampling_V2(designs, technology.assumptions)
    allowed = adc_noise_V2(designs, technology)
    return np.divide(sampled, allowed, out=np.zeros(len(designs)), where=allowed > 0)


def constraints(
    known: PhysicalResources, limits: CircuitLimits, accuracy: PredictedAccuracy | None = None
) -> dict[str, Resource]:
    """Resources of chips and capacity shortfall of each network, with circuit limits."""
    one = np.ones(known.missing_cells.shape[0])
    return {
        "cells": Resource(known.cells, known.missing_cells),
        # A chip may have almost no buffer, so missing bits count in units of 1 KiB.
        "buffer_bits": Resource(BITS_PER_KIB * one, known.missing_bits),
        **{
            name: Resource(one, np.maximum(share - 1, 0.0))
            for name, share in limit_use(known, limits, accuracy).items()
        },
    }


NOISE_LIMITS = {ADC_SQNR, COMPUTE_SNR, "accuracy"}
"""Circuit limits that depend on the noise of products."""


def limit_use(
    known: PhysicalResources, limits: CircuitLimits, accuracy: PredictedAccuracy | None = None
) -> dict[str, Floats]:
    """Share of each circuit limit that networks use, 1 at the limit, shape (n, W).

    For accuracy it is 1 + `beyond_allowed`, since the allowed drop may be 0.
    """
    alike = np.ones((1, known.missing_cells.shape[1]))
    used = {
        # 3 dB are one octave of noise power.
        ADC_SQNR: 10 ** ((limits.snr_adc_dB - np.minimum(known.snr_adc_dB, MOST_DB)) / 10),
        COMPUTE_SNR: 10 ** ((limits.snr_dB - np.minimum(known.snr_dB, MOST_DB)) / 10),
        "levels": (limits.level_sigmas / known.level_sigmas)[:, None] * alike,
        "wires": (known.ir_drop / limits.ir_drop)[:, None] * alike,
        "sampling": (known.sampling / MOST_SAMPLING)[:, None] * alike,
    }
    used = {name: used[name] for name in limits.resources}
    if accuracy is not None and accuracy.limited:
        beyond = beyond_allowed(known.accuracy_drop, accuracy.allowed)
        used["accuracy"] = np.maximum(1 + beyond, 0.0)
    return used
