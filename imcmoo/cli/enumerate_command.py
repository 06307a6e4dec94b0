"""`python -m imcmoo enumerate`: the exact answer of a study, by evaluating all its designs."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
from rich.console import Console
from rich.progress import Progress

from imcmoo.cli import command_line as cli
from imcmoo.exact import answer as exact
from imcmoo.exact import enumeration as exhaustive
from imcmoo.exact.enumeration import Findings, Optimum
from imcmoo.hardware.scaling import SCALINGS
from imcmoo.io import executor as parallel
from imcmoo.io.errors import InputError
from imcmoo.io.parts import Parts
from imcmoo.model.reference.chips import Deployment
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.space.design_space import Levels

DESCRIPTION = """
Evaluate every design of a study and write what is best, exactly: OUT/optima.csv (one row per
criterion and tie), OUT/front.csv (every non-dominated point) and OUT/summary.json. Runs and
comparisons of the study then report their regret. A run that was interrupted goes on with the same
command.
"""

ORDINARY = ("alone", "reference")
"""Deployment and scaling of a study unless it is told otherwise."""

Build = Callable[..., tuple[AcceleratorProblem, Evaluator]]
"""Makes a study's problem and cost model: name, area limit in m² or None, deployment, scaling."""


def add_parser(
    commands: argparse._SubParsersAction[cli.Parser], studies: Sequence[str], build: Build
) -> None:
    """Add the `enumerate` command for these studies."""
    parser = commands.add_parser(
        "enumerate", help="evaluate every design of a study", description=DESCRIPTION
    )
    parser.add_argument("study", choices=studies, metavar="STUDY", help=", ".join(studies))
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: results/exact/STUDY")
    parser.add_argument("--area-limit", type=_area, metavar="MM2", help="largest chip allowed")
    parser.add_argument("--deployment", default="alone", choices=get_args(Deployment))
    parser.add_argument("--scaling", default="reference", choices=list(SCALINGS))
    parser.add_argument(
        "--processes",
        type=_processes,
        default=parallel.cores(),
        metavar="N",
        help="default: all cores",
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(
        main=lambda args: _main(args, build), interrupted="the same command continues"
    )


def _area(text: str) -> float:
    """Square metres of so many mm²."""
    try:
        value = float(text) / MM2_PER_M2
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be positive, got {text}")
    return value


def _processes(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, got '{text}'")
    return int(text)


def _main(args: argparse.Namespace, build: Build) -> None:
    began = time.perf_counter()
    special = args.area_limit is not None or (args.deployment, args.scaling) != ORDINARY
    if special and args.out is None:
        raise InputError("where to? give --out, so that the study's own answer is not replaced")
    make = partial(build, args.study, args.area_limit, args.deployment, args.scaling)
    problem, evaluator = make()
    folder = args.out or Path("results") / "exact" / args.study
    console = Console(quiet=args.quiet)
    mark = exact.fingerprint(problem, evaluator)
    stretches = exhaustive.stretches(problem, _apart(evaluator))
    if not stretches:
        raise InputError(exhaustive.nothing_feasible(problem))
    parts = Parts(folder, f"{mark} by {exhaustive.BODIES_AT_ONCE}")
    _survey_all(parts, stretches, make, args)
    try:
        answer = exhaustive.conclude(
            problem, [_from_arrays(parts.load(i)) for i in range(len(stretches))]
        )
    except ValueError as error:
        parts.remove()
        raise InputError(str(error)) from None
    exact.save(answer, folder, problem, mark, exact.options(args.study, problem, evaluator))
    parts.remove()
    _show(console, problem, answer, folder, time.perf_counter() - began)


def _survey_all(
    parts: Parts,
    stretches: Sequence[Levels],
    make: Callable[[], tuple[AcceleratorProblem, Evaluator]],
    args: argparse.Namespace,
) -> None:
    """Survey the stretches whose findings are not among the parts yet."""
    todo = [i for i in range(len(stretches)) if i not in parts]
    terminal = Console(stderr=True)
    hidden = args.quiet or not terminal.is_terminal
    with Progress(console=terminal, transient=True, disable=hidden) as progress:
        bar = progress.add_task(args.study, total=len(stretches), completed=len(parts))
        work = parallel.in_processes(
            partial(_surveyor, make), [stretches[i] for i in todo], args.processes
        )
        for index, found in work:
            parts.save(todo[index], _as_arrays(found))
            progress.advance(bar)


def _surveyor(make: Callable[[], tuple[AcceleratorProblem, Evaluator]]) -> Any:
    problem, evaluator = make()
    return partial(exhaustive.survey, problem, alone=_apart(evaluator))


def _apart(evaluator: Evaluator) -> Evaluator | None:
    """What tells how a workload fares on a chip of its own, if the evaluator does not."""
    return None if evaluator.deployment == "alone" else evaluator.apart()


def _show(
    console: Console,
    problem: AcceleratorProblem,
    answer: exhaustive.Exact,
    folder: Path,
    seconds: float,
) -> None:
    console.print(
        f"{problem.space.size:,} designs, {answer.n_feasible:,} feasible, "
        f"{len(answer.front):,} points on the front, {seconds:.1f} s",
        highlight=False,
    )
    table = exact.optima_table(answer, problem.space).groupby("criterion", sort=False)
    for name, rows in table:
        ties = f" ({len(rows)} designs)" if len(rows) > 1 else ""
        console.print(f"  {name}: {rows['value'].iloc[0]:.6g}{ties}", highlight=False)
    console.print(f"written: {folder}", highlight=False, soft_wrap=True)


def _as_arrays(found: Findings) -> dict[str, Any]:
    return {
        "n_feasible": found.n_feasible,
        "ranks": found.ranks,
        "F": found.F,
        "alone": np.array([o.value for o in found.alone]),
        **{f"alone_ranks_{w}": o.ranks for w, o in enumerate(found.alone)},
    }


def _from_arrays(stored: dict[str, Any]) -> Findings:
    alone = [
        Optimum(float(value), stored[f"alone_ranks_{w}"]) for w, value in enumerate(stored["alone"])
    ]
    return Findings(int(stored["n_feasible"]), stored["ranks"], stored["F"], alone)
