"""Linear prediction of accuracy against exact execution, on the networks of `data`.

`python -m experiments.edge_networks.prediction NETWORK --data DIR --out CSV` executes a fixed list
of designs, mild and harsh, both ways. DIR holds NETWORK.npz and NETWORK.accuracy.npz (of
`imcmoo import --data`), and digits.onnx. `--summary CSV...` prints errors of such files instead.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.edge_networks.data import NETWORKS, TRAINED, find_network
from imcmoo.accuracy.assess import Assessment
from imcmoo.accuracy.circuit_noise import CircuitNoise
from imcmoo.model.physical.circuit import Circuit
from imcmoo.networks.accuracy_data import AccuracyData

RRAM, SRAM = 0.043, 0.0073


def chip(rows: int, cell: int, inputs: int, coding: str, adc: int, sigma: float) -> Circuit:
    """A chip whose rows are all read at once."""
    return Circuit(rows, rows, inputs, cell, coding == "differential", adc, sigma)


DESIGNS = (
    chip(256, 2, 2, "differential", 8, RRAM),
    chip(256, 2, 2, "differential", 6, RRAM),
    chip(128, 1, 1, "differential", 6, SRAM),
    chip(128, 1, 2, "differential", 7, SRAM),
    chip(128, 1, 1, "offset", 6, SRAM),
    chip(128, 1, 1, "offset", 7, SRAM),
    chip(128, 2, 4, "differential", 8, 0.011),
    chip(256, 1, 2, "offset", 7, SRAM),
    # For the digits only, harsh enough to lose most of the score.
    *(chip(64, 2, 2, "differential", adc, RRAM) for adc in (2, 3, 4, 5, 6)),
    *(chip(64, 1, 1, coding, 2, SRAM) for coding in ("offset", "differential")),
    *(chip(64, 1, 1, "offset", adc, SRAM) for adc in (3, 4)),
    *(chip(64, 2, 2, "offset", adc, RRAM) for adc in (2, 3, 5)),
    *(chip(64, 4, 4, "differential", adc, RRAM) for adc in (3, 5)),
    *(chip(64, 2, 2, "differential", 7, sigma) for sigma in (0.2, 0.5, 1.0)),
    chip(64, 4, 1, "offset", 4, 0.2),
)
SHARED = 8
"""The first designs are executed on all networks."""


def assessment(
    name: str, folder: Path, samples: int | None, digital: Sequence[str] = ()
) -> Assessment:
    """A network of `data` with its samples, all by default, and its layers on the digital unit."""
    path, options = find_network(name, folder)
    return assess(path, folder / f"{name}.npz", options, samples, digital)


def assess(
    path: Path, data: Path, options: Sequence[str], samples: int | None, digital: Sequence[str]
) -> Assessment:
    """A network with `samples` of its data; `options` are of `imcmoo accuracy`."""
    by_name = dict(zip(options[::2], options[1::2], strict=True))
    return Assessment(
        path,
        data,
        metric=by_name.get("--metric", "top1"),
        output=by_name.get("--output"),
        samples=samples,
        layers_digital=digital,
    )


def compare(name: str, folder: Path, samples: int | None, chips: int) -> Iterator[dict[str, Any]]:
    """A row of each design."""
    assessed = assessment(name, folder, samples)
    data = AccuracyData.read(folder / f"{name}.accuracy.npz")
    for at, design in enumerate(DESIGNS if name in TRAINED else DESIGNS[:SHARED]):
        row: dict[str, Any] = {"network": name, "design": at, "samples": assessed.samples}
        row["float"] = assessed.float_score
        for how in ("linear", "exact"):
            start = time.process_time()
            if how == "linear":
                scored, _ = assessed.predicted(design, data, CircuitNoise(None), allowed_drop=0.01)
            else:
                scored, _ = assessed.on_chips(design, chips)
            row["integer"] = scored.on_integers
            row |= {how: scored.accuracy, f"{how}_nsr_dB": scored.nsr_out_dB}
            row[f"{how}_s"] = time.process_time() - start
            row["exact_only"] = scored.exact_only
        yield row


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Errors of the prediction against exact execution, a row for each network."""
    rows = []
    for name, part in frame.groupby("network", sort=False):
        row: dict[str, Any] = {"network": name, "designs": len(part), "samples": part.samples.max()}
        error_of_mean = np.sqrt(np.clip(part.exact * (1 - part.exact), 0, None) / part.samples)
        row["standard_error"] = error_of_mean.mean()
        error = (part.linear - part.exact).abs()
        row |= {"linear_mean": error.mean(), "linear_worst": error.max()}
        row["linear_spearman"] = part.linear.corr(part.exact, method="spearman")
        row["linear_nsr_dB"] = (part.linear_nsr_dB - part.exact_nsr_dB).abs().median()
        rows.append(row)
    return pd.DataFrame(rows)


def main(argv: Sequence[str] | None = None) -> None:
    """Compare the prediction for a network, or summarise such files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", nargs="?", choices=[*TRAINED, *NETWORKS])
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--samples", type=int)
    parser.add_argument("--chips", type=int, default=1)
    parser.add_argument("--out", type=Path, metavar="CSV")
    parser.add_argument("--summary", type=Path, nargs="+", metavar="CSV")
    args = parser.parse_args(argv)
    if args.summary:
        print(summary(pd.concat(map(pd.read_csv, args.summary))).round(4).to_string(index=False))
        return
    if not (args.network and args.data and args.out):
        parser.error("NETWORK, --data and --out, or --summary, are needed")
    rows = []
    for row in compare(args.network, args.data, args.samples, args.chips):
        rows.append(row)  # written one by one, since a row takes minutes
        pd.DataFrame(rows).to_csv(args.out, index=False, float_format="%.5g", lineterminator="\n")


if __name__ == "__main__":
    main()
