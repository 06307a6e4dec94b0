"""`python -m experiments.run STUDY`: as `imcmoo run`, and the three studies that publish pages."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from experiments.reproduce import PAPER, PHYSICS, PUBLICATIONS, SILICON, publish
from imcmoo.cli import command_line
from imcmoo.io.errors import InputError

PROG = "experiments.run"

OPTIONS = {
    PAPER: ("out", "quiet", "resume", "workers"),
    SILICON: ("data", "out", "quiet"),
    PHYSICS: ("adc", "out", "proven", "quiet", "resume", "workers"),
}
"""Options of each publication; with `workers` also those of the scheduler."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    with command_line.starting(PROG):  # importing takes a second or two
        import imcmoo.cli.run_command  # noqa: F401
    return command_line.run(
        PROG, lambda: _main(argv), interrupted="the same command with --resume continues"
    )


def _main(argv: list[str] | None) -> None:
    from imcmoo.cli import arguments, run_command
    from imcmoo.model.physical.parameters import ADC_MODELS

    parser = command_line.Parser(prog=PROG)
    run_command.add_arguments(parser)
    named = ", ".join(f"{name} ({what})" for name, what in PUBLICATIONS.items())
    group = parser.add_argument_group(f"publications in place of STUDY: {named}")
    group.add_argument(
        "--data", type=Path, metavar="F", help=f"{SILICON}: a table of macros (default: shipped)"
    )
    group.add_argument(
        "--adc",
        choices=ADC_MODELS,
        help=f"{PHYSICS}: another ADC model, which the page compares with the default one",
    )
    # Optima were enumerated without this option; now they are always proven.
    group.add_argument("--proven", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.study in OPTIONS:
        _check_options(args, parser.parse_args([args.study]), arguments.OF_SCHEDULER)
        publish(args.study, args)
        return
    for name, owner in (("data", SILICON), ("adc", PHYSICS), ("proven", PHYSICS)):
        if getattr(args, name):
            raise InputError(f"--{name} is an option of {owner} only")
    run_command.main(args)
    if args.list:
        for name, description in PUBLICATIONS.items():
            print(f"{name}: {description}")


def _check_options(
    args: argparse.Namespace, defaults: argparse.Namespace, of_scheduler: tuple[str, ...]
) -> None:
    """Raise an InputError for an option that a publication does not have."""
    options = list(OPTIONS[args.study])
    if "workers" in options:
        options += of_scheduler
    allowed = {name: getattr(args, name) for name in options}
    if vars(defaults) | allowed != vars(args):
        *first, last = (f"--{name.replace('_', '-')}" for name in options)
        raise InputError(f"{args.study} takes no options but {', '.join(first)} and {last}")


if __name__ == "__main__":
    sys.exit(main())
