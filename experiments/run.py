"""`python -m experiments.run STUDY`: one generalized accelerator, and all that led to it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import problems
from imcmoo.cli import command_line as cli
from imcmoo.io.errors import InputError

PROG = "experiments.run"

PAPER = "paper"
"""The study of studies; it always goes on with what was interrupted."""

DEFAULT_OUT = Path("results")

DESCRIPTION = """
Search the designs of a study for all its networks at once and for each alone, select one
generalized design, and write tables and figures to OUT/STUDY/seed-N. The same command gives the
same files. An earlier run in the same folder is replaced when the new one is complete.
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    args = _parser().parse_args(argv)
    return cli.run(PROG, lambda: _run(args), interrupted="the same command with --resume continues")


def _parser() -> cli.Parser:
    parser = cli.Parser(prog=PROG, description=DESCRIPTION)
    known = ", ".join(problems.PROBLEMS)
    parser.add_argument("study", nargs="?", help=f"{known}; or {PAPER}: all the paper's questions")
    parser.add_argument("--list", action="store_true", help="list the studies and stop")
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=_seed, dest="seeds", metavar="N", help="1 by default")
    seeds.add_argument(
        "--seeds", type=_seeds, metavar="LIST", help="several, such as 1-10 or 1,2,5, one by one"
    )
    parser.add_argument(
        "--budget",
        type=_budget,
        default=3300,
        metavar="N",
        help="unique designs evaluated by each search (default: %(default)s)",
    )
    parser.add_argument(
        "--criterion",
        default="edap_max",
        metavar="NAME",
        help="what selects the design: edap_max (default), edap_mean, edap_product, edap_geomean, "
        "ela_max, ela_mean, regret_minimax or pseudo_weights; all are reported",
    )
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="default: %(default)s")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue a run that was killed; starts it if there is none, keeps it if complete",
    )
    parser.add_argument(
        "--no-baselines", action="store_true", help="skip the searches for one workload alone"
    )
    parser.add_argument(
        "--area-limit", type=float, metavar="MM2", help="largest chip allowed (see --list)"
    )
    parser.add_argument(
        "--deployment",
        default="alone",
        metavar="HOW",
        help="resident weights: one network on the chip at a time (alone, the default, the paper's "
        "rule) or all at once (together)",
    )
    parser.add_argument(
        "--scaling",
        default="reference",
        metavar="NAME",
        help="technology scaling: reference (default, the paper's numbers) or current "
        "(hwcomponents' own)",
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(seeds=[1])
    return parser


def _run(args: argparse.Namespace) -> None:
    if args.list:
        _list()
        return
    if args.study is None:
        raise InputError(f"which study? known: {', '.join(problems.PROBLEMS)}")
    if args.study == PAPER:
        allowed = {"study": PAPER, "out": args.out, "quiet": args.quiet, "resume": args.resume}
        if vars(_parser().parse_args([])) | allowed != vars(args):
            raise InputError(f"{PAPER} takes no options but --out, --quiet and --resume")
        # Imported here for the same reason as below.
        from experiments.paper import study

        folder = args.out / "published"
        docs = Path("docs") if args.out == DEFAULT_OUT else args.out / "docs"
        study.run(folder, docs, quiet=args.quiet)
        if not args.quiet:
            print(f"written: {folder}, {docs}")
        return
    try:
        problems.get(args.study)
    except ValueError as error:
        raise InputError(str(error)) from None
    # Imported here because it takes a second or two: mistakes above are answered at once, and
    # Ctrl-C meanwhile is answered in one line.
    from imcmoo.cli import run_studies as session
    from imcmoo.study.study import Study

    try:
        studies = [
            Study(
                args.study,
                seed=seed,
                budget=args.budget,
                criterion=args.criterion,
                baselines=not args.no_baselines,
                area_limit_mm2=args.area_limit,
                deployment=args.deployment,
                scaling=args.scaling,
            )
            for seed in args.seeds
        ]
    except ValueError as error:
        raise InputError(str(error)) from None
    session.run(studies, out=args.out, resume=args.resume, quiet=args.quiet)


def _list() -> None:
    for name, spec in problems.PROBLEMS.items():
        print(
            f"{name}: {spec.space.size:,} designs of space {spec.space.name}, "
            f"for {', '.join(spec.workloads)}, at most {spec.area_limit_m2 * 1e6:g} mm²"
        )
    print(f"{PAPER}: all the paper's questions, answered with exact numbers")


def _budget(text: str) -> int:
    return _whole(text, at_least=1)


def _seed(text: str) -> list[int]:
    return [_whole(text, at_least=0)]


def _seeds(text: str) -> list[int]:
    """`1,2,5`, `1-10`, or a mix."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        low = _whole(first, at_least=0)
        seeds += range(low, _whole(last, at_least=low) + 1) if dash else [low]
    if len(set(seeds)) != len(seeds):
        raise argparse.ArgumentTypeError(f"a seed is listed twice in '{text}'")
    return seeds


def _whole(text: str, *, at_least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
    if value < at_least:
        raise argparse.ArgumentTypeError(f"must be at least {at_least}, got {value}")
    return value


if __name__ == "__main__":
    sys.exit(main())
