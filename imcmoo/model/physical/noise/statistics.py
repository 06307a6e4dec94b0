"""Operand statistics of layers: slices of inputs and weights, and measured columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.circuit import level_variances, slice_maxima
from imcmoo.networks.operands import OperandBits, slice_averages, slice_moments
from imcmoo.networks.workloads import BITS


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
    input_variance, weight_square, rounding = _whole_codes(
        operands,
        joint,
        bits,
        share=assumptions.row_variance_share.value,
        offset=operands.signed | (not unsigned_inputs),
    )
    return Statistics(
        rows=rows,
        inputs=inputs,
        weights=weights,
        input_variance=input_variance,
        signal=rows * input_variance * weight_square,
        rounding=rounding,
        outliers=assumptions.outlier_columns.value,
        cell_variances=_cell_variances(
            operands, bits[1], slices[1], cell_errors, differential=differential
        ),
    )


def _whole_codes(
    operands: OperandBits, joint: Floats, bits: tuple[int, int], *, share: float, offset: Bools
) -> tuple[Floats, Floats, Floats]:
    """Variance of input codes over samples, mean square of weight codes, and noise over signal of
    rounding; `joint` has the moments of inputs, and `offset` is True where their code has one."""
    # The error of clipped weights at a constant input is not calibrated away.
    input_zero = np.where(offset, 2.0 ** (bits[0] - 1), 0.0)
    input_code_variance, input_square = _variance_and_square(joint, bits[0], input_zero)
    input_variance = share * input_code_variance
    _, weight_square = _variance_and_square(operands.weights, bits[1], 2.0 ** (bits[1] - 1))
    cut = operands.cut / 4.0 ** (BITS - bits[1])
    rounding = (
        1 / (12 * input_variance) + (1 / 12 + cut * input_square / input_variance) / weight_square
    )
    return input_variance, weight_square, rounding


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
) -> Floats | None:
    """Variance of the cells of each weight slice in squares of their range, shape (n, n_slices);
    None if all levels err alike."""
    if cell_errors == "uniform":
        return None
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
