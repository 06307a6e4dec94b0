"""`python -m experiments.compare STUDY`: our search against others, judged by the exact answer."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from experiments.arena import contest, standings
from experiments.arena.contest import PRIMARY, SEEDS, WORST, Rules
from experiments.arena.contestants import METHODS, PHASED
from experiments.arena.ecdf import ecdf_figure
from experiments.arena.variants import VARIANTS
from experiments.recorded import recorded
from imcmoo.cli import arguments, catalogue, command_line
from imcmoo.cli.progress import counted
from imcmoo.exact.answer import fingerprint
from imcmoo.io.errors import InputError
from imcmoo.io.executor import completed, local
from imcmoo.io.files import replacing
from imcmoo.io.locks import owned
from imcmoo.io.parts import FinishedParts
from imcmoo.report import style
from imcmoo.report.labels import label
from imcmoo.study.exact_comparison import find_answer
from imcmoo.study.study import Study
from problems import STUDIES

DESCRIPTION = """
Let our search and others search a study from equal starts, over many seeds, and write to
OUT/compare/STUDY, or OUT/ablation/STUDY, how far each is from the exact optimum, which
`python -m imcmoo enumerate STUDY` must have found: regret.csv, target.csv, front.csv, summary.csv,
tests.csv and the figure ecdf. A comparison that was interrupted goes on with the same command.
"""

BUDGETS = (500, 1000, 3300, 10_000)


INTERRUPTED = "the same command continues"


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = command_line.Parser(prog="experiments.compare", description=DESCRIPTION)
    parser.add_argument("study", metavar="STUDY", help=f"{', '.join(STUDIES)}, or a file (.toml)")
    parser.add_argument(
        "--seeds", type=arguments.whole(2), default=SEEDS, metavar="N", help="default: %(default)s"
    )
    parser.add_argument(
        "--ablation", action="store_true", help="compare variants of our search instead"
    )
    parser.add_argument("--out", type=Path, default=Path("results"), help="default: %(default)s")
    arguments.add_workers(parser)
    args = parser.parse_args(argv)
    return command_line.run(parser.prog, lambda: _main(args), interrupted=INTERRUPTED)


def _main(args: argparse.Namespace) -> None:
    if not args.ablation and find_spec("numba") is None:
        raise InputError("AGE-MOEA-II needs numba: pip install -e '.[compare]'")
    study = catalogue.find_study(args.study)
    answer = find_answer(study, args.out)
    if answer is None:
        raise InputError(
            f"the exact answer is not known: run `python -m imcmoo enumerate {args.study} "
            f"--out {args.out}` first"
        )
    if args.ablation:
        rules = Rules(study, answer, BUDGETS[1:3], PRIMARY, VARIANTS, frozenset(VARIANTS))
    else:
        rules = Rules(study, answer, BUDGETS, PRIMARY, METHODS, PHASED)
    folder = args.out / ("ablation" if args.ablation else "compare") / study.name
    mark = fingerprint(study.problem())
    with owned(folder):
        parts = FinishedParts(folder, f"{mark} {rules.budgets} {PRIMARY} {contest.fingerprint()}")
        _search(rules, parts, args.seeds, args.workers)
        frames = contest.tables([parts.load(seed) for seed in range(args.seeds)])
        frames["summary"] = standings.summary(frames["regret"])
        frames["tests"] = standings.tests(frames["regret"])
        option = " --ablation" if args.ablation else ""
        command = f"python -m experiments.compare {args.study} --seeds {args.seeds}{option}"
        config = {"command": command, "budgets": rules.budgets, "fingerprint": mark}
        _write(frames, study, config, folder)
        parts.remove()
    _show(frames, folder)


def _write(
    frames: dict[str, pd.DataFrame], study: Study, config: dict[str, Any], folder: Path
) -> None:
    """Write tables, figure and, last, the config: where it stands, all is of one comparison."""
    (folder / "config.json").unlink(missing_ok=True)
    for name, frame in frames.items():
        with replacing(folder / f"{name}.csv") as temporary:
            frame.to_csv(temporary, index=False, lineterminator="\n")
    with style.paper_style():
        titles = {name: label(name) for name in contest.judged(study.problem())}
        figure = ecdf_figure(frames["target"], recorded(study.name), PRIMARY, titles)
        style.save(figure, folder, "ecdf")
    with replacing(folder / "config.json") as temporary:
        temporary.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _search(rules: Rules, parts: FinishedParts, seeds: int, workers: int) -> None:
    todo = [seed for seed in range(seeds) if seed not in parts]
    with (
        counted(rules.study.name, seeds, quiet=False, done=seeds - len(todo)) as advance,
        local(max(1, min(workers, len(todo)))) as executor,
    ):
        for index, found in completed(executor, partial(contest.search, rules), todo):
            parts.save(todo[index], found)
            advance()


def _show(frames: dict[str, pd.DataFrame], folder: Path) -> None:
    summary, tests = frames["summary"], frames["tests"]
    table = Table("method", title=f"Largest regret over the criteria at {PRIMARY} designs (%)")
    for name in ("median", "95th percentile", "solved (% of seeds)", "p (Holm)", "A12"):
        table.add_column(name, justify="right")
    own = summary[(summary["budget"] == PRIMARY) & (summary["criterion"] == WORST)]
    against = tests[(tests["budget"] == PRIMARY) & (tests["criterion"] == WORST)]
    against = against.set_index("method")
    for method, median, percentile, solved in own[
        ["method", "median", "percentile_95", "solved"]
    ].itertuples(index=False, name=None):
        shown = [f"{100 * v:.3g}" for v in (median, percentile, solved)]
        if method in against.index:
            shown += [f"{against.loc[method, key]:.3g}" for key in ("p_holm", "A12")]
        table.add_row(method, *shown)
    console = Console()
    console.print(table)
    console.print(f"written: {folder}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
