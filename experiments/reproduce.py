"""`imcmoo reproduce PUBLICATION`: the published tables and pages, computed again."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from imcmoo.io.errors import InputError

PUBLICATIONS = {
    "paper": ("all the paper's questions, answered with exact numbers", "paper.study:Paper"),
    "physical": ("the best chips by the physical model, proven", "physics.study:Physics"),
    "silicon": ("the physical model beside published chips", "silicon.study:Silicon"),
    "scenarios": (
        "the chips that meet the deadlines of several networks, proven",
        "scenarios.study:Scenarios",
    ),
    "devices": (
        "analog SRAM, digital SRAM or RRAM: the best chips of each, proven",
        "devices.study:Devices",
    ),
    "generation": (
        "the best chips for language models, and when their weights stay",
        "generation:GenerationChips",
    ),
    "certified": (
        "proofs in spaces that nobody can enumerate, with their CPU time",
        "certified:Certified",
    ),
    "guide": (
        "recipes, and the pages on which chip to build and how far to trust it; after all others",
        "guide:Guide",
    ),
}
"""Description and class of each publication by name; importing a class takes a second."""

DESCRIPTION = """
Compute published tables again and write the pages made from them: into results/published and docs
of the checkout, or below another folder. The same command continues what was interrupted.
"""

INTERRUPTED = "the same command continues"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    from imcmoo.cli import arguments

    publications = parser.add_subparsers(required=True, metavar="PUBLICATION")
    for name, (what, _) in PUBLICATIONS.items():
        described = f"{what[0].upper()}{what[1:]}."
        one = publications.add_parser(name, help=what, description=described)
        one.set_defaults(publication=name, prog=one.prog, options=())
        one.add_argument(
            "--out",
            type=Path,
            default=arguments.DEFAULT_OUT,
            metavar="DIR",
            help="folder of results; this command writes DIR/published, and its pages to DIR/docs "
            "(default: results, and docs of the checkout)",
        )
        one.add_argument("--quiet", action="store_true", help="print errors only")
        if name == "silicon":
            tables = "a table of macros (default: shipped)"
            one.add_argument("--data", type=Path, metavar="FILE", help=tables)
            one.set_defaults(options=("data",))
        if name == "physical":
            one.set_defaults(options=("out",))
        arguments.add_workers(one)


def main(args: argparse.Namespace) -> None:
    """Publish into `published` and `docs`, or below another folder."""
    from imcmoo.cli.arguments import DEFAULT_OUT, workers
    from imcmoo.cli.terminal import console

    is_default = args.out == DEFAULT_OUT
    if is_default and not Path("experiments", "templates").is_dir():
        raise InputError(
            f"{args.publication} writes into a checkout of imcmoo: run it there, or --out"
        )
    docs = Path("docs") if is_default else args.out / "docs"
    module, _, kind = PUBLICATIONS[args.publication][1].partition(":")
    options = (getattr(args, name) for name in args.options)
    publication = getattr(import_module(f"experiments.{module}"), kind)(*options)
    folder = publication.publish(
        args.out / "published", docs, quiet=args.quiet, workers=workers(args)
    )
    console(quiet=args.quiet).print(f"written: {folder}, {docs}", soft_wrap=True)
