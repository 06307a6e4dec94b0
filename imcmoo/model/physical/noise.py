"""Noise-to-signal ratio of analog dot products: a closed form from operand statistics.

Four sources: ADCs (noise, steps, and sums beyond the window), wrong cell values, read noise, and
integer rounding of operands (with clipped weights). Constant errors of a column are calibrated
away.

The sum of a row block, input slice and weight slice is modelled as Gaussian. Besides independent
rows it has two common modes: all inputs of a sample, and all weights of a column, are large or
small together. A few columns are outliers, whose mean lies `OUTLIER_SIGMAS` standard deviations
off. The statistics of networks without data are assumptions. With measured sums (`Columns`), which
validate the formulas, each column is a Gaussian of its own.

Formulas: docs/physical_model.md, section 7. In the code x are inputs, g weights, a the rows of a
block, dev cells and reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from typing import Self

import numpy as np
from scipy.special import erfc

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.keyed_cache import Arrays, KeyedCache, Keys
from imcmoo.model.physical.adc_window import (
    CANDIDATE_SIGMAS,
    TAIL_SIGMAS,
    Adcs,
    Sums,
    choose_adcs,
    gain_of_rounding,
    least_noise_of_steps,
    noise_of_steps,
    rounded_error,
    share_left,
)
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.circuit import (
    Circuit,
    level_variances,
    parallel_cells,
    slice_maxima,
)
from imcmoo.model.physical.components import Technology
from imcmoo.model.physical.constraints import MOST_DB
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.parameters import Designs, circuit_keys
from imcmoo.networks.operands import OperandBits, slice_averages, slice_moments
from imcmoo.networks.workloads import BITS

OUTLIER_SIGMAS = 6.0
"""Offset of the mean of an outlier column, in standard deviations of the means of columns."""

POWER_SPREAD = ((-np.sqrt(3), 1 / 6), (0.0, 2 / 3), (np.sqrt(3), 1 / 6))
"""Gauss-Hermite nodes and weights of the logarithm of an error variance over samples."""


EDGE_TOLERANCE = 1e-9
"""An edge this close to an integer counts as reaching it (sums are integers)."""

ROUNDING = 1 - 1e-9
"""Factor of a lower bound that allows for rounding."""

CHUNK = 1 << 15
"""Sums computed at once; their arrays fit the cache."""


@dataclass(frozen=True, eq=False)
class Slices:
    """Statistics of the slices of inputs or weights, arrays of shape (n_layers, n_slices).

    Args:
        mean, square: mean and mean square over rows and samples or columns.
        variance: of a row over samples, mean over rows; of weights over rows and columns.
        covariance: of two rows over samples; of two weights of a column over columns.
        maxima: largest value of each slice, shape (n_slices,).
    """

    mean: Floats
    square: Floats
    variance: Floats
    covariance: Floats
    maxima: Floats

    def of_sums(self, rows: Floats) -> Floats:
        """Variance of the sum over `rows` rows, which broadcast to (n_layers, n_slices)."""
        return np.maximum(rows * (self.variance + (rows - 1) * self.covariance), 0.0)

    def take(self, layers: Ints) -> Slices:
        """Statistics of the layers of an index."""
        by_layer = (self.mean, self.square, self.variance, self.covariance)
        mean, square, variance, covariance = (values[layers] for values in by_layer)
        return Slices(mean, square, variance, covariance, self.maxima)


@dataclass(frozen=True, eq=False)
class Columns:
    """Measured statistics of the columns of n row blocks, without cell errors.

    The C columns are those of G groups in turn; each group has its own inputs.

    Args:
        mean, variance: of the sums of each column over samples, in units (input code × cell value),
            shape (n, input slices, weight slices, C).
        lowest, highest: sums of the negative and of the positive cells of each column, in cell
            values, shape (n, weight slices, C).
        varying: variance of the inputs over samples, summed over rows, in squares of an input code,
            shape (n, input slices, G).
        power: sum of squares of the inputs of a sample, in squares of an input code, mean over
            equal parts of the sorted samples, shape (n, input slices, G, n_parts).
        weight: weight of each column in the mean noise of the layer, mean 1, shape (C,).
    """

    mean: Floats
    variance: Floats
    lowest: Floats
    highest: Floats
    varying: Floats
    power: Floats
    weight: Floats

    def take(self, layers: Ints) -> Columns:
        """Columns of the row blocks of an index."""
        by_layer = (self.mean, self.variance, self.lowest, self.highest, self.varying, self.power)
        mean, variance, lowest, highest, varying, power = (v[layers] for v in by_layer)
        return Columns(mean, variance, lowest, highest, varying, power, self.weight)


@dataclass(frozen=True, eq=False)
class Statistics:
    """Operand statistics of n layers of one precision and slicing.

    Args:
        rows: K, shape (n_layers,).
        inputs: slices of the input codes.
        weights: slices of the cell values, signed if cells are differential.
        input_variance: variance of the codes over samples, mean over rows, shape (n_layers,).
        signal: variance of the integer product over samples, shape (n_layers,).
        rounding: noise over signal of integer rounding of operands, shape (n_layers,).
        outliers: share of outlier columns.
        cell_variances: variance of the cells of each weight slice (pairs together), in squares of
            their range, shape (n_layers, n_slices). If None, by the sigma of the circuit.
        columns: measured sums, each layer being one row block. If None, the distribution of sums is
            assumed.
    """

    rows: Floats
    inputs: Slices
    weights: Slices
    input_variance: Floats
    signal: Floats
    rounding: Floats
    outliers: float
    cell_variances: Floats | None = None
    columns: Columns | None = None


@dataclass(frozen=True, eq=False)
class Noise:
    """Noise over signal of layers, shape (n_layers,): of ADCs, of cells and reads, of rounding."""

    adc: Floats
    dev: Floats
    rounding: Floats


def noise_of(statistics: Statistics, circuit: Circuit) -> Noise:
    """Noise over signal of n layers; their statistics have the slices of the circuit."""
    adc, dev = noise_of_circuits(statistics, [circuit], np.array([circuit.adc_bits]))
    return Noise(adc[0, 0], dev[0, 0], statistics.rounding)


def noise_of_circuits(
    statistics: Statistics, circuits: Sequence[Circuit], adc_bits: Ints
) -> tuple[Floats, Floats]:
    """Noise over signal of ADCs, and of cells and reads, shape (n_bits, n_circuits, n_layers).

    Args:
        statistics: statistics of n_layers with the slices of the circuits.
        circuits: circuits that differ only in their rows; ADC bits are `adc_bits`. With measured
            columns each reads all rows of a block at once.
        adc_bits: resolutions for every circuit, shape (n_bits,).
    """
    s, x, g = statistics, statistics.inputs, statistics.weights
    fewest = min(circuit.active_rows for circuit in circuits)
    assert s.columns is None or fewest >= s.rows.max(), "measured sums are of whole row blocks"
    x_place = 4.0 ** (circuits[0].input_slice_bits * np.arange(len(x.maxima)))
    g_place = 4.0 ** (circuits[0].bits_per_cell * np.arange(len(g.maxima)))
    place = x_place[:, None] * g_place
    # Input slices use the same cell, so its errors add up to those of the whole code.
    coherence = s.input_variance / np.maximum((x.variance * x_place).sum(axis=1), 1e-300)
    at, layer, rows, count = _all_row_blocks(s.rows, circuits)
    # Circuits share row blocks, above all the last ones of layers.
    first, kind = _distinct(layer, rows)
    power = np.empty((2, len(adc_bits), len(first)))
    n = max(1, CHUNK // (place.size * len(adc_bits)))
    blocks_of: type[_RowBlocks] = _RowBlocks if s.columns is None else _MeasuredBlocks
    for start in range(0, len(first), n):
        chunk = slice(start, start + n)
        layers = layer[first[chunk]]
        blocks = blocks_of(s, layers, rows[first[chunk]], circuits[0])
        for sums, noise in zip(power, blocks.noise(adc_bits, coherence[layers]), strict=True):
            # Unlike a matrix product, a sum does not depend on the other row blocks.
            sums[:, chunk] = (noise * place).reshape(*noise.shape[:2], -1).sum(axis=-1)
    shape = len(circuits), len(s.rows)
    index = at * len(s.rows) + layer
    adc, dev = (
        np.stack(
            [np.bincount(index, p[kind] * count, shape[0] * shape[1]).reshape(shape) for p in each]
        )
        for each in power
    )
    return adc / s.signal, dev / s.signal


def _all_row_blocks(rows: Floats, circuits: Sequence[Circuit]) -> tuple[Ints, Ints, Floats, Floats]:
    """Circuit, layer, length and number of all kinds of row blocks, shape (n,) each."""
    kinds = []
    for at, circuit in enumerate(circuits):
        for length, count in row_blocks(rows, circuit):
            layers = np.flatnonzero(count)
            kinds.append((np.full(len(layers), at), layers, length[layers], count[layers]))
    at_all, layer, length, count = (np.concatenate(v) for v in zip(*kinds, strict=True))
    return at_all, layer, length, count


def _distinct(layer: Ints, rows: Floats) -> tuple[Ints, Ints]:
    """Indices of distinct row blocks by layer and length, and the inverse, shape (n,)."""
    keys = layer * (int(rows.max()) + 1) + rows.astype(np.int64)
    _, first, kind = np.unique(keys, return_index=True, return_inverse=True)
    return first, kind


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


class _RowBlocks:
    """Row blocks of layers; arrays of shape (n, input slices, weight slices)."""

    def __init__(
        self, statistics: Statistics, layers: Ints, rows: Floats, circuit: Circuit
    ) -> None:
        x, g = statistics.inputs.take(layers), statistics.weights.take(layers)
        a = rows[:, None]
        self._circuit = circuit
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
        self._without_noise: _RowBlocks | None = None
        if self.added > 0:
            quiet = replace(circuit, adc_noise=0.0)
            self._without_noise = type(self)(statistics, layers, rows, quiet)

    def _set_errors(self, x: Slices, a: Floats) -> None:
        """Set the variances of errors of ADCs and cells; `a` has numbers of rows, shape (n, 1)."""
        circuit, static, cell = self._circuit, self._static, self._cell
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
    def _quiet(self) -> _RowBlocks:
        """Row blocks of the same sums, read by ADCs without noise."""
        return self._without_noise or self

    def noise(self, adc_bits: Ints, coherence: Floats) -> tuple[Floats, Floats]:
        """Power added by ADCs and cells to a sum, (n_bits, n, input slices, weight slices).

        `coherence` is the power of cell errors over the sum of their powers in the input slices.
        """
        rule = self._circuit.adc_window
        if rule != "least_error":
            fixed = None if rule == "range" else self._circuit.window_sigmas
            return self._of_window(adc_bits, fixed, coherence)
        adc, cells = np.empty((2, len(adc_bits), *self.mean.shape))
        search = _LeastNoise(self, adc_bits.max(), coherence)
        for at in np.argsort(adc_bits):
            adc[at], cells[at] = search.up_to(int(adc_bits[at]))
        return adc, cells

    def _of_window(
        self, adc_bits: Ints, sigmas: float | None, coherence: Floats
    ) -> tuple[Floats, Floats]:
        """Noise with windows of `sigmas` standard deviations, of all possible sums if None."""
        sums = self.sums
        bits = adc_bits[:, None, None, None]
        adcs = choose_adcs(sums, bits, sigmas)
        whole = adcs.step == 1
        cells = np.repeat(self.cell_noise(coherence)[None], len(bits), axis=0)
        steps = self.step_noise(adcs.step)
        if whole.any():
            on_units = self.noise_on_units(whole.any(axis=0), coherence)
            for noise, rounded in zip((steps, cells), on_units, strict=True):
                noise[whole] = np.broadcast_to(rounded, whole.shape)[whole]
        return steps + self.clipped(sums, adcs, bits)[0], cells

    @property
    def sums(self) -> Sums:
        """Statistics of the sums at the ADCs."""
        return Sums(
            mean=self.mean,
            variance=self.sample_variance + self.column_variance,
            error_variance=self.error_variance,
            lowest=-self._full * self._circuit.differential,
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


class _MeasuredBlocks(_RowBlocks):
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
        taken = super().take(at)
        taken._flat = tuple(v[at] for v in self._flat)
        taken._mean, taken._variance, taken._varying, *ends = taken._flat
        taken._ends = tuple(ends)
        return taken

    def step_noise(self, step: Floats) -> Floats:
        of_columns = noise_of_steps(step[..., None], self._variance, self._varying)
        noise = _of_all(of_columns, self._of_columns)
        return noise + self.added if self.added > 0 else noise

    def least_step_noise(self, at: Ints, step: Floats) -> Floats:
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


class _LeastNoise:
    """Noise with the window of least noise at 1 to B bits, for each sum of row blocks.

    Windows are tried only where a lower bound of their noise is below the least noise so far. Call
    `up_to` with rising numbers of bits, `most_bits` at most.
    """

    def __init__(self, blocks: _RowBlocks, most_bits: int, coherence: Floats) -> None:
        self._blocks, self._tried = blocks, 0
        sums = blocks.sums
        self._spread = np.sqrt(sums.variance + sums.error_variance).ravel()
        self._range = (sums.highest - sums.lowest).ravel()
        narrowest = np.minimum(self._range, 2 * CANDIDATE_SIGMAS[0] * self._spread)
        whole = narrowest <= 2.0**most_bits
        on_units = blocks.noise_on_units(whole.reshape(blocks.mean.shape), coherence)
        self._on_units = np.stack([v.ravel() for v in on_units])
        self._least_on_units = np.where(whole, self._on_units.sum(axis=0), np.inf)
        self._cells = blocks.cell_noise(coherence).ravel()
        self._noise = np.zeros((2, self._cells.size))
        self._least = np.full(self._cells.size, np.inf)

    def up_to(self, most_bits: int) -> tuple[Floats, Floats]:
        """Noise of ADCs and of cells at so many bits."""
        left = np.arange(self._least.size)
        for bits in range(most_bits, self._tried, -1):
            self._try(left, bits, None)
            bound = self._blocks.added + self._cells[left]
            bound = np.minimum(bound, self._least_on_units[left])
            left = self._try_narrower(left[bound < self._least[left]], bits)
            if not left.size:
                break
        self._tried = most_bits
        adc, cells = self._noise.copy().reshape(2, *self._blocks.mean.shape)
        return adc, cells

    def _try_narrower(self, at: Ints, bits: int) -> Ints:
        """Try windows at one resolution; returns the sums that fewer bits may serve better."""
        codes = 2.0**bits
        spread, whole_range = 2 * ROUNDING * self._spread[at] / codes, self._range[at] / codes
        cells, on_units = self._cells[at], self._least_on_units[at]
        # Windows of whole units are alike at one resolution, so that one try is enough.
        untried = on_units.copy()

        def may_improve(step: Floats, clipped: Floats, on_units: Floats) -> Bools:
            bound = self._blocks.least_step_noise(at, step) + cells + clipped
            least = self._least[at]
            improves: Bools = (bound < least) | ((on_units < least) & (step <= 1))
            return improves

        def tried(sigmas: float, clipped: Floats) -> Floats:
            step = sigmas * spread
            improves = may_improve(step, clipped.sum(axis=0), untried) & (step < whole_range)
            useful = np.flatnonzero(improves)
            if not useful.size:
                return clipped
            whole, certain = self._try(at[useful], bits, sigmas)
            untried[useful[whole]] = np.inf
            more = clipped.copy()
            more[:, useful] = certain
            return np.maximum(more, clipped)

        clipped = np.zeros((2, at.size))
        guess = CANDIDATE_SIGMAS[min(bits // 2, len(CANDIDATE_SIGMAS) - 1)]
        by_guess = tried(guess, clipped)
        worth = may_improve(2 * whole_range, clipped[0], on_units)
        wider = CANDIDATE_SIGMAS[-1]
        for sigmas in reversed(CANDIDATE_SIGMAS):
            clipped = clipped * _least_growth(wider, sigmas, codes)
            wider = sigmas
            clipped = np.maximum(clipped, by_guess) if sigmas == guess else tried(sigmas, clipped)
            # Fewer bits clip no less above.
            step = np.minimum(sigmas * spread, whole_range)
            worth |= may_improve(2 * step, clipped[0], on_units)
        return at[worth]

    def _try(self, at: Ints, bits: int, sigmas: float | None) -> tuple[Bools, Floats]:
        """Take a window where it is better; returns if it has whole units, and what any narrower
        one clips, shape (2, m)."""
        blocks, resolution = self._blocks.take(at), np.array([[bits]])
        sums = blocks.sums
        adcs = choose_adcs(sums, resolution, sigmas)
        power, certain = blocks.clipped(sums, adcs, resolution)
        whole = adcs.step[0] == 1
        units = self._on_units[:, at]
        cells = np.where(whole, units[1], self._cells[at])
        adc = np.where(whole, units[0], blocks.added) + power[0]
        # Noise of steps takes long, and is left out where clipping alone is too much.
        stepped = np.flatnonzero(~whole & (adc + cells < self._least[at]))
        of_steps = blocks.take(stepped).step_noise(adcs.step[0, stepped])
        adc[stepped] = of_steps + power[0, stepped]
        counted = whole.copy()
        counted[stepped] = True
        total = np.where(counted, adc + cells, np.inf)
        better = np.flatnonzero(total < self._least[at])
        kept = at[better]
        self._least[kept] = total[better]
        self._noise[:, kept] = adc[better], cells[better]
        return whole, np.where(whole, 0.0, certain[:, 0]) * ROUNDING


def _least_growth(wider: float, sigmas: float, codes: float) -> float:
    """Lower bound of the growth of the clipped power of a Gaussian in a narrower window.

    ∫ (p − c)² φ(p) dp from an edge z on, over φ(z), falls with z at a fixed distance from the edge
    to the last code c. That distance, half a step, is shorter by the ratio of the widths.
    """
    exponent = (wider**2 - sigmas**2) / 2 * (1 - 1 / codes) ** 2
    return max(1.0, float(ROUNDING * (sigmas / wider) ** 2 * np.exp(exponent)))


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


def assumed_statistics(
    operands: OperandBits,
    rows: Floats,
    *,
    bits: tuple[int, int],
    slices: tuple[int, int],
    differential: bool,
    assumptions: Assumptions,
    unsigned_inputs: bool = True,
    cell_errors: str = "uniform",
) -> Statistics:
    """Statistics of layers of which only the frequency of each code is known.

    Args:
        operands: operand moments of n layers.
        rows: K of each.
        bits: precision of inputs and weights.
        slices: bits of their slices.
        differential: True if a weight is the difference of two cells.
        assumptions: variances and correlations of rows and columns.
        unsigned_inputs: True if non-negative inputs are coded without offset.
        cell_errors: level dependence of cell errors.
    """
    joint = operands.inputs if unsigned_inputs else operands.inputs_offset
    inputs = _assumed_slices(
        *slice_moments(joint, bits[0], slices[0]),
        slice_maxima(bits[0], slices[0]),
        share=assumptions.row_variance_share.value,
        correlation=assumptions.row_correlation.value,
    )
    weights = _assumed_slices(
        *_weight_moments(operands, bits[1], slices[1], differential=differential),
        slice_maxima(bits[1] - differential, slices[1]),
        share=1.0,
        correlation=assumptions.column_correlation.value,
    )
    # The error of clipped weights at a constant input is not calibrated away.
    input_zero = np.where(operands.signed | (not unsigned_inputs), 2.0 ** (bits[0] - 1), 0.0)
    input_code_variance, input_square = _variance_and_square(joint, bits[0], input_zero)
    input_variance = assumptions.row_variance_share.value * input_code_variance
    _, weight_square = _variance_and_square(operands.weights, bits[1], 2.0 ** (bits[1] - 1))
    cut = operands.cut / 4.0 ** (BITS - bits[1])
    return Statistics(
        rows=rows,
        inputs=inputs,
        weights=weights,
        input_variance=input_variance,
        signal=rows * input_variance * weight_square,
        rounding=1 / (12 * input_variance)
        + (1 / 12 + cut * input_square / input_variance) / weight_square,
        outliers=assumptions.outlier_columns.value,
        cell_variances=None
        if cell_errors == "uniform"
        else _cell_variances(operands, bits[1], slices[1], cell_errors, differential=differential),
    )


def _weight_moments(
    operands: OperandBits, bits: int, width: int, *, differential: bool
) -> tuple[Floats, Floats]:
    """Mean and mean square of the slices of weights, signed if cells are differential."""
    if not differential:
        return slice_moments(operands.weights, bits, width)
    _, square = slice_moments(operands.magnitudes, bits - 1, width)
    return signed_slice_means(operands.signed_magnitudes, bits - 1, width), square


def _variance_and_square(joint: Floats, bits: int, zero: Floats | float) -> tuple[Floats, Floats]:
    """Variance of whole codes, and their mean square about the code of 0, shape (n_layers,)."""
    (mean,), (square,) = (v.T for v in slice_moments(joint, bits, bits))
    return np.maximum(square - mean**2, 0.0), square - 2 * zero * mean + zero**2


def _cell_variances(
    operands: OperandBits, bits: int, width: int, cell_errors: str, *, differential: bool
) -> Floats:
    """Variance of the cells of each weight slice in squares of their range, shape (n, n_slices)."""
    of_level = partial(level_variances, cell_errors)
    if not differential:
        return slice_averages(operands.weights, bits, width, of_level)
    return slice_averages(operands.magnitudes, bits - 1, width, of_level) + of_level(np.zeros(()))


def _assumed_slices(
    mean: Floats, square: Floats, maxima: Floats, *, share: float, correlation: float
) -> Slices:
    variance = share * np.maximum(square - mean**2, 0.0)
    return Slices(mean, square, variance, correlation * variance, maxima)


def signed_slice_means(signed_bits: Floats, bits: int, width: int) -> Floats:
    """E[sign · slice] of magnitudes, least significant slice first, shape (n_layers, n_slices)."""
    means = []
    for low in range(0, bits, width):
        high = min(low + width, bits)
        place = 2.0 ** np.arange(high - low - 1, -1, -1)
        means.append(signed_bits[:, bits - high : bits - low] @ place)
    return np.stack(means, axis=1)


class NoiseModel:
    """SNR of every network, computed once per circuit.

    Args:
        layers: layers of the networks.
        technology: cells and their errors, ADC windows, and statistics of operands.
        own: by index of a network with data, its noise over signal of ADCs and of cells in a
            circuit, shape (2,); replaces that of assumed distributions. If None, there are none.
        part_of: model of several networks to reuse, and the index of the only network of `layers`
            in it. All else must be equal. If None, everything is computed.
    """

    def __init__(
        self,
        layers: LayerTable,
        technology: Technology,
        *,
        own: Mapping[int, Callable[[Circuit], Floats]] | None = None,
        part_of: tuple[NoiseModel, int] | None = None,
    ) -> None:
        self._part_of = part_of
        self._own = own or {}
        self._technology = technology
        self._cache = KeyedCache(np.inf)
        stored = np.flatnonzero(~layers.digital[layers.distinct])
        distinct = layers.distinct[stored]
        self._n_layers = len(stored)
        self._n_networks = layers.n_networks
        self._owner = layers.owner[distinct]
        precision = np.column_stack([layers.input_bits, layers.weight_bits])[distinct].astype(int)
        self._by_precision = [
            ((int(bits[0]), int(bits[1])), np.flatnonzero((precision == bits).all(axis=1)))
            for bits in np.unique(precision, axis=0)
        ]
        self._operands = layers.operands.take(stored)
        self._rows = layers.rows[distinct]
        self._statistics: dict[tuple[int, int, bool, str], list[Statistics]] = {}

    def snr_dB(self, designs: Designs) -> Floats:
        """SNR in dB of ADCs, of cell variation, of both, and of operand rounding, shape (n, 4,
        W)."""
        keys = circuit_keys(designs)

        def work_out(index: Ints) -> Arrays:
            return (self._work_out(designs.take(index), keys[index]),)

        (store,), places = self._cache.look_up(keys, work_out)
        return store[places]

    def _work_out(self, designs: Designs, keys: Keys) -> Floats:
        """SNR of each design's circuit, shape (n, 4, W)."""
        if self._part_of is None:
            return self._snr_of(designs)
        snr = np.empty((len(designs), 4, 1))
        model, network = self._part_of
        store, places = model._cache.known(keys)
        known, new = np.flatnonzero(places >= 0), np.flatnonzero(places < 0)
        if store is not None:
            snr[known] = store[0][places[known], :, network, None]
        snr[new] = self._snr_of(designs.take(new))
        return snr

    def _snr_of(self, designs: Designs) -> Floats:
        """SNR of each design's circuit from its noise, shape (n, 4, W)."""
        if self._technology.device.exact:
            return np.repeat(self._snr_of_rounding[None], len(designs), axis=0)
        each = Circuit.of_technology(designs, self._technology)
        row_of = {circuit: row for row, circuit in enumerate(dict.fromkeys(each))}
        snr = np.empty((len(row_of), 4, self._n_networks))
        cuts = np.searchsorted(self._owner, np.arange(self._n_networks + 1))
        for circuits, adc_bits, places in _alike_circuits(list(row_of)):
            adc, dev, rounding = self._noise(circuits, adc_bits)
            parts = np.stack([adc, dev, adc + dev, np.broadcast_to(rounding, adc.shape)], axis=2)
            sums = [parts[..., a:b].sum(axis=-1) for a, b in pairwise(cuts)]
            snr[places] = decibels(np.stack(sums, axis=-1))
        for network, noise in self._own.items():
            parts = np.empty((len(row_of), 2))
            # Circuits with the same sums follow each other, so that statistics are made once.
            for circuit in sorted(row_of, key=_sums_of):
                parts[row_of[circuit]] = noise(circuit)
            with_total = np.column_stack([parts, parts.sum(axis=1)])
            snr[:, :3, network] = decibels(with_total)
        return snr[[row_of[circuit] for circuit in each]]

    @cached_property
    def _snr_of_rounding(self) -> Floats:
        """SNR of circuits whose only noise is that of rounding, however sliced, shape (4, W)."""
        rounding = np.empty(self._n_layers)
        circuit = Circuit(1, 1, 1, 1, differential=False, adc_bits=None)
        for (_, alike), statistics in zip(self._by_precision, self._sliced(circuit), strict=True):
            rounding[alike] = statistics.rounding
        snr = np.full((4, self._n_networks), MOST_DB)
        snr[3] = decibels(np.bincount(self._owner, rounding, self._n_networks).astype(float))
        return snr

    def _noise(self, circuits: Sequence[Circuit], adc_bits: Ints) -> tuple[Floats, Floats, Floats]:
        """Noise over signal of ADCs and of cells, (n_bits, n_circuits, n_layers), and of
        rounding."""
        adc, dev = np.empty((2, len(adc_bits), len(circuits), self._n_layers))
        rounding = np.empty(self._n_layers)
        for (_, alike), statistics in zip(
            self._by_precision, self._sliced(circuits[0]), strict=True
        ):
            adc[..., alike], dev[..., alike] = noise_of_circuits(statistics, circuits, adc_bits)
            rounding[alike] = statistics.rounding
        return adc, dev, rounding

    def _sliced(self, circuit: Circuit) -> list[Statistics]:
        """Statistics for the slices of a circuit, by precision."""
        slices = circuit.input_slice_bits, circuit.bits_per_cell
        key = (*slices, circuit.differential, circuit.cell_errors)
        if key not in self._statistics:
            self._statistics[key] = [
                assumed_statistics(
                    self._operands.take(alike),
                    self._rows[alike],
                    bits=bits,
                    slices=slices,
                    differential=circuit.differential,
                    assumptions=self._technology.assumptions,
                    unsigned_inputs=self._technology.switches.unsigned_inputs,
                    cell_errors=circuit.cell_errors,
                )
                for bits, alike in self._by_precision
            ]
        return self._statistics[key]


def _sums_of(circuit: Circuit) -> tuple[int, ...]:
    """Parameters on which the sums of a circuit without errors depend; rows last."""
    slices = circuit.input_slice_bits, circuit.bits_per_cell
    return circuit.active_rows, *slices, circuit.differential, circuit.rows


def _alike_circuits(circuits: list[Circuit]) -> Iterator[tuple[list[Circuit], Ints, Ints]]:
    """Circuits that differ only in rows; their ADC bits; and the index of each, (n_bits,
    n_circuits)."""
    by_bits: dict[Circuit, dict[int, int]] = defaultdict(dict)
    for at, circuit in enumerate(circuits):
        assert circuit.adc_bits is not None, "sums of a design are converted"
        by_bits[replace(circuit, adc_bits=None)][circuit.adc_bits] = at
    alike: dict[tuple[Circuit, tuple[int, ...]], list[Circuit]] = defaultdict(list)
    for circuit, places in by_bits.items():
        but_for_rows = replace(circuit, rows=1, active_rows=1)
        alike[but_for_rows, tuple(sorted(places))].append(circuit)
    for (_, bits), same in alike.items():
        yield same, np.array(bits), np.array([[by_bits[c][b] for c in same] for b in bits])


def decibels(inverse: Floats) -> Floats:
    """SNR in dB from noise over signal; infinite without noise."""
    with np.errstate(divide="ignore"):
        power: Floats = -10 * np.log10(inverse)
    return power
