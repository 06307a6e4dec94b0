"""Parameters of a chip that decide the products it computes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.io.errors import check_choice
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import MemoryCell, Technology
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
EFFECTIVE = "effective_1s"
ON_KOHM, OFF_KOHM, SERIES_KOHM = 6.0, 900.0, 195.0
"""Resistance of the cell of the cost model at both ends of its range, and of what is in series."""


def level_variances(cell_errors: str, shares: Floats) -> Floats:
    """Variance of a cell by its stored level, in squares of its range.

    Args:
        cell_errors: one of `LEVEL_SIGMAS`, or `EFFECTIVE`.
        shares: stored level as a share of the range, 0 to 1, any shape.
    """
    if cell_errors == EFFECTIVE:
        return _effective_variances(shares)
    sigma = np.polynomial.polynomial.polyval(shares, LEVEL_SIGMAS[cell_errors])
    variances: Floats = np.square(sigma / LEVEL_RANGE_uS, dtype=np.float64)
    return variances


def _effective_variances(shares: Floats) -> Floats:
    """Variance of a cell in series with its access, whose own errors are those of Wan et al.

    Above their range the error goes with the conductance.
    """
    off, on = (1e3 / (bare + SERIES_KOHM) for bare in (OFF_KOHM, ON_KOHM))
    stored = off + np.asarray(shares, np.float64) * (on - off)
    bare = stored / (1 - stored * SERIES_KOHM * 1e-3)
    level = bare / LEVEL_RANGE_uS
    law = LEVEL_SIGMAS["wan2022_1s"]
    sigma = np.polynomial.polynomial.polyval(np.minimum(level, 1.0), law) * np.maximum(level, 1.0)
    through = sigma / (1 + bare * SERIES_KOHM * 1e-3) ** 2
    return np.square(through / (on - off))


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


PERFECT_CELLS: dict[str, Any] = {
    "sigma": 0.0,
    "read_sigma": 0.0,
    "cell_errors": "uniform",
    "reference_columns": 0.0,
    "stuck_share": 0.0,
}
"""Values of the fields of a `Circuit` whose cells have no errors."""


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
        reference_columns: columns of off cells of each weight slice, whose mean is subtracted
            from all others; 0 for none.
        stuck_share: share of cells stuck at an end of their range, at either alike.
        adc_noise: rms noise of each conversion, in units of a sum.
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
    reference_columns: float = 0.0
    stuck_share: float = 0.0
    adc_noise: float = 0.0
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
        for name in ("sigma", "read_sigma", "stuck_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be 0 to 1, got {getattr(self, name):g}")
        for name in ("reference_columns", "adc_noise"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(
                    f"{name} must be at least 0 and finite, got {getattr(self, name):g}"
                )

    @property
    def reference_variance(self) -> float:
        """Variance of the mean of the reference columns, by row, in squares of a cell's range."""
        if self.reference_columns == 0:
            return 0.0
        if self.cell_errors == "uniform":
            return self.sigma**2 / self.reference_columns
        return float(level_variances(self.cell_errors, np.zeros(()))) / self.reference_columns

    def without_errors(self) -> Circuit:
        """An exact circuit of the same precision."""
        return replace(self, **PERFECT_CELLS, adc_noise=0.0, adc_bits=None, weight_clip=1.0)

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
        references = device.reference_columns(designs, assumptions)
        circuits = [
            cls(
                rows=int(designs.rows[at]),
                active_rows=int(designs.active_rows[at]),
                input_slice_bits=int(designs.input_slice_bits[at]),
                bits_per_cell=int(designs.bits_per_cell[at]),
                differential=bool(designs.differential[at]),
                adc_bits=int(designs.adc_bits[at]),
                sigma=device.sigma(assumptions),
                read_sigma=device.read_sigma(assumptions),
                reference_columns=float(references[at]),
                stuck_share=device.stuck_share(assumptions),
                window_sigmas=assumptions.adc_window_sigmas.value,
                adc_window=ADC_WINDOWS[designs.adc_window[at]],
                redundancy=int(designs.redundancy[at]),
                cell_errors=CELL_ERRORS[designs.cell_errors[at]],
                adc_noise=int(designs.adc_noise[at]) / 100,
            )
            for at in range(len(designs))
        ]
        return [c.without_errors() for c in circuits] if device.exact else circuits

    @classmethod
    def of_technology(cls, designs: Designs, technology: Technology) -> list[Circuit]:
        """Circuits of designs, as `of_designs`, without the errors that are switched off."""
        circuits = cls.of_designs(designs, technology.device, technology.assumptions)
        ideal: dict[str, Any] = {}
        if not technology.switches.few_levels:
            ideal |= PERFECT_CELLS
        if not technology.switches.shared_converters:
            ideal["adc_noise"] = 0.0
        return [replace(circuit, **ideal) for circuit in circuits] if ideal else circuits


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
