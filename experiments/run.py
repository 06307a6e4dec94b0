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

SILICON = "silicon"
"""The physical model beside published chips."""

PHYSICS = "physics"
"""The paper's questions, asked of the physical model; it goes on with what was interrupted."""

OPTIONS = {
    PAPER: ("out", "quiet", "resume", "workers"),
    SILICON: ("data", "out", "quiet"),
    PHYSICS: ("adc", "out", "quiet", "resume", "workers"),
}
"""What each of them takes of all options; with `workers` also who else works."""


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
    run_command.add_arguments(
        parser,
        or_else=f", {PAPER}: all the paper's questions, {SILICON}: the physical model beside "
        f"published chips, or {PHYSICS}: the paper's questions asked of that model",
    )
    parser.add_argument(
        "--data", type=Path, metavar="F", help=f"{SILICON}: a table of macros (default: shipped)"
    )
    parser.add_argument(
        "--adc",
        choices=ADC_MODELS,
        help=f"{PHYSICS}: another converter model, with tables and a page of its own",
    )
    args = parser.parse_args(argv)
    if args.study in OPTIONS:
        plain = parser.parse_args([args.study])
        options = list(OPTIONS[args.study])
        if "workers" in options:
            options += arguments.OF_SCHEDULER
        allowed = {name: getattr(args, name) for name in options}
        if vars(plain) | allowed != vars(args):
            *some, last = (f"--{name.replace('_', '-')}" for name in options)
            raise InputError(f"{args.study} takes no options but {', '.join(some)} and {last}")
        answers = {
            PAPER: _answer_the_paper,
            SILICON: _compare_with_silicon,
            PHYSICS: _ask_the_physical_model,
        }
        answers[args.study](args, arguments.DEFAULT_OUT)
        return
    for name, owner in (("data", SILICON), ("adc", PHYSICS)):
        if getattr(args, name) is not None:
            raise InputError(f"--{name} is an option of {owner} only")
    run_command.main(args)
    if args.list:
        print(f"{PAPER}: all the paper's questions, answered with exact numbers")
        print(f"{SILICON}: the physical model beside published chips")
        print(f"{PHYSICS}: the paper's questions, asked of the physical model")


def _answer_the_paper(args: argparse.Namespace, default_out: Path) -> None:
    from experiments.paper import study
    from imcmoo.cli.arguments import workers

    folder = args.out / "published"
    docs = Path("docs") if args.out == default_out else args.out / "docs"
    study.run(folder, docs, quiet=args.quiet, workers=workers(args))
    if not args.quiet:
        print(f"written: {folder}, {docs}")


def _compare_with_silicon(args: argparse.Namespace, default_out: Path) -> None:
    from experiments.silicon import study

    publish = args.out == default_out
    folder, docs = (args.out / "published" / SILICON, Path("docs")) if publish else (args.out,) * 2
    study.run(args.data, folder, docs)
    if not args.quiet:
        print(f"written: {folder}, {docs / 'silicon.md'}")


def _ask_the_physical_model(args: argparse.Namespace, default_out: Path) -> None:
    from experiments.physics import study
    from experiments.physics.page import DEFAULT_ADC, folder_of, name_of
    from imcmoo.cli.arguments import workers

    docs = Path("docs") if args.out == default_out else args.out / "docs"
    adc_model = args.adc or DEFAULT_ADC
    study.run(args.out, docs, quiet=args.quiet, workers=workers(args), adc_model=adc_model)
    if not args.quiet:
        folder = args.out / "published" / folder_of(adc_model)
        print(f"written: {folder}, {docs / name_of(adc_model)}")


if __name__ == "__main__":
    sys.exit(main())
