"""Figure of accuracy against noise.

`python -m experiments.edge_networks.figures --data DIR --prediction CSV... --out DIR` draws the
curves of each network in DIR (NETWORK.accuracy.npz) with the executed designs of CSV on them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.edge_networks.data import NETWORKS
from experiments.publish import NARROW
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.report import palette, style

HEIGHT = 2.2
"""Inches of a row of panels."""


def against_noise(
    data: dict[str, AccuracyData], executed: pd.DataFrame, width: float = style.WIDTH
) -> Figure:
    """Score against signal to noise at the logits, a panel for each network with data, with its
    rows of `prediction`."""
    figure, panels = _panels(len(data), width)
    for axes, (name, network) in zip(panels, data.items(), strict=True):
        signal = -10 * np.log10(network.levels)
        axes.plot(signal, network.white, "-", color=palette.COLOURS[0], label="noise of reads")
        axes.plot(signal, network.static, "--", color=palette.COLOURS[1], label="errors of cells")
        designs = executed[executed["network"] == name]
        look: dict[str, Any] = {
            "color": palette.COLOURS[2],
            "markersize": 3,
            "label": "designs, executed",
        }
        axes.plot(-designs["exact_nsr_dB"], designs["exact"], "o", **look)
        axes.set_title(_title(name))
        axes.set_xlabel("SNR at the logits (dB)")
    panels[0].set_ylabel("score")
    columns = 3 if width == style.WIDTH else 2
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=columns)
    return figure


def _panels(n: int, width: float) -> tuple[Figure, list[Axes]]:
    """Figure with n panels of one vertical axis: in a row, or two in a row if it is narrow."""
    columns = n if width == style.WIDTH else min(n, 2)
    rows = -(-n // columns)
    figure = Figure(figsize=(width, HEIGHT * rows), layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes in panels.flat[n:]:
        axes.remove()
    return figure, list(panels.flat[:n])


def _title(name: str) -> str:
    """Title of a panel: the task of the network."""
    trained = {"digits_cnn": "digits (convolutional)"}
    return NETWORKS[name].title if name in NETWORKS else trained.get(name, name)


def main(argv: Sequence[str] | None = None) -> None:
    """Draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=Path, metavar="DIR")
    parser.add_argument("--prediction", required=True, type=Path, nargs="+", metavar="CSV")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    executed = pd.concat(map(pd.read_csv, args.prediction))
    networks = executed["network"].unique()
    data = {n: AccuracyData.read(args.data / f"{n}.accuracy.npz") for n in networks}
    with style.paper_style():
        for ending, width in (("", style.WIDTH), (NARROW, style.COLUMN)):
            figure = against_noise(data, executed, width)
            style.save(figure, args.out, "accuracy_against_noise" + ending, ("svg", "pdf"))


if __name__ == "__main__":
    main()
