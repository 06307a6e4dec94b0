"""The study `edge_five`: one chip for five networks whose accuracy is measured.

`python -m experiments.edge_networks.study --data DIR` imports the networks whose data
`experiments.edge_networks.data` wrote to DIR, unless they are there, and writes DIR/edge_five.toml.
`imcmoo run DIR/edge_five.toml` searches and executes the selected design.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.edge_networks.data import find_network
from imcmoo.cli.main import main as imcmoo
from imcmoo.model.physical.predicted_accuracy import predict
from imcmoo.networks.accuracy_data import AccuracyData

SHAPES = {
    "line_direction": ("--shape", "x=1,3,48,192"),
    "recogniser": ("--shape", "x=1,3,48,320"),
    "minilm": ("--shape", "input_ids=1,16", "--shape", "attention_mask=1,16"),
    "magika": ("--shape", "bytes=1,2048"),
    "digits": ("--dim", "n=1"),
}
"""Options of `imcmoo import` that set the sizes of inputs."""

HEAD = """name = "edge_five"
model = "physical"
device = "{device}"
[space]
base = "{device}_physical_attention"
"""
NETWORK = """[[networks]]
source = "{name}.csv"
accuracy = "{name}.accuracy.npz"
max_accuracy_drop = {drop}
"""
SCENARIO = """[scenario]
interrupt = "layer"
"""
RATES_HZ = {"line_direction": 30, "recogniser": 30, "minilm": 2, "magika": 5, "digits": 60}
"""Assumed requests per second: a camera that reads lines of text and digits, and looks up files."""


BITS = (8, 8)
"""Precision of inputs and weights."""


def rounding_alone(data: AccuracyData) -> float:
    """The lower of the scores in float and with inputs and weights rounded to `BITS`."""
    rounded = predict(data, np.zeros((2, len(data.layers))), BITS)
    return min(data.float_score, rounded.accuracy)


def prepare(
    folder: Path, *, device: str, drop: float, beside_rounding: bool = False, rates: bool = False
) -> Path:
    """Import networks from the data in a folder, and write the study there; returns its file.

    A drop is below each network's score in float; `beside_rounding` it counts from the score with
    rounded inputs and weights, where that is lower. With `rates` the networks get requests at
    `RATES_HZ`.
    """
    text = HEAD.format(device=device) + (SCENARIO if rates else "")
    for name, shapes in SHAPES.items():
        (path, options), table = find_network(name, folder), folder / f"{name}.csv"
        data = ["--data", str(folder / f"{name}.npz"), "--out", str(table)]
        if not table.exists() and imcmoo(["import", str(path), *shapes, *options, *data]):
            raise SystemExit(f"{name} cannot be imported")
        data_file = AccuracyData.read(folder / f"{name}.accuracy.npz")
        rounding = data_file.float_score - rounding_alone(data_file) if beside_rounding else 0.0
        text += NETWORK.format(name=name, drop=f"{drop + rounding:.6g}")
        text += f"rate_Hz = {RATES_HZ[name]}\n" if rates else ""
    study = folder / "edge_five.toml"
    study.write_text(text, encoding="utf-8")
    return study


def main(argv: Sequence[str] | None = None) -> None:
    """Prepare the study of a folder of data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=Path, metavar="DIR")
    parser.add_argument("--device", choices=("sram", "rram"), default="sram")
    parser.add_argument("--max-drop", type=float, default=0.01)
    parser.add_argument(
        "--beside-rounding", action="store_true", help="drops count from 8-bit inputs and weights"
    )
    parser.add_argument("--rates", action="store_true", help="with requests of all networks")
    args = parser.parse_args(argv)
    options = {"beside_rounding": args.beside_rounding, "rates": args.rates}
    prepare(args.data, device=args.device, drop=args.max_drop, **options)


if __name__ == "__main__":
    main()
