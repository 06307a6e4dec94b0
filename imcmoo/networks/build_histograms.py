"""Pack the shipped operand histograms:
`python -m imcmoo.networks.build_histograms HISTOGRAMS.csv.gz`.

The file has one row per network, layer and operand: workload, layer, operand (inputs, weights;
others are left out), probabilities of the bins, separated by blanks. Layers are put in the order of
the network's table.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.io.files import replacing
from imcmoo.networks.operands import HISTOGRAMS
from imcmoo.networks.workloads import Workload

SHIPPED = Path(__file__).parent / "tables" / HISTOGRAMS
OPERANDS = ("inputs", "weights")


def read(path: Path) -> dict[str, Any]:
    """Read histograms by network and operand ("resnet18.inputs"), shape (n_layers, n_bins).

    Raises:
        ValueError: the layers of a network are not those of its table, or one occurs twice.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table = table[table["operand"].isin(OPERANDS)]
    packed = {}
    for (network, operand), rows in table.groupby(["workload", "operand"], sort=False):
        name = f"{network}.{operand}"
        layers = Workload.load(str(network)).layers
        by_layer = rows.set_index("layer")["probabilities"]
        if set(layers) != set(by_layer.index):
            raise ValueError(f"{path}: the layers of {name} are not those of the network's table")
        if not by_layer.index.is_unique:
            twice = by_layer.index[by_layer.index.duplicated()][0]
            raise ValueError(f"{path}: the layer {twice} of {name} is listed twice")
        bins = [text.split() for text in by_layer[list(layers)]]
        packed[name] = np.array(bins, dtype=float).astype(np.float32)
    return packed


def main(argv: Sequence[str] | None = None) -> None:
    """Convert a file of histograms into the shipped one."""
    parser = argparse.ArgumentParser(description="Pack the shipped operand histograms.")
    parser.add_argument("histograms", metavar="HISTOGRAMS.csv.gz", type=Path)
    packed = read(parser.parse_args(argv).histograms)
    with replacing(SHIPPED) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **packed)


if __name__ == "__main__":
    main()
