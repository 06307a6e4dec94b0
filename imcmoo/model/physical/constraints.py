"""Physical limits a study may set: loss along wires, and levels of a cell that are confused.

What networks lack on a body to run there: cheap to know, and most designs lack something.

What networks lack on chips, as resources of the seam: cells, buffer bits, and the limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.model.metrics import Floats, Resource
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import OperatingPoint, converters_per_macro
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.mapping import place
from imcmoo.model.physical.memory_cells import Device
from imcmoo.model.physical.metrics import PhysicalResources
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.replication import CopiesMemory
from imcmoo.model.physical.switches import Switches

DEFAULT_AREA_M2 = 800e-6
DEFAULT_SNR_ADC_DB = 16.0
"""The knee of accuracy against signal to noise of a small network, see the model's document.

A hard task needs more: studies of large networks should vary it up to 25 dB.
"""
DEFAULT_IR_DROP = 0.05
DEFAULT_LEVEL_SIGMAS = 6.0
"""Two levels are told apart at 3 σ on either side where they are 6 σ apart."""


@dataclass(frozen=True)
class CircuitLimits:
    """What circuits must keep for a chip to be feasible.

    Args:
        snr_adc_dB: least signal to noise of conversion.
        ir_drop: largest share of the read voltage that may be lost along a wire.
        level_sigmas: least distance of neighbouring levels of a cell, in standard deviations.

    Raises:
        ValueError: a share or a distance that is not positive.
    """

    snr_adc_dB: float = DEFAULT_SNR_ADC_DB
    ir_drop: float = DEFAULT_IR_DROP
    level_sigmas: float = DEFAULT_LEVEL_SIGMAS

    def __post_init__(self) -> None:
        if not (self.ir_drop > 0 and self.level_sigmas > 0):
            raise ValueError(f"limits must be positive, got {self}")


def ir_drop(
    designs: Designs,
    point: OperatingPoint,
    *,
    device: Device,
    given: Assumptions,
    switches: Switches,
) -> Floats:
    """Largest share of the read voltage lost along a column, or with levels along a row.

    a · rows / 2 · G · R_col with the active rows interleaved, and with levels
    columns at once · cols / 2 · G · R_row, where all columns conduct at once with a sample-and-hold
    each, else as many as there are converters (of pairs, twice).

    Returns:
        Shape (n,); 0 for devices that draw no current.

    Source: Xiao et al., IEEE Circuits and Systems Magazine 2022, for the form of the product.
    """
    if not device.resistive():
        return np.zeros(len(designs))
    feature = designs.technology_nm * 1e-9
    cell = np.where(
        designs.differential, given.differential_cell_S.value, given.offset_cell_S.value
    )
    ohm = point.wire_ohm_per_m * feature * cell
    column = designs.active_rows * designs.rows / 2 * ohm * given.column_pitch_F.value
    converted = converters_per_macro(designs, switches) * (1 + designs.differential)
    at_once = np.where(designs.sample_and_hold > 0, designs.cols, converted)
    row = at_once * designs.cols / 2 * ohm * given.row_pitch_F.value
    return np.maximum(column, np.where(designs.levels, row, 0.0))


def level_sigmas(designs: Designs, *, device: Device, given: Assumptions) -> Floats:
    """Distance of neighbouring levels of a cell in standard deviations, shape (n,)."""
    distance: Floats = 1 / ((2.0**designs.bits_per_cell - 1) * device.sigma(given))
    return distance


def shortfalls(
    layers: LayerTable,
    bodies: Designs,
    copies: CopiesMemory,
    *,
    together: bool,
    switches: Switches,
) -> tuple[Floats, Floats]:
    """Macros a network lacks to be resident, and buffer its worst layer lacks to be pipelined.

    Args:
        layers: L distinct layers.
        bodies: designs, of which only what makes a body matters.
        copies: of layers; asked about pipelined bodies only.
        together: whether all networks have to be on the chip.
        switches: `placement` and `diagonal_groups` matter.

    Returns:
        Two arrays of shape (n, W); the second is 0 where layers take turns.
    """
    macros = place(layers, bodies, diagonal_groups=switches.diagonal_groups).macros
    need = _needed(layers, macros, together, switches)
    lines = np.zeros((len(bodies), layers.n_networks))
    pipelined = np.flatnonzero(bodies.pipelined)
    if len(pipelined):
        some = bodies.take(pipelined)
        held = np.maximum(copies.of(some).resident, 1.0)
        tiles = np.ceil(macros[pipelined] / some.macros_per_tile[:, None])
        room = held * tiles * (some.rows * some.macros_per_tile * 8)[:, None]
        lacking = np.maximum(layers.line_words * layers.input_bits - room, 0.0)
        lines[pipelined] = layers.largest(lacking * ~layers.dynamic)
    return np.maximum(need - bodies.macros[:, None], 0.0), lines


def needed_macros(
    layers: LayerTable, bodies: Designs, *, together: bool, switches: Switches
) -> Floats:
    """Macros a network needs to be resident, shape (n, W); arguments as of `shortfalls`."""
    macros = place(layers, bodies, diagonal_groups=switches.diagonal_groups).macros
    return _needed(layers, macros, together, switches)


def _needed(layers: LayerTable, macros: Floats, together: bool, switches: Switches) -> Floats:
    """Without honest placement only a network's largest layer has to fit."""
    if not switches.placement:
        return layers.largest(macros)
    need: Floats = layers.total(macros)
    if together:
        need = np.broadcast_to(need.sum(axis=1, keepdims=True), need.shape)
    return need


def _excess(ratio: Floats) -> Floats:
    """By how much a ratio is above 1, 0 below."""
    return np.maximum(ratio - 1, 0.0)


def lacking(known: PhysicalResources, limits: CircuitLimits) -> dict[str, Resource]:
    """What networks lack, limits included."""
    one = np.ones(known.missing_cells.shape[0])
    used = used_of_limits(known, limits)
    return {
        "cells": Resource(known.cells, known.missing_cells),
        # A chip may have no buffer to speak of: what is missing counts in bits of 1 KiB.
        "buffer_bits": Resource(8192 * one, known.missing_bits),
        **{name: Resource(one, _excess(share)) for name, share in used.items()},
    }


def used_of_limits(known: PhysicalResources, limits: CircuitLimits) -> dict[str, Floats]:
    """What networks use of each limit, 1 being all of it, shape (n, W)."""
    alike = np.ones((1, known.missing_cells.shape[1]))
    return {
        # 3 dB are one octave of noise power.
        "snr": np.asarray(10 ** ((limits.snr_adc_dB - known.snr_adc_dB) / 10)),
        "levels": (limits.level_sigmas / known.level_sigmas)[:, None] * alike,
        "wires": (known.ir_drop / limits.ir_drop)[:, None] * alike,
    }
