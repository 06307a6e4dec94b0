"""`imcmoo`: every command of the package."""

from __future__ import annotations

import argparse

from imcmoo.cli import (
    command_line,
    enumerate_command,
    evaluate_command,
    import_command,
    run_command,
)


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = command_line.Parser(
        prog="imcmoo", description="One in-memory-computing chip for many neural networks."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    run = commands.add_parser(
        "run", help="search a study for one design", description=run_command.DESCRIPTION
    )
    run.add_argument("study", nargs="?", metavar="STUDY", help="see --list")
    evaluate = commands.add_parser(
        "evaluate", help="cost the designs of a CSV", description=evaluate_command.describe()
    )
    enumerate_ = commands.add_parser(
        "enumerate",
        help="evaluate every design of a study",
        description=enumerate_command.DESCRIPTION,
    )
    import_ = commands.add_parser(
        "import",
        help="turn an ONNX model into a network table",
        description=import_command.DESCRIPTION,
    )
    for command, module in (
        (run, run_command),
        (evaluate, evaluate_command),
        (enumerate_, enumerate_command),
        (import_, import_command),
    ):
        module.add_arguments(command)
        command.set_defaults(main=module.main, interrupted=module.INTERRUPTED)
    args: argparse.Namespace = parser.parse_args(argv)
    return command_line.run(parser.prog, lambda: args.main(args), interrupted=args.interrupted)
