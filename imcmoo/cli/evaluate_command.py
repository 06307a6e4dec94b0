"""`imcmoo evaluate`: designs from a CSV, their costs to a CSV."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, TextIO, get_args

import numpy as np
import pandas as pd

from imcmoo.arrays import Values
from imcmoo.cli.arguments import FORCE, QUIET, add, check_outputs, file, option, several, whole
from imcmoo.cli.terminal import console, counted, warn_of_dynamic_products
from imcmoo.display.limits import generic_note, violation
from imcmoo.io.errors import InputError, check_choice, input_errors
from imcmoo.io.files import writing
from imcmoo.io.units import to_display
from imcmoo.model.cost_model import Deployment
from imcmoo.model.metrics import LayerCosts, tera_operations_per
from imcmoo.model.physical.latency import CAUSES
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.model import PhysicalEvaluator, physical_model
from imcmoo.model.physical.parameters import DEFAULTS, NEEDED, TEXTS, DesignRefused, Designs
from imcmoo.model.reference.evaluator import Evaluator, Rounding
from imcmoo.networks.workloads import SHIPPED, WorkloadSet, is_path
from imcmoo.space.designs_csv import DesignsTable, levels_of
from imcmoo.space.restricted import restricted
from imcmoo.study import catalogue

Columns = Mapping[str, Values]


class ReferenceEvaluation:
    """Designs of the device's space, or with other values that the component table covers, and
    their costs by the paper's model.

    The device is a name in `catalogue.spaces`; options left out have their defaults.

    Raises:
        InputError: there is no space of that device, or the designs are at fault.
    """

    options = (
        option("--rounding", ["none", "reference"],
               "'reference' rounds each component's energy per layer as the reference prints it "
               "(default: none)"),
    )  # fmt: skip
    """Options of the command that are the model's own."""
    generic_operands: tuple[str, ...] = ()
    """Networks whose SNR rests on operands of others."""

    def __init__(
        self, path: Path, device: str, workloads: WorkloadSet, options: Mapping[str, Any]
    ) -> None:
        table, spaces = DesignsTable.read(path), catalogue.spaces()
        with input_errors():
            if device not in spaces and device in MEMORY_CELLS:
                devices = " and ".join(spaces)
                raise ValueError(
                    f"--device {device} needs --model physical: the reference model knows {devices}"
                )
            check_choice("--device", device, spaces)
        self._evaluator = Evaluator(spaces[device], workloads)
        for name in self._evaluator.space.names:
            self._evaluator = _with_values_of(table, name, self._evaluator)
        self._levels = levels_of(table, self._evaluator.space)
        self._rounding: Rounding = options.get("rounding", "none")

    def __len__(self) -> int:
        return len(self._levels)

    def designs(self, rows: slice) -> Columns:
        """Values of the parameters, shape (n,) each."""
        space = self._evaluator.space
        values = space.decode(self._levels[rows])
        return {name: values[name] for name in space.names}

    def costs(self, rows: slice) -> pd.DataFrame:
        """One row per design and workload, designs outermost."""
        evaluator = self._evaluator
        metrics = evaluator.evaluate(self._levels[rows], rounding=self._rounding)
        costs = metrics.to_frame(evaluator.quantities, evaluator.workload_names)
        costs = costs.drop(columns="design").rename(columns={"runs": "feasible"})
        at = list(costs).index("feasible") + 1
        costs.insert(at, "max_utilization_pct", 100 * metrics.values["utilization"].ravel())
        return costs

    def layers(self, rows: slice) -> tuple[LayerCosts, Columns]:
        """Costs by layer and component, and further columns by layer, shape (n, L) each."""
        parts = self._evaluator.breakdown(self._levels[rows], rounding=self._rounding)
        return parts, {"cycles": parts.cycles}


def _with_values_of(table: DesignsTable, name: str, evaluator: Evaluator) -> Evaluator:
    """The evaluator with the values that a table has for a parameter, if it can cost them."""
    space = evaluator.space
    known = np.asarray(space.values_of(name))
    if name not in table.header or known.dtype.kind not in "iuf":
        return evaluator
    values = np.unique(table.column(name, known))
    new = values[~np.isclose(values[:, None], known, rtol=1e-9, atol=0).any(axis=1)].tolist()
    if not new:
        return evaluator
    if known.dtype.kind in "iu":
        new = [int(value) if value.is_integer() else value for value in new]
    try:
        wider = restricted(space, {name: [*known.tolist(), *new]}, name=space.name)
        return Evaluator(wider, evaluator.workloads)
    except ValueError:  # the line of such a value is named later
        return evaluator


class PhysicalEvaluation:
    """Designs that the component table covers and their costs by the physical model."""

    options = (
        option("--deployment", get_args(Deployment),
               "one network on the chip at a time, which is rewritten at a switch (alone, the "
               "default), or all at once (together)"),
        option("--requests-per-switch N", whole(1),
               "inferences over which a switch is charged (default: 1000000)"),
        *(option(f"--{operand}-bits B", lambda text: list(several(whole(1))(text)),
                 f"precision of {operand}s, 4 to 8; one number, or one for each workload (default: "
                 "8)") for operand in ("input", "weight")),
    )  # fmt: skip

    def __init__(
        self, path: Path, device: str, workloads: WorkloadSet, options: Mapping[str, Any]
    ) -> None:
        with input_errors():
            self._model = physical_model(device, workloads, **options)
        self._designs = _physical_designs(path, device, self._model)
        self._lacking = MEMORY_CELLS[device].defaults
        self.generic_operands = self._model.generic_operands

    def __len__(self) -> int:
        return len(self._designs)

    def designs(self, rows: slice) -> Columns:
        """Design columns that the device has, shape (n,) each."""
        columns = self._designs.take(rows).to_columns()
        return {name: values for name, values in columns.items() if name not in self._lacking}

    def costs(self, rows: slice) -> pd.DataFrame:
        """One row per design and workload, designs outermost; NaN or empty where a network does not
        run."""
        metrics, macs = self._model.in_full(self._designs.take(rows)), self._model.macs
        runs = metrics.has_capacity
        area_mm2 = np.broadcast_to(to_display("m2", metrics.area_m2)[:, None], runs.shape)
        tops = tera_operations_per(macs, metrics.interval_s)
        noise = ("snr_adc_dB", "snr_dev_dB", "snr_rounding_dB", "snr_dB")
        columns = {
            "workload": np.tile(self._model.workload_names, (len(runs), 1)),
            "energy_J": metrics.energy_J,
            "latency_s": metrics.latency_s,
            "interval_s": metrics.interval_s,
            "images": np.broadcast_to(np.array(self._model.images), runs.shape),
            "area_mm2": area_mm2,
            "dram_mm2": np.broadcast_to(to_display("m2", metrics.dram_m2)[:, None], runs.shape),
            "silicon_mm2": area_mm2 + to_display("m2", metrics.dram_silicon_m2)[:, None],
            "power_W": metrics.power_W,
            "tops": tops,
            "tops_per_W": tera_operations_per(macs, metrics.energy_J),
            "tops_per_mm2": tops / area_mm2,
            **{name: np.where(runs, getattr(metrics, name), np.nan) for name in noise},
            "occupied_cells": metrics.occupied_cells,
            "cells": np.broadcast_to(metrics.cells[:, None], runs.shape).astype(np.int64),
            "dram_bits": metrics.dram_bits,
            "glb_bits": metrics.glb_bits,
            "bound_by": np.where(runs, np.array(CAUSES)[metrics.bound_by], ""),
            "feasible": runs,
            "missing_cells": np.ceil(metrics.missing_cells).astype(np.int64),
            "missing_bits": np.ceil(metrics.missing_bits).astype(np.int64),
        }
        return pd.DataFrame({name: values.ravel() for name, values in columns.items()})

    def layers(self, rows: slice) -> tuple[LayerCosts, Columns]:
        """Costs by layer and component, and further columns by layer, shape (n, L) each; the
        bottleneck of a layer that does not run is empty."""
        parts = self._model.breakdown(self._designs.take(rows))
        bound = np.where(np.isnan(parts.latency_s), "", np.array(CAUSES)[parts.bound_by])
        return parts, {"latency_s": parts.latency_s, "bound_by": bound}


def _physical_designs(path: Path, device: str, model: PhysicalEvaluator) -> Designs:
    """The designs of a file, checked line by line."""
    table = DesignsTable.read(path)
    lacking = MEMORY_CELLS[device].defaults
    table.require_columns(name for name in NEEDED if name not in lacking)
    if "device" in table.header:
        table.require("device", device, "--device is")
    columns = table.columns((*NEEDED, *DEFAULTS), TEXTS)

    def covered(rows: slice) -> Designs:
        try:
            return model.covered({name: values[rows] for name, values in columns.items()})
        except DesignRefused as refused:
            raise ValueError(f"{refused.column}: {refused.problem}") from None

    return table.accepted(covered)


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
    """Add what the command takes."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add(
        parser,
        option("designs DESIGNS.csv", Path, None),
        option("--device", sorted({*catalogue.spaces(), *MEMORY_CELLS}), None, required=True),
        option("--model", list(MODELS),
               "cost model: the paper's (default), or one an architect can defend",
               default="reference"),
        option("--workloads A,B", str, f"{', '.join(SHIPPED)}, or paths of CSVs", required=True),
        file("OUT.csv"),
        option("--breakdown BREAKDOWN.csv", Path,
               "also write energy_J per design, workload, layer and component, and time per layer"),
        QUIET,
        FORCE,
    )  # fmt: skip
    for name, model in MODELS.items():
        add(parser.add_argument_group(f"{name} model"), *model.options)


def main(args: argparse.Namespace) -> None:
    """Cost the designs of a file."""
    networks = [Path(name.strip()) for name in args.workloads.split(",") if is_path(name)]
    check_outputs({"--out": args.out, "--breakdown": args.breakdown}, [args.designs, *networks])
    options = _options(args)
    with input_errors():
        workloads = WorkloadSet.load([name.strip() for name in args.workloads.split(",")])
    evaluation = MODELS[args.model](args.designs, args.device, workloads, options)
    warn_of_dynamic_products(workloads, model=args.model, quiet=args.quiet)
    if generic := evaluation.generic_operands:
        console(stderr=True, quiet=args.quiet).print(generic_note(generic), soft_wrap=True)
    with ExitStack() as stack:
        out = _open(stack, args.out, COSTS, args.force)
        breakdown = args.breakdown and _open(stack, args.breakdown, BREAKDOWN, args.force)
        failures: dict[str, tuple[int, str]] = {}

        def table(rows: slice) -> pd.DataFrame:
            costs = evaluation.costs(rows)
            _note_failures(failures, costs, rows.start)
            return _beside(evaluation.designs(rows), costs)

        _write(out, "designs", evaluation, DESIGNS_PER_CHUNK, table, quiet=args.quiet)
        if breakdown:
            most = max(1, LAYERS_PER_CHUNK // sum(map(len, workloads.workloads)))
            by_layer = partial(_breakdown, evaluation)
            _write(breakdown, "breakdown", evaluation, most, by_layer, quiet=args.quiet)
    for name, (count, reason) in failures.items():
        line = f"{name}: {count:,} of {len(evaluation):,} designs do not run it; {reason}"
        console(stderr=True, quiet=args.quiet).print(line, soft_wrap=True)


def _write(
    stream: TextIO,
    what: str,
    evaluation: Evaluation,
    size: int,
    table: Callable[[slice], pd.DataFrame],
    *,
    quiet: bool,
) -> None:
    """Write the tables of so many designs at a time below one header, and show progress."""
    n = len(evaluation)
    with counted(what, n, quiet=quiet) as advance:
        for start in range(0, n, size):
            frame = table(slice(start, start + size))
            # pandas asks every stream for its position, which a pipe does not have.
            stream.write(frame.to_csv(index=False, header=start == 0, lineterminator="\n"))
            advance(min(size, n - start))


def _beside(designs: Columns, costs: pd.DataFrame) -> pd.DataFrame:
    """Columns of designs, then rows of costs, equally many for each."""
    repeated = pd.DataFrame(designs).loc[lambda d: np.repeat(d.index, len(costs) // len(d))]
    return pd.concat([repeated.reset_index(drop=True), costs], axis=1)


def _breakdown(evaluation: Evaluation, rows: slice) -> pd.DataFrame:
    """One row per design, workload, layer and component, designs outermost."""
    costs, by_layer = evaluation.layers(rows)
    n_components = len(costs.components)
    n, n_layers = len(costs.energy_J), len(costs.layers)
    workloads, names = (np.repeat(part, n_components) for part in zip(*costs.layers, strict=True))
    columns = {
        "workload": np.tile(workloads, n),
        "layer": np.tile(names, n),
        "component": np.tile(costs.components, n * n_layers),
        "energy_J": costs.energy_J.ravel(),
        **{name: np.repeat(v.ravel(), n_components) for name, v in by_layer.items()},
    }
    return _beside(evaluation.designs(rows), pd.DataFrame(columns))


def _note_failures(failures: dict[str, tuple[int, str]], costs: pd.DataFrame, start: int) -> None:
    """Count designs that do not run each network, and keep the first reason; `start` is an
    offset."""
    costs = costs.assign(design=start + 1 + np.arange(len(costs)) // costs["workload"].nunique())
    for name, rows in costs[~costs["feasible"].astype(bool)].groupby("workload", sort=False):
        first = rows.iloc[0]
        short = [c for c in MISSING if c in first and first[c] > 0]
        why = ", ".join(violation(MISSING[c], first[c]) for c in short)
        count, reason = failures.get(str(name), (0, f"design {first['design']} {why}"))
        failures[str(name)] = count + len(rows), reason


def _options(args: argparse.Namespace) -> dict[str, object]:
    """Options of the model that the user set; refuses those of the other one."""
    chosen: dict[str, object] = {}
    for model, evaluation in MODELS.items():
        for flag, _ in evaluation.options:
            name = flag.removeprefix("--").replace("-", "_")
            value = getattr(args, name)
            if value is not None and model != args.model:
                raise InputError(f"{flag} is an option of --model {model}, not of {args.model}")
            chosen |= {} if value is None else {name: value}
    return chosen


def _open(stack: ExitStack, path: Path, ours: re.Pattern[bytes], force: bool) -> TextIO:
    """A text stream that becomes the file `path` if all goes well."""
    target = stack.enter_context(writing(path, ours=ours, force=force))
    return stack.enter_context(target.open("w", newline="", encoding="utf-8"))
