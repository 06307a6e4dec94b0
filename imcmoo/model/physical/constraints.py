"""Constraints on chips: weight capacity, line buffers, ADC SQNR, conductance levels, IR drop;
compute SNR and accuracy drop where they are limited.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.model.metrics import Floats, Resource
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import OperatingPoint, adcs_per_macro
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.mapping import columns_of_slices, place
from imcmoo.model.physical.memory_cells import MemoryCell, sigma_of
from imcmoo.model.physical.metrics import PhysicalResources
from imcmoo.model.physical.parameters import BITS_PER_KIB, CELL_ERRORS, LIMITS, Designs
from imcmoo.model.physical.predicted_accuracy import PredictedAccuracy, beyond_allowed
from imcmoo.model.physical.replication import ReplicationRule
from imcmoo.model.physical.switches import Switches

DEFAULT_AREA_M2 = 800e-6
DEFAULT_SNR_ADC_DB = 15.0
"""Least ADC SQNR: above 13 to 15 dB of true noise networks lose at most one point of accuracy.

Noise that ADCs add is the same in every device, so that the limit is, too.
"""
DEFAULT_SNR_DB = {"sram": 15.0, "rram": -np.inf}
"""Least compute SNR by device. On RRAM no chip without cells in parallel would keep a limit at the
cell errors assumed: its networks have to be trained with these errors."""
MOST_DB = 100.0
"""Largest SNR that is stated, far beyond the 50 dB of 8-bit numbers: an ADC that resolves every
unit has no noise, which no limit or objective can be compared with."""
COMPUTE_SNR = "compute_snr"
"""Resource that stands for the limit on compute SNR, where there is one."""
DEFAULT_IR_DROP = 0.05
DEFAULT_LEVEL_SIGMAS = 6.0
"""Two levels are told apart at 3 σ on either side where they are 6 σ apart."""


@dataclass(frozen=True)
class CircuitLimits:
    """Limits that the circuits of a feasible chip keep.

    Args:
        snr_adc_dB: least ADC SQNR.
        snr_dB: least compute SNR, of ADCs and cells; minus infinity for no limit.
        ir_drop: largest share of the read voltage that may be lost along a wire.
        level_sigmas: least distance of neighbouring levels of a cell, in standard deviations.

    Raises:
        ValueError: a share or a distance that is not positive, or a limit above `MOST_DB`.
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
        """Limits of a device, some of them changed."""
        return cls(**({"snr_dB": DEFAULT_SNR_DB.get(device, -np.inf)} | limits))

    @property
    def resources(self) -> tuple[str, ...]:
        """Resources that stand for these limits."""
        compute = (COMPUTE_SNR,) if self.snr_dB > -np.inf else ()
        return ("snr", *compute, "levels", "wires")


def ir_drop(
    designs: Designs,
    point: OperatingPoint,
    *,
    device: MemoryCell,
    assumptions: Assumptions,
    switches: Switches,
) -> Floats:
    """Largest share of the read voltage lost along a column, or with levels along a row.

    a · rows / 2 · G · R_col with the active rows interleaved, and with levels
    columns at once · cols / 2 · G · R_row, where all columns conduct at once with a sample-and-hold
    each, else as many as there are ADCs (of pairs, twice; of columns in parallel, all).

    Returns:
        Shape (n,); 0 for devices that draw no current.

    Source: Xiao et al., IEEE Circuits and Systems Magazine 2022, for the form of the product.
    """
    if not device.resistive():
        return np.zeros(len(designs))
    feature = designs.technology_nm * 1e-9
    cell = np.where(
        designs.differential, assumptions.differential_cell_S.value, assumptions.offset_cell_S.value
    )
    ohm = point.wire_ohm_per_m * feature * cell
    column = designs.active_rows * designs.rows / 2 * ohm * assumptions.column_pitch_F.value
    converted = adcs_per_macro(designs, switches) * (1 + designs.differential)
    in_turn = np.minimum(converted * designs.redundancy, designs.cols)
    at_once = np.where(designs.sample_and_hold > 0, designs.cols, in_turn)
    row = at_once * designs.cols / 2 * ohm * assumptions.row_pitch_F.value
    return np.maximum(column, np.where(designs.level_coded, row, 0.0))


def level_sigmas(designs: Designs, *, device: MemoryCell, assumptions: Assumptions) -> Floats:
    """Conductance-level margin: distance of neighbouring levels in standard deviations, (n,)."""
    usual = device.sigma(assumptions)
    sigma: Floats | float = usual
    if designs.cell_errors.any():
        bits = range(1, LIMITS["bits_per_cell"][1] + 1)
        table = np.array([[sigma_of(name, b, usual) for b in bits] for name in CELL_ERRORS])
        sigma = table[designs.cell_errors, designs.bits_per_cell - 1]
    distance: Floats = 1 / ((2.0**designs.bits_per_cell - 1) * sigma)
    return distance


def capacity_shortfall(
    layers: LayerTable,
    designs: Designs,
    replication: ReplicationRule,
    *,
    co_resident: bool,
    switches: Switches,
) -> tuple[Floats, Floats]:
    """Macros that networks lack to be resident, and buffer bits they lack to be pipelined.

    Args:
        layers: L distinct layers.
        designs: n chips, of which only the mapping key matters.
        replication: of layers; used for pipelined designs only.
        co_resident: whether all networks have to be on the chip.
        switches: `placement` and `diagonal_groups` matter.

    Returns:
        Two arrays of shape (n, W); the second is of the worst layer, 0 for sequential designs.
    """
    macros = place(layers, designs, diagonal_groups=switches.diagonal_groups).macros
    need = _needed(layers, macros, co_resident, switches)
    lines = np.zeros((len(designs), layers.n_networks))
    pipelined = np.flatnonzero(designs.pipelined)
    if len(pipelined):
        pipelines = designs.take(pipelined)
        factor = np.maximum(replication.of(pipelines).resident, 1.0)
        tiles = np.ceil(macros[pipelined] / pipelines.macros_per_tile[:, None])
        room = factor * tiles * (pipelines.rows * pipelines.macros_per_tile * 8)[:, None]
        shortfall = np.maximum(layers.line_words * layers.input_bits - room, 0.0)
        lines[pipelined] = layers.largest(shortfall * ~layers.dynamic)
    return np.maximum(need - designs.macros[:, None], 0.0), lines


def needed_macros(
    layers: LayerTable, designs: Designs, *, co_resident: bool, switches: Switches
) -> Floats:
    """Macros that networks need to be resident, shape (n, W); arguments of `capacity_shortfall`."""
    macros = place(layers, designs, diagonal_groups=switches.diagonal_groups).macros
    return _needed(layers, macros, co_resident, switches)


def _needed(layers: LayerTable, macros: Floats, co_resident: bool, switches: Switches) -> Floats:
    """Macros of all layers; without the placement rule only of a network's largest layer."""
    if not switches.placement:
        return layers.largest(macros)
    need: Floats = layers.total(macros)
    if co_resident:
        need = np.broadcast_to(need.sum(axis=1, keepdims=True), need.shape)
    return need


def least_missing_cells(layers: LayerTable, designs: Designs) -> Floats:
    """Cells of the weights beyond those of the chip, without regard to placement, shape (n, W)."""
    bits = layers.weight_bits.min() - designs.differential
    slices = np.ceil(bits / designs.bits_per_cell)
    columns = columns_of_slices(slices, designs.redundancy) * (1 + designs.differential)
    weights = layers.total(layers.stored_bits / layers.weight_bits)
    cells = designs.macros * designs.rows * designs.cols
    return np.maximum(columns[:, None] * weights - cells[:, None], 0.0)


def constraints(
    known: PhysicalResources, limits: CircuitLimits, accuracy: PredictedAccuracy | None = None
) -> dict[str, Resource]:
    """Resources of chips and capacity shortfall of each network, circuit limits included.

    Args:
        known: of the chips.
        limits: of circuits.
        accuracy: drops that networks are allowed.
    """
    one = np.ones(known.missing_cells.shape[0])
    return {
        "cells": Resource(known.cells, known.missing_cells),
        # A chip may have no buffer to speak of: missing bits count in units of 1 KiB.
        "buffer_bits": Resource(BITS_PER_KIB * one, known.missing_bits),
        **{
            name: Resource(one, np.maximum(share - 1, 0.0))
            for name, share in limit_use(known, limits, accuracy).items()
        },
    }


NOISE_LIMITS = {"snr", COMPUTE_SNR, "accuracy"}
"""Circuit limits that depend on the noise of products."""


def limit_use(
    known: PhysicalResources, limits: CircuitLimits, accuracy: PredictedAccuracy | None = None
) -> dict[str, Floats]:
    """Share of each circuit limit that networks use, 1 at the limit, shape (n, W).

    Of accuracy it is 1 + `beyond_allowed`, since no drop may be allowed.
    """
    alike = np.ones((1, known.missing_cells.shape[1]))
    used = {
        # 3 dB are one octave of noise power.
        "snr": 10 ** ((limits.snr_adc_dB - np.minimum(known.snr_adc_dB, MOST_DB)) / 10),
        COMPUTE_SNR: 10 ** ((limits.snr_dB - np.minimum(known.snr_dB, MOST_DB)) / 10),
        "levels": (limits.level_sigmas / known.level_sigmas)[:, None] * alike,
        "wires": (known.ir_drop / limits.ir_drop)[:, None] * alike,
    }
    used = {name: used[name] for name in limits.resources}
    if accuracy is not None and accuracy.limited:
        beyond = beyond_allowed(known.accuracy_drop, accuracy.allowed)
        used["accuracy"] = np.maximum(1 + beyond, 0.0)
    return used
