"""The closed form of noise against measured layers of real networks.

`python -m experiments.edge_networks.noise_rule --out F.csv` simulates every layer of the networks
whose packages are installed on several circuits. The closed form gets each layer's own operand
statistics from the same calibration vectors.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.edge_networks.data import NETWORKS
from experiments.edge_networks.prediction import assessment
from imcmoo.accuracy.lowering import MappedLayer
from imcmoo.accuracy.own_statistics import layer_statistics
from imcmoo.accuracy.simulation import SimulatedLayer
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.noise.model import noise_of

PARAMETERS = (
    *("rows", "active_rows", "input_slice_bits", "bits_per_cell", "differential", "adc_bits"),
    *("sigma", "adc_noise"),
)
"""Parameters of a circuit in the table."""
SAMPLES = {"recogniser": 16, "minilm": 32, "magika": 48, "line_direction": 32}
SAMPLES |= {"voice_activity": 6}
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


def measured(name: str, folder: Path, adc_noise: Sequence[float]) -> Iterator[dict[str, Any]]:
    """Noise over signal of every layer and circuit, whose ADCs have several values of noise:
    measured, and by the closed form."""
    network = NETWORKS[name]
    path = network.path()
    assert path is not None, f"{name} is not installed"
    arrays = network.make(path, SAMPLES[name], np.random.default_rng(0))
    np.savez(folder / f"{name}.npz", allow_pickle=False, **arrays)
    assessed = assessment(name, folder, None)
    for layer in assessed.network.layers:
        calibration = assessed.calibration[layer.name]
        for circuit, noise in product(CIRCUITS, adc_noise):
            circuit = replace(circuit, adc_noise=noise)
            adc, dev = noise_of_chips(SimulatedLayer(layer, circuit, calibration), layer, circuit)
            statistics = layer_statistics(layer.weights, calibration, circuit)
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
    exact = circuit.sigma == circuit.read_sigma == circuit.adc_noise == 0
    chips = 1 if exact else -(-LEAST_COLUMNS // columns)
    noise = []
    for chip in range(chips):
        simulated.manufacture(chip)
        errors = simulated.analyse()
        noise.append((errors.adc, errors.dev))
    adc, dev = np.mean(noise, axis=0)
    return float(adc), float(dev)


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
    parser.add_argument("--adc-noise", type=float, nargs="+", default=[0.0], metavar="UNITS")
    parser.add_argument("networks", nargs="*", default=list(NETWORKS), metavar="NETWORK")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            row for name in args.networks for row in measured(name, Path(folder), args.adc_noise)
        ]
    table = pd.DataFrame(rows)
    if args.layers:
        table.to_csv(args.layers, index=False)
    floors = pd.concat([summary(table, floor) for floor in (60.0, 40.0, 30.0)])
    floors.to_csv(args.out, index=False, float_format="%.3g")


if __name__ == "__main__":
    main()
