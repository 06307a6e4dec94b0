"""`imcmoo new a.onnx b.onnx --fps 30 --power 2`: import networks and write a study file."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from imcmoo.cli.arguments import FORCE, QUIET, add, number, option, several
from imcmoo.cli.import_command import NETWORK
from imcmoo.cli.terminal import console, timed
from imcmoo.display.labels import device_label
from imcmoo.exact.smallest_chip import smallest_chip
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.files import writing
from imcmoo.model.physical.memory_cells import MEMORY_CELLS, keeps_weights, memory_cell
from imcmoo.networks.onnx_import import import_onnx
from imcmoo.networks.workloads import is_path, network_name
from imcmoo.study.catalogue import find
from imcmoo.study.study import Study
from imcmoo.study.table import known_device

DESCRIPTION = """
Import networks and write a commented study file, from which `imcmoo certify` finds one chip for all
of them: the smallest, or with --area alone that of least average power. The networks share the chip
and each serves its frames per second, so the file has a [scenario].

  imcmoo new a.onnx b.onnx --fps 30 --power 2
  imcmoo new detector.onnx keyword.csv --fps 30,5 --area 50 --device dimc --out edge.toml
"""

INTERRUPTED = "nothing was written"

BEGINS = "# Written by imcmoo new"

STUDY = re.compile(re.escape(BEGINS.encode()))
"""How a study file of this command begins."""

DEFAULT = "sram"
"""Default device."""


def _named(device: str) -> str:
    label = device_label(device)
    return device if label.lower() == device else f"{device} ({label})"


def _listed(texts: Sequence[str]) -> str:
    return f"{', '.join(texts[:-1])} or {texts[-1]}"


DEVICES = _listed([_named(name) for name in sorted(MEMORY_CELLS, key=keeps_weights)])
"""All devices as text, first those that stream weights."""

CRITERIA = {"area": "the smallest chip; or average_power", "average_power": "or area"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add(
        parser,
        option("networks NETWORK", str, "an ONNX file, a table (.csv), or a shipped network",
               nargs="+"),
        option("--fps RATE[,RATE]", several(_positive),
               "frames per second of all networks, or of each", required=True),
        option("--power WATT", _positive, "largest average power of the chip with its DRAM"),
        option("--area MM2", _positive, "largest chip (default: 800)"),
        option("--device NAME", str, DEVICES.replace(DEFAULT, f"{DEFAULT} (default)", 1),
               default=DEFAULT),
        option("--out STUDY.toml", Path, "file to write (default: named after the networks)"),
        FORCE,
        QUIET,
    )  # fmt: skip


def _positive(text: str) -> float:
    value = number(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be positive and finite, got {text}")
    return value


def main(args: argparse.Namespace) -> None:
    """Import networks and write a study file."""
    with input_errors("--device: "):
        known_device(args.device)
    names = [_name(file) for file in args.networks]
    out: Path = args.out or Path("_".join(names) + ".toml")
    if out.suffix != ".toml":
        raise InputError(f"--out {out}: a study file ends in .toml")
    rates = args.fps * len(names) if len(args.fps) == 1 else args.fps
    if len(rates) != len(names):
        raise InputError(f"--fps has {len(rates)} rates for {len(names)} networks")
    with TemporaryDirectory() as folder, ExitStack() as stack:
        scratch = Path(folder)
        imported = [n for n, of in zip(names, args.networks, strict=True) if _is_onnx(of)]
        notes = [
            _import(Path(file), scratch / f"{name}.csv")
            for name, file in zip(names, args.networks, strict=True)
            if name in imported
        ]
        checked = [
            _source(g, n, scratch, absolute=True) for g, n in zip(args.networks, names, strict=True)
        ]
        (scratch / out.name).write_text(_text(args, out.stem, checked, rates), encoding="utf-8")
        study = _checked(scratch / out.name, out)
        if args.area and (too_large := smallest_chip(study.problem())):
            raise InputError(f"--area {args.area:g}: {too_large}")
        sources = [_source(g, n, out.parent) for g, n in zip(args.networks, names, strict=True)]
        for name in imported:
            new = writing(out.with_name(f"{name}.csv"), ours=NETWORK, force=args.force)
            stack.enter_context(new).write_bytes((scratch / f"{name}.csv").read_bytes())
        target = stack.enter_context(writing(out, ours=STUDY, force=args.force))
        target.write_text(_text(args, out.stem, sources, rates), encoding="utf-8")
    terminal = console(quiet=args.quiet)
    for note in filter(None, notes):
        console(stderr=True).print(f"warning: {note}", soft_wrap=True)
    files = [out, *(out.with_name(f"{name}.csv") for name in imported)]
    terminal.print(f"written: {', '.join(map(str, files))}", soft_wrap=True)
    best = f"proves the best of {study.space.size:,} designs; imcmoo run {out} draws figures"
    terminal.print(f"next: imcmoo certify {out}  ({best})", soft_wrap=True)


def _checked(written: Path, out: Path) -> Study:
    """The study of a file that is written elsewhere first; errors name its place."""
    try:
        study = find(str(written))
    except InputError as error:
        raise InputError(str(error).replace(str(written), str(out))) from None
    assert isinstance(study, Study), "the file names one device"
    return study


def _is_onnx(given: str) -> bool:
    return given.lower().endswith(".onnx")


def _name(given: str) -> str:
    """Name of a network."""
    with input_errors(f"{given}: "):
        return network_name(str(Path(given).with_suffix(".csv")) if _is_onnx(given) else given)


def _import(model: Path, out: Path) -> str:
    """Import an ONNX file into a table; returns a note on open axes, or an empty text."""
    try:
        with timed(f"importing {model.name}", quiet=True):
            imported = import_onnx(model, batch=1)
    except InputError as error:
        raise InputError(
            f"{error}; to give more options, run imcmoo import {model} --out {out.name}, and give "
            f"{out.name} here instead of {model}"
        ) from None
    with out.open("w", newline="", encoding="utf-8") as stream:
        imported.workload.write_csv(stream)
    stated = imported.workload.provenance
    opened = [name.removeprefix("batch ") for name in stated if name.startswith("batch ")]
    if not opened:
        return ""
    return f"{model}: the open first axis of {', '.join(opened)} is taken as the batch: 1 frame"


def _source(given: str, name: str, folder: Path, *, absolute: bool = False) -> str:
    """Value of `source` in a study file of a folder; imported tables lie beside it."""
    if _is_onnx(given):
        return f"{name}.csv"
    if not is_path(given):
        return given
    return str(Path(given).absolute()) if absolute else os.path.relpath(given, folder)


def _text(
    args: argparse.Namespace, name: str, sources: Sequence[str], rates: Sequence[float]
) -> str:
    """Text of the study file."""
    criterion = "average_power" if args.area and not args.power else "area"
    lines = [
        f"{BEGINS}: one chip for all networks, which share it.",
        f"name = {_string(name)}",
        _line('model = "physical"', "with limits of power density, bandwidth and noise"),
        _line(f"device = {_string(args.device)}", DEVICES),
    ]
    cell = memory_cell(args.device)
    if not cell.streams:
        keeps = f"{cell.title} keeps the weights of all networks"
        lines.append(_line('deployment = "together"', keeps))
    if args.area:
        lines.append(_line(f"area_limit_mm2 = {args.area!r}", "largest chip, without DRAM"))
    lines += [
        _line(f'criterion = "{criterion}"', CRITERIA[criterion]),
        _line("baselines = false", "true: also the best chip for each network alone"),
        "",
        _line("[scenario]", "requests of all networks on one chip"),
    ]
    if args.power:
        limit = f"max_average_power_W = {args.power!r}"
        lines.append(_line(limit, "of the chip with its DRAM"))
    for source, rate in zip(sources, rates, strict=True):
        lines += ["", "[[networks]]", f"source = {_string(source)}"]
        lines.append(_line(f"rate_Hz = {rate!r}", "frames per second, each done before the next"))
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    """A string in TOML, which escapes characters as JSON does."""
    return json.dumps(text, ensure_ascii=False)


def _line(text: str, comment: str) -> str:
    return f"{text:33} # {comment}"
