"""Verdicts of the limit on SNR against execution, on real networks with data.

`python -m experiments.edge_networks.limit_verdicts --data DIR --out F.csv NETWORK...` executes each
network on one simulated chip of every circuit. DIR holds what `experiments.edge_networks.study` or
`experiments.edge_networks.unseen` imported. `--summary F.csv` counts the verdicts: the limit says
that a network works from `DEFAULT_SNR_ADC_DB` on, and it works if it loses at most 1 point.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.edge_networks.prediction import assessment
from experiments.edge_networks.unseen import UNSEEN, assessment_of, folder_of
from experiments.edge_networks.verdict import MEAN_LOSS
from imcmoo.accuracy.assess import Assessment
from imcmoo.accuracy.own_statistics import layer_statistics
from imcmoo.accuracy.verdict import ROUNDING
from imcmoo.arrays import Floats
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.constraints import DEFAULT_SNR_ADC_DB
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.noise.model import noise_of
from imcmoo.model.physical.parameters import Designs
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.study.catalogue import find_study

SOURCES = ("generic", "own_moments", "own_columns")
"""What the SNR rests on: assumed statistics, measured moments, measured columns."""

CIRCUITS = (
    ("sram", 128, 1, "differential", 4, 10),
    ("sram", 128, 1, "differential", 6, 10),
    ("sram", 128, 2, "differential", 7, 10),
    ("sram", 128, 1, "offset", 7, 20),
    ("sram", 64, 1, "differential", 5, 20),
    ("sram", 32, 2, "differential", 3, 10),
    ("sram", 64, 2, "offset", 8, 50),
    ("rram", 64, 1, "differential", 6, 10),
    ("rram", 64, 2, "offset", 7, 10),
    ("rram", 32, 1, "offset", 5, 20),
    ("rram", 128, 1, "differential", 8, 10),
    ("rram", 16, 1, "differential", 4, 10),
)
"""Device, rows, bits of an input slice, coding, ADC bits and noise in percent; one-bit cells."""
NAMES = ("device", "rows", "input_slice_bits", "weight_coding", "adc_bits", "adc_noise")
STUDY = """name = "{name}"
model = "physical"
device = "{device}"
[[networks]]
source = "{name}.csv"
layers_digital = {digital}
"""


def circuits_of(
    name: str, folder: Path, device: str, digital: Sequence[str]
) -> tuple[list[Circuit], Floats]:
    """The circuits of a device, and their compute SNR by assumed statistics, dB, shape (n,).

    `digital` names layers on the digital unit, which add no noise.
    """
    file = folder / f"{name}_{device}_generic.toml"
    text = STUDY.format(name=name, device=device, digital=json.dumps([*digital]))
    file.write_text(text, encoding="utf-8")
    study = find_study(str(file))
    problem = study.problem()
    chosen = pd.DataFrame([each for each in CIRCUITS if each[0] == device], columns=NAMES)
    # The other parameters of the chip have no effect on noise.
    levels = problem.space.random(1, np.random.default_rng(0))
    chip = problem.space.decode(np.repeat(levels, len(chosen), axis=0))
    columns: dict[str, Any] = {**chip, **{key: chosen[key].to_numpy() for key in NAMES}}
    columns |= {"active_rows": columns["rows"], "adc_window": len(chosen) * ["least_error"]}
    columns |= {key: np.ones(len(chosen), int) for key in ("bits_per_cell", "buffer_words")}
    cell = memory_cell(device)
    designs = Designs.of_columns(columns, defaults=cell.defaults)
    assert isinstance(problem.model, PhysicalEvaluator)
    snr = problem.model.in_full(columns).snr_dB[:, 0]
    return Circuit.of_designs(designs, cell, Assumptions()), snr


def own_dB(assessed: Assessment, circuit: Circuit, digital: Sequence[str]) -> dict[str, float]:
    """Compute SNR in dB by the moments and by the columns of the calibration vectors, without the
    layers named in `digital`."""
    noise = dict.fromkeys(SOURCES[1:], 0.0)
    exact = replace(circuit.without_errors(), adc_window="sigma")
    for layer in assessed.network.layers:
        if layer.name in digital:
            continue
        statistics = layer_statistics(layer.weights, assessed.calibration[layer.name], exact)
        moments = replace(statistics, columns=None)
        for source, each in zip(SOURCES[1:], (moments, statistics), strict=True):
            of_layer = noise_of(each, circuit)
            noise[source] += float((of_layer.adc + of_layer.dev).sum())
    return {source: float(-10 * np.log10(max(value, 1e-30))) for source, value in noise.items()}


def verdicts(
    name: str, folder: Path, samples: int | None, *, as_imported: bool
) -> Iterator[dict[str, Any]]:
    """A row of each circuit: SNR by source, scores, and the loss on one simulated chip.

    The digital unit runs the layers that the import puts there if `as_imported`, else none.
    """
    make = assessment
    if name in UNSEEN:
        make, folder = assessment_of, folder_of(name, folder, None)
    digital: Sequence[str] = ()
    if as_imported:
        digital = AccuracyData.read(folder / f"{name}.accuracy.npz").digital_only
    assessed = make(name, folder, samples, digital)
    for device in ("sram", "rram"):
        chosen = [each for each in CIRCUITS if each[0] == device]
        for each, circuit, generic in zip(
            chosen, *circuits_of(name, folder, device, digital), strict=True
        ):
            on_integers = assessed.integer_scores(circuit).mean()
            score = assessed.scores_of_chip(circuit).mean()
            title = f"{name}, {len(digital)} layers digital" if digital else name
            row = {"network": title, **dict(zip(NAMES, each, strict=True))}
            row |= {"generic": float(generic), **own_dB(assessed, circuit, digital)}
            row |= {"float": assessed.float_score, "integer": on_integers, "accuracy": score}
            row |= {"loss": min(assessed.float_score, on_integers) - score}
            print(row, flush=True)
            yield row


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Right and wrong verdicts by what the SNR rests on, of each network and of all."""
    works = table["loss"] <= MEAN_LOSS + ROUNDING
    rows = []
    for source in SOURCES:
        says = table[source] >= DEFAULT_SNR_ADC_DB
        kinds = {"both work": says & works, "says works, fails": says & ~works}
        kinds |= {"says fails, works": ~says & works, "both fail": ~says & ~works}
        for network, part in [*table.groupby("network").groups.items(), ("all", table.index)]:
            counts = {kind: int(value[part].sum()) for kind, value in kinds.items()}
            rows.append({"source": source, "network": network, **counts})
    return pd.DataFrame(rows)


def main(argv: Sequence[str] | None = None) -> None:
    """Execute networks, or count the verdicts of such a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NETWORK")
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--samples", type=int, metavar="N", help="scored samples of each network")
    parser.add_argument(
        "--as-imported",
        action="store_true",
        help="run layers that the import puts on the digital unit there",
    )
    parser.add_argument("--out", type=Path, metavar="F.csv")
    parser.add_argument("--summary", type=Path, metavar="F.csv")
    args = parser.parse_args(argv)
    if args.summary:
        print(summary(pd.read_csv(args.summary)).to_string(index=False))
        return
    if not (args.networks and args.data and args.out):
        parser.error("NETWORK, --data and --out, or --summary, are needed")
    rows: list[dict[str, Any]] = []
    for name in args.networks:
        for row in verdicts(name, args.data, args.samples, as_imported=args.as_imported):
            rows.append(row)  # written one by one, since a row takes a minute
            frame = pd.DataFrame(rows)
            frame.to_csv(args.out, index=False, float_format="%.4g", lineterminator="\n")


if __name__ == "__main__":
    main()
