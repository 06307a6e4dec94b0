"""`python -m imcmoo`: the package's own command line.

The composition root, and the only file of the package that looks upward: the spaces of the devices
live in `problems/`, the commands get them as arguments and know nothing of `problems/`.
"""

import sys

from imcmoo.cli import command_line as cli
from imcmoo.cli import enumerate_command as cli_enumerate
from imcmoo.cli import evaluate_command as cli_evaluate
from imcmoo.cli import import_command as cli_import
from problems import DEVICES, PROBLEMS
from problems.build import build


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = cli.Parser(prog="imcmoo", description="Cost models of in-memory accelerators.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    cli_evaluate.add_parser(commands, DEVICES)
    cli_enumerate.add_parser(commands, list(PROBLEMS), build)
    cli_import.add_parser(commands)
    args = parser.parse_args(argv)
    return cli.run(parser.prog, lambda: args.main(args), interrupted=args.interrupted)


if __name__ == "__main__":
    sys.exit(main())
