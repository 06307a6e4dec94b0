"""`python -m experiments.run STUDY`: as `imcmoo run`, and the studies of studies."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from imcmoo.cli import command_line
from imcmoo.io.errors import InputError

PROG = "experiments.run"

PAPER = "paper"
"""The study of studies; it always goes on with what was interrupted."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    return command_line.run(
        PROG, lambda: _main(argv), interrupted="the same command with --resume continues"
    )


def _main(argv: list[str] | None) -> None:
    # Imported here because it takes a second or two: Ctrl-C meanwhile is answered in one line.
    from imcmoo.cli import arguments, run_command

    parser = command_line.Parser(prog=PROG)
    run_command.add_arguments(parser, or_else=f", or {PAPER}: all the paper's questions")
    args = parser.parse_args(argv)
    if args.study == PAPER:
        plain = parser.parse_args([PAPER])
        allowed = {"out": args.out, "quiet": args.quiet, "resume": args.resume}
        if vars(plain) | allowed != vars(args):
            raise InputError(f"{PAPER} takes no options but --out, --quiet and --resume")
        _answer_the_paper(args, arguments.DEFAULT_OUT)
        return
    run_command.main(args)
    if args.list:
        print(f"{PAPER}: all the paper's questions, answered with exact numbers")


def _answer_the_paper(args: argparse.Namespace, default_out: Path) -> None:
    from experiments.paper import study

    folder = args.out / "published"
    docs = Path("docs") if args.out == default_out else args.out / "docs"
    study.run(folder, docs, quiet=args.quiet)
    if not args.quiet:
        print(f"written: {folder}, {docs}")


if __name__ == "__main__":
    sys.exit(main())
