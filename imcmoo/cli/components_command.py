"""`imcmoo components`: build component tables."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from imcmoo.cli.arguments import QUIET, add, file, option, several, whole
from imcmoo.cli.terminal import console, counted
from imcmoo.hardware.build_table import TableBuilder
from imcmoo.hardware.cells import read_cell
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.devices import DEVICES
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.hardware.request import SHIPPED, SIZES, Request
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.executor import cores
from imcmoo.io.reading import as_number

DESCRIPTION = """
Make a table of component costs, or add to one, with NeuroSim, CACTI and the component library
(Python 3.12 or later, extra `build`). A new table begins with all shipped components; with --cell
it begins without crossbars, since the shipped ones have other cells. A study names it:
components = "TABLE.npz". Licences: NeuroSim's numbers are not for commercial use (CC BY-NC 4.0).
"""

INTERRUPTED = "the table is as it was"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = "Component tables of your own."
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    build = actions.add_parser("build", help="make or extend a table", description=DESCRIPTION)
    build.set_defaults(prog=build.prog)
    sizes = f"powers of two from {SIZES[0]:,} to {SIZES[-1]:,}"
    numbers = _distinct(whole(1))
    add(
        build,
        option("--model", list(SHIPPED), "whose table (default: %(default)s)", default="reference"),
        option("--device", list(DEVICES), None),
        option("--technology NM,...", numbers, "nodes, such as 22 or 22,32"),
        option("--rows N,...", numbers, f"of crossbars (default: {sizes})"),
        option("--cols N,...", numbers, "of crossbars (default: as rows)"),
        option("--voltage V,...", _distinct(_millivolts),
               "supply voltages (default: the shipped ones of the node)"),
        option("--macros N,...", numbers, "macros per tile (default: as shipped)"),
        option("--glb-depth N,...", numbers,
               "words of 2,048 bits of global buffers (default: as shipped)"),
        option("--cell FILE.cell", Path, "memory cell of your own, as NVSim has them"),
        option("--all", bool,
               "compute every shipped component again, into a new table (no --device, no lists)"),
        option("--open", bool,
               "write the table without numbers of NeuroSim, for studies of digital devices; needs "
               "no library (--model physical and --out only)"),
        file("TABLE.npz"),
        option("--workers N", whole(1), "processes", default=cores()),
        QUIET,
    )  # fmt: skip


def main(args: argparse.Namespace) -> None:
    """Make or extend a table."""
    if args.open:
        _write_open(args)
        return
    with input_errors():
        requests = Request.shipped(args.model) if _builds_all(args) else [_request(args)]
        _refuse_open(args)
    cell = read_cell(args.cell, args.device) if args.cell else None
    builder = TableBuilder(args.out, requests, cell, from_nothing=args.all)
    total = sum(builder.counts.values())
    with counted("components", total, quiet=args.quiet) as done:
        builder.build(jobs=min(args.workers, max(1, total)), on_row=done)
    added = ", ".join(f"{count:,} {name}" for name, count in builder.counts.items())
    table = PhysicalTable if args.model == "physical" else ComponentTable
    console(quiet=args.quiet).print(
        f"{args.out}: added {added or 'nothing, it is all there'}; fingerprint "
        f"{table.load(args.out).fingerprint}",
        soft_wrap=True,
    )


def _refuse_open(args: argparse.Namespace) -> None:
    """Refuse to add components to an open table, whose licences would be untrue."""
    if args.model != "physical" or args.all or not args.out.exists():
        return
    if PhysicalTable.load(args.out).is_open:
        raise InputError(
            f"{args.out} is an open table, to which numbers of NeuroSim cannot be added: choose "
            "another --out"
        )


def _write_open(args: argparse.Namespace) -> None:
    """Write the open table of the physical model."""
    given = [*_given(args), *(["--all"] if args.all else [])]
    if given or args.model != "physical":
        wrong = f"leave out {', '.join(given)}" if given else "say --model physical"
        raise InputError(f"--open is a table of the physical model as it is: {wrong}")
    if args.out.exists():
        raise InputError(f"{args.out} exists: choose another --out")
    table = PhysicalTable.open()
    table.write(args.out)
    console(quiet=args.quiet).print(f"{args.out}: fingerprint {table.fingerprint}", soft_wrap=True)


def _given(args: argparse.Namespace) -> list[str]:
    """Options that say which components to build."""
    lists = ("device", "technology", "rows", "cols", "voltage", "macros", "glb_depth", "cell")
    return [f"--{name.replace('_', '-')}" for name in lists if getattr(args, name) is not None]


def _builds_all(args: argparse.Namespace) -> bool:
    """Check which components are requested, and return whether it is all shipped ones."""
    named = _given(args)
    if args.all and named:
        raise InputError(f"--all is every shipped component: leave out {', '.join(named)}")
    lacking = [name for name in ("--device", "--technology") if name not in named]
    if lacking and not args.all:
        raise InputError(f"the following arguments are required: {', '.join(lacking)}, or --all")
    return bool(args.all)


def _request(args: argparse.Namespace) -> Request:
    rows = args.rows or SIZES
    return Request(
        args.device,
        args.technology,
        rows=rows,
        cols=args.cols or rows,
        millivolts=args.voltage,
        macros=args.macros,
        glb_depths=args.glb_depth,
        model=args.model,
    )


def _distinct(read: Callable[[str], int]) -> Callable[[str], tuple[int, ...]]:
    """A parser of values separated by commas: each value once, in ascending order."""
    return lambda text: tuple(sorted({*several(read)(text)}))


def _millivolts(text: str) -> int:
    """Parse volts; whole millivolts only."""
    try:
        millivolts = as_number(text) * 1000
        whole_mV = round(millivolts)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of volts") from None
    if whole_mV < 1 or abs(millivolts - whole_mV) > 1e-6:
        raise argparse.ArgumentTypeError(f"must be whole millivolts above 0, got {text}")
    return whole_mV
