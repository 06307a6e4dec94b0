"""`imcmoo evaluate`: designs from a CSV, their costs to a CSV."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from imcmoo.cli import catalogue
from imcmoo.cli.notices import warn_of_dynamic_products
from imcmoo.io.errors import InputError
from imcmoo.io.files import writing
from imcmoo.model.metrics import Metrics
from imcmoo.model.reference.evaluator import Evaluator, Rounding
from imcmoo.networks.workloads import SHIPPED, WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.designs_csv import read_designs

DESIGNS_PER_CHUNK = 4096
"""Designs costed and written at a time: bounds memory whatever the file's length."""

LAYERS_PER_CHUNK = 1 << 14
"""Designs × layers at a time when every layer and component is written."""

DESCRIPTION = """
Cost every design of a CSV on every workload.

DESIGNS has one column per parameter of the device's space, in SI units (%s); other columns are
ignored. OUT has one line per design and workload, in order: the design's columns, workload,
energy_J, latency_s, area_mm2, feasible (the network runs on this chip; area limits are a study's
matter), max_utilization_pct, missing_cells, missing_buffer_bits. Where a network does not run,
energy, latency and utilization are left empty.
"""


INTERRUPTED = "nothing was written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add what it takes."""
    spaces = catalogue.spaces()
    columns = "; ".join(f"{name}: {', '.join(space.names)}" for name, space in spaces.items())
    parser.description = DESCRIPTION % columns
    parser.add_argument("designs", type=Path, metavar="DESIGNS.csv")
    parser.add_argument("--device", required=True, choices=sorted(spaces))
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
        help="also write energy_J per design, workload, layer and component, and cycles per layer",
    )
    parser.add_argument(
        "--rounding",
        choices=["none", "reference"],
        default="none",
        help="'reference' rounds each component's energy per layer as the reference prints it",
    )


def main(args: argparse.Namespace) -> None:
    """Cost the designs of a file.

    Raises:
        InputError: the user's input is at fault.
        OSError: a file cannot be read or written.
    """
    space = catalogue.spaces()[args.device]
    if args.breakdown and args.breakdown.resolve() == args.out.resolve():
        raise InputError(f"--out and --breakdown are the same file: {args.out}")
    try:
        workloads = WorkloadSet.load([name.strip() for name in args.workloads.split(",")])
    except ValueError as error:
        raise InputError(str(error)) from None
    levels = read_designs(args.designs, space)
    warn_of_dynamic_products(workloads, model="reference")
    with ExitStack() as stack:
        out = _open(stack, args.out)
        breakdown = _open(stack, args.breakdown) if args.breakdown else None
        evaluator = Evaluator(space, workloads)
        for chunk in _chunks(levels, DESIGNS_PER_CHUNK):
            metrics = evaluator.evaluate(chunk, rounding=args.rounding)
            _append(out, _metrics_frame(evaluator, chunk, metrics))
        if breakdown:
            per_chunk = max(1, LAYERS_PER_CHUNK // sum(map(len, workloads.workloads)))
            for chunk in _chunks(levels, per_chunk):
                _append(breakdown, _breakdown_frame(evaluator, chunk, args.rounding))


def _open(stack: ExitStack, path: Path) -> TextIO:
    """A text stream that becomes the file `path` if all goes well."""
    return stack.enter_context(
        stack.enter_context(writing(path)).open("w", newline="", encoding="utf-8")
    )


def _chunks(levels: Levels, size: int) -> Iterator[Levels]:
    return (levels[start : start + size] for start in range(0, len(levels), size))


def _append(stream: TextIO, frame: pd.DataFrame) -> None:
    frame.to_csv(stream, index=False, header=stream.tell() == 0, lineterminator="\n")


def _metrics_frame(evaluator: Evaluator, levels: Levels, metrics: Metrics) -> pd.DataFrame:
    """One row per design and workload, designs outermost."""
    costs = metrics.to_frame(evaluator.quantities, evaluator.workload_names)
    designs = _repeated_designs(evaluator.space, levels, len(evaluator.workload_names))
    frame = pd.concat([pd.DataFrame(designs), costs.drop(columns="design")], axis=1)
    frame = frame.rename(columns={"runs": "feasible"})
    at = list(frame).index("feasible") + 1
    frame.insert(at, "max_utilization_pct", 100 * metrics.values["utilization"].ravel())
    return frame


def _breakdown_frame(evaluator: Evaluator, levels: Levels, rounding: Rounding) -> pd.DataFrame:
    """One row per design, workload, layer and component, designs outermost."""
    b = evaluator.breakdown(levels, rounding=rounding)
    n_components = len(b.components)
    workloads, layers = (np.repeat(part, n_components) for part in zip(*b.layers, strict=True))
    return pd.DataFrame(
        {
            **_repeated_designs(evaluator.space, levels, len(b.layers) * n_components),
            "workload": np.tile(workloads, len(levels)),
            "layer": np.tile(layers, len(levels)),
            "component": np.tile(b.components, len(levels) * len(b.layers)),
            "energy_J": b.energy_J.ravel(),
            "cycles": np.repeat(b.cycles.ravel(), n_components),
        }
    )


def _repeated_designs(
    space: DesignSpace, levels: Levels, times: int
) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    values = space.decode(levels)
    return {name: np.repeat(values[name], times) for name in space.names}
