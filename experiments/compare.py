"""`python -m experiments.compare STUDY`: our search against others, judged by the exact answer.

`python -m experiments.compare --random N --seed S`: the same on problems nobody tuned it to.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rich.table import Table

from experiments import EXPERIMENTS_VERSION
from experiments.arena import chosen, contest, random_contest, standings
from experiments.arena.chosen import BUDGETS
from experiments.arena.contest import CHECKS, DESIGNS, PRIMARY, SEEDS, WORST
from experiments.arena.contestants import METHODS
from experiments.arena.ecdf import ecdf_figure
from experiments.arena.rules import OURS, Rules
from experiments.recorded import recorded
from imcmoo.cli import arguments, catalogue, command_line
from imcmoo.cli.progress import counted
from imcmoo.cli.terminal import console
from imcmoo.exact.behaviour import behaviour_mark
from imcmoo.io.errors import InputError
from imcmoo.io.executor import completed
from imcmoo.io.files import replacing
from imcmoo.io.locks import owned
from imcmoo.io.machines import Workers, working
from imcmoo.io.parts import FinishedParts
from imcmoo.problem.identity import fingerprint
from imcmoo.report import style
from imcmoo.report.labels import label
from problems import STUDIES

DESCRIPTION = """
Let our search and others search a study from equal starts, over many seeds, and write to
OUT/compare/STUDY, or OUT/ablation/STUDY, how far each is from the exact optimum, which
`python -m imcmoo enumerate STUDY` must have found, or, of a study too large to enumerate,
`python -m imcmoo certify STUDY --criterion all --out OUT/certified/STUDY`: regret.csv, target.csv,
front.csv, summary.csv, tests.csv and the figure ecdf. With --random: search cases drawn at random
instead, each enumerated on the way, and write case.csv, regret.csv and summary.csv to
OUT/random/SEED. A comparison that was interrupted goes on with the same command.
"""

INTERRUPTED = "the same command continues"


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = command_line.Parser(prog="experiments.compare", description=DESCRIPTION)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "study", nargs="?", metavar="STUDY", help=f"{', '.join(STUDIES)}, or a .toml file"
    )
    what.add_argument(
        "--random", type=arguments.whole(1), metavar="N", help="search N random cases instead"
    )
    parser.add_argument(
        "--seeds",
        type=arguments.whole(1),
        metavar="N",
        help=f"runs of each method; default: {SEEDS}, on random cases {random_contest.SEEDS}",
    )
    parser.add_argument(
        "--seed",
        type=arguments.whole(0),
        default=1,
        metavar="S",
        help="of the random cases; default: %(default)s",
    )
    parser.add_argument(
        "--budgets",
        type=_budgets,
        metavar="N,N",
        help=f"unique designs after which methods are judged, {PRIMARY} among them; default: "
        f"{','.join(map(str, BUDGETS))}",
    )
    parser.add_argument(
        "--methods",
        metavar="NAME,NAME",
        help=f"only these methods, '{OURS}' among them; default: all",
    )
    parser.add_argument(
        "--peers", action="store_true", help="let the other methods search random cases as well"
    )
    parser.add_argument(
        "--ablation", action="store_true", help="compare variants of our search instead"
    )
    parser.add_argument("--out", type=Path, default=Path("results"), help="default: %(default)s")
    arguments.add_workers(parser)
    args = parser.parse_args(argv)
    main = _compare if args.random is None else _compare_on_random_cases
    if args.seeds is None:
        args.seeds = SEEDS if args.random is None else random_contest.SEEDS
    return command_line.run(parser.prog, lambda: main(args), interrupted=INTERRUPTED)


def _budgets(text: str) -> tuple[int, ...]:
    read = arguments.whole(1)
    budgets = sorted({read(part) for part in text.split(",")})
    if PRIMARY not in budgets:
        raise argparse.ArgumentTypeError(f"must be numbers, {PRIMARY} among them, got '{text}'")
    return tuple(budgets)


def _compare_on_random_cases(args: argparse.Namespace) -> None:
    methods = METHODS if args.peers else {OURS: METHODS[OURS]}
    chosen.need(methods)
    folder = args.out / "random" / str(args.seed)
    mark = f"{args.seed} {args.seeds} {list(methods)} {random_contest.mark()}"
    with owned(folder):
        parts = FinishedParts(folder, mark)
        play = partial(random_contest.play, args.seed, methods, args.seeds)
        _work_through(parts, args.random, play, "random cases", arguments.workers(args))
        frames = random_contest.tables([parts.load(case) for case in range(args.random)])
        frames["summary"] = standings.summary(frames["regret"])
        _write_tables(frames, folder)
        parts.remove()
    _show_random(frames["summary"], folder)


def _compare(args: argparse.Namespace) -> None:
    if args.seeds < 2:
        raise InputError(f"--seeds: must be at least 2 to compare, got {args.seeds}")
    study = catalogue.find_study(args.study).located()
    rules = chosen.rules(
        study,
        args.out,
        budgets=args.budgets,
        ablation=args.ablation,
        names=args.methods.split(",") if args.methods else None,
    )
    chosen.need(rules.methods)
    folder = args.out / ("ablation" if args.ablation else "compare") / study.name
    problem = study.problem()
    optima = sorted(getattr(rules.judge(problem), "optima", {}).items())
    stated = f"{rules.budgets} {rules.primary} {list(rules.methods)} {optima}"
    mark = f"{EXPERIMENTS_VERSION} {behaviour_mark(problem)} {stated}"
    with owned(folder):
        parts = FinishedParts(folder, mark)
        search = partial(contest.search, rules)
        _work_through(parts, args.seeds, search, study.name, arguments.workers(args))
        frames = contest.tables([parts.load(seed) for seed in range(args.seeds)])
        frames["summary"] = standings.summary(frames["regret"])
        frames["tests"] = standings.tests(frames["regret"])
        option = " --ablation" if args.ablation else ""
        option += f" --budgets {','.join(map(str, rules.budgets))}"
        option += f" --methods '{args.methods}'" if args.methods else ""
        command = f"python -m experiments.compare {args.study} --seeds {args.seeds}{option}"
        config = {"command": command, "budgets": rules.budgets, "fingerprint": fingerprint(problem)}
        _write(frames, rules, config, folder)
        parts.remove()
    _show(frames, rules, folder)


def _write(
    frames: dict[str, pd.DataFrame], rules: Rules, config: dict[str, Any], folder: Path
) -> None:
    """Write tables, figure and, last, the config: where it stands, all is of one comparison."""
    (folder / "config.json").unlink(missing_ok=True)
    _write_tables(frames, folder)
    with style.paper_style():
        study, primary = rules.study, rules.primary or PRIMARY
        titles = {name: label(name) for name in contest.judged(study.problem())}
        figure = ecdf_figure(frames["target"], recorded(study.name), primary, titles)
        style.save(figure, folder, "ecdf")
    with replacing(folder / "config.json") as temporary:
        temporary.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _write_tables(frames: dict[str, pd.DataFrame], folder: Path) -> None:
    for name, frame in frames.items():
        with replacing(folder / f"{name}.csv") as temporary:
            frame.to_csv(temporary, index=False, lineterminator="\n")


def _work_through(
    parts: FinishedParts, n: int, work: Callable[[int], Any], title: str, workers: Workers
) -> None:
    """Work out those of `n` parts that are not there yet."""
    todo = [i for i in range(n) if i not in parts]
    with (
        counted(title, n, quiet=False, done=n - len(todo)) as advance,
        working(workers, len(todo)) as executor,
    ):
        for index, found in completed(executor, work, todo):
            parts.save(todo[index], found)
            advance()


def _show(frames: dict[str, pd.DataFrame], rules: Rules, folder: Path) -> None:
    terminal = console()
    for what in (DESIGNS, CHECKS):
        shared = {"counted": what, "budget": rules.primary, "criterion": WORST}
        own, against = (_only(frames[table], shared) for table in ("summary", "tests"))
        title = f"Largest regret over the criteria at {rules.primary} {what} (%)"
        table = Table("method", title=title)
        for name in ("median", "95th percentile", "solved (% of seeds)", "p (Holm)", "A12"):
            table.add_column(name, justify="right")
        rivals = against.set_index("method")
        columns = own[["method", "median", "percentile_95", "solved"]]
        for method, *values in columns.itertuples(index=False, name=None):
            shown = [f"{100 * v:.3g}" for v in values]
            if method in rivals.index:
                shown += [f"{rivals.loc[method, key]:.3g}" for key in ("p_holm", "A12")]
            table.add_row(method, *shown)
        terminal.print(table)
    terminal.print(f"written: {folder}", soft_wrap=True)


def _only(frame: pd.DataFrame, values: dict[str, Any]) -> pd.DataFrame:
    """The rows that have these values."""
    return frame[(frame[list(values)] == pd.Series(values)).all(axis=1)]


def _show_random(summary: pd.DataFrame, folder: Path) -> None:
    table = Table("method", "budget", "criterion", title="Regret on random cases (%)")
    for name in ("runs solved", "95th percentile", "largest"):
        table.add_column(name, justify="right")
    own = _only(summary, {"counted": DESIGNS})
    columns = own[["method", "budget", "criterion", "solved", "percentile_95", "largest"]]
    for method, budget, criterion, *values in columns.itertuples(index=False, name=None):
        table.add_row(method, f"{budget:,}", criterion, *(f"{100 * v:.4g}" for v in values))
    terminal = console()
    terminal.print(table)
    terminal.print(f"written: {folder}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
