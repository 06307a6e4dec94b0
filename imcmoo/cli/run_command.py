"""`imcmoo run STUDY`: one generalized accelerator, and all that led to it."""

from __future__ import annotations

import argparse
from dataclasses import replace

from imcmoo.cli import arguments, catalogue, run_studies
from imcmoo.cli.terminal import console, warn_of_dynamic_products
from imcmoo.io.errors import InputError
from imcmoo.problem.criteria import MINIMAX, NAMED
from imcmoo.problem.scores import MM2_PER_M2

DESCRIPTION = """
Search the designs of a study for all its networks at once and for each alone, select one
generalized design, and write tables and figures to DIR/STUDY/seed-N. The same command gives the
same files. An earlier run in the same folder is replaced when the new one is complete.
"""

INTERRUPTED = "the same command with --resume continues"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add what it takes."""
    parser.description = DESCRIPTION
    arguments.add_study(parser, optional=True)
    parser.add_argument("--list", action="store_true", help="list the studies and stop")
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument(
        "--seed", type=lambda text: [arguments.whole(0)(text)], dest="seeds", metavar="N",
        help="1 by default",
    )  # fmt: skip
    seeds.add_argument(
        "--seeds", type=arguments.seeds, metavar="LIST", help="several, such as 1-10 or 1,2,5"
    )
    arguments.add_results(parser, "STUDY/seed-N")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue a run that was killed; starts it if there is none, keeps it if complete",
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    _add_search(parser.add_argument_group("search"))
    arguments.add_settings(parser)
    arguments.add_workers(parser)


def _add_search(group: argparse._ArgumentGroup) -> None:
    """Add what the searches do and select."""
    group.add_argument(
        "--budget",
        type=arguments.whole(1),
        metavar="N",
        help="unique designs evaluated by each search (default: the study's, 3300)",
    )
    group.add_argument(
        "--criterion",
        metavar="NAME",
        help=f"criterion that selects the design: {', '.join(NAMED)}, or module:name of one of "
        f"your own (default: the study's, {MINIMAX}); all are reported",
    )
    group.add_argument(
        "--no-baselines", action="store_true", help="skip the searches for single networks"
    )


def main(args: argparse.Namespace) -> None:
    """Run what a command line asks for."""
    if args.list:
        _list()
        return
    if args.study is None:
        raise InputError(f"which study? known: {', '.join(catalogue.names())}")
    study = arguments.with_options(catalogue.find_study(args.study), args)
    warn_of_dynamic_products(study.network_set(), model=study.model, quiet=args.quiet)
    run_studies.run(
        [replace(study, seed=seed) for seed in args.seeds or study.seeds or [study.seed]],
        out=args.out or arguments.DEFAULT_OUT,
        resume=args.resume,
        quiet=args.quiet,
        workers=arguments.workers(args),
    )


def _list() -> None:
    terminal = console()
    for name, study in catalogue.studies().items():
        limit = (study.area_limit_m2 or 0) * MM2_PER_M2
        terminal.print(
            f"{name}: {study.space.size:,} designs of space {study.space.name}, "
            f"for {', '.join(study.names)}" + (f", at most {limit:g} mm²" if limit else ""),
            soft_wrap=True,
        )
