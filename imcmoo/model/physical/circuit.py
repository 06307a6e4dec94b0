"""Parameters of a chip that decide the products it computes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.io.errors import check_choice
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import MemoryCell
from imcmoo.model.physical.parameters import ADC_WINDOWS, CELL_ERRORS, LIMITS, AdcWindow, Designs

HIGHEST_PRECISION = 16


LEVEL_SIGMAS: dict[str, tuple[float, ...]] = {
    "wan2022_1s": (0.348, 16.030, -43.853, 45.393, -16.815),
    "wan2022_1d": (0.701, 22.086, -50.773, 47.095, -16.458),
}
"""Standard deviation of a cell in µS by its stored level as a share of its range, 40 µS:
coefficients of a polynomial, constant first; 1 s and 1 day after programming.

Source: fits of aihwkit 1.x (`ReRamWan2022NoiseModel`) to Wan et al., Nature 2022 (NeuRRAM).
"""
LEVEL_RANGE_uS = 40.0


def level_variances(cell_errors: str, shares: Floats) -> Floats:
    """Variance of a cell by its stored level, in squares of its range.

    Args:
        cell_errors: one of `LEVEL_SIGMAS`.
        shares: stored level as a share of the range, 0 to 1, any shape.
    """
    sigma = np.polynomial.polynomial.polyval(shares, LEVEL_SIGMAS[cell_errors])
    variances: Floats = np.square(sigma / LEVEL_RANGE_uS, dtype=np.float64)
    return variances


def sigma_of(cell_errors: str, bits: int, uniform: float) -> float:
    """Standard deviation of a cell as a share of its range, root mean square over levels.

    Args:
        cell_errors: "uniform", or one of `LEVEL_SIGMAS`.
        bits: bits per cell.
        uniform: standard deviation if "uniform".
    """
    if cell_errors == "uniform":
        return uniform
    levels = np.linspace(0.0, 1.0, 2**bits)
    return float(np.sqrt(level_variances(cell_errors, levels).mean()))


@dataclass(frozen=True)
class Circuit:
    """Parameters of arrays, cells and ADCs; `of_designs` takes them from design columns.

    Args:
        rows: rows of a macro.
        active_rows: rows read at once.
        input_slice_bits: input bits applied at once (d_x).
        bits_per_cell: weight bits stored in one cell (b).
        differential: True if a weight is the difference of two cells.
        adc_bits: resolution of the ADCs. If None, the sums are not converted.
        sigma: standard deviation of a cell as a share of its range, drawn once per chip.
        read_sigma: standard deviation of each read of a cell, as a share of its range.
        window_sigmas: half width of the ADC window "sigma", in standard deviations of the sums.
        adc_window: rule for the ADC window.
        redundancy: parallel cells of each of the more significant half of the weight slices.
        cell_errors: "uniform" for `sigma` on all levels, else a name in `CELL_ERRORS`.
        weight_clip: largest stored weight as a share of the largest of its channel.
        input_bits, weight_bits: precision of inputs and weights.

    Raises:
        ValueError: a value that no chip can have.
    """

    rows: int
    active_rows: int
    input_slice_bits: int
    bits_per_cell: int
    differential: bool
    adc_bits: int | None
    sigma: float = 0.0
    read_sigma: float = 0.0
    window_sigmas: float = 4.0
    adc_window: AdcWindow = "sigma"
    redundancy: int = 1
    cell_errors: str = "uniform"
    weight_clip: float = 1.0
    input_bits: int = 8
    weight_bits: int = 8

    def __post_init__(self) -> None:
        check_choice("adc_window", self.adc_window, ADC_WINDOWS)
        check_choice("cell_errors", self.cell_errors, CELL_ERRORS)
        if not 1 <= self.active_rows <= self.rows:
            raise ValueError(f"active_rows must be 1 to {self.rows}, got {self.active_rows}")
        if not 0 < self.weight_clip <= 1:
            raise ValueError(f"weight_clip must be above 0 and at most 1, got {self.weight_clip:g}")
        for name in ("input_bits", "weight_bits"):
            if not 2 <= getattr(self, name) <= HIGHEST_PRECISION:
                raise ValueError(
                    f"{name} must be 2 to {HIGHEST_PRECISION}, got {getattr(self, name)}"
                )
        most = LIMITS["redundancy"][1]
        if not 1 <= self.redundancy <= most:
            raise ValueError(f"redundancy must be 1 to {most}, got {self.redundancy}")
        for name in ("sigma", "read_sigma"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(
                    f"{name} must be at least 0 and finite, got {getattr(self, name):g}"
                )

    def without_errors(self) -> Circuit:
        """An exact circuit of the same precision."""
        exact: dict[str, Any] = {"sigma": 0.0, "read_sigma": 0.0, "cell_errors": "uniform"}
        return replace(self, **exact, adc_bits=None, weight_clip=1.0)

    @classmethod
    def of_designs(
        cls, designs: Designs, device: MemoryCell, assumptions: Assumptions
    ) -> list[Circuit]:
        """Circuits of designs, with the cell and read errors of the physical model, if any.

        Args:
            designs: n designs.
            device: memory device.
            assumptions: cell and read errors, and the width of the ADC window.

        Raises:
            ValueError: the device cannot be such a chip.
        """
        device.check(designs)
        circuits = [
            cls(
                rows=int(designs.rows[at]),
                active_rows=int(designs.active_rows[at]),
                input_slice_bits=int(designs.input_slice_bits[at]),
                bits_per_cell=int(designs.bits_per_cell[at]),
                differential=bool(designs.differential[at]),
                adc_bits=int(designs.adc_bits[at]),
                sigma=device.sigma(assumptions),
                read_sigma=assumptions.read_sigma.value,
                window_sigmas=assumptions.adc_window_sigmas.value,
                adc_window=ADC_WINDOWS[designs.adc_window[at]],
                redundancy=int(designs.redundancy[at]),
                cell_errors=CELL_ERRORS[designs.cell_errors[at]],
            )
            for at in range(len(designs))
        ]
        return [c.without_errors() for c in circuits] if device.exact else circuits


def slice_maxima(bits: int, width: int) -> Floats:
    """Largest value of each slice, least significant first; the last may be shorter."""
    lows = np.arange(0, bits, width)
    maxima: Floats = 2.0 ** np.minimum(width, bits - lows) - 1
    return maxima


def parallel_cells(slices: int, redundancy: int) -> Floats:
    """Parallel cells of each slice, least significant first, shape (slices,)."""
    cells = np.ones(slices)
    cells[slices // 2 :] = redundancy
    return cells
