"""`imcmoo evaluate`: designs from a CSV, their costs to a CSV."""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO, get_args

import numpy as np
import pandas as pd

from imcmoo.cli import catalogue
from imcmoo.cli.arguments import add_file, add_force, check_outputs, whole, wholes
from imcmoo.cli.evaluation import PhysicalEvaluation, ReferenceEvaluation
from imcmoo.cli.progress import counted
from imcmoo.cli.terminal import console, warn_of_dynamic_products
from imcmoo.io.errors import InputError
from imcmoo.io.files import writing
from imcmoo.model.cost_model import Deployment
from imcmoo.networks.workloads import SHIPPED, WorkloadSet, is_path
from imcmoo.report.explanation_words import violation

DESIGNS_PER_CHUNK = 4096
"""Designs costed and written at a time: bounds memory whatever the file's length."""

LAYERS_PER_CHUNK = 1 << 14
"""Designs × layers at a time when every layer and component is written."""

Evaluation = ReferenceEvaluation | PhysicalEvaluation

MODELS: Mapping[str, type[Evaluation]] = {
    "reference": ReferenceEvaluation,
    "physical": PhysicalEvaluation,
}

DESCRIPTION = """
Cost every design of a CSV on every workload, a line of OUT.csv for each pair.

  imcmoo evaluate DESIGNS.csv --device rram --workloads resnet18,vgg16 --out OUT.csv
  imcmoo evaluate DESIGNS.csv --device sram --workloads mine.csv --model physical --out OUT.csv

DESIGNS.csv has a column for each parameter; docs/commands.md and docs/physical_model.md list them.
"""

MISSING = {
    "missing_cells": "cells",
    "missing_bits": "buffer_bits",
    "missing_buffer_bits": "buffer_bits",
}
"""Columns of amounts that a network is short of, and the resource of each."""

COSTS = re.compile(rb"[^\n]*,workload,energy_J,latency_s,")
BREAKDOWN = re.compile(rb"[^\n]*,workload,layer,component,energy_J,")
"""How the files begin that this command writes."""

INTERRUPTED = "no file was written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add what it takes."""
    spaces = catalogue.spaces()
    parser.description = DESCRIPTION
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
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
    add_file(parser, "OUT.csv")
    parser.add_argument(
        "--breakdown",
        type=Path,
        metavar="BREAKDOWN.csv",
        help="also write energy_J per design, workload, layer and component, and time per layer",
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    add_force(parser)
    _add_arguments_of_models(parser)


def _add_arguments_of_models(parser: argparse.ArgumentParser) -> None:
    """Add what only one of the models takes."""
    reference = parser.add_argument_group("reference model")
    reference.add_argument(
        "--rounding",
        choices=["none", "reference"],
        help="'reference' rounds each component's energy per layer as the "
        "reference prints it (default: none)",
    )
    physical = parser.add_argument_group("physical model")
    physical.add_argument(
        "--deployment",
        choices=get_args(Deployment),
        help="one network on the chip at a time, which is rewritten at a switch "
        "(alone, the default), or all at once (together)",
    )
    physical.add_argument(
        "--requests-per-switch",
        type=whole(1),
        metavar="N",
        help="inferences over which a switch is charged (default: 1000000)",
    )
    for operand in ("input", "weight"):
        physical.add_argument(
            f"--{operand}-bits",
            type=lambda text: list(wholes(1)(text)),
            metavar="B",
            help=f"precision of {operand}s, 4 to 8; one number, or one for each "
            "workload (default: 8)",
        )


def main(args: argparse.Namespace) -> None:
    """Cost the designs of a file."""
    networks = [Path(name.strip()) for name in args.workloads.split(",") if is_path(name)]
    check_outputs({"--out": args.out, "--breakdown": args.breakdown}, [args.designs, *networks])
    options = _options(args)
    try:
        workloads = WorkloadSet.load([name.strip() for name in args.workloads.split(",")])
    except ValueError as error:
        raise InputError(str(error)) from None
    evaluation = MODELS[args.model](args.designs, args.device, workloads, options)
    warn_of_dynamic_products(workloads, model=args.model)
    with ExitStack() as stack:
        out = _open(stack, args.out, COSTS, args.force)
        breakdown = args.breakdown and _open(stack, args.breakdown, BREAKDOWN, args.force)
        counts: Counter[str] = Counter()
        reasons: dict[str, str] = {}
        with counted("designs", len(evaluation), quiet=args.quiet) as advance:
            for rows in _chunks(evaluation, DESIGNS_PER_CHUNK):
                costs = evaluation.costs(rows)
                _note_failures(counts, reasons, costs, rows.start)
                _append(out, costs, rows)
                advance(len(costs) // len(workloads.workloads))
        if breakdown:
            per_chunk = max(1, LAYERS_PER_CHUNK // sum(map(len, workloads.workloads)))
            with counted("breakdown", len(evaluation), quiet=args.quiet) as advance:
                for rows in _chunks(evaluation, per_chunk):
                    _append(breakdown, evaluation.breakdown(rows), rows)
                    advance(min(per_chunk, len(evaluation) - rows.start))
    for name, reason in reasons.items():
        line = f"{name}: {counts[name]:,} of {len(evaluation):,} designs do not run it; {reason}"
        console(stderr=True, quiet=args.quiet).print(line, soft_wrap=True)


def _note_failures(
    counts: Counter[str], reasons: dict[str, str], costs: pd.DataFrame, start: int
) -> None:
    """Count the designs that do not run each network, and keep the reason of the first of them.

    Args:
        counts, reasons: by network.
        costs: a row for each design and workload, designs outermost.
        start: how many designs came before.
    """
    costs = costs.assign(design=start + 1 + np.arange(len(costs)) // costs["workload"].nunique())
    for name, rows in costs[~costs["feasible"].astype(bool)].groupby("workload", sort=False):
        counts[str(name)] += len(rows)
        first = rows.iloc[0]
        short = [c for c in MISSING if c in first and first[c] > 0]
        why = ", ".join(violation(MISSING[c], first[c]) for c in short)
        reasons.setdefault(str(name), f"design {first['design']} {why}")


def _options(args: argparse.Namespace) -> dict[str, object]:
    """Options of the model that the user set."""
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
