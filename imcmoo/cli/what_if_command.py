"""`imcmoo what-if STUDY --set KEY=VALUE ...`: the answer under each change, in one table."""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from rich.progress import TimeElapsedColumn

from imcmoo.ask.what_if import TIME_LIMIT_S, what_if
from imcmoo.cli import arguments
from imcmoo.cli.arguments import not_negative, option
from imcmoo.cli.terminal import bars_with_state, console, show
from imcmoo.io.printable import printable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.report.robust_text import all_at_once
from imcmoo.report.what_if_table import what_if_table
from imcmoo.study import catalogue

DESCRIPTION = """
Answer a study as it is and under each change, in one table. Each --set is a change of its own; keys
with a comma between them are changed together. A key is one of the study, of all networks (or
NETWORK.key of one) or of the scenario, a parameter of the space, or an assumption of the physical
model (see imcmoo flip). The answer is certified where the space has bounds, else enumerated if it
is small, else searched. Nothing is written.

  imcmoo what-if edge.toml --set technology_nm=22 --set adc_energy_factor=0.5 --set device=dimc
  imcmoo what-if edge.toml --set weight_bits=4,rows=[64,128] --set networks=1 --format md
"""

INTERRUPTED = "nothing was written"

FORMATS = ("table", "md", "latex", "csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    arguments.add_study(parser)
    arguments.add(
        parser,
        option("--set KEY=VALUE[,KEY=VALUE]", change, "a change; repeat for more",
               action="append", required=True, dest="changes"),
        option("--format NAME", FORMATS, "table (default), md, latex, or csv in SI units and mm²",
               default="table"),
        option("--time-limit SECONDS", not_negative,
               f"of a proof, for each criterion (default: {TIME_LIMIT_S:g}); the gap is stated",
               default=TIME_LIMIT_S),
        arguments.QUIET,
    )  # fmt: skip


def main(args: argparse.Namespace) -> None:
    """Answer a study under changes."""
    study = catalogue.find(args.study)
    with bars_with_state(TimeElapsedColumn(), quiet=args.quiet) as progress:
        task = progress.add_task(study.name, total=None, state="")
        frame = what_if(
            study,
            args.changes,
            time_limit_s=args.time_limit,
            on_change=lambda name: progress.update(task, state=name),
        )
    table = what_if_table(study, frame)
    if args.format == "table":
        terminal = console()
        show(terminal, table.to_rich())
        if {f.name for f in fields(Assumptions)} & {name for one in args.changes for name in one}:
            terminal.print(all_at_once(study), soft_wrap=True)
        return
    texts = {"md": table.to_markdown, "latex": table.to_latex}
    text = texts[args.format]() if args.format in texts else frame.to_csv(index=False)
    sys.stdout.write(printable(text))


def change(text: str) -> dict[str, Any]:
    """A change from `KEY=VALUE,KEY=VALUE`; brackets, braces and quotes keep commas in a value."""
    values: dict[str, Any] = {}
    for part in _split(text):
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            where = "" if part == text else f", in '{text}'"
            raise argparse.ArgumentTypeError(f"'{part}' is not KEY=VALUE{where}")
        if key.strip() in values:
            raise argparse.ArgumentTypeError(f"'{key.strip()}' is set twice in '{text}'")
        values[key.strip()] = _value(value.strip())
    return values


def _split(text: str) -> list[str]:
    """Parts of a text between commas that are not in brackets, braces or quotes."""
    parts, awaited = [""], ""
    for sign in text:
        if awaited[-1:] == sign:
            awaited = awaited[:-1]
        elif not awaited or awaited[-1] not in QUOTES:
            awaited += ENDS.get(sign, "")
        if sign == "," and not awaited:
            parts.append("")
        else:
            parts[-1] += sign
    if awaited:
        raise argparse.ArgumentTypeError(f"'{text}' lacks a closing {awaited[-1]}")
    return parts


QUOTES = ('"', "'")
ENDS = {"[": "]", "{": "}", **{quote: quote for quote in QUOTES}}
"""What ends a part of a value in which commas do not separate."""


def _value(text: str) -> Any:
    """A value as in a study file; words need no quotes."""
    if text.startswith("[") and text.endswith("]"):
        return [_value(part.strip()) for part in _split(text[1:-1]) if part.strip()]
    try:
        parsed: Mapping[str, Any] = tomllib.loads(f"value = {text}")
        return parsed["value"]
    except tomllib.TOMLDecodeError:
        return text
