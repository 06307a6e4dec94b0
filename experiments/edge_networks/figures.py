"""Figures of accuracy: against noise, and by layer.

`python -m experiments.edge_networks.figures --data DIR --prediction CSV... --out DIR` draws the
curves of each network in DIR (NETWORK.accuracy.npz) with the executed designs of CSV on them.
`--layers CSV` draws the accuracy with each layer alone on a chip (`imcmoo accuracy --layers`),
`--front CSV...` energy against accuracy: front.csv of runs with the objective accuracy_drop, which
are gathered in fronts.csv, or that file.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.edge_networks.data import NETWORKS
from experiments.publish import NARROW
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.report import style

HEIGHT = 2.2
"""Inches of a row of panels."""
FRONTS = "fronts.csv"
DROP = "accuracy_drop_"
CIRCUIT = ("rows", "active_rows", "weight_coding", "input_slice_bits", "adc_bits")
"""Parameters of a design that decide its accuracy."""


def against_noise(
    data: dict[str, AccuracyData], executed: pd.DataFrame, width: float = style.WIDTH
) -> Figure:
    """Score against signal to noise at the logits, a panel for each network with data, with its
    rows of `prediction`."""
    figure, panels = _panels(len(data), width)
    for axes, (name, network) in zip(panels, data.items(), strict=True):
        signal = -10 * np.log10(network.levels)
        axes.plot(signal, network.white, "-", color=style.COLOURS[0], label="noise of reads")
        axes.plot(signal, network.static, "--", color=style.COLOURS[1], label="errors of cells")
        designs = executed[executed["network"] == name]
        look: dict[str, Any] = {
            "color": style.COLOURS[2],
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


def by_layer(layers: pd.DataFrame, width: float = style.WIDTH) -> Figure:
    """Score with each layer alone on a chip: rows of `imcmoo accuracy --layers` for a design."""
    figure = Figure(figsize=(width, HEIGHT), layout="constrained")
    axes = figure.subplots()
    axes.bar(np.arange(len(layers)), layers["accuracy_alone"], color=style.COLOURS[0])
    axes.set_xlabel("layer that runs on the chip, all others in float")
    axes.set_ylabel("score")
    axes.set_ylim(0.0, 1.0)
    return figure


def gathered(front: pd.DataFrame) -> pd.DataFrame:
    """Designs of a run's front.csv, a row for each network with accuracy data, cheapest first;
    rows of this function stay."""
    if "network" in front:
        return front
    names = [n.removeprefix(DROP) for n in front.columns.astype(str) if n.startswith(DROP)]
    parts = [
        front[list(CIRCUIT)]
        .assign(network=name, energy_J=front[f"energy_{name}_J"], drop=front[DROP + name])
        .sort_values(["energy_J", "drop"])
        for name in names
    ]
    return pd.concat(parts)[["network", *CIRCUIT, "energy_J", "drop"]]


def against_energy(fronts: pd.DataFrame, width: float = style.WIDTH) -> Figure:
    """Predicted drop of accuracy against energy by ADC bits, a panel for each network of
    `gathered` fronts."""
    names = fronts["network"].unique()
    figure, panels = _panels(len(names), width)
    resolutions = sorted(fronts["adc_bits"].unique())
    for axes, name in zip(panels, names, strict=True):
        designs = fronts[fronts["network"] == name]
        for at, bits in enumerate(resolutions):
            chips = designs[designs["adc_bits"] == bits]
            look: dict[str, Any] = {
                "color": style.COLOURS[at],
                "markersize": 3,
                "label": f"{bits} bits",
            }
            energy = chips["energy_J"] / designs["energy_J"].min()
            axes.plot(energy, 100 * chips["drop"], style.MARKERS[at], **look)
        axes.set_title(_title(name))
        axes.set_xlabel("energy over the least")
    panels[0].set_ylabel("predicted drop (points)")
    panels[-1].legend(title="ADC")
    return figure


def main(argv: Sequence[str] | None = None) -> None:
    """Draw the figures whose tables are given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--prediction", type=Path, nargs="+", default=[], metavar="CSV")
    parser.add_argument("--layers", type=Path, metavar="CSV")
    parser.add_argument("--front", type=Path, nargs="+", default=[], metavar="CSV")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, Callable[..., Figure]] = {}
    with style.paper_style():
        if args.prediction:
            executed = pd.concat(map(pd.read_csv, args.prediction))
            networks = executed["network"].unique()
            data = {n: AccuracyData.read(args.data / f"{n}.accuracy.npz") for n in networks}
            drawn["accuracy_against_noise"] = partial(against_noise, data, executed)
        if args.layers:
            drawn["accuracy_by_layer"] = partial(by_layer, pd.read_csv(args.layers))
        if args.front:
            fronts = pd.concat([gathered(pd.read_csv(path)) for path in args.front])
            fronts.to_csv(args.out / FRONTS, index=False, float_format="%.5g", lineterminator="\n")
            drawn["accuracy_against_energy"] = partial(against_energy, fronts)
        for name, draw in drawn.items():
            for ending, width in (("", style.WIDTH), (NARROW, style.COLUMN)):
                style.save(draw(width=width), args.out, name + ending, ("svg", "pdf"))


if __name__ == "__main__":
    main()
