"""`python -m imcmoo enumerate`: the exact answer of a study, by evaluating all its designs."""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
from rich.console import Console
from rich.progress import Progress

from imcmoo import cli, exact, exhaustive, parallel
from imcmoo.chips import Deployment
from imcmoo.cli import InputError
from imcmoo.components.scaling import SCALINGS
from imcmoo.evaluate import Evaluator
from imcmoo.exhaustive import Findings, Optimum
from imcmoo.files import replacing
from imcmoo.objectives import MM2_PER_M2
from imcmoo.problem import AcceleratorProblem

DESCRIPTION = """
Evaluate every design of a study and write what is best, exactly: OUT/optima.csv (one row per
criterion and tie), OUT/front.csv (every non-dominated point) and OUT/summary.json. Runs and
comparisons of the study then report their regret. A run that was interrupted goes on with the same
command.
"""

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
        "--processes", type=int, default=parallel.cores(), metavar="N", help="default: all cores"
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(
        main=lambda args: _main(args, build), interrupted="the same command continues"
    )


def _area(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be positive, got {text}")
    return value


def _main(args: argparse.Namespace, build: Build) -> None:
    began = time.perf_counter()
    limit = None if args.area_limit is None else args.area_limit / MM2_PER_M2
    make = partial(build, args.study, limit, args.deployment, args.scaling)
    problem, evaluator = make()
    folder = args.out or Path("results") / "exact" / args.study
    console = Console(quiet=args.quiet)
    mark = exact.fingerprint(problem, evaluator)
    parts = _Parts(folder, mark)
    stretches = exhaustive.stretches(problem)
    todo = [i for i in range(len(stretches)) if i not in parts]
    with Progress(console=Console(stderr=True), disable=args.quiet) as progress:
        bar = progress.add_task(args.study, total=len(stretches), completed=len(parts))
        work = parallel.in_processes(
            partial(_surveyor, make), [stretches[i] for i in todo], args.processes
        )
        for index, found in work:
            parts.save(todo[index], found)
            progress.advance(bar)
    try:
        answer = exhaustive.conclude(problem, [parts.load(i) for i in range(len(stretches))])
    except ValueError as error:
        raise InputError(str(error)) from None
    exact.save(answer, folder, problem, mark, exact.options(args.study, problem, evaluator))
    parts.remove()
    _show(console, problem, answer, folder, time.perf_counter() - began)


def _surveyor(make: Callable[[], tuple[AcceleratorProblem, Evaluator]]) -> Any:
    return partial(exhaustive.survey, make()[0])


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


class _Parts:
    """Findings that are complete, kept in a hidden folder until all are.

    Args:
        folder: where the answer goes.
        mark: fingerprint of the problem; findings of another are thrown away.
    """

    def __init__(self, folder: Path, mark: str) -> None:
        self._home = folder / ".work"
        owner = self._home / "fingerprint.json"
        try:
            same = json.loads(owner.read_text(encoding="utf-8")) == mark
        except (FileNotFoundError, ValueError):
            same = False
        if not same:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home.mkdir(parents=True)
            with replacing(owner) as temporary:
                temporary.write_text(json.dumps(mark), encoding="utf-8")

    def _path(self, index: int) -> Path:
        return self._home / f"{index}.npz"

    def __contains__(self, index: int) -> bool:
        return self._path(index).exists()

    def __len__(self) -> int:
        return len(list(self._home.glob("*.npz")))

    def save(self, index: int, found: Findings) -> None:
        """Keep the findings of a stretch."""
        own = {f"alone_ranks_{w}": o.ranks for w, o in enumerate(found.alone)}
        with replacing(self._path(index)) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                n_feasible=found.n_feasible,
                ranks=found.ranks,
                F=found.F,
                alone=np.array([o.value for o in found.alone]),
                allow_pickle=False,
                **own,
            )

    def load(self, index: int) -> Findings:
        """The findings of a stretch."""
        with np.load(self._path(index)) as stored:
            alone = [
                Optimum(float(value), stored[f"alone_ranks_{w}"])
                for w, value in enumerate(stored["alone"])
            ]
            return Findings(int(stored["n_feasible"]), stored["ranks"], stored["F"], alone)

    def remove(self) -> None:
        """Throw everything away."""
        shutil.rmtree(self._home, ignore_errors=True)
