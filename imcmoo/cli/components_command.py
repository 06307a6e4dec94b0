"""`imcmoo components`: component tables of one's own."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from imcmoo.cli.arguments import whole
from imcmoo.cli.progress import counted
from imcmoo.cli.terminal import console
from imcmoo.hardware.cells import read_cell
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.devices import DEVICES
from imcmoo.hardware.own_table import Extension
from imcmoo.hardware.request import GLB_DEPTHS, MACROS, SIZES, Request
from imcmoo.io.errors import InputError
from imcmoo.io.executor import cores

DESCRIPTION = """
Make a table of component costs, or add to one, with NeuroSim, CACTI and the component library
(Python 3.12 or later, extra `build`). A new table begins with all shipped components; with --cell
it begins without crossbars, since the shipped ones have other cells. A study names it:
components = "TABLE.npz". Licences: NeuroSim's numbers are not for commercial use (CC BY-NC 4.0).
"""

INTERRUPTED = "the table is as it was"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add what it takes."""
    parser.description = "Tables of component costs of your own."
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    build = actions.add_parser("build", help="make or extend a table", description=DESCRIPTION)
    build.add_argument("--device", required=True, choices=list(DEVICES))
    lists = (
        ("--technology", "NM", _several(whole(1)), "nodes, such as 22 or 22,32"),
        ("--rows", "N", _several(whole(1)), f"of crossbars (default: {_text(SIZES)})"),
        ("--cols", "N", _several(whole(1)), "of crossbars (default: as rows)"),
        ("--voltage", "V", _several(_volts), "supply voltages (default: the node's eight or so)"),
        ("--macros", "N", _several(whole(1)), f"macros per tile (default: {_text(MACROS)})"),
        (
            "--glb-depth",
            "N",
            _several(whole(1)),
            f"words of 2,048 bits of global buffers (default: {_text(GLB_DEPTHS)})",
        ),
    )
    for option, form, parse, text in lists:
        build.add_argument(
            option, type=parse, metavar=f"{form},...", help=text, required=option == "--technology"
        )
    build.add_argument(
        "--cell", type=Path, metavar="FILE.cell", help="memory cell of your own, as NVSim has them"
    )
    build.add_argument("--out", required=True, type=Path, metavar="TABLE.npz")
    build.add_argument("--workers", type=whole(1), default=cores(), metavar="N", help="processes")
    build.add_argument("--quiet", action="store_true", help="print errors only")


def main(args: argparse.Namespace) -> None:
    """Make or extend a table.

    Raises:
        InputError: the user's input is at fault; nothing is written.
        OSError: a file cannot be read or written.
    """
    try:
        request = _request(args)
    except ValueError as error:
        raise InputError(str(error)) from None
    cell = read_cell(args.cell, args.device) if args.cell else None
    extension = Extension(args.out, request, cell)
    total = sum(extension.counts.values())
    with counted("components", total, quiet=args.quiet) as done:
        extension.build(jobs=min(args.workers, max(1, total)), on_row=done)
    added = ", ".join(f"{count:,} {name}" for name, count in extension.counts.items())
    console(quiet=args.quiet).print(
        f"{args.out}: added {added or 'nothing, it is all there'}; fingerprint "
        f"{ComponentTable.load(args.out).fingerprint}",
        soft_wrap=True,
    )


def _request(args: argparse.Namespace) -> Request:
    """What is asked for.

    Raises:
        ValueError: the libraries have no such component.
    """
    rows = args.rows or SIZES
    return Request(
        args.device,
        args.technology,
        rows=rows,
        cols=args.cols or rows,
        millivolts=args.voltage,
        macros=args.macros or MACROS,
        glb_depths=args.glb_depth or GLB_DEPTHS,
    )


def _several(read: Callable[[str], int]) -> Callable[[str], tuple[int, ...]]:
    """What reads values that are separated by commas, each once, in ascending order."""

    def parse(text: str) -> tuple[int, ...]:
        return tuple(sorted({read(part) for part in text.split(",")}))

    return parse


def _volts(text: str) -> int:
    """Millivolts of so many volts."""
    try:
        millivolts = float(text) * 1000
        whole_mV = round(millivolts)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of volts") from None
    if whole_mV < 1 or abs(millivolts - whole_mV) > 1e-6:
        raise argparse.ArgumentTypeError(f"must be whole millivolts above 0, got {text}")
    return whole_mV


def _text(values: tuple[int, ...]) -> str:
    """Powers of two in short."""
    return f"powers of two from {values[0]:,} to {values[-1]:,}"
