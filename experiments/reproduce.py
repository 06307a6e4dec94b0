"""`imcmoo reproduce paper|physical|silicon`: the published tables and pages, computed again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from imcmoo.io.errors import InputError

PAPER, SILICON, PHYSICS = "paper", "silicon", "physics"

PUBLICATIONS = {
    PAPER: "all the paper's questions, answered with exact numbers",
    SILICON: "the physical model beside published chips",
    PHYSICS: "the best chips by the physical model, proven",
}

COMMANDS = {"paper": PAPER, "physical": PHYSICS, "silicon": SILICON}
"""What each publication is called on the command line."""

OPTIONS = {
    PAPER: ("out", "quiet", "resume", "workers"),
    SILICON: ("data", "out", "quiet"),
    PHYSICS: ("adc", "out", "proven", "quiet", "resume", "workers"),
}
"""Options of each publication with `experiments.run`; with `workers` also the scheduler's."""

DESCRIPTION = """
Compute published tables again and write the pages made from them: into results/published and docs
of the checkout, or below another folder. The same command continues what was interrupted.
"""

INTERRUPTED = "the same command continues"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add its arguments."""
    from imcmoo.cli import arguments

    parser.description = DESCRIPTION
    publications = parser.add_subparsers(required=True, metavar="PUBLICATION")
    for name, publication in COMMANDS.items():
        what = PUBLICATIONS[publication]
        one = publications.add_parser(name, help=what, description=f"{what}.".capitalize())
        one.set_defaults(publication=publication, prog=one.prog)
        one.add_argument(
            "--out",
            type=Path,
            default=arguments.DEFAULT_OUT,
            metavar="DIR",
            help="folder of results; this command writes DIR/published, and its pages to DIR/docs "
            "(default: results, and docs of the checkout)",
        )
        one.add_argument("--quiet", action="store_true", help="print errors only")
        _add_options(one, publication)
        if publication != SILICON:
            arguments.add_workers(one)


def _add_options(parser: Any, publication: str, owner: str = "") -> None:
    """Add the options that one publication alone has to a parser or a group of it."""
    from imcmoo.model.physical.parameters import ADC_MODELS

    if publication == SILICON:
        tables = f"{owner}a table of macros (default: shipped)"
        parser.add_argument("--data", type=Path, metavar="FILE", help=tables)
    if publication == PHYSICS:
        other = f"{owner}another ADC model, which the page compares with the default one"
        parser.add_argument("--adc", choices=ADC_MODELS, help=other)
        # Optima were enumerated without this option; now they are always proven.
        parser.add_argument("--proven", action="store_true", help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> None:
    """Publish what a command line asks for.

    Raises:
        InputError: the user's input is at fault, or this is no checkout.
        OSError: a file cannot be written.
    """
    publish(args.publication, args)


def publish(publication: str, args: argparse.Namespace) -> None:
    """Publish into `published` and `docs`, or below another folder.

    Args:
        publication: a key of `PUBLICATIONS`.
        args: its options.
    """
    from imcmoo.cli.arguments import DEFAULT_OUT, workers
    from imcmoo.cli.terminal import console

    out = args.out or DEFAULT_OUT
    is_default = out == DEFAULT_OUT
    if is_default and not Path("experiments", "templates").is_dir():
        raise InputError(f"{publication} writes into a checkout of imcmoo: run it there, or --out")
    docs = Path("docs") if is_default else out / "docs"
    folder = out / "published"
    if publication == PAPER:
        from experiments.paper import study as paper

        paper.run(folder, docs, quiet=args.quiet, workers=workers(args))
        written = [folder, docs]
    elif publication == SILICON:
        from experiments.silicon import study as silicon

        folder, docs = (folder / SILICON, docs) if is_default else (out, out)
        silicon.run(args.data, folder, docs, quiet=args.quiet)
        written = [folder, docs / "silicon.md"]
    else:
        from experiments.physics import study as physics

        adc = {"adc_model": args.adc} if args.adc else {}
        folder = physics.run(out, docs, quiet=args.quiet, workers=workers(args), **adc)
        written = [folder, docs / "physical.md"]
    names = ", ".join(map(str, written))
    console(quiet=args.quiet).print(f"written: {names}", soft_wrap=True)


def run(prog: str, argv: list[str] | None) -> None:
    """Run a study, or publish, as a command line asks that has both in one place.

    Args:
        prog: the command's name.
        argv: its arguments; None for those of the program.

    Raises:
        InputError: the user's input is at fault, or this is no checkout.
        OSError: a file cannot be written.
    """
    from imcmoo.cli import arguments, command_line, run_command
    from imcmoo.cli.terminal import console

    parser = command_line.Parser(prog=prog)
    run_command.add_arguments(parser)
    named = ", ".join(f"{name} ({what})" for name, what in PUBLICATIONS.items())
    group = parser.add_argument_group(f"publications in place of STUDY: {named}")
    for publication in (SILICON, PHYSICS):
        _add_options(group, publication, f"{publication}: ")
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
            console().print(f"{name}: {description}", soft_wrap=True)


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
