"""`imcmoo`: every command of the package."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from imcmoo.cli import command_line

PROG = "imcmoo"

COMMANDS = {
    "run": "search a study for one design",
    "evaluate": "cost the designs of a CSV",
    "explain": "say why a design is what it is",
    "report": "show a run as one page",
    "enumerate": "evaluate every design of a study",
    "certify": "find the best design of a study, with proof",
    "check-certificate": "prove anew what a certificate says",
    "import": "turn an ONNX model into a network table",
    "accuracy": "execute a network on simulated chips",
    "components": "make tables of component costs",
}
"""What each command does; its module is `imcmoo.cli.NAME_command`, _ for -."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    with command_line.starting(PROG):
        args = _parsed(sys.argv[1:] if argv is None else argv)
    return command_line.run(PROG, lambda: args.main(args), interrupted=args.interrupted)


def _parsed(argv: list[str]) -> argparse.Namespace:
    """Parsed arguments, the command's `main`, and its message after Ctrl-C."""
    parser = command_line.Parser(
        prog=PROG, description="One in-memory-computing chip for many neural networks."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for name, what in COMMANDS.items():
        command = commands.add_parser(name, help=what)
        # Only what is asked for is imported: figures alone take a second or two.
        if argv[:1] == [name]:
            module = import_module(f"imcmoo.cli.{name.replace('-', '_')}_command")
            module.add_arguments(command)
            command.set_defaults(main=module.main, interrupted=module.INTERRUPTED)
    return parser.parse_args(argv)
