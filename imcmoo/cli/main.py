"""`imcmoo`: every command of the package."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from imcmoo.cli import command_line
from imcmoo.cli.interrupts import starting
from imcmoo.version import __version__

PROG = "imcmoo"

GROUPS: Mapping[str, Mapping[str, str]] = {
    "search": {
        "new": "import networks and write a study file for them",
        "run": "search a study for one design",
        "compare": "compare search algorithms (in a checkout)",
        "reproduce": "reproduce the published results (in a checkout)",
    },
    "exact": {
        "enumerate": "evaluate every design of a study",
        "certify": "find the best design of a study, with proof",
        "check-certificate": "verify certificates independently",
    },
    "analyse": {
        "explain": "show why a design is what it is, and what each change would cost",
        "report": "show a run as one page",
        "figures": "draw the figures of a run for papers",
        "evaluate": "cost the designs of a CSV",
        "what-if": "answer a study under changes, in one table",
        "robust": "find a chip that stays good while costs are uncertain, and the better device",
        "flip": "find where an assumption changes the chip, or the better device",
        "accuracy": "execute a network on simulated chips",
        "calibrate": "fit the physical model to a measured macro",
        "outdated": "list results of an older cost model",
    },
    "data": {
        "import": "turn an ONNX model into a network table",
        "components": "make tables of component costs",
    },
}
"""What each command does, in groups; its module is `imcmoo.cli.NAME_command`, _ for -.

Each module has `add_arguments(parser)`; `DESCRIPTION`, unless that sets one; `INTERRUPTED`, the
answer to Ctrl-C; and `main(args)`, which raises an InputError if the user's input is at fault and
an OSError if a file cannot be read or written."""

COMMANDS = {name: what for group in GROUPS.values() for name, what in group.items()}

IN_A_CHECKOUT = ("compare", "reproduce")
"""Commands whose module is named by an entry point of the group `imcmoo.commands`."""

COMPLETED = "COMP_LINE"
"""Where a shell says which line to complete."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    completed = os.environ.get(COMPLETED) if "_ARGCOMPLETE" in os.environ else None
    if completed is not None:
        argv = completed.split()[1:]
    name = argv[0] if argv and argv[0] in COMMANDS else ""
    with starting(f"{PROG} {name}".rstrip()):
        command_line.configure_process()
        parser, command = _parsers(name)
        if completed is not None:
            import argcomplete

            argcomplete.autocomplete(parser)
    if not argv:
        parser.print_help()
        return 0
    if not name and not argv[0].startswith("-"):
        # Imported here: most calls need no suggestion.
        from imcmoo.io.errors import did_you_mean

        hint = did_you_mean(argv[0], COMMANDS)
        parser.error(f"unknown command '{argv[0]}'; {hint}known: {', '.join(COMMANDS)}")
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        command.error(f"unrecognized arguments: {' '.join(unknown)}")
    return command_line.run(args.prog, lambda: args.main(args), interrupted=args.interrupted)


def _parsers(name: str) -> tuple[command_line.Parser, command_line.Parser]:
    """The parser of all commands, and that of one, the only one that has arguments."""
    width = max(map(len, COMMANDS))
    lines = (
        (group, *(f"  {command:{width}}  {what}" for command, what in commands.items()))
        for group, commands in GROUPS.items()
    )
    parser = command_line.Parser(
        prog=PROG,
        usage=f"{PROG} [--help] [--version] COMMAND ...",
        description="One in-memory-computing chip for many neural networks.\n\n"
        + "\n\n".join("\n".join(group) for group in lines),
        epilog=f"{PROG} COMMAND --help shows the options of a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROG} {__version__}")
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", prog=PROG, help=argparse.SUPPRESS
    )
    named = parser
    for each in COMMANDS:
        command = commands.add_parser(each)
        # Imported on first use: figures alone take a second or two.
        if each == name:
            named = command
            module = _module(name, command)
            command.description = getattr(module, "DESCRIPTION", None)
            command.set_defaults(prog=command.prog, main=module.main)
            command.set_defaults(interrupted=module.INTERRUPTED)
            module.add_arguments(command)
    return parser, named


def _module(name: str, command: command_line.Parser) -> Any:
    """The module of a command; outside a checkout some have none, which ends the program."""
    if name not in IN_A_CHECKOUT:
        return import_module(f"imcmoo.cli.{name.replace('-', '_')}_command")
    # Imported here: Ctrl-C is answered in one line only after the imports of this module.
    from importlib.metadata import entry_points

    try:
        (entry,) = entry_points(group="imcmoo.commands", name=name)
        return entry.load()
    except (ModuleNotFoundError, ValueError) as error:
        if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("experiments"):
            raise
        command.exit(
            command_line.USAGE_ERROR,
            f"{command.prog}: error: needs a checkout of imcmoo, with 'pip install -e .' in it\n",
        )
