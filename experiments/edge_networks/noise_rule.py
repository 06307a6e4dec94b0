"""The closed form of noise against measured layers of real networks.

`python -m experiments.edge_networks.noise_rule --out F.csv` simulates every layer of the networks
whose packages are installed on several circuits. The closed form gets each layer's own operand
statistics from the same calibration vectors.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.edge_networks.data import NETWORKS
from experiments.edge_networks.prediction import assessment
from imcmoo.accuracy.codes import Codes, InputCoding, cell_values, input_slices, quantise_weights
from imcmoo.accuracy.crossbar import row_blocks
from imcmoo.accuracy.lowering import MappedLayer
from imcmoo.accuracy.simulation import Calibration, SimulatedLayer
from imcmoo.arrays import Floats
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.circuit import Circuit, slice_maxima
from imcmoo.model.physical.noise import Columns, Slices, Statistics, noise_of

PARAMETERS = (
    *("rows", "active_rows", "input_slice_bits", "bits_per_cell", "differential", "adc_bits"),
    "sigma",
)
"""Parameters of a circuit in the table."""
SAMPLES = {"recogniser": 16, "minilm": 32, "magika": 48, "line_direction": 32}
PARTS = 16
"""Parts of the samples by the power of their inputs."""
LEAST_COLUMNS = 2048
"""Columns whose cells or reads err: few draws miss rare errors, which make most of the noise."""
SRAM, RRAM, BETTER_RRAM = 0.0073, 0.043, 0.011
CIRCUITS = tuple(
    Circuit(rows, active, slices, cell, coding == "differential", bits, sigma)
    for rows, active, slices, cell, coding, bits, sigma in (
        (128, 128, 1, 1, "differential", 6, SRAM),
        (128, 128, 2, 1, "differential", 7, SRAM),
        (128, 128, 1, 1, "offset", 6, SRAM),
        (128, 128, 1, 1, "offset", 7, SRAM),
        (128, 128, 1, 1, "offset", 8, SRAM),
        (128, 127, 1, 1, "offset", 7, SRAM),
        (256, 256, 1, 1, "offset", 6, SRAM),
        (64, 64, 1, 1, "offset", 5, SRAM),
        (128, 128, 1, 1, "differential", 5, SRAM),
        (64, 64, 2, 1, "differential", 6, SRAM),
        (256, 256, 2, 2, "differential", 8, RRAM),
        (256, 256, 2, 2, "differential", 8, BETTER_RRAM),
        (256, 256, 2, 2, "differential", 8, 0.0),
        (256, 256, 4, 2, "differential", 9, RRAM),
        (128, 128, 1, 2, "offset", 8, RRAM),
        (512, 128, 2, 1, "offset", 7, BETTER_RRAM),
        (128, 64, 4, 2, "offset", 9, 0.0),
        (256, 64, 1, 1, "differential", 6, RRAM),
    )
)


def measured(name: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Noise over signal of every layer and circuit: measured, and by the closed form."""
    network = NETWORKS[name]
    path = network.path()
    assert path is not None, f"{name} is not installed"
    arrays = network.make(path, SAMPLES[name], np.random.default_rng(0))
    np.savez(folder / f"{name}.npz", allow_pickle=False, **arrays)
    assessed = assessment(name, folder, None)
    for layer in assessed.network.layers:
        calibration = assessed.calibration[layer.name]
        for circuit in CIRCUITS:
            adc, dev = noise_of_chips(SimulatedLayer(layer, circuit, calibration), layer, circuit)
            statistics = statistics_of(layer, calibration, circuit)
            rule = noise_of(statistics, circuit)
            assumed = noise_of(replace(statistics, columns=None), circuit)
            yield {
                "network": name,
                "layer": layer.name,
                **{name: getattr(circuit, name) for name in PARAMETERS},
                "adc": adc,
                "dev": dev,
                "adc_rule": float(rule.adc.sum()),
                "dev_rule": float(rule.dev.sum()),
                "adc_assumed": float(assumed.adc.sum()),
                "dev_assumed": float(assumed.dev.sum()),
            }


def noise_of_chips(
    simulated: SimulatedLayer, layer: MappedLayer, circuit: Circuit
) -> tuple[float, float]:
    """Noise over signal of ADCs and of cells, mean of chips: `LEAST_COLUMNS` columns or more if
    cells or reads err.
    """
    columns = layer.weights.shape[0] * layer.weights.shape[2]
    exact = circuit.sigma == circuit.read_sigma == 0
    chips = 1 if exact else -(-LEAST_COLUMNS // columns)
    noise = []
    for chip in range(chips):
        simulated.manufacture(chip)
        errors = simulated.analyse().errors
        noise.append((errors.adc, errors.dev))
    adc, dev = np.mean(noise, axis=0)
    return float(adc), float(dev)


def statistics_of(layer: MappedLayer, calibration: Calibration, circuit: Circuit) -> Statistics:
    """Statistics of the row blocks of a layer on its calibration vectors."""
    coding = InputCoding.of_range(calibration.lowest, calibration.highest, 8)
    codes = coding.encode(calibration.vectors)
    integers, scale = quantise_weights(layer.weights, 8, 1.0)
    signal = float((calibration.vectors @ layer.weights).var(axis=1).mean())
    unit = (coding.scale * scale) ** 2
    weight = unit / unit.mean()
    cells = cell_values(integers, 8, circuit.bits_per_cell, differential=circuit.differential)
    blocks = row_blocks(integers.shape[1], circuit)
    sliced = input_slices(codes, 8, circuit.input_slice_bits)
    of_groups = weight.mean(axis=1)
    inputs = [
        [_of_inputs(x[:, :, rows].astype(float), of_groups) for x in (*sliced, codes)]
        for rows in blocks
    ]
    weights = [[_of_weights(cells[:, rows, j]) for j in range(cells.shape[2])] for rows in blocks]
    return Statistics(
        rows=np.array([float(rows.stop - rows.start) for rows in blocks]),
        inputs=_slices([x[:-1] for x in inputs], slice_maxima(8, circuit.input_slice_bits)),
        weights=_slices(weights, slice_maxima(8 - circuit.differential, circuit.bits_per_cell)),
        input_variance=np.array([x[-1][2] for x in inputs]),
        signal=np.full(len(blocks), signal / unit.mean()),
        rounding=np.zeros(len(blocks)),
        outliers=Assumptions().outlier_columns.value,
        columns=_columns(sliced, cells, weight, blocks),
    )


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


def summary(table: pd.DataFrame, floor_dB: float) -> pd.DataFrame:
    """Differences in dB of the closed form from measured noise, by network and in all.

    Of the noise of ADCs, of the total, of the total where cells make most of it (`mostly_dev`), and
    of the total where the measured one is above the floor and below the signal (`in_range`). The
    first columns are those of measured columns, the last three those of measured moments with the
    assumed distribution of sums, on the same layers and circuits.
    """
    rows = []
    for network, layers in [*table.groupby("network"), ("all", table)]:
        for part in ("adc", "total", "mostly_dev", "in_range"):
            error, assumed = _differences(layers, part, floor_dB)
            row = {"network": network, "noise": part, "floor_dB": floor_dB}
            row |= {"layers_and_circuits": len(error)}
            for prefix, values in (("", error), ("assumed_", assumed)):
                row |= {f"{prefix}median_dB": values.median()}
                row |= {f"{prefix}median_abs_dB": values.abs().median()}
                row |= {f"{prefix}p95_abs_dB": values.abs().quantile(0.95)}
            rows.append(row)
    return pd.DataFrame(rows)


def _differences(
    layers: pd.DataFrame, part: str, floor_dB: float
) -> tuple[pd.Series[float], pd.Series[float]]:
    """Differences in dB of one part of `summary`: of measured sums, and of the assumed ones.

    Both are those of the layers where measured noise or either prediction is above the floor, and
    of `mostly_dev` where all three are mostly noise of cells.
    """
    floor = 10 ** (-floor_dB / 10)
    columns = ["adc"] if part == "adc" else ["adc", "dev"]
    true, rule, assumed = (
        layers[[c + by for c in columns]].sum(axis=1) for by in ("", "_rule", "_assumed")
    )
    counted = (true > floor) | (rule > floor) | (assumed > floor)
    if part == "mostly_dev":
        for by in ("", "_rule", "_assumed"):
            counted &= layers[f"adc{by}"] < layers[f"dev{by}"]
    if part == "in_range":
        counted = (true > floor) & (true < 1)
    true = true[counted].clip(lower=floor)
    by_columns, by_assumption = (
        (noise[counted].clip(lower=floor) / true).map(np.log10) * 10 for noise in (rule, assumed)
    )
    return by_columns, by_assumption


def main() -> None:
    """Write the table of differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="F.csv")
    parser.add_argument("--layers", type=Path, metavar="F.csv", help="every layer and circuit")
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for name in args.networks for row in measured(name, Path(folder))]
    table = pd.DataFrame(rows)
    if args.layers:
        table.to_csv(args.layers, index=False)
    floors = pd.concat([summary(table, floor) for floor in (60.0, 40.0, 30.0)])
    floors.to_csv(args.out, index=False, float_format="%.3g")


if __name__ == "__main__":
    main()
