"""Registry of the memory devices of the physical model, one class each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import sqrt

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.hardware.devices import RRAM, SRAM
from imcmoo.io.errors import check_choice
from imcmoo.model.physical.adder_trees import ADDER, FLIP_FLOP, RANK_DELAY, AdderTrees
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import (
    AdcCosts,
    CellCurrents,
    CellPrices,
    HoldCosts,
    MemoryCell,
    RowCosts,
    Technology,
)
from imcmoo.model.physical.parameters import (
    ADC_MODELS,
    ADC_WINDOWS,
    CELL_ERRORS,
    INPUT_CODINGS,
    WEIGHT_CODINGS,
    Designs,
    refuse,
)

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
    title = label = "RRAM"
    streams = cells_leak = False
    multilevel = True
    reads_again = True
    """NeuroSim multiplies column delay by the columns per ADC, too; ISAAC has a hold per column."""
    snr_limit_dB = -np.inf
    """No limit: with the assumed cell errors only chips with parallel cells would keep one, so
    networks must be trained with these errors."""

    defaults: Mapping[str, str | float] = {"tree_stages": 1}
    noise_assumptions = (
        *("rram_sigma", "rram_read_sigma", "rram_stuck_share"),
        "reference_columns",
    )

    def check(self, designs: Designs, weight_bits: int = 1) -> None:
        """Refuse ping-pong arrays."""
        super().check(designs, weight_bits)
        refuse("ping_pong", designs.ping_pong, designs.ping_pong > 0, f"0 for {self.title}")

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
            tree_J=np.zeros(len(designs)),
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

    def inputs_s(self, designs: Designs, slowdown: Floats, assumptions: Assumptions) -> Floats:
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
    title = "SRAM"
    label = "analog SRAM"
    streams = holds_inputs = True
    snr_limit_dB = 15.0
    defaults: Mapping[str, str | float] = {"tree_stages": 1}
    noise_assumptions = (
        *("sram_mismatch", "sram_unit_F", "sram_read_sigma"),
        "sram_stuck_share",
    )

    def check(self, designs: Designs, weight_bits: int = 1) -> None:
        """Refuse level-dependent cell errors."""
        super().check(designs, weight_bits)
        levels_differ = designs.cell_errors > 0
        if levels_differ.any():
            names = np.array(CELL_ERRORS)[designs.cell_errors]
            refuse("cell_errors", names, levels_differ, f"uniform for {self.title}")

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
            tree_J=np.zeros(len(designs)),
            write_J=array["memory_write"] / designs.cols * supply,
            row_write_s=assumptions.sram_row_write_s.value * slowdown,
        )

    def cell_m2(
        self, designs: Designs, array: Mapping[str, Floats], assumptions: Assumptions
    ) -> Floats:
        """Area of a cell with its capacitor."""
        return _area_m2(assumptions.sram_cell_F2.value, designs)

    def second_cell_m2(
        self, designs: Designs, array: Mapping[str, Floats], assumptions: Assumptions
    ) -> Floats:
        """Area of a cell without capacitor: both cells share one."""
        return array["cell_area"]

    def row_pulse_J(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Charge of the two lines of an input across all columns; none if inputs are levels of
        several bits, which DACs apply."""
        line_F = assumptions.input_line_F.value * designs.technology_nm / 28
        energy = designs.cols * line_F * designs.voltage_V**2
        return np.where(designs.level_coded & (designs.input_slice_bits > 1), 0.0, energy)

    def row_circuit(self, designs: Designs, technology: Technology) -> RowCosts:
        """Costs of a DAC; one-bit inputs need none."""
        dac, several = super().row_circuit(designs, technology), designs.input_slice_bits > 1
        return RowCosts(dac.energy_J * several, dac.area_m2 * several)

    def inputs_s(self, designs: Designs, slowdown: Floats, assumptions: Assumptions) -> Floats:
        """Time of the pulses of a slice, s; levels, also of one bit, settle during the array
        read."""
        levels = designs.level_coded | (designs.input_slice_bits == 1)
        pulses = np.where(levels, 0.0, 2.0**designs.input_slice_bits - 1)
        return pulses * assumptions.sram_pulse_s.value * slowdown

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


class Dimc(Sram):
    """Digital in-memory computing: SRAM cells, gates that multiply, adder trees, exact sums.

    A tree column takes the place of an ADC, a cycle of it that of a conversion; input registers
    take the place of DACs.
    """

    name = "dimc"
    title = "DIMC"
    label = "digital SRAM"
    exact = adds_in_trees = True
    snr_limit_dB = -np.inf
    defaults: Mapping[str, str | float] = {
        "adc_bits": 1,
        "bits_per_cell": 1,
        "sample_and_hold": 0,
        "redundancy": 1,
        "adc_model": ADC_MODELS[0],
        "adc_window": ADC_WINDOWS[0],
        "input_coding": INPUT_CODINGS[0],
        "weight_coding": WEIGHT_CODINGS[0],
        "cell_errors": CELL_ERRORS[0],
        "adc_noise": 0,
    }
    decides: Mapping[str, str] = {"active_rows": "macro"}
    component_names: Mapping[str, str] = {"adc": "adder_trees", "dac": "input_registers"}

    def check(self, designs: Designs, weight_bits: int = 1) -> None:
        """Refuse ADCs and analog codings, trees that do not fit the array, and widths of inputs
        that are no power of two."""
        super().check(designs, weight_bits)
        node = designs.technology_nm
        refuse("technology_nm", node, node < LEAST_DIGITAL_NM, SMALL_NODES.format(title=self.title))
        active, bits = designs.active_rows, designs.input_slice_bits
        wrong = (active < 2) | (designs.rows % active != 0)
        refuse("active_rows", active, wrong, f"a divisor of `rows` above 1 for {self.title}")
        wrong = ~np.isin(bits, INPUT_WIDTHS)
        allowed = ", ".join(map(str, INPUT_WIDTHS))
        refuse("input_slice_bits", bits, wrong, f"one of {allowed} for {self.title}")
        wide = designs.cols < weight_bits * designs.columns_per_adc
        refuse("cols", designs.cols, wide, f"at least {weight_bits} · `columns_per_adc`")
        stages, levels = designs.tree_stages, np.ceil(np.log2(active)) + 1
        refuse("tree_stages", stages, stages > levels, "at most 1 + ⌈log2 `active_rows`⌉")

    def prices(
        self,
        designs: Designs,
        array: Mapping[str, Floats],
        slowdown: Floats,
        technology: Technology,
    ) -> CellPrices:
        """Line of an input across a cell that changes, and the gates and adders of a product that
        changes; writing as in analog SRAM."""
        assumptions, weight_bits = technology.assumptions, technology.weight_bits
        gate_J, line_J = _switching_J(designs, assumptions)
        trees = _trees(designs, technology)
        adders = trees.adders * ADDER.charge / (designs.active_rows * weight_bits)
        moved = assumptions.tree_activity.value
        return replace(
            super().prices(designs, array, slowdown, technology),
            low_J=line_J,
            span_J=gate_J * 0.5,
            tree_J=gate_J * (1 + assumptions.tree_wires.value) * moved * adders,
        )

    def cell_m2(
        self, designs: Designs, array: Mapping[str, Floats], assumptions: Assumptions
    ) -> Floats:
        """Area of a cell without capacitor."""
        return array["cell_area"]

    def row_pulse_J(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """None: lines of inputs are part of reading cells."""
        return np.zeros(len(designs))

    def inputs_s(self, designs: Designs, slowdown: Floats, assumptions: Assumptions) -> Floats:
        """No time: inputs are sent within a cycle of the trees."""
        return np.zeros(len(designs))

    def sigma(self, assumptions: Assumptions) -> float:
        """No variation: cells store bits."""
        return 0.0

    def read_sigma(self, assumptions: Assumptions) -> float:
        """No noise: reads give bits."""
        return 0.0

    def stuck_share(self, assumptions: Assumptions) -> float:
        """None: stuck cells are not modelled."""
        return 0.0

    def row_circuit(self, designs: Designs, technology: Technology) -> RowCosts:
        """Input registers, loaded for each of the weights that share a multiplier; the energy has
        that of reading these weights once per input."""
        assumptions, bits = technology.assumptions, designs.input_slice_bits
        gate_J, line_J = _switching_J(designs, assumptions)
        registers = FLIP_FLOP.charge * bits * designs.columns_per_adc
        active = designs.active_rows / designs.rows
        return RowCosts(
            energy_J=gate_J * registers
            + line_J * self.weight_lines(designs) * bits / technology.input_bits,
            area_m2=_gate_m2(designs, assumptions) * FLIP_FLOP.area * bits * active,
        )

    def weight_lines(self, designs: Designs) -> Floats:
        """Return the lines that move when a row of weights is read, in lines across one cell: half
        of the local bit lines of all weights that share a multiplier, 0 if none share."""
        sharing = designs.rows / designs.active_rows * designs.columns_per_adc
        return np.where(sharing > 1, designs.cols / 2 * (1 + sharing), 0.0)

    def column_circuit(
        self,
        designs: Designs,
        array: Mapping[str, Floats],
        slowdown: Floats,
        technology: Technology,
    ) -> AdcCosts:
        """A tree column, and one cycle of it."""
        assumptions, weight_bits = technology.assumptions, technology.weight_bits
        trees, stages = _trees(designs, technology), designs.tree_stages
        gate_J, _ = _switching_J(designs, assumptions)
        gate_s = assumptions.gate_s.value * designs.technology_nm / 28 * slowdown
        critical_s = gate_s * (trees.path / stages + np.where(stages > 1, RANK_DELAY, 0.0))
        limit_s = slowdown * designs.technology_nm / 28 / assumptions.dimc_clock_Hz.value
        clock_s = np.maximum(1.0, slowdown) / assumptions.clock_Hz.value
        bits = designs.input_slice_bits
        adders = bits * trees.adders * ADDER.area
        gates = bits * designs.active_rows + (adders + trees.once("area")) / weight_bits
        return AdcCosts(
            energy_J=gate_J * trees.once("charge") / weight_bits,
            area_m2=_gate_m2(designs, assumptions) * gates,
            static_W=np.zeros(len(designs)),
            time_s=np.maximum(np.maximum(critical_s, clock_s), limit_s),
        )


LEAST_DIGITAL_NM = 16
"""Smallest node at which digital macros are modelled."""
SMALL_NODES = (
    "22 nm or above for {title}: at 4 and 12 nm the model is 2.7 to 5.5 times too efficient; "
    "calibrate to a macro instead"
)
INPUT_WIDTHS = (1, 2, 4, 8)
"""Input bits per cycle of digital macros."""


def _trees(designs: Designs, technology: Technology) -> AdderTrees:
    return AdderTrees.of_designs(designs, technology.input_bits, technology.weight_bits)


def _switching_J(designs: Designs, assumptions: Assumptions) -> tuple[Floats, Floats]:
    """Energy of switching a NAND2, and the line of an input across one cell."""
    scale = designs.voltage_V**2 * assumptions.logic_overhead.value * designs.technology_nm / 28
    return assumptions.gate_F.value * scale, assumptions.line_F.value * scale


def _gate_m2(designs: Designs, assumptions: Assumptions) -> Floats:
    area: Floats = assumptions.gate_m2.value * (designs.technology_nm / 28) ** 2
    return area


MEMORY_CELLS: dict[str, MemoryCell] = {cell.name: cell for cell in (Rram(), Sram(), Dimc())}
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


def is_exact(device: str) -> bool:
    """True if the sums of a device have no analog error.

    Raises:
        ValueError: there is no such device; names the known ones.
    """
    return memory_cell(device).exact
