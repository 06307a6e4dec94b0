"""`imcmoo accuracy`: does a network still work on a chip?"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich.table import Table

from imcmoo.accuracy import accuracy_packages
from imcmoo.answers.results import DESIGN
from imcmoo.cli.accuracy_chips import (
    NEEDED,
    OPTIONAL,
    design_from_text,
    requested_chips,
    settings_of_run,
)
from imcmoo.cli.arguments import FORCE, add, check_outputs, file, not_negative, option, share, whole
from imcmoo.cli.import_command import measure_all
from imcmoo.cli.terminal import console, counted, show, warn
from imcmoo.io.checksums import sha256
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.files import writing
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.parameters import (
    ADC_WINDOWS,
    DEFAULTS,
    LIMITS,
)
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.workload_csv import allowed_name
from imcmoo.version import __version__

if TYPE_CHECKING:
    from imcmoo.accuracy.assess import Assessment, Result
    from imcmoo.accuracy.simulation import LayerErrors

DESCRIPTION = """
Execute an ONNX network on simulated chips of a design and score it on labelled data: in float, with
inputs and weights as integers, and on the chips, with sliced operands, cell errors drawn per chip,
and ADCs that clip and round. Convolutions, recurrent layers and products with stored weights run on
the chip, all else in float.

DATA.npz has an array for each input of the network, samples on the first axis, and labels; arrays
calibration/INPUT set the scales and ADC windows, else the first quarter of the samples does and is
not scored. Designs come from --designs (the folder of a run, a design.json, or a CSV with a line
for each) or from the command line (--design). Only rows, active_rows, bits_per_cell,
input_slice_bits, adc_bits, weight_coding, adc_window, redundancy, cell_errors and adc_noise matter.
The study of a run also sets --input-bits, --weight-bits, --weight-clip and --layers-digital of its
network NET, or of its only network.

OUT has, for each design, weights_on_chip and macs_on_chip (shares of the network's weights and
multiply-accumulates that are not in float), weights_on_digital and macs_on_digital (of these, on
the digital unit), the score in float, integer and accuracy (the mean over
chips, with a 95 % interval over samples), chip_min, chip_max, yield (share of chips within
--allowed-drop), nsr_out_dB (error of the logits over their variance), snr_adc_dB, snr_dev_dB,
snr_rounding_dB of all layers together, and the layer that errs most. LAYERS has the same by layer,
and the accuracy with that layer alone on the chip.

NOISE has the circuit of the only design and, for each layer, rms errors of its weights by the
errors of cells (weight_error) and by stuck cells (stuck_error), as shares of the largest stored
weight of the output channel, and rms noise of ADCs and reads over the standard deviation of its
outputs (output_noise).
"""

INTERRUPTED = "no file was written"

HOW = ("exact", "linear")
"""Ways to find the accuracy."""


SHOWN = (
    *(*NEEDED, "differential", "sigma", "read_sigma", "stuck_share", "adc_window"),
    *("input_bits", "weight_bits", "weight_clip"),
)
"""Fields of a chip that a row of the output has."""

CLIPPED = 1e-3
"""Share of clipped sums of a layer above which a warning is printed."""

NOISE = re.compile(rb"\{\s*\"noise_of\":")
"""How the files of `--export-noise` begin."""

RESULTS = re.compile(rb"design,network,|\[\s*\{\s*\"design\":")
"""How the files begin that this command writes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add(
        parser,
        option("network NET.onnx", Path, None),
        option("--data DATA.npz", Path, None, required=True),
        option("--designs DESIGNS", Path, "a CSV, a folder of a run, or a design.json"),
        option("--design A=1,B=2", design_from_text,
               f"one design: {', '.join(NEEDED)}; also {', '.join(OPTIONAL)}"),
        option("--device", list(MEMORY_CELLS),
               "needed if the design does not name it; takes its lines of a CSV of several"),
    )  # fmt: skip
    _add_score_and_chips(parser)
    _add_settings(parser)
    add(
        parser,
        file("OUT.csv|json", required=False),
        option("--layers LAYERS.csv|json", Path, "also write the layers"),
        option(
            "--export-noise NOISE.json",
            Path,
            "also write the errors of each layer, to train the network with them",
        ),
        option("--quiet", bool, "show no progress"),
        FORCE,
    )


def _add_score_and_chips(parser: argparse.ArgumentParser) -> None:
    """Add what is scored, and how many chips are simulated, and how."""
    add(
        parser.add_argument_group("score"),
        option("--metric METRIC", str,
               "top1 (default), agreement or cosine with the float network, or module:function of "
               "outputs by name and labels", default="top1"),
        option("--output NAME", str, "the output that is scored (default: the first)"),
        option("--samples N", whole(1), "samples to score (default: all)"),
        option("--allowed-drop X", share,
               "loss of score that counts as none for the yield (default: 0.01)", default=0.01),
    )  # fmt: skip
    add(
        parser.add_argument_group("simulated chips"),
        option("--chips N", whole(1), "simulated chips (default: 3); --how linear draws none",
               default=3),
        option("--seed N", whole(0), "of the first chip (default: 0)", default=0),
        option("--how", HOW,
               "exact: every read and conversion (default); linear: predicted from each layer's "
               "noise", default="exact"),
        option("--accuracy-data NET.accuracy.npz", Path,
               "of imcmoo import --data, for --how linear (default: measured first)"),
    )  # fmt: skip


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the settings of a chip that are no columns of a design, and those of a network."""
    add(
        parser.add_argument_group("settings of a chip that are no columns of a design"),
        option("--sigma S", share,
               "cell error as a share of the cell's range (default: the device's)"),
        option("--read-sigma", share,
               "error of each read of a cell as a share of its range (default: the device's)"),
        option("--stuck-share", share,
               "share of cells stuck at an end of their range (default: the device's)"),
        option("--adc-window", ADC_WINDOWS,
               "4 standard deviations of the sums, all possible sums, or least error of the "
               "product (default: the design's, else least_error)"),
        option("--redundancy N", whole(1),
               "parallel cells of each of the more significant half of the weight slices (default: "
               "the design's, else 1)"),
        option("--adc-noise PERCENT", whole(LIMITS["adc_noise"][0]),
               "rms noise of a conversion in percent of a unit, the difference of neighbouring "
               f"sums (default: the design's, else {DEFAULTS['adc_noise']})"),
        option("--weight-clip X", not_negative,
               "largest stored weight as a share of its channel's largest (default: the run's, "
               "else 1)"),
        option("--layers-digital LAYER,...", _names,
               "layers that run on the digital unit (default: the run's, else none)"),
        *(option(f"--{operand}-bits B", whole(2),
                 f"precision of {operand}s (default: the run's, else 8)")
          for operand in ("input", "weight")),
    )  # fmt: skip


def _check_and_complete(args: argparse.Namespace) -> None:
    """Refuse files and options that do not fit, and add the settings that a run has."""
    if args.designs is not None and args.designs.is_dir():
        args.designs /= DESIGN
    check_outputs(
        {"--out": args.out, "--layers": args.layers, "--export-noise": args.export_noise},
        [args.network, args.data, args.designs, args.accuracy_data],
    )
    if args.accuracy_data is not None and args.how != "linear":
        raise InputError("--accuracy-data needs --how linear")
    for name, value in settings_of_run(args).items():
        setattr(args, name, value)


def main(args: argparse.Namespace) -> None:
    """Execute a network on the chips that a command line asks for."""
    _check_and_complete(args)
    chips = requested_chips(args)
    if args.export_noise and len(set(chips.values())) > 1:
        raise InputError(f"--export-noise is for one design, got {len(chips)}")
    assess = _assessment(args)
    data = _accuracy_data(args, assess) if args.how == "linear" else None
    drawn = 0 if args.how == "linear" else args.chips
    per_chip = max(drawn, 1) + (len(assess.network.layer_names) if args.layers else 0)
    with ExitStack() as stack:
        # Opened first, so that an unwritable file is reported before the work.
        targets = [
            (stack.enter_context(writing(path, ours=RESULTS, force=args.force)), path)
            for path in (args.out, args.layers)
            if path
        ]
        noise = args.export_noise and stack.enter_context(
            writing(args.export_noise, ours=NOISE, force=args.force)
        )
        total = per_chip * len(set(chips.values()))
        advance = stack.enter_context(counted("simulated", total, quiet=args.quiet))
        rows, layers = _rows(args, assess, chips, data, advance)
        for target, path in targets:
            _write(target, path, rows if path == args.out else layers)
        if noise:
            _write_noise(noise, args, assess, next(iter(chips.values())))
    show(console(), _table(rows))
    console().print(str(assess.shares), soft_wrap=True, markup=False, highlight=False)


def _rows(
    args: argparse.Namespace,
    assess: Assessment,
    chips: Mapping[int, Circuit],
    data: AccuracyData | None,
    after_each: Callable[[], None],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of OUT and, if they are to be written, of LAYERS; an equal chip is executed once."""
    samples = assess.samples if data is None else data.about["samples"]
    drawn = 0 if data is not None else args.chips
    settings = {"samples": samples, "chips": drawn, "how": args.how}
    settings |= assess.shares.to_columns()
    executed: dict[Circuit, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
    rows: list[dict[str, Any]] = []
    layers: list[dict[str, Any]] = []
    for design, chip in chips.items():
        if chip not in executed:
            executed[chip] = _of_chip(args, assess, chip, data, after_each)
        result, of_layers = executed[chip]
        start = {"design": design, "network": allowed_name(args.network.stem)}
        shown = {name: getattr(chip, name) for name in SHOWN}
        shown["adc_noise"] = round(100 * chip.adc_noise)
        rows.append(start | shown | settings | result)
        layers += [start | layer for layer in of_layers]
    return rows, layers


def _of_chip(
    args: argparse.Namespace,
    assess: Assessment,
    chip: Circuit,
    data: AccuracyData | None,
    after_each: Callable[[], None],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Columns of the result of a chip, and of its layers if they are to be written."""
    result, errors = _accuracy(args, assess, chip, data, after_each)
    worst = max(errors, key=lambda each: each.clipped)
    if worst.clipped > CLIPPED:
        warn(
            f"ADC windows clip {worst.clipped:.1%} of the sums of layer {worst.layer}: more "
            "ADC bits, fewer active rows or another --adc-window clip less"
        )
    layers = []
    for each in errors if args.layers else ():
        layers.append(each.to_row() | {"accuracy_alone": assess.alone(chip, each.layer)})
        after_each()
    return result.to_row(), layers


def _assessment(args: argparse.Namespace) -> Assessment:
    """The network in float, on its data."""
    with accuracy_packages():
        from imcmoo.accuracy.assess import FEW_SAMPLES, Assessment
    assessment = Assessment(
        args.network,
        args.data,
        metric=args.metric,
        output=args.output,
        samples=args.samples,
        seed=args.seed,
        layers_digital=args.layers_digital or (),
    )
    if assessment.samples < FEW_SAMPLES:
        scored = "1 sample is" if assessment.samples == 1 else f"{assessment.samples} samples are"
        warn(f"{scored} scored: with fewer than {FEW_SAMPLES} the interval of an accuracy is wide")
    return assessment


def _accuracy(
    args: argparse.Namespace,
    assess: Assessment,
    chip: Circuit,
    data: AccuracyData | None,
    after_each: Callable[[], None],
) -> tuple[Result, list[LayerErrors]]:
    """Accuracy of a chip and errors of its layers: predicted from accuracy data, or executed."""
    if data is None:
        return assess.on_chips(
            chip, args.chips, allowed_drop=args.allowed_drop, after_each=after_each
        )
    from imcmoo.accuracy.circuit_noise import CircuitNoise, cache_folder

    noise = CircuitNoise(cache_folder())
    with input_errors("--how linear: "):
        predicted = assess.predicted(chip, data, noise, allowed_drop=args.allowed_drop)
    after_each()
    return predicted


def _accuracy_data(args: argparse.Namespace, assess: Assessment) -> AccuracyData:
    """Stored or new accuracy data; refuses data that were measured with other options."""
    if args.accuracy_data is None:
        return measure_all(assess, quiet=args.quiet)
    with input_errors():
        data = AccuracyData.read(args.accuracy_data)
    if data.about.get("network_sha256") != sha256(args.network):
        raise InputError(f"{args.accuracy_data} is of another network than {args.network}")
    if data.about.get("weights_sha256", "") != assess.weights_sha256:
        raise InputError(f"{args.accuracy_data} is of other weights than those of {args.network}")
    if data.about.get("data_sha256") != sha256(args.data):
        raise InputError(f"{args.accuracy_data} was measured on other data than {args.data}")
    layers = [(layer.name, layer.weights.shape) for layer in data.layers]
    if layers != [(layer.name, layer.weights.shape) for layer in assess.network.layers]:
        raise InputError(f"{args.accuracy_data} has other layers than {args.network}")
    samples = args.samples or data.about.get("samples")
    asked = {"metric": args.metric, "output": assess.network.output, "seed": args.seed}
    for name, value in (asked | {"samples": samples}).items():
        if (measured := data.about.get(name)) != value:
            raise InputError(
                f"{args.accuracy_data} was measured with {name} {measured}, not {value}: without "
                "--accuracy-data it is measured first"
            )
    return data


def _names(text: str) -> list[str]:
    """Names with commas between them."""
    names = text.split(",")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise argparse.ArgumentTypeError(f"{twice[0]} is given twice")
    return names


def _write(target: Path, path: Path, rows: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame(rows)
    if path.suffix == ".json":
        records = json.loads(frame.to_json(orient="records"))  # infinite decibels become null
        target.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    else:
        frame.to_csv(target, index=False, lineterminator="\n")


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _write_noise(target: Path, args: argparse.Namespace, assess: Assessment, chip: Circuit) -> None:
    """Write the errors of the layers of a chip."""
    content = {
        "noise_of": args.network.name,
        "network_sha256": sha256(args.network),
        "imcmoo": __version__,
        "seed": args.seed,
        "circuit": asdict(chip),
        "layers": [
            {key: None if _is_nan(value) else value for key, value in layer.items()}
            for layer in assess.noise_for_training(chip)
        ],
    }
    target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _table(rows: list[dict[str, Any]]) -> Table:
    scores = ("float", "integer", "accuracy", "accuracy_low", "accuracy_high", "chip_min")
    decibels = ("nsr_out_dB", "snr_adc_dB", "snr_dev_dB", "snr_rounding_dB")
    table = Table("design", *scores, "yield", *decibels)
    for row in rows:
        table.add_row(
            str(row["design"]),
            *(f"{row[name]:.3f}" for name in scores),
            f"{row['yield']:.0%}",
            *("" if np.isnan(row[name]) else f"{row[name]:.1f}" for name in decibels),
        )
    return table
