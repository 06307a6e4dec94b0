"""`python -m experiments.run STUDY`: as `imcmoo run`, and the three studies that publish pages."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from imcmoo.cli import command_line
from imcmoo.io.errors import InputError

PROG = "experiments.run"

PAPER, SILICON, PHYSICS = "paper", "silicon", "physics"

PUBLICATIONS = {
    PAPER: "all the paper's questions, answered with exact numbers",
    SILICON: "the physical model beside published chips",
    PHYSICS: "the paper's questions, asked of the physical model",
}

OPTIONS = {
    PAPER: ("out", "quiet", "resume", "workers"),
    SILICON: ("data", "out", "quiet"),
    PHYSICS: ("adc", "out", "quiet", "resume", "workers"),
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
        help=f"{PHYSICS}: another converter model, which the page compares with the default one",
    )
    args = parser.parse_args(argv)
    if args.study in OPTIONS:
        _check_options(args, parser.parse_args([args.study]), arguments.OF_SCHEDULER)
        _publish(args, arguments.DEFAULT_OUT)
        return
    for name, owner in (("data", SILICON), ("adc", PHYSICS)):
        if getattr(args, name) is not None:
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


def _publish(args: argparse.Namespace, default_out: Path) -> None:
    """Publish into `published` and `docs`, or below another folder."""
    from imcmoo.cli.arguments import workers

    is_default = args.out == default_out
    if is_default and not Path("experiments", "templates").is_dir():
        raise InputError(f"{args.study} writes into a checkout of imcmoo: run it there, or --out")
    docs = Path("docs") if is_default else args.out / "docs"
    folder = args.out / "published"
    if args.study == PAPER:
        from experiments.paper import study as paper

        paper.run(folder, docs, quiet=args.quiet, workers=workers(args))
        written = [folder, docs]
    elif args.study == SILICON:
        from experiments.silicon import study as silicon

        folder, docs = (folder / SILICON, docs) if is_default else (args.out, args.out)
        silicon.run(args.data, folder, docs, quiet=args.quiet)
        written = [folder, docs / "silicon.md"]
    else:
        from experiments.physics import study as physics

        adc = {"adc_model": args.adc} if args.adc else {}
        folder = physics.run(args.out, docs, quiet=args.quiet, workers=workers(args), **adc)
        written = [folder, docs / "physical.md"]
    if not args.quiet:
        print("written:", ", ".join(map(str, written)))


if __name__ == "__main__":
    sys.exit(main())
