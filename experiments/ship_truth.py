"""`python -m experiments.ship_truth NAME ...`: enumerate problems and ship their exact answers.

Writes `imcmoo/benchmark/answers/NAME.npz` in a checkout. The digest of the numbers is printed; for
a problem that was shipped before, it must not change (`--new` to replace an answer on purpose:
then the problem needs a new version).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from imcmoo import benchmark
from imcmoo.benchmark import truth
from imcmoo.benchmark.problem_names import problem_study
from imcmoo.cli import arguments, command_line
from imcmoo.io.errors import InputError
from imcmoo.io.machines import Workers
from imcmoo.solve.enumerate import enumerate_study

PROG = "experiments.ship_truth"


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    command_line.configure_process()
    parser = command_line.Parser(prog=PROG, description=__doc__.split("\n\n")[1])
    accepted = f"names of problems, or a kind: {', '.join(benchmark.KINDS)}"
    parser.add_argument("names", nargs="+", metavar="NAME", help=accepted)
    parser.add_argument("--new", action="store_true", help="replace answers of other numbers")
    arguments.add_workers(parser)
    args = parser.parse_args(argv)
    return command_line.run(PROG, lambda: _main(args), interrupted="nothing was written")


def _main(args: argparse.Namespace) -> None:
    for name in args.names:
        for problem in benchmark.names(name) if name in benchmark.KINDS else [name]:
            ship(problem, workers=arguments.workers(args), replace=args.new)


def ship(name: str, *, workers: Workers, replace: bool = False) -> None:
    """Enumerate a problem and write its answer into the package; one of other numbers only if
    `replace`."""
    study, path = problem_study(name), truth.truth_path(name)
    with tempfile.TemporaryDirectory() as folder:
        answer = enumerate_study(
            study, Path(folder), workers=workers, on_progress=lambda done, total: None
        )
    before = truth.digest(truth.read(path, name)) if path.is_file() else truth.digest(answer)
    if before != truth.digest(answer) and not replace:
        raise InputError(f"{name}: the numbers differ from those shipped ({before[:12]})")
    licence = truth.OPEN_LICENCE if name.startswith("textbook/") else truth.LICENCE
    truth.write(answer, path, name, licence)
    print(
        f"{name}: {answer.n_feasible:,} feasible designs, {len(answer.front):,} points, "
        f"{path.stat().st_size / 1e6:.2f} MB, digest {truth.digest(answer)[:12]}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
