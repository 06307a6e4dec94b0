"""Noise of executed layers of real networks by ADC bits, for two rules of the ADC window.

`python -m experiments.edge_networks.more_bits --data DIR --out F.csv NETWORK...` executes every
layer on its calibration vectors at 3 to 10 bits. DIR holds NETWORK.npz. With `least_error` the
noise must not rise with the bits, and must not exceed that of `sigma`. `--summary F.csv` prints by
how much it does.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.edge_networks.noise_rule import PARAMETERS, RRAM, SRAM
from experiments.edge_networks.prediction import assessment
from imcmoo.accuracy.simulation import SimulatedLayer
from imcmoo.model.physical.circuit import Circuit

BITS = range(3, 11)
FLOOR_DB = -40.0
"""Noise over signal that does not matter."""
CIRCUITS = tuple(
    Circuit(rows, rows, inputs, cell, coding == "differential", BITS[0], sigma, adc_noise=noise)
    for rows, inputs, cell, coding, sigma in (
        (128, 1, 1, "differential", SRAM),
        (128, 2, 1, "offset", SRAM),
        (64, 2, 2, "differential", RRAM),
    )
    for noise in (0.0, 0.1)
)
KEY = ["network", "layer", *(name for name in PARAMETERS if name != "adc_bits")]


def executed(name: str, folder: Path, samples: int | None) -> Iterator[dict[str, Any]]:
    """Noise over signal in dB of every layer and circuit at each resolution."""
    assessed = assessment(name, folder, samples)
    for layer in assessed.network.layers:
        for circuit in CIRCUITS:
            row = {"network": name, "layer": layer.name}
            row |= {key: getattr(circuit, key) for key in KEY[2:]}
            noise = {}
            for window in ("sigma", "least_error"):
                chip = replace(circuit, adc_window=window)
                simulated = SimulatedLayer(layer, chip, assessed.calibration[layer.name])
                simulated.program(0)
                noise[window] = simulated.at_resolutions(BITS)
            for at, bits in enumerate(BITS):
                yield (
                    row
                    | {"adc_bits": bits}
                    | {f"{w}_dB": 10 * np.log10(max(sum(v[at]), 1e-30)) for w, v in noise.items()}
                )


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Largest rise of noise with one bit more, and largest excess over `sigma`, in dB above the
    floor, by network and noise of ADCs."""
    noise = table[["sigma_dB", "least_error_dB"]].clip(lower=FLOOR_DB)
    more = noise.groupby([table[key] for key in KEY], sort=False).diff()
    rise = more["least_error_dB"]
    changes = pd.DataFrame(
        {
            "rise_dB": rise,
            "rises_above_0.1_dB": rise > 0.1,
            "rise_of_sigma_dB": more["sigma_dB"],
            "excess_dB": noise["least_error_dB"] - noise["sigma_dB"],
        }
    )
    by = [table["network"], table["adc_noise"]]
    largest = changes.groupby(by, sort=False).max()
    largest["rises_above_0.1_dB"] = changes["rises_above_0.1_dB"].groupby(by, sort=False).sum()
    largest.insert(0, "layers_and_circuits", table.groupby(by, sort=False).size() // len(BITS))
    return largest.reset_index()


def main(argv: Sequence[str] | None = None) -> None:
    """Execute layers of networks, or summarise such a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NETWORK")
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--out", type=Path, metavar="F.csv")
    parser.add_argument("--summary", type=Path, metavar="F.csv")
    args = parser.parse_args(argv)
    if args.summary:
        print(summary(pd.read_csv(args.summary)).round(3).to_string(index=False))
        return
    if not (args.networks and args.data and args.out):
        parser.error("NETWORK, --data and --out, or --summary, are needed")
    rows = [row for name in args.networks for row in executed(name, args.data, args.samples)]
    pd.DataFrame(rows).to_csv(args.out, index=False, float_format="%.4g", lineterminator="\n")


if __name__ == "__main__":
    main()
