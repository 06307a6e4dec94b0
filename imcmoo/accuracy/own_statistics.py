"""Statistics of a network's own layers, for the closed form of noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imcmoo.accuracy.codes import Codes, InputCoding, cell_values, input_slices, quantise_weights
from imcmoo.accuracy.crossbar import Crossbar, row_blocks
from imcmoo.arrays import Floats
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.noise.statistics import Columns, Slices, Statistics

if TYPE_CHECKING:
    from imcmoo.accuracy.simulation import Calibration
    from imcmoo.networks.accuracy_data import LayerData

PARTS = 16
"""Parts of the samples by the power of their inputs."""


def layer_statistics(
    weights: Floats, inputs: Calibration | LayerData, circuit: Circuit
) -> Statistics:
    """Statistics of the row blocks of a layer, each with its columns.

    They depend on rows, slices, coding, level dependence of cell errors, and precision.

    Args:
        weights: shape (G, K, M).
        inputs: range of its inputs, and vectors of shape (G, n, K).
        circuit: the circuit.
    """
    x_bits, w_bits = circuit.input_bits, circuit.weight_bits
    coding = InputCoding.from_range(inputs.lowest, inputs.highest, x_bits)
    codes = coding.encode(inputs.vectors)
    integers, scale = quantise_weights(weights, w_bits, circuit.weight_clip)
    signal = float((inputs.vectors @ weights).var(axis=1).mean()) or 1.0
    unit = (coding.scale * scale) ** 2
    weight = unit / (mean_unit := unit.mean() or 1.0)
    crossbar = Crossbar(integers, circuit, zero=coding.zero)
    cells = cell_values(integers, w_bits, circuit.bits_per_cell, differential=circuit.differential)
    blocks = row_blocks(integers.shape[1], circuit)
    sliced = input_slices(codes, x_bits, circuit.input_slice_bits)
    of_groups = weight.mean(axis=1)
    moments = [
        [_of_inputs(x[:, :, rows].astype(float), of_groups) for x in (*sliced, codes)]
        for rows in blocks
    ]
    stored = [[_of_weights(cells[:, rows, j]) for j in range(cells.shape[2])] for rows in blocks]
    return Statistics(
        rows=np.array([float(rows.stop - rows.start) for rows in blocks]),
        inputs=_slices([x[:-1] for x in moments], crossbar.input_maxima),
        weights=_slices(stored, crossbar.cell_maxima),
        input_variance=np.array([x[-1][2] for x in moments]),
        signal=np.full(len(blocks), signal / mean_unit),
        rounding=np.zeros(len(blocks)),
        outliers=Assumptions().outlier_columns.value,
        cell_variances=_cell_variances(crossbar, circuit, len(blocks)),
        columns=_columns(sliced, cells, weight, blocks),
    )


def _cell_variances(crossbar: Crossbar, circuit: Circuit, blocks: int) -> Floats | None:
    """Mean variance of the cells of a layer that err by level, in squares of their range."""
    if circuit.cell_errors == "uniform":
        return None
    whole_range = crossbar.error_variances(1.0) / (1 + circuit.differential)
    return np.tile(crossbar.mean_cell_variances / whole_range, (blocks, 1))


def _columns(sliced: list[Codes], cells: Floats, weight: Floats, blocks: list[slice]) -> Columns:
    """Sums of each row block.

    Args:
        sliced: slices of input codes, shape (G, n, K) each.
        cells: shape (G, K, n_slices, M).
        weight: of the noise of each column, shape (G, M).
        blocks: rows of each block.
    """
    n_slices = cells.shape[2]

    def by_slice(of_columns: Floats) -> Floats:
        """Values of columns, shape (G, n_slices · M), in shape (n_slices, G · M)."""
        return of_columns.reshape(len(cells), n_slices, -1).swapaxes(0, 1).reshape(n_slices, -1)

    mean, variance = np.empty((2, len(blocks), len(sliced), n_slices, weight.size))
    lowest, highest = np.empty((2, len(blocks), n_slices, weight.size))
    varying = np.empty((len(blocks), len(sliced), len(cells)))
    power = np.empty((*varying.shape, PARTS))
    for b, rows in enumerate(blocks):
        stored = cells[:, rows].reshape(len(cells), rows.stop - rows.start, -1)
        lowest[b] = by_slice(np.minimum(stored, 0).sum(axis=1))
        highest[b] = by_slice(np.maximum(stored, 0).sum(axis=1))
        for i, x in enumerate(sliced):
            drive = x[:, :, rows].astype(float)
            sums = drive @ stored
            mean[b, i], variance[b, i] = by_slice(sums.mean(axis=1)), by_slice(sums.var(axis=1))
            varying[b, i] = drive.var(axis=1).sum(axis=1)
            power[b, i] = _parts((drive**2).sum(axis=2))
    return Columns(mean, variance, lowest, highest, varying, power, weight.ravel())


def _parts(power: Floats) -> Floats:
    """Means of `PARTS` equal parts of the samples in order of their power, of shape (G, n)."""
    repeated = np.repeat(np.sort(power, axis=1), PARTS, axis=1)
    return repeated.reshape(len(power), PARTS, -1).mean(axis=2)


def _of_inputs(x: Floats, weight: Floats) -> tuple[float, float, float, float]:
    """Mean, square, variance and covariance of inputs, shape (G, n, K), groups by weight."""
    rows = x.shape[2]
    variance = float((x.var(axis=1).mean(axis=1) * weight).mean())
    total = float(x.sum(axis=2).var(axis=1).mean())
    return float(x.mean()), float((x**2).mean()), variance, _covariance(total, variance, rows)


def _of_weights(g: Floats) -> tuple[float, float, float, float]:
    """Mean, square, variance and covariance of cells' values, shape (G, K, M)."""
    variance, total = float(g.var()), float(g.sum(axis=1).var())
    return float(g.mean()), float((g**2).mean()), variance, _covariance(total, variance, g.shape[1])


def _covariance(total: float, variance: float, rows: int) -> float:
    return (total - rows * variance) / (rows * (rows - 1)) if rows > 1 else 0.0


def _slices(parts: list[list[tuple[float, float, float, float]]], maxima: Floats) -> Slices:
    mean, square, variance, covariance = np.moveaxis(np.array(parts), 2, 0)
    return Slices(mean, square, variance, covariance, maxima)
