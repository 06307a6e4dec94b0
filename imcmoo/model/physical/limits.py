"""Physical limits a study may set: loss along wires, and levels of a cell that are confused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.devices import Device
from imcmoo.model.physical.operating_point import OperatingPoint
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.parts import converters_per_macro
from imcmoo.model.physical.switches import Switches

Floats = NDArray[np.float64]

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
