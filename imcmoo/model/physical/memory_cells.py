"""Memory cells of RRAM and SRAM: energies, write times, variation and read current."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imcmoo.model.metrics import Floats
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.parameters import CELL_ERRORS, Designs, refuse

Quantities = Mapping[str, Floats]

LEVEL_SIGMAS: dict[str, tuple[float, ...]] = {
    "wan2022_1s": (0.348, 16.030, -43.853, 45.393, -16.815),
    "wan2022_1d": (0.701, 22.086, -50.773, 47.095, -16.458),
}
"""Standard deviation of a cell in µS by what it holds as a share of its range, 40 µS: coefficients
of a polynomial, constant first. A second and a day after programming.

Source: fits of aihwkit 1.x (`ReRamWan2022NoiseModel`) to Wan et al., Nature 2022 (NeuRRAM).
"""
LEVEL_RANGE_uS = 40.0


def level_variances(cell_errors: str, shares: Floats) -> Floats:
    """Variance of cells in squares of their range, by what they hold as a share of it.

    Args:
        cell_errors: one of `LEVEL_SIGMAS`.
        shares: of any shape.
    """
    sigma = np.polynomial.polynomial.polyval(shares, LEVEL_SIGMAS[cell_errors])
    variances: Floats = np.square(sigma / LEVEL_RANGE_uS, dtype=np.float64)
    return variances


def sigma_of(cell_errors: str, bits: int, uniform: float) -> float:
    """Standard deviation of a cell as a share of its range, root mean square of its levels.

    Args:
        cell_errors: "uniform", or one of `LEVEL_SIGMAS`.
        bits: per cell.
        uniform: standard deviation where it is alike on all levels.
    """
    if cell_errors == "uniform":
        return uniform
    levels = np.linspace(0.0, 1.0, 2**bits)
    return float(np.sqrt(level_variances(cell_errors, levels).mean()))


@dataclass(frozen=True, eq=False)
class CellPrices:
    """Costs of one cell, arrays of shape (n,).

    Args:
        low_J: one pulse, or one held level, through a cell that holds 0.
        span_J: what a cell that holds its largest value costs more.
        write_J: writing one cell.
        row_write_s: writing one row of a macro.
    """

    low_J: Floats
    span_J: Floats
    write_J: Floats
    row_write_s: Floats


class Rram:
    """Resistive cells: resident, several bits, read by a pulse of current."""

    name = "rram"
    streams = False
    draws_current = True
    """Reading draws a current through the wires."""

    def check(self, designs: Designs) -> None:
        """Refuse designs that RRAM cannot be.

        Raises:
            ValueError: ping-pong arrays.
        """
        refuse("ping_pong", designs.ping_pong, designs.ping_pong > 0, "0 for RRAM")

    def prices(
        self,
        designs: Designs,
        array: Mapping[str, Floats],
        slowdown: Floats,
        assumptions: Assumptions,
    ) -> CellPrices:
        """Energies of a cell as NeuroSim gives them, the pulse's scaled to its length.

        How long cells take to be written is theirs, not the supply's.
        """
        pulse = assumptions.pulse_s.value / 10e-9
        low = array["cell_read_low"] * pulse
        # NeuroSim's write is one pulse of 50 ns of its cell file.
        shots = assumptions.rram_write_pulses.value * assumptions.rram_write_pulse_s.value / 50e-9
        mean_write = (array["cell_write_low"] + array["cell_write_high"]) / 2
        write_s = assumptions.rram_write_pulses.value * assumptions.rram_write_pulse_s.value
        return CellPrices(
            low_J=low,
            span_J=array["cell_read_high"] * pulse - low,
            write_J=mean_write * shots,
            row_write_s=np.full(len(designs), write_s),
        )

    def inputs_s(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Time of the pulses of a slice. One level is held for a pulse, whose energy it takes."""
        pulses = np.where(designs.level_coded, 1.0, 2.0**designs.input_slice_bits - 1)
        return pulses * assumptions.pulse_s.value

    def sigma(self, assumptions: Assumptions) -> float:
        """Spread of a cell's value as a share of its range."""
        return assumptions.rram_sigma.value


class Sram:
    """SRAM cells: one bit, weights may be streamed, read by moving charge."""

    name = "sram"
    streams = True
    draws_current = False
    """Charge is shared: no current flows while the column is read."""

    def check(self, designs: Designs) -> None:
        """Refuse designs that SRAM cannot be.

        Raises:
            ValueError: more than one bit per cell, or cell errors that differ between levels.
        """
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
        assumptions: Assumptions,
    ) -> CellPrices:
        """Charge of a cell per read; writing as CACTI writes the same cells as a memory."""
        supply = (designs.voltage_V / assumptions.nominal_V.value) ** 2
        return CellPrices(
            low_J=assumptions.sram_cell_F.value * designs.voltage_V**2,
            span_J=np.zeros(len(designs)),
            write_J=array["memory_write"] / designs.cols * supply,
            row_write_s=assumptions.sram_row_write_s.value * slowdown,
        )

    def inputs_s(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Time of the pulses of a slice. Levels settle while the array does."""
        pulses = np.where(designs.level_coded, 0.0, 2.0**designs.input_slice_bits - 1)
        return pulses * assumptions.pulse_s.value

    def sigma(self, assumptions: Assumptions) -> float:
        """Mismatch of the unit capacitors."""
        return assumptions.sram_sigma.value


MemoryCell = Rram | Sram
MEMORY_CELLS: dict[str, MemoryCell] = {"rram": Rram(), "sram": Sram()}
