"""Registry of the memory devices of the physical model, one class each."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.hardware.devices import RRAM, SRAM
from imcmoo.io.errors import check_choice
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import (
    CellCurrents,
    CellPrices,
    HoldCosts,
    MemoryCell,
    Technology,
)
from imcmoo.model.physical.parameters import CELL_ERRORS, Designs, refuse

NEUROSIM_PULSE_S = 10e-9
"""Input pulse of the read energies in the component table, s."""
WORD_LINE_GATE_F = 0.2e-15
"""Gate of a cell's access transistor on its word line, at 28 nm, F (assumption)."""
kT_J = 1.380649e-23 * 300
"""Boltzmann constant times 300 K."""
NEUROSIM_WRITE_S = 50e-9
"""Pulse of the write energies in the component table (NeuroSim's cell file), s."""


def _area_m2(features: float, designs: Designs) -> Floats:
    """Area of a cell of some squares of the node."""
    side: Floats = designs.technology_nm.astype(float) * 1e-9
    return features * side**2


def _shared_F(designs: Designs, assumptions: Assumptions) -> Floats:
    """Capacitance of an SRAM cell and of the lines across it, F."""
    line_F = assumptions.sram_line_F.value * designs.technology_nm / 28
    return assumptions.sram_unit_F.value + line_F


class Rram(MemoryCell):
    """Resistive cells: resident, several bits, read by a pulse of current."""

    name = array = RRAM.name
    streams = cells_leak = False
    reads_again = True
    """NeuroSim multiplies column delay by the columns per ADC, too; ISAAC has a hold per column."""
    snr_limit_dB = -np.inf
    """No limit: with the assumed cell errors only chips with parallel cells would keep one, so
    networks must be trained with these errors."""

    def check(self, designs: Designs) -> None:
        """Refuse ping-pong arrays."""
        refuse("ping_pong", designs.ping_pong, designs.ping_pong > 0, "0 for RRAM")

    def prices(
        self,
        designs: Designs,
        array: Mapping[str, Floats],
        slowdown: Floats,
        technology: Technology,
    ) -> CellPrices:
        """NeuroSim's energies per cell, scaled to the length of the pulse.

        The write time does not depend on the supply voltage.
        """
        assumptions = technology.assumptions
        pulse = assumptions.pulse_s.value / NEUROSIM_PULSE_S
        low = array["cell_read_low"] * pulse
        mean_write = (array["cell_write_low"] + array["cell_write_high"]) / 2
        write_s = assumptions.rram_write_pulses.value * assumptions.rram_write_pulse_s.value
        shots = write_s / NEUROSIM_WRITE_S
        return CellPrices(
            low_J=low,
            span_J=array["cell_read_high"] * pulse - low,
            write_J=mean_write * shots,
            row_write_s=np.full(len(designs), write_s),
        )

    def cell_m2(
        self, designs: Designs, array: Mapping[str, Floats], assumptions: Assumptions
    ) -> Floats:
        """Area of a cell with its access transistor."""
        return _area_m2(assumptions.rram_cell_F2.value, designs)

    def row_pulse_J(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Wire and gates of all columns, charged to a fixed voltage."""
        pitch = assumptions.row_pitch_F.value * designs.technology_nm * 1e-9
        gate_F = WORD_LINE_GATE_F * designs.technology_nm / 28
        cell_F = assumptions.wire_F_per_m.value * pitch + gate_F
        cells = designs.cols * assumptions.word_line_factor.value
        energy: Floats = cells * cell_F * assumptions.word_line_V.value**2
        return energy

    def driver_factor(self, assumptions: Assumptions) -> float:
        """Drivers switch the high voltages of writing."""
        return assumptions.rram_driver_factor.value

    def inputs_s(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Time of the pulses of a slice, s; one level is held for one pulse."""
        pulses = np.where(designs.level_coded, 1.0, 2.0**designs.input_slice_bits - 1)
        return pulses * assumptions.pulse_s.value

    def sigma(self, assumptions: Assumptions) -> float:
        """Variation of the programmed conductance."""
        return assumptions.rram_sigma.value

    def read_sigma(self, assumptions: Assumptions) -> float:
        """Noise of the conductance."""
        return assumptions.rram_read_sigma.value

    def stuck_share(self, assumptions: Assumptions) -> float:
        """Cells that cannot be programmed."""
        return assumptions.rram_stuck_share.value

    def reference_columns(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Off cells conduct, too; pairs cancel their current."""
        return np.where(designs.differential, 0.0, assumptions.reference_columns.value)

    def full_scale(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Voltage of the front end that takes the current."""
        return np.full(len(designs), assumptions.rram_full_scale.value)

    def hold(self, assumptions: Assumptions) -> HoldCosts:
        """Hold a current, which needs a front end."""
        return HoldCosts(assumptions.current_hold_F.value, assumptions.current_hold_m2.value)

    def currents(self, designs: Designs, assumptions: Assumptions) -> CellCurrents:
        """Conductance by weight coding: one cell of a pair is off."""
        return CellCurrents(
            conductance_S=np.where(
                designs.differential,
                assumptions.differential_cell_S.value,
                assumptions.offset_cell_S.value,
            ),
            height_F=assumptions.column_pitch_F.value,
            width_F=assumptions.row_pitch_F.value,
        )


class Sram(MemoryCell):
    """SRAM cells: one bit, weights may be streamed, read by charge sharing without a current."""

    name = array = SRAM.name
    streams = True
    snr_limit_dB = 15.0

    def check(self, designs: Designs) -> None:
        """Refuse more than one bit per cell, and level-dependent cell errors."""
        bits, levels_differ = designs.bits_per_cell, designs.cell_errors > 0
        refuse("bits_per_cell", bits, bits != 1, "1 for SRAM")
        if levels_differ.any():
            names = np.array(CELL_ERRORS)[designs.cell_errors]
            refuse("cell_errors", names, levels_differ, "uniform for SRAM")

    def prices(
        self,
        designs: Designs,
        array: Mapping[str, Floats],
        slowdown: Floats,
        technology: Technology,
    ) -> CellPrices:
        """Charge of a cell's capacitor and lines; write energy of CACTI for such a memory."""
        assumptions = technology.assumptions
        supply = (designs.voltage_V / assumptions.nominal_V.value) ** 2
        return CellPrices(
            low_J=_shared_F(designs, assumptions) * designs.voltage_V**2,
            span_J=np.zeros(len(designs)),
            write_J=array["memory_write"] / designs.cols * supply,
            row_write_s=assumptions.sram_row_write_s.value * slowdown,
        )

    def cell_m2(
        self, designs: Designs, array: Mapping[str, Floats], assumptions: Assumptions
    ) -> Floats:
        """Area of a cell with its capacitor."""
        return _area_m2(assumptions.sram_cell_F2.value, designs)

    def inputs_s(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Time of the pulses of a slice, s; levels settle during the array read."""
        pulses = np.where(designs.level_coded, 0.0, 2.0**designs.input_slice_bits - 1)
        return pulses * assumptions.pulse_s.value

    def full_scale(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Share of the capacitors of cells in the charge of a column."""
        share: Floats = assumptions.sram_unit_F.value / _shared_F(designs, assumptions)
        return share

    def sampling_V2(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Twice kT / C of the rows read at once: of both columns of a pair, or of reset and
        sharing."""
        column_F = designs.active_rows * _shared_F(designs, assumptions)
        power: Floats = 2 * kT_J / column_F
        return power

    def sigma(self, assumptions: Assumptions) -> float:
        """Mismatch of the unit capacitors."""
        return assumptions.sram_mismatch.value / sqrt(assumptions.sram_unit_F.value * 1e15)

    def read_sigma(self, assumptions: Assumptions) -> float:
        """Noise of a read but for that of sampling, which is the ADC's."""
        return assumptions.sram_read_sigma.value

    def stuck_share(self, assumptions: Assumptions) -> float:
        """Cells that cannot be written."""
        return assumptions.sram_stuck_share.value

    def currents(self, designs: Designs, assumptions: Assumptions) -> None:
        """None: charge sharing draws no current."""


MEMORY_CELLS: dict[str, MemoryCell] = {cell.name: cell for cell in (Rram(), Sram())}
"""Devices by name."""


def memory_cell(device: str) -> MemoryCell:
    """The memory cell of a device.

    Raises:
        ValueError: there is no such device; names the known ones.
    """
    check_choice("device", device, MEMORY_CELLS)
    return MEMORY_CELLS[device]


def keeps_weights(device: str) -> bool:
    """True if weights stay on a chip of the device.

    Raises:
        ValueError: there is no such device; names the known ones.
    """
    return not memory_cell(device).streams
