"""`imcmoo import`: a network from an ONNX file, or a language model's config.json, to CSVs."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.table import Table

from imcmoo.accuracy import accuracy_packages
from imcmoo.cli.arguments import FORCE, add, check_outputs, file, number, option, several, whole
from imcmoo.cli.terminal import console, counted, show, timed
from imcmoo.io.checksums import sha256
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.files import writing
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.language_model import Generation, import_language_model
from imcmoo.networks.layers import BITS
from imcmoo.networks.onnx_import import import_onnx
from imcmoo.networks.onnx_import.account import Fate, Imported
from imcmoo.networks.workloads import network_name

if TYPE_CHECKING:
    from imcmoo.accuracy.assess import Assessment

T = TypeVar("T")

DESCRIPTION = """
Turn an ONNX model into a network table, one line per layer that multiplies matrices. Or turn the
config.json of a language model into two tables, NET_prefill.csv of the whole prompt and
NET_decode.csv of a step, which gives one token of every sequence.

Files of weights beside the model are read for --samples and --data only. Every node is accounted
for: imported, free, or not modelled. OUT has lines #key=value on top (source, hash, bindings,
versions), then the columns name, kind, C, M, P, Q, R, S, G, N, stride_h, stride_w, dilation_h,
dilation_w, dynamic (both operands are activations), shared_with (the layer whose weights it uses),
cache, appended and reserved (of language models: the cache it reads, in positions), and the
operands' statistics with where they come from. SUMMARY holds integers layers, macs (dynamic ones
included), macs_dynamic, weights (shared ones once; of recurrent layers those of the input, the
others are weights_recurrent), and imported, free, not_modelled as {operator: nodes}. Of a language
model it has the first four of the prefill and, in step, of a step; parameters, cache_words (of a
position and sequence), steps, keys (that a step sees in the mean), and experts_used (by a step).

With --data, OUT has also signal_power, input_peak, input_signed, gain_white and gain_static of each
layer with stored weights, and NET.accuracy.npz beside it is what the accuracy of a chip is
predicted from: weights, calibration vectors, and scores against noise.
"""


NETWORK = re.compile(rb"(#[^\n]*\n)*name,kind,C,M,P,Q,")
"""How a network table begins."""

TOTALS = re.compile(rb'\{\s*"layers": \d+,\s*"macs": \d+,')
"""How a file of totals begins."""

ACCURACY = re.compile(rb"PK\x03\x04.{26}levels\.npy", re.DOTALL)
"""How a file of accuracy data begins."""

INTERRUPTED = "nothing was written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add(
        parser,
        option("model MODEL.onnx", Path, "or config.json"),
        file("NET.csv", required=False),
        option("--name", str, "what to call the network (the file's name)"),
    )
    add(
        parser.add_argument_group("language models (config.json)"),
        option("--prompt P", whole(0), "positions of the prompt"),
        option("--generate G", whole(0), "tokens generated of each sequence"),
        option("--batch B", whole(0), "sequences generated at once (default: 1)"),
    )  # fmt: skip
    repeated: dict[str, Any] = {"action": "append", "default": []}
    add(
        parser.add_argument_group("inputs of the model"),
        option("--shape INPUT=1,3,224,224", _named(_shape),
               "shape of an input; overrides the file", **repeated),
        option("--dim SYMBOL=1", _named(whole(0)), "size of a symbol in the inputs' shapes",
               **repeated),
        option("--value INPUT=16000", _named(several(number)),
               "elements of an input that steers the network", **repeated),
        option("--samples INPUTS.npz", Path,
               "take the activations' statistics from runs on these inputs, or on samples as of "
               "--data (needs onnxruntime)"),
    )  # fmt: skip
    add(
        parser.add_argument_group("accuracy data"),
        option("--data EVAL.npz", Path,
               "labelled data as of `imcmoo accuracy`: also measure how noise changes the score"),
        option("--metric METRIC", str, "as of imcmoo accuracy (default: top1)"),
        option("--output NAME", str, "the output that --data scores"),
        option("--scored N", whole(1),
               "samples to score (default: what 2e10 multiply-accumulates allow, at least 12)"),
    )  # fmt: skip
    add(
        parser,
        option("--summary NET.json", Path, "also write the totals"),
        FORCE,
        option("--strict", bool, "refuse a network that is not modelled wholly"),
    )


LANGUAGE_MODEL_OPTIONS = ("prompt", "generate", "batch")
ONNX_OPTIONS = (
    "name",
    "shape",
    "dim",
    "value",
    "samples",
    "data",
    "metric",
    "output",
    "scored",
    "strict",
)


def main(args: argparse.Namespace) -> None:
    """Import a model."""
    config = args.model.suffix.lower() == ".json"
    for option_name in ONNX_OPTIONS if config else LANGUAGE_MODEL_OPTIONS:
        if getattr(args, option_name) not in (None, [], False):
            kinds = ("an ONNX file", "a config.json")
            raise InputError(
                f"--{option_name} is an option of {kinds[not config]}, not of {kinds[config]}"
            )
    if config:
        _import_language_model(args)
    else:
        _import_onnx(args)


def _import_language_model(args: argparse.Namespace) -> None:
    """Write the tables of prefill and step, and the totals."""
    if args.prompt is None or args.generate is None:
        raise InputError("a config.json needs --prompt and --generate")
    stem = args.out.name.removesuffix(".csv") if args.out else None
    generation = import_language_model(
        args.model,
        prompt=args.prompt,
        generate=args.generate,
        batch=1 if args.batch is None else args.batch,
        name=stem,
    )
    only_counted = bool(args.summary) and generation.model.family.experts
    with input_errors(f"{args.model}: "):
        tables = () if only_counted else (generation.prefill, generation.step)
    if tables and args.out is None:
        raise InputError("--out is needed")
    outputs = {args.out.with_name(f"{table.name}.csv"): table for table in tables}
    named = {f"--out, {path.name},": path for path in outputs}
    check_outputs({**named, "--summary": args.summary}, [args.model])
    with input_errors("--out "):
        for path in outputs:
            network_name(str(path))  # so studies would refuse the file
    with ExitStack() as stack:

        def opened(path: Path, ours: re.Pattern[bytes]) -> Path:
            return stack.enter_context(writing(path, ours=ours, force=args.force))

        targets = [opened(path, NETWORK) for path in outputs]
        summary = opened(args.summary, TOTALS) if args.summary else None
        for target, table in zip(targets, tables, strict=True):
            with target.open("w", newline="", encoding="utf-8") as stream:
                table.write_csv(stream)
        if summary:
            text = json.dumps(generation.summary(), indent=2) + "\n"
            summary.write_text(text, encoding="utf-8")
    _report_generation(generation, [*outputs, args.summary] if only_counted else list(outputs))


def _import_onnx(args: argparse.Namespace) -> None:
    """Write the table of a network, its totals and its accuracy data."""
    if args.out is None:
        raise InputError("--out is needed")
    accuracy_data = _accuracy_file(args)
    with timed(f"importing {args.model.name}", quiet=False):
        imported = import_onnx(
            args.model,
            name=args.name,
            shapes=_mapping("--shape", args.shape),
            dims=_mapping("--dim", args.dim),
            values=_mapping("--value", args.value),
            samples=args.samples,
            strict=args.strict,
        )
    workload, measured = imported.workload, None
    with ExitStack() as stack:

        def opened(path: Path, ours: re.Pattern[bytes]) -> Path:
            return stack.enter_context(writing(path, ours=ours, force=args.force))

        out = opened(args.out, NETWORK)
        if accuracy_data:
            target = opened(accuracy_data, ACCURACY)
            assessment = _assessment(args)
            measured = measure_all(assessment, scored=args.scored, folder=args.out.parent)
            about = {**measured.about, "table_layers": len(workload)}
            measured = replace(measured, about=about)
            with input_errors(f"{args.model} on {args.data}: "):
                measured.write(target)
            workload = replace(workload, measured=measured.columns_for(workload))
        with out.open("w", newline="", encoding="utf-8") as stream:
            workload.write_csv(stream)
        if args.summary:
            text = json.dumps(imported.summary(), indent=2) + "\n"
            opened(args.summary, TOTALS).write_text(text, encoding="utf-8")
    _report(imported, args.out)
    if measured:
        _report_scores(accuracy_data, measured, assessment.samples)


def _report_scores(path: Path | None, measured: AccuracyData, samples: int) -> None:
    """Print the scores in a file of accuracy data, and the layers that need the digital unit;
    `samples` are there to score."""
    scores = f"{path}: score {measured.float_score:.4g} in float"
    scores += f", {measured.rounded[BITS, BITS]:.4g} on integers of {BITS} bits"
    scored = measured.about["samples"]
    scores += f", of {scored} samples, of which one is {100 / scored:.2g} points"
    if scored < samples:
        scores += f" (there are {samples}; --scored {samples} takes all, proportionally longer)"
    if only := measured.digital_only:
        scores += (
            f"\nwarning: outputs are not finite with noise in {', '.join(only)}: put them on "
            "the digital unit (layers_digital of the study)"
        )
    console(stderr=True).print(scores, soft_wrap=True)


def _accuracy_file(args: argparse.Namespace) -> Path | None:
    """The file of accuracy data to write, if any; refuses files and options that do not fit."""
    for name in ("metric", "output", "scored"):
        if args.data is None and getattr(args, name) is not None:
            raise InputError(f"--{name} needs --data")
    path: Path = args.out.with_name(f"{args.out.name.removesuffix('.csv')}.accuracy.npz")
    accuracy_data = path if args.data else None
    check_outputs(
        {"--out": args.out, "--summary": args.summary, "accuracy data": accuracy_data},
        [args.model, args.samples, args.data],
    )
    with input_errors("--out "):
        network_name(str(args.out))  # so studies would refuse the file
    return accuracy_data


def _assessment(args: argparse.Namespace) -> Assessment:
    """The network in float, on its labelled data."""
    with accuracy_packages():
        from imcmoo.accuracy.assess import Assessment
    return Assessment(args.model, args.data, metric=args.metric or "top1", output=args.output)


def measure_all(
    assessment: Assessment,
    *,
    scored: int | None = None,
    folder: Path = Path(),
    quiet: bool = False,
) -> AccuracyData:
    """Accuracy data of a network with its samples.

    Args:
        assessment: the network in float, on its data.
        scored: see `measure`.
        folder: folder to which the names of network and data are relative.
        quiet: True for no progress.
    """
    from imcmoo.accuracy.sensitivity import measure, steps

    about: dict[str, Any] = {
        "network": os.path.relpath(assessment.path, folder),
        "data": os.path.relpath(assessment.data_file, folder),
        "network_sha256": sha256(assessment.path),
        "data_sha256": sha256(assessment.data_file),
        "metric": assessment.metric_name,
        "output": assessment.network.output,
        "seed": assessment.seed,
    }
    if assessment.weights_sha256:
        about["weights_sha256"] = assessment.weights_sha256
    with counted("measured", steps(assessment), quiet=quiet) as advance:
        return measure(assessment, about=about, scored=scored, after_each=advance)


def _report(imported: Imported, out: Path) -> None:
    """The account, an operator a line, and what to know, on the terminal."""
    terminal = console(stderr=True)
    account = imported.account
    total = max(1, sum(map(account.macs, Fate)))
    table = Table("", "operator", "nodes", "share of multiply-accumulates")
    for fate in Fate:
        for operator, nodes in account.nodes(fate).items():
            items = [i for i in account.with_fate(fate) if i.operator == operator]
            macs = sum(row.macs for item in items for row in item.rows)
            complete = all(item.macs_known for item in items)
            share = f"{macs / total:.2%}" if complete else "unknown"
            table.add_row(fate.value.replace("_", " "), operator, str(nodes), share)
    show(terminal, table)
    for warning in imported.warnings:
        terminal.print(f"warning: {warning}", soft_wrap=True)
    totals = {k: v for k, v in imported.summary().items() if isinstance(v, int)}
    text = ", ".join(f"{value:,} {key.replace('_', ' ')}" for key, value in totals.items())
    terminal.print(f"{out}: {text}", soft_wrap=True)


def _report_generation(generation: Generation, written: Sequence[Path]) -> None:
    """Totals of prefill and step, and what to know, on the terminal."""
    terminal = console(stderr=True)
    for warning in generation.warnings:
        terminal.print(f"warning: {warning}", soft_wrap=True)
    summary = generation.summary()
    phases = {"prefill": summary, "step": summary["step"]}
    for phase, totals in phases.items():
        text = f"{totals['macs']:,} macs, {totals['macs_dynamic']:,} of them of attention"
        terminal.print(f"{phase}: {totals['layers']:,} layers, {text}", soft_wrap=True)
    text = f"{summary['parameters']:,} parameters, {summary['weights']:,} of them in products"
    cache = f"{summary['cache_words']:,} words of cache a position and sequence"
    steps = f"{summary['steps']:,} steps that see {summary['keys']:,} positions in the mean"
    terminal.print(f"{', '.join(map(str, written))}: {text}; {cache}; {steps}", soft_wrap=True)


def _named(parse: Callable[[str], T]) -> Callable[[str], tuple[str, T]]:
    """A parser of NAME=VALUE; names may hold '=' themselves."""

    def split(text: str) -> tuple[str, T]:
        name, sign, value = text.rpartition("=")
        if not sign or not name:
            raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
        return name, parse(value)

    return split


def _shape(text: str) -> tuple[int, ...]:
    return several(whole(0))(text) if text else ()


def _mapping(option: str, pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    values: dict[str, T] = {}
    for name, value in pairs:
        if name in values:
            raise InputError(f"{option} {name} is given twice")
        values[name] = value
    return values
