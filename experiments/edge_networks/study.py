"""The study `edge_six`: one chip for six networks whose accuracy is measured.

`python -m experiments.edge_networks.study --data DIR` imports the networks whose data
`experiments.edge_networks.data` wrote to DIR, unless they are there, and writes DIR/edge_six.toml.
`imcmoo run DIR/edge_six.toml` searches and executes the selected design.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
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
    "voice_activity": ("--shape", "input=1,576", "--shape", "h=1,1,128", "--shape", "c=1,1,128"),
}
"""Options of `imcmoo import` that set the sizes of inputs."""

HEAD = """name = "{name}"
model = "physical"
device = "{device}"
[space]
base = "{device}_physical_attention"
{space}"""
NETWORK = """[[networks]]
source = "{name}.csv"
accuracy = "{name}.accuracy.npz"
"""
SCENARIO = """[scenario]
interrupt = "layer"
"""
RATES_HZ = {
    **{"line_direction": 30, "recogniser": 30, "minilm": 2, "magika": 5, "digits": 60},
    "voice_activity": 31.25,
}
"""Assumed requests per second: a camera that reads lines of text and digits, looks up files and
listens to speech, a frame of 32 ms at a time."""


BITS = (8, 8)
"""Precision of inputs and weights."""


def rounding_alone(data: AccuracyData) -> float:
    """The lower of the scores in float and with inputs and weights rounded to `BITS`."""
    rounded = predict(data, np.zeros((2, len(data.layers))), BITS)
    return min(data.float_score, rounded.accuracy)


def prepare(
    folder: Path,
    *,
    device: str,
    drop: float | None,
    beside_rounding: bool = False,
    rates: bool = False,
    name: str = "edge_six",
    networks: Sequence[str] = tuple(SHAPES),
    space: str = "",
    digital: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """Import networks from the data in a folder, and write the study there; returns its file.

    Args:
        folder: folder of the data.
        device: device of the study.
        drop: largest drop below each network's score in float. If None, no limit.
        beside_rounding: count the drop from the score with rounded inputs and weights where that is
            lower.
        rates: add requests at `RATES_HZ`.
        name: name of the study and its file.
        networks: names of its networks.
        space: further lines of the table `space`.
        digital: layers on the digital unit by network. If None, none.
    """
    text = HEAD.format(name=name, device=device, space=space) + (SCENARIO if rates else "")
    for network in networks:
        data = _imported(network, folder)
        text += NETWORK.format(name=network)
        if drop is not None:
            rounding = data.float_score - rounding_alone(data) if beside_rounding else 0.0
            text += f"max_accuracy_drop = {drop + rounding:.6g}\n"
        if layers := (digital or {}).get(network):
            text += f"layers_digital = {json.dumps([*layers])}\n"
        text += f"rate_Hz = {RATES_HZ[network]}\n" if rates else ""
    study = folder / f"{name}.toml"
    study.write_text(text, encoding="utf-8")
    return study


def _imported(network: str, folder: Path) -> AccuracyData:
    """Accuracy data of a network; imports it unless it was imported before."""
    (path, options), table = find_network(network, folder), folder / f"{network}.csv"
    data = ["--data", str(folder / f"{network}.npz"), "--out", str(table)]
    shapes = SHAPES[network]
    if not table.exists() and imcmoo(["import", str(path), *shapes, *options, *data]):
        raise SystemExit(f"{network} cannot be imported")
    return AccuracyData.read(folder / f"{network}.accuracy.npz")


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
