"""The closed form of noise against measured layers of real networks.

`python -m experiments.edge_networks.noise_rule --out F.csv` simulates every layer of the networks
whose packages are installed on several circuits. The closed form gets each layer's own operand
statistics from the same calibration vectors.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.edge_networks.data import NETWORKS
from experiments.edge_networks.prediction import assessment
from imcmoo.accuracy.codes import InputCoding, cell_values, input_slices, quantise_weights
from imcmoo.accuracy.lowering import MappedLayer
from imcmoo.accuracy.simulation import Calibration, SimulatedLayer
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.circuit import Circuit, slice_maxima
from imcmoo.model.physical.noise import OUTLIER_SIGMAS, Slices, Statistics, noise_of

COLUMNS = (
    *("rows", "active_rows", "input_slice_bits", "bits_per_cell", "differential", "adc_bits"),
    "sigma",
)
"""Parameters of a circuit in the table."""
SAMPLES = {"recogniser": 16, "minilm": 32, "magika": 48, "line_direction": 32}
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
            simulated = SimulatedLayer(layer, circuit, calibration)
            simulated.manufacture(0)
            errors = simulated.analyse().errors
            statistics = statistics_of(layer, calibration, circuit)
            rule = noise_of(statistics, circuit)
            yield {
                "network": name,
                "layer": layer.name,
                **{name: getattr(circuit, name) for name in COLUMNS},
                "adc": errors.adc,
                "dev": errors.dev,
                "adc_rule": float(rule.adc[0]),
                "dev_rule": float(rule.dev[0]),
            }


def statistics_of(layer: MappedLayer, calibration: Calibration, circuit: Circuit) -> Statistics:
    """Operand statistics of a layer on its calibration vectors."""
    coding = InputCoding.of_range(calibration.lowest, calibration.highest, 8)
    codes = coding.encode(calibration.vectors)
    integers, scale = quantise_weights(layer.weights, 8, 1.0)
    signal = float((calibration.vectors @ layer.weights).var(axis=1).mean())
    unit = coding.scale * scale
    weight = (unit**2).mean(axis=1) / (unit**2).mean()
    sliced = input_slices(codes, 8, circuit.input_slice_bits)
    inputs = [_of_inputs(x.astype(float), weight) for x in (*sliced, codes)]
    cells = cell_values(integers, 8, circuit.bits_per_cell, differential=circuit.differential)
    weights = [_of_weights(cells[:, :, j]) for j in range(cells.shape[2])]
    return Statistics(
        rows=np.array([float(integers.shape[1])]),
        inputs=_slices(inputs[:-1], slice_maxima(8, circuit.input_slice_bits)),
        weights=_slices(weights, slice_maxima(8 - circuit.differential, circuit.bits_per_cell)),
        input_variance=np.array([inputs[-1][2]]),
        signal=np.array([signal / (unit**2).mean()]),
        rounding=np.zeros(1),
        outliers=_outlier_share(cells),
    )


def _outlier_share(cells: Floats) -> float:
    """Share of outlier columns that gives the sums of columns of cells, shape (G, K, n_slices, M),
    their kurtosis; mean of the slices."""
    sums = np.moveaxis(cells.sum(axis=1, dtype=float), 1, 0).reshape(cells.shape[2], -1)
    centred = sums - sums.mean(axis=1, keepdims=True)
    square, fourth = (centred**2).mean(axis=1), (centred**4).mean(axis=1)
    # A Gaussian has 3 squared variances, an outlier OUTLIER_SIGMAS^4.
    excess = np.maximum(fourth / np.maximum(square, 1e-12) ** 2 - 3, 0.0)
    return float(excess.mean() / (OUTLIER_SIGMAS**4 - 3))


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


def _slices(parts: list[tuple[float, float, float, float]], maxima: Floats) -> Slices:
    mean, square, variance, covariance = (np.array([v]) for v in zip(*parts, strict=True))
    return Slices(mean, square, variance, covariance, maxima)


def summary(table: pd.DataFrame, floor_dB: float) -> pd.DataFrame:
    """Differences in dB where either noise is above a floor, by network and in all.

    Of the noise of ADCs, of the total, of the total where cells make most of it (`mostly_dev`), and
    of the total where the measured one is above the floor and below the signal (`in_range`).
    """
    floor = 10 ** (-floor_dB / 10)
    rows = []
    for network, layers in [*table.groupby("network"), ("all", table)]:
        for part in ("adc", "total", "mostly_dev", "in_range"):
            columns = ["adc"] if part == "adc" else ["adc", "dev"]
            true = layers[columns].sum(axis=1)
            rule = layers[[f"{c}_rule" for c in columns]].sum(axis=1)
            loud = np.maximum(true, rule) > floor
            if part == "mostly_dev":
                loud &= layers["adc"] < layers["dev"]
                loud &= layers["adc_rule"] < layers["dev_rule"]
            if part == "in_range":
                loud = (true > floor) & (true < 1)
            ratio = np.maximum(rule, floor) / np.maximum(true, floor)
            error = 10 * np.log10(ratio[loud])
            row = {"network": network, "noise": part, "floor_dB": floor_dB}
            row |= {"layers_and_circuits": int(loud.sum()), "median_dB": error.median()}
            row |= {"median_abs_dB": error.abs().median()}
            rows.append(row | {"p95_abs_dB": error.abs().quantile(0.95)})
    return pd.DataFrame(rows)


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
