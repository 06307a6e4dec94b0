"""Noise of layers with a gain for each column, over that with its offset alone.

`python -m experiments.edge_networks.column_gain --data DIR --out CSV` reads NETWORK.accuracy.npz of
DIR. Half of each layer's stored vectors calibrate a chip, whose noise is measured on the others.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.edge_networks.page import NETWORKS
from experiments.edge_networks.prediction import DESIGNS
from imcmoo.accuracy.codes import InputCoding, quantise_weights
from imcmoo.accuracy.crossbar import Crossbar
from imcmoo.arrays import Floats
from imcmoo.model.physical.circuit import Circuit
from imcmoo.networks.accuracy_data import AccuracyData, LayerData

CHIPS = (0, 1, 3, 4)
"""Designs of the table of predictions: two of RRAM, and two of SRAM that clip."""
FEWEST_VECTORS = 128
LOUD, BEYOND = 1e-4, 0.5
"""Noise over signal of the layers that count: less costs nothing, more leaves nothing to scale."""


def noise_of(layer: LayerData, circuit: Circuit) -> tuple[float, float]:
    """Noise over signal of a layer, with an offset for each column and with a gain as well."""
    coding = InputCoding.from_range(layer.lowest, layer.highest, circuit.input_bits)
    weights, scale = quantise_weights(layer.weights.astype(float), circuit.weight_bits, 1.0)
    crossbar = Crossbar(weights, circuit, zero=coding.zero)
    crossbar.program(np.random.default_rng(0))
    calibrating, others = np.array_split(coding.encode(layer.vectors), 2, axis=1)
    crossbar.calibrate(calibrating)
    gain, offset = fitted(crossbar.multiply(calibrating), crossbar.exact(calibrating))
    made, ideal = crossbar.multiply(others), crossbar.exact(others)
    unit = scale[:, None, :]
    signal = float((ideal * unit).var(axis=1).mean()) or 1.0
    plain, scaled = ((y - ideal) * unit for y in (made, gain * made + offset))
    return float((plain**2).mean()) / signal, float((scaled**2).mean()) / signal


def fitted(made: Floats, ideal: Floats) -> tuple[Floats, Floats]:
    """Gain and offset of least square error of each column, shape (G, 1, M)."""
    mean, ideal_mean = (y.mean(axis=1, keepdims=True) for y in (made, ideal))
    power = ((made - mean) ** 2).sum(axis=1, keepdims=True)
    both = ((made - mean) * (ideal - ideal_mean)).sum(axis=1, keepdims=True)
    gain = np.where(power > 0, both / np.where(power > 0, power, 1.0), 1.0)
    return gain, ideal_mean - gain * mean


def gained(name: str, data: AccuracyData) -> Iterator[dict[str, Any]]:
    """A row for each chip with noisy layers."""
    layers = [layer for layer in data.layers if layer.vectors.shape[1] >= FEWEST_VECTORS]
    for design in CHIPS:
        noise = np.array([noise_of(layer, DESIGNS[design]) for layer in layers]).reshape(-1, 2)
        before, after = noise[(noise[:, 0] > LOUD) & (noise[:, 0] < BEYOND)].T
        if len(before):
            dB = 10 * np.log10(before / np.maximum(after, 1e-12))
            quantiles = {"median_dB": np.median(dB), "p90_dB": np.quantile(dB, 0.9)}
            yield {"network": name, "design": design, "layers": len(dB), **quantiles}


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=Path, metavar="DIR")
    parser.add_argument("--out", required=True, type=Path, metavar="CSV")
    args = parser.parse_args()
    data = {name: AccuracyData.read(args.data / f"{name}.accuracy.npz") for name in NETWORKS}
    rows = [row for name, each in data.items() for row in gained(name, each)]
    pd.DataFrame(rows).to_csv(args.out, index=False, float_format="%.3g", lineterminator="\n")


if __name__ == "__main__":
    main()
