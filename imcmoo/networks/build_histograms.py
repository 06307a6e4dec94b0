"""Pack the shipped operand histograms:
`python -m imcmoo.networks.build_histograms HISTOGRAMS.csv.gz`.

The file has one row per network, layer and operand: workload, layer, operand (inputs, weights;
others are left out), probabilities of the bins, separated by blanks. Layers are put in the order of
the network's table.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.io.files import replacing
from imcmoo.networks.operands import HISTOGRAMS
from imcmoo.networks.workloads import Workload

SHIPPED = Path(__file__).parent / "tables" / HISTOGRAMS
OPERANDS = ("inputs", "weights")


def read(path: Path) -> dict[str, Any]:
    """Histograms by network and operand, "resnet18.inputs" and so on, shape (n_layers, n_bins).

    Raises:
        ValueError: a network's layers are not those of its table.
    """
    rows: dict[str, dict[str, list[float]]] = {}
    with gzip.open(path, "rt", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["operand"] in OPERANDS:
                of_network = rows.setdefault(f"{row['workload']}.{row['operand']}", {})
                of_network[row["layer"]] = [float(p) for p in row["probabilities"].split()]
    packed = {}
    for name, by_layer in rows.items():
        layers = Workload.load(name.split(".")[0]).layers
        if set(layers) != set(by_layer):
            raise ValueError(f"{path}: the layers of {name} are not those of the network's table")
        packed[name] = np.array([by_layer[layer] for layer in layers], dtype=np.float32)
    return packed


def main(argv: Sequence[str] | None = None) -> None:
    """Pack a file of histograms into the one that ships."""
    parser = argparse.ArgumentParser(description="Pack the shipped operand histograms.")
    parser.add_argument("histograms", metavar="HISTOGRAMS.csv.gz", type=Path)
    packed = read(parser.parse_args(argv).histograms)
    with replacing(SHIPPED) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **packed)


if __name__ == "__main__":
    main()
