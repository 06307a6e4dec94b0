"""Sums of row blocks: their distribution, and the noise that cells and ADCs add to them.

The sum of a row block, input slice and weight slice is modelled as Gaussian. Besides independent
rows it has two common modes: all inputs of a sample, and all weights of a column, are large or
small together. A few columns are outliers, whose mean lies `OUTLIER_SIGMAS` standard deviations
off. The statistics of networks without data are assumptions. With measured sums (`Columns`), which
validate the formulas, each column is a Gaussian of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Self

import numpy as np
from scipy.special import erfc

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.model.physical.adc_window import (
    TAIL_SIGMAS,
    Adcs,
    Sums,
    gain_of_rounding,
    least_noise_of_steps,
    noise_of_steps,
    rounded_error,
    share_left,
)
from imcmoo.model.physical.circuit import Circuit, parallel_cells
from imcmoo.model.physical.noise.statistics import Slices, Statistics

OUTLIER_SIGMAS = 6.0
"""Offset of the mean of an outlier column, in standard deviations of the means of columns."""

POWER_SPREAD = ((-np.sqrt(3), 1 / 6), (0.0, 2 / 3), (np.sqrt(3), 1 / 6))
"""Gauss-Hermite nodes and weights of the logarithm of an error variance over samples."""

EDGE_TOLERANCE = 1e-9
"""An edge this close to an integer counts as reaching it (sums are integers)."""

ROUNDING = 1 - 1e-9
"""Factor of a lower bound that allows for rounding."""


def row_blocks(rows: Floats, circuit: Circuit) -> Iterator[tuple[Floats, Floats]]:
    """Lengths of the row blocks of layers, and how many of each.

    Blocks of `active_rows` rows, the rest of a full macro, and the rest of the last macro. `rows`
    is K, shape (n_layers,).
    """
    macros, last = np.divmod(rows, circuit.rows)
    per_macro, rest = divmod(circuit.rows, circuit.active_rows)
    in_last, last_rest = np.divmod(last, circuit.active_rows)
    same = np.ones_like(rows)
    yield circuit.active_rows * same, macros * per_macro + in_last
    if rest:
        yield rest * same, macros
    yield last_rest, (last_rest > 0) * same


def _static_variance(
    statistics: Statistics, layers: Ints, circuit: Circuit, parallel: Floats
) -> Floats | float:
    """Variance of cell errors that stay, relative to the power of a cell; `parallel` cells share
    the reference of their slice."""
    static: Floats | float = circuit.sigma**2
    if statistics.cell_variances is not None:
        variances = statistics.cell_variances[layers] / (1 + circuit.differential)
        static = variances[:, None]
    if circuit.reference_columns > 0:
        static = static + circuit.reference_variance * parallel
    return static


class RowBlocks:
    """Row blocks of layers; arrays of shape (n, input slices, weight slices)."""

    def __init__(
        self, statistics: Statistics, layers: Ints, rows: Floats, circuit: Circuit
    ) -> None:
        x, g = statistics.inputs.take(layers), statistics.weights.take(layers)
        a = rows[:, None]
        self.circuit = circuit
        self._outliers = statistics.outliers
        column_mean, all_inputs = a * g.mean, x.of_sums(a)
        self.mean = x.mean[:, :, None] * column_mean[:, None]
        # Of a column over samples, and of the columns' means.
        column_square = g.mean**2 + g.of_sums(a) / a**2
        self.sample_variance = (a * x.variance)[:, :, None] * g.variance[:, None] + (
            all_inputs[:, :, None] * column_square[:, None]
        )
        rows_differ = np.maximum(x.square - x.mean**2 - x.variance, 0.0)
        self.column_variance = (x.mean**2)[:, :, None] * g.of_sums(a)[:, None] + (
            (a * rows_differ)[:, :, None] * g.variance[:, None]
        )
        parallel = parallel_cells(len(g.maxima), circuit.redundancy)
        self._cell = (1 + circuit.differential) * g.maxima**2 / parallel
        self._static = _static_variance(statistics, layers, circuit, parallel)
        self._set_errors(x, a)
        relative = all_inputs / np.maximum(a * x.mean, 1e-150) ** 2
        self._spread = np.sqrt(np.log1p(relative))[:, :, None]
        self._full = a[:, :, None] * x.maxima[:, None] * g.maxima
        # None, not `self`: a cycle keeps its arrays until garbage is collected.
        self._without_noise: RowBlocks | None = None
        if self.added > 0:
            quiet = replace(circuit, adc_noise=0.0)
            self._without_noise = type(self)(statistics, layers, rows, quiet)

    def _set_errors(self, x: Slices, a: Floats) -> None:
        """Set the variances of errors of ADCs and cells; `a` has numbers of rows, shape (n, 1)."""
        circuit, static, cell = self.circuit, self._static, self._cell
        power = (a * x.square)[:, :, None] * cell
        self.added = circuit.adc_noise**2
        self.read_variance = circuit.read_sigma**2 * power
        if self.added > 0:
            self.read_variance += self.added
        self.error_variance = static * power + self.read_variance
        # A cell's error times the mean input of its row is a constant of the column.
        self.varying_cells = static * (a * x.variance)[:, :, None] * cell
        self._stuck: Floats | None = None
        if circuit.stuck_share > 0:
            # Half of the stuck cells of one bit are at the end that they should have.
            self._stuck = circuit.stuck_share / 2 * (a * x.variance)[:, :, None] * cell
        largest = (a * x.maxima**2)[:, :, None] * cell
        self._largest_error = (static + circuit.read_sigma**2) * largest

    @property
    def _quiet(self) -> RowBlocks:
        """Row blocks of the same sums, read by ADCs without noise."""
        return self._without_noise or self

    @property
    def sums(self) -> Sums:
        """Statistics of the sums at the ADCs."""
        return Sums(
            mean=self.mean,
            variance=self.sample_variance + self.column_variance,
            error_variance=self.error_variance,
            lowest=-self._full * self.circuit.differential,
            highest=self._full,
        )

    def take(self, at: Ints) -> Self:
        """Sums of a flat index, for `sums`, `step_noise` and `clipped`; arrays of shape (m,)."""
        taken = copy(self)
        for name in ("mean", "sample_variance", "column_variance", "error_variance", "_full"):
            setattr(taken, name, getattr(self, name).take(at))
        return taken

    def cell_noise(self, coherence: Floats) -> Floats:
        """Noise of cells and reads without rounding to whole units."""
        return self._with_stuck(self._passed(coherence), coherence)

    def noise_on_units(self, whole: Bools, coherence: Floats) -> tuple[Floats, Floats]:
        """Noise of ADCs and of cells on whole units, where `whole`."""
        adc, cells = self._on_units(whole, self._passed(coherence))
        return adc, self._with_stuck(cells, coherence)

    def _passed(self, coherence: Floats) -> Floats:
        """Noise of cells and reads over samples, without stuck cells."""
        quiet = self._quiet
        passed: Floats = quiet.varying_cells * coherence[:, None, None] + quiet.read_variance
        return passed

    def _with_stuck(self, cells: Floats, coherence: Floats) -> Floats:
        """Add the errors of stuck cells; of a unit or more, they are never rounded away."""
        if self._stuck is None:
            return cells
        return cells + self._stuck * coherence[:, None, None]

    def _on_units(self, whole: Bools, passed: Floats) -> tuple[Floats, Floats]:
        """Noise of ADCs and of cells on whole units; 0 elsewhere.

        Cells are charged as with ADCs without noise, at most all. `passed` has no noise of ADCs.
        """
        if self._without_noise is None:
            return self._rounded(whole, passed)
        total = np.add(*self._rounded(whole, passed + self.added))
        _, alone = self._quiet._rounded(whole, passed)
        cells = np.minimum(alone, total)
        return total - cells, cells

    def _rounded(self, whole: Bools, passed: Floats) -> tuple[Floats, Floats]:
        """Noise of ADCs and of cells after rounding to whole units; 0 elsewhere.

        The share of an error that passes rounding adds up over input slices as the error does; the
        rest does not. ADCs are charged (R(v) − v) times the varying share of v, clamped between 0
        and the remaining noise; cells are charged the rest.
        """
        variance, largest = self.error_variance[whole], self._largest_error[whole]
        quiet = self._quiet.error_variance[whole]
        varying = (self.varying_cells + self.read_variance)[whole]
        spread = np.broadcast_to(self._spread, whole.shape)[whole]
        left = np.zeros(len(variance))
        for node, weight in POWER_SPREAD:
            # The variance differs between samples, but for that of ADCs.
            of_sample = np.minimum(quiet * np.exp(spread * node - spread**2 / 2), largest)
            left += weight * rounded_error(of_sample + self.added)
        gain = gain_of_rounding(variance)
        adc, cells = np.zeros((2, *whole.shape))
        adc[whole], cells[whole] = _charged(left, variance, varying, passed[whole], gain)
        return adc, cells

    def step_noise(self, step: Floats) -> Floats:
        """Noise of ADCs with steps that are not whole units, shape of `step`."""
        noise: Floats = step**2 / 12
        return noise + self.added if self.added > 0 else noise

    def least_step_noise(self, at: Ints, step: Floats) -> Floats:
        """Lower bound of `step_noise` of the sums of a flat index, for steps of `step` or more."""
        return self.step_noise(step)

    def clipped(self, sums: Sums, adcs: Adcs, bits: Ints) -> tuple[Floats, Floats]:
        """Power of sums beyond the codes; 0 with a code for every possible sum.

        Also returns a part of it, above and below, that falls with the width of the window; above
        also with the resolution. Shape (2, *shape of the steps).
        """
        half = adcs.step / 2
        high = adcs.low + adcs.step * (2.0**bits - 1)
        above, usual_above = self._beyond(sums.mean, sums.highest, high + half, half)
        below, usual_below = self._beyond(-sums.mean, -sums.lowest, half - adcs.low, half)
        return above + below, np.stack([usual_above, usual_below])

    def _beyond(
        self, mean: Floats, highest: Floats, edge: Floats, half: Floats
    ) -> tuple[Floats, Floats]:
        """Power by which sums exceed the last code, of all columns and of those but outliers.

        `edge` is the largest sum rounded to the last code, `half` its distance from that code;
        results have its shape.
        """
        power, usual = np.zeros((2, *edge.shape))
        clipped, distance = edge < highest - EDGE_TOLERANCE, edge - mean
        within = self.sample_variance + self.error_variance
        outlier = OUTLIER_SIGMAS * np.sqrt(self.column_variance)
        for inside, variance, share, calibrated in (
            (distance, within + self.column_variance, 1 - self._outliers, False),
            # The mean error of a column is calibrated away.
            (distance - outlier, within, self._outliers / 2, True),
        ):
            near = clipped & (inside < TAIL_SIGMAS * np.sqrt(variance))
            spread = np.sqrt(np.maximum(variance, 1e-12))
            # One resolution at a time, so that arrays are those of the sums and small.
            for at in range(len(edge)):
                sums = np.flatnonzero(near[at])
                error, square = _exceeding(
                    inside[at].take(sums), spread.take(sums), half[at].take(sums)
                )
                if calibrated:
                    square = np.maximum(square - error**2, 0.0)
                power[at].ravel()[sums] += share * square
            if not calibrated:
                usual[:] = power
        return power, usual


class MeasuredBlocks(RowBlocks):
    """Row blocks with measured columns: the sums of each column are Gaussian over samples.

    Arrays of groups have shape (n, input slices, weight slices, G).
    """

    def __init__(
        self, statistics: Statistics, layers: Ints, rows: Floats, circuit: Circuit
    ) -> None:
        super().__init__(statistics, layers, rows, circuit)
        assert statistics.columns is not None
        columns = statistics.columns.take(layers)
        self._mean, self._variance = columns.mean, columns.variance
        self.mean = columns.mean.mean(axis=-1)
        self.sample_variance = columns.variance.mean(axis=-1)
        self.column_variance = columns.mean.var(axis=-1)
        largest = statistics.inputs.maxima[:, None, None]
        self._ends = tuple(v[:, None] * largest for v in (columns.lowest, columns.highest))
        n_groups = columns.varying.shape[2]
        columns_of_group = len(columns.weight) // n_groups
        self._of_columns = columns.weight / len(columns.weight)
        self._of_groups = self._of_columns.reshape(n_groups, -1).sum(axis=1)
        shape = len(rows), 1, len(self._cell), 1
        static, read = (
            np.broadcast_to(v * self._cell, shape[:3]).reshape(shape)
            for v in (self._static, circuit.read_sigma**2)
        )
        power = columns.power[:, :, None]
        self._cells = static * columns.varying[:, :, None]
        self._reads = read * power.mean(axis=-1) + self.added
        self._powers = (static + read)[..., None] * power + self.added
        # Variance of each column's errors over samples, (n, input slices, weight slices, C).
        self._varying = np.repeat(self._cells + self._reads, columns_of_group, axis=-1)

    @cached_property
    def _flat(self) -> tuple[Floats, ...]:
        """Mean, variance, variance of errors and ends of the columns of each sum, (sums, C)."""
        shape, columns = self._varying.shape, self._varying.shape[-1]
        arrays = self._mean, self._variance, self._varying, *self._ends
        return tuple(np.broadcast_to(v, shape).reshape(-1, columns) for v in arrays)

    def take(self, at: Ints) -> Self:
        """Sums of a flat index with their columns; arrays of shape (m,) and (m, C)."""
        taken = super().take(at)
        taken._flat = tuple(v[at] for v in self._flat)
        taken._mean, taken._variance, taken._varying, *ends = taken._flat
        taken._ends = tuple(ends)
        return taken

    def step_noise(self, step: Floats) -> Floats:
        """Noise of ADCs with steps that are not whole units, mean over columns, shape of `step`."""
        of_columns = noise_of_steps(step[..., None], self._variance, self._varying)
        noise = _of_all(of_columns, self._of_columns)
        return noise + self.added if self.added > 0 else noise

    def least_step_noise(self, at: Ints, step: Floats) -> Floats:
        """Lower bound of `step_noise` of the sums of a flat index, for steps of `step` or more."""
        _, variance, varying, *_ = self._flat
        noise = np.full(at.shape, self.added)
        coarse = np.flatnonzero(step >= 1)
        sums = at[coarse]
        least = least_noise_of_steps(step[coarse, None], variance[sums], varying[sums])
        noise[coarse] += ROUNDING * _of_all(least, self._of_columns)
        return noise

    def _rounded(self, whole: Bools, passed: Floats) -> tuple[Floats, Floats]:
        """Noise of ADCs and of cells on whole units; the error power is by group and part of
        samples."""
        of_samples, cells, reads = self._powers[whole], self._cells[whole], self._reads[whole]
        variance = of_samples.mean(axis=-1)
        coherence = (passed - self.read_variance) / np.maximum(self.varying_cells, 1e-300)
        gain = (of_samples * gain_of_rounding(of_samples)).mean(axis=-1)
        charged = _charged(
            rounded_error(of_samples).mean(axis=-1),
            variance,
            cells + reads,
            cells * coherence[whole][:, None] + reads,
            gain / np.maximum(variance, 1e-300),
        )
        noise = np.zeros((2, *whole.shape))
        noise[:, whole] = np.stack(charged) @ self._of_groups
        return noise[0], noise[1]

    def clipped(self, sums: Sums, adcs: Adcs, bits: Ints) -> tuple[Floats, Floats]:
        """Variance over samples of sums beyond the codes, mean over columns; no part of it falls
        with the width for certain."""
        mean, half = self._mean, adcs.step[..., None] / 2
        spread = np.sqrt(np.maximum(self._variance + self._varying, 1e-12))
        highest = adcs.low + adcs.step * (2.0**bits - 0.5)
        error = square = np.zeros(())
        lowest_sum, highest_sum = self._ends
        for side, edge, possible in (
            (1, highest[..., None], highest_sum),
            (-1, half - adcs.low[..., None], -lowest_sum),
        ):
            clipped = edge < possible - EDGE_TOLERANCE
            distance = edge - side * mean
            of_side, its_square = _exceeding(distance, spread, half)
            # No sum errs by more than the largest possible one.
            share = erfc(distance / spread * np.sqrt(0.5)) / 2
            farthest = np.maximum(possible - edge + half, 0.0)
            of_side = np.minimum(of_side, farthest * share)
            its_square = np.minimum(its_square, farthest**2 * share)
            error = error + side * np.where(clipped, of_side, 0.0)
            square = square + np.where(clipped, its_square, 0.0)
        # The mean error of a column is calibrated away.
        power = _of_all(np.maximum(square - error**2, 0.0), self._of_columns)
        return power, np.zeros((2, *power.shape))


def _of_all(noise: Floats, weights: Floats) -> Floats:
    """Sum of noise times weights of columns, on the last axis."""
    # Unlike a matrix product, a sum does not depend on the other row blocks.
    return np.asarray((noise * weights).sum(axis=-1))


def _charged(
    left: Floats, variance: Floats, varying: Floats, passed: Floats, gain: Floats
) -> tuple[Floats, Floats]:
    """Divide the noise after rounding to whole units between ADCs and cells."""
    beyond = left * varying / np.maximum(variance, 1e-300) - varying
    left = left * share_left(np.maximum(variance - varying, 0.0), varying)
    power_gain = gain**2
    total = np.maximum(left - power_gain * varying, 0.0) + power_gain * passed
    adc = np.clip(beyond, 0.0, total)
    return adc, total - adc


def _exceeding(edge: Floats, spread: Floats, half: Floats) -> tuple[Floats, Floats]:
    """Mean and mean square of p − edge + half where a Gaussian p of mean 0 exceeds the edge."""
    z = edge / spread
    above = erfc(z * np.sqrt(0.5)) / 2
    density = np.exp(z * z * -0.5) / np.sqrt(2 * np.pi)
    first = spread * (density - z * above)
    # (1 + z²) Q − z φ = Q − z (φ − z Q)
    second = spread**2 * above - edge * first
    shifted = half * above
    return first + shifted, second + half * (2 * first + shifted)
