"""`imcmoo evaluate`: designs from a CSV, their costs to a CSV."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO, get_args

import pandas as pd

from imcmoo.cli import catalogue, evaluate_physical, evaluate_reference
from imcmoo.cli.arguments import add_force, check_outputs, whole, wholes
from imcmoo.cli.evaluation import EvaluatedModel, Evaluation
from imcmoo.cli.notices import warn_of_dynamic_products
from imcmoo.io.errors import InputError
from imcmoo.io.files import writing
from imcmoo.model.cost_model import Deployment
from imcmoo.networks.workloads import SHIPPED, WorkloadSet, is_path

DESIGNS_PER_CHUNK = 4096
"""Designs costed and written at a time: bounds memory whatever the file's length."""

LAYERS_PER_CHUNK = 1 << 14
"""Designs × layers at a time when every layer and component is written."""

MODELS: Mapping[str, EvaluatedModel] = {
    "reference": evaluate_reference.MODEL,
    "physical": evaluate_physical.MODEL,
}

DESCRIPTION = """
Cost every design of a CSV on every workload.

DESIGNS has one column per parameter of the cost model, in SI units where no other unit is named;
other columns are ignored. OUT has one line per design and workload, in order. Where a network does
not run on a chip (feasible is False; limits are a study's matter), what it would cost is left
empty.
"""

COSTS = re.compile(rb"[^\n]*,workload,energy_J,latency_s,")
BREAKDOWN = re.compile(rb"[^\n]*,workload,layer,component,energy_J,")
"""How the files begin that this command writes."""

INTERRUPTED = "no file was written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add what it takes."""
    spaces = catalogue.spaces()
    by_model = (f"--model {name}: {model.describe()}" for name, model in MODELS.items())
    parser.description = "\n\n".join([DESCRIPTION, *by_model])
    parser.add_argument("designs", type=Path, metavar="DESIGNS.csv")
    parser.add_argument("--device", required=True, choices=sorted(spaces))
    parser.add_argument(
        "--model",
        choices=list(MODELS),
        default="reference",
        help="cost model: the paper's (default), or one an architect can defend",
    )
    parser.add_argument(
        "--workloads",
        required=True,
        metavar="A,B",
        help=f"{', '.join(SHIPPED)}, or paths of CSVs",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="OUT.csv")
    parser.add_argument(
        "--breakdown",
        type=Path,
        metavar="BREAKDOWN.csv",
        help="also write energy_J per design, workload, layer and component, and time per layer",
    )
    add_force(parser)
    _add_arguments_of_models(parser)


def _add_arguments_of_models(parser: argparse.ArgumentParser) -> None:
    """Add what only one of the models takes."""
    parser.add_argument(
        "--rounding",
        choices=["none", "reference"],
        help="reference model: 'reference' rounds each component's energy per layer as the "
        "reference prints it (default: none)",
    )
    parser.add_argument(
        "--deployment",
        choices=get_args(Deployment),
        help="physical model: one network on the chip at a time, which is rewritten at a switch "
        "(alone, the default), or all at once (together)",
    )
    parser.add_argument(
        "--requests-per-switch",
        type=whole(1),
        metavar="N",
        help="physical model: inferences over which a switch is charged (default: 1000000)",
    )
    for operand in ("input", "weight"):
        parser.add_argument(
            f"--{operand}-bits",
            type=lambda text: list(wholes(1)(text)),
            metavar="B",
            help=f"physical model: precision of {operand}s, 4 to 8; one number, or one for each "
            "workload (default: 8)",
        )


def main(args: argparse.Namespace) -> None:
    """Cost the designs of a file.

    Raises:
        InputError: the user's input is at fault.
        OSError: a file cannot be read or written.
    """
    networks = [Path(name.strip()) for name in args.workloads.split(",") if is_path(name)]
    check_outputs({"--out": args.out, "--breakdown": args.breakdown}, [args.designs, *networks])
    options = _options(args)
    try:
        workloads = WorkloadSet.load([name.strip() for name in args.workloads.split(",")])
    except ValueError as error:
        raise InputError(str(error)) from None
    evaluation = MODELS[args.model].begin(args.designs, args.device, workloads, options)
    warn_of_dynamic_products(workloads, model=args.model)
    with ExitStack() as stack:
        out = _open(stack, args.out, COSTS, args.force)
        breakdown = args.breakdown and _open(stack, args.breakdown, BREAKDOWN, args.force)
        for rows in _chunks(evaluation, DESIGNS_PER_CHUNK):
            _append(out, evaluation.costs(rows), rows)
        if breakdown:
            per_chunk = max(1, LAYERS_PER_CHUNK // sum(map(len, workloads.workloads)))
            for rows in _chunks(evaluation, per_chunk):
                _append(breakdown, evaluation.breakdown(rows), rows)


def _options(args: argparse.Namespace) -> dict[str, object]:
    """Options of the model that the user set.

    Raises:
        InputError: one that only another model has.
    """
    for name, model in MODELS.items():
        wrong = [o for o in model.options if getattr(args, o) is not None]
        if wrong and name != args.model:
            option = wrong[0].replace("_", "-")
            raise InputError(f"--{option} is an option of --model {name}, not of {args.model}")
    options = {option: getattr(args, option) for option in MODELS[args.model].options}
    return {option: value for option, value in options.items() if value is not None}


def _open(stack: ExitStack, path: Path, ours: re.Pattern[bytes], force: bool) -> TextIO:
    """A text stream that becomes the file `path` if all goes well."""
    target = stack.enter_context(writing(path, ours=ours, force=force))
    return stack.enter_context(target.open("w", newline="", encoding="utf-8"))


def _chunks(evaluation: Evaluation, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, len(evaluation), size))


def _append(stream: TextIO, frame: pd.DataFrame, rows: slice) -> None:
    """Write the rows of some designs, below a header if they are the first."""
    # A pipe knows no position, which pandas asks for of any stream it is handed.
    stream.write(frame.to_csv(index=False, header=rows.start == 0, lineterminator="\n"))
