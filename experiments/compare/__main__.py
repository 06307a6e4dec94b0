"""`python -m experiments.compare STUDY`: our search against others, judged by the exact answer.

`python -m experiments.compare --random N --seed S`: the same on random problems.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.compare import cli_rules, comparison, random_cases, statistics
from experiments.compare.algorithms import METHODS
from experiments.compare.cli_rules import BUDGETS
from experiments.compare.comparison import (
    CHECKS,
    DESIGNS,
    FRONT,
    PRIMARY,
    SEEDS,
    TITLES,
    USED,
    Rules,
)
from experiments.markdown import select
from experiments.publish import CONFIG, dependence, run_tasks, to_csv, write
from experiments.recorded import recorded
from imcmoo.cli import arguments, command_line
from imcmoo.cli.terminal import console
from imcmoo.display.rich_tables import new_table
from imcmoo.io.errors import InputError
from imcmoo.io.files import replacing
from imcmoo.io.locks import folder_lock
from imcmoo.io.parts import TaskCheckpoints
from imcmoo.io.reading import read_json
from imcmoo.problem.identity import problem_stamp
from imcmoo.report import style
from imcmoo.study import catalogue
from problems import STUDIES

DESCRIPTION = """
Let our search and others search a study from equal starts, over many seeds, and write to
OUT/compare/STUDY, or OUT/ablation/STUDY, how far each is from the exact optima and front, which
`imcmoo enumerate STUDY` must have found, or, of a study too large to enumerate,
`imcmoo certify STUDY --criterion all --out DIR` (fronts are then measured
against the best of all runs): runs.csv.gz and target.csv.gz by seed, summary.csv, tests.csv and the
figure ecdf, of a large study also regret. With --random: search cases drawn at random instead, each
enumerated on the way, and write config.json, case.csv, runs.csv.gz and summary.csv to
OUT/random/SEED. A comparison that was interrupted goes on with the same command.
"""

INTERRUPTED = "the same command continues"

BY_SEED = ("runs", "target")
"""Tables with a row for each seed: written compressed."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    command_line.configure_process()
    parser = command_line.Parser(prog="experiments.compare")
    add_arguments(parser)
    args = parser.parse_args(argv)
    return command_line.run(parser.prog, lambda: compare(args), interrupted=INTERRUPTED)


def compare(args: argparse.Namespace) -> None:
    """Compare algorithms on a study or on random cases."""
    if args.seeds is None:
        args.seeds = SEEDS if args.random is None else random_cases.SEEDS
    (_compare if args.random is None else _compare_on_random_cases)(args)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add its arguments."""
    parser.description = DESCRIPTION
    add, whole = parser.add_argument, arguments.whole
    searched = parser.add_mutually_exclusive_group(required=True)
    studies = f"{', '.join(STUDIES)}, or a .toml file"
    searched.add_argument("study", nargs="?", metavar="STUDY", help=studies)
    cases = "search N random cases instead"
    searched.add_argument("--random", type=whole(1), metavar="N", help=cases)
    seeds = f"runs of each method; default: {SEEDS}, on random cases {random_cases.SEEDS}"
    add("--seeds", type=whole(1), metavar="N", help=seeds)
    of_cases = "of the random cases; default: %(default)s"
    add("--seed", type=whole(0), default=1, metavar="S", help=of_cases)
    budgets = (
        f"unique designs after which methods are judged; default: {','.join(map(str, BUDGETS))}"
    )
    add("--budgets", type=arguments.budgets, metavar="N,N", help=budgets)
    methods = "only these methods, separated by semicolons; default: all"
    add("--methods", metavar="NAME;NAME", help=methods)
    method_help = (
        "a search of your own as well: a function of evaluation_counter.Start to Evaluations"
    )
    add("--method", action="append", default=[], metavar="MODULE:NAME", help=method_help)
    added = (
        "also take the runs of other methods from the folder of an earlier comparison of STUDY, "
        "with the same budgets"
    )
    add("--add", action="append", default=[], type=Path, metavar="FOLDER", help=added)
    add("--ablation", action="store_true", help="compare variants of our search instead")
    out = "folder of results; this command writes DIR/compare/STUDY (default: %(default)s)"
    add("--out", type=Path, default=Path("results"), metavar="DIR", help=out)
    arguments.add_workers(parser)


def _compare_on_random_cases(args: argparse.Namespace) -> None:
    methods = cli_rules.only(METHODS, args.methods)
    cli_rules.require(methods)
    folder = args.out / "random" / str(args.seed)
    settings = f"{args.seed} {args.seeds} {list(methods)}"
    depends_on = f"{settings} {dependence(random_cases.problems())}"
    with folder_lock(folder):
        parts = TaskCheckpoints(folder, depends_on)
        play = partial(random_cases.play, args.seed, methods, args.seeds)
        cases = range(args.random)
        played = run_tasks(parts, cases, play, "random cases", False, arguments.workers(args))
        frames = comparison.tables(played)
        frames["summary"] = statistics.summary(frames["runs"])
        _write_tables(frames, folder)
        command = f"python -m experiments.compare --random {args.random} --seed {args.seed}"
        command += f" --seeds {args.seeds} --methods '{';'.join(methods)}'"
        write(folder / CONFIG, json.dumps({"command": command}, indent=2) + "\n")
        parts.remove()
    _show_random(frames["summary"], folder)


def _compare(args: argparse.Namespace) -> None:
    if args.seeds < 2:
        raise InputError(f"--seeds: must be at least 2 to compare, got {args.seeds}")
    study = catalogue.find_study(args.study).with_absolute_paths()
    rules = cli_rules.find_rules(
        study,
        args.out,
        budgets=args.budgets,
        ablation=args.ablation,
        names=args.methods,
        own=args.method,
    )
    cli_rules.require(rules.methods)
    folder = args.out / ("ablation" if args.ablation else "compare") / study.name
    problem = study.problem()
    judge = rules.judge(problem)
    if args.add and judge.front is None:
        raise InputError("--add: fronts are measured against the best of all runs of a comparison")
    optima = sorted(getattr(judge, "optima", {}).items())
    settings = f"{rules.budgets} {rules.primary} {list(rules.methods)} {optima}"
    with folder_lock(folder):
        parts = TaskCheckpoints(folder, f"{settings} {dependence([problem])}")
        seeds, search = range(args.seeds), partial(comparison.search, rules)
        results = run_tasks(parts, seeds, search, study.name, False, arguments.workers(args))
        frames = comparison.tables(results)
        before: list[str] = []
        for earlier in args.add:
            stored = _config_of(earlier, rules, problem_stamp(problem).digest())
            before += [*stored.get("added_commands", []), stored["command"]]
            frames |= _added(frames, earlier)
        frames["summary"] = statistics.summary(frames["runs"])
        frames["tests"] = statistics.tests(frames["runs"])
        config = {
            "command": _command(args, rules),
            "budgets": rules.budgets,
            "fingerprint": problem_stamp(problem).digest(),
        }
        # The commands whose runs were added, in order: they give the rows that this one does not.
        config |= {"added_commands": before} if before else {}
        _write(frames, rules, config, folder)
        parts.remove()
    _show(frames, rules, folder)


def _command(args: argparse.Namespace, rules: Rules) -> str:
    """The command line that repeats a comparison."""
    option = " --ablation" if args.ablation else ""
    option += f" --budgets {','.join(map(str, rules.budgets))}"
    option += f" --methods '{args.methods}'" if args.methods else ""
    option += "".join(f" --method {path}" for path in args.method)
    option += "".join(f" --add {earlier}" for earlier in args.add)
    return f"python -m experiments.compare {args.study} --seeds {args.seeds}{option}"


def _config_of(folder: Path, rules: Rules, fingerprint: str) -> dict[str, Any]:
    """The config of an earlier comparison; refuses one of other budgets or another problem."""
    config: dict[str, Any] = read_json(folder / CONFIG)
    if (config["budgets"], config["fingerprint"]) != (list(rules.budgets), fingerprint):
        raise InputError(f"--add: {folder} has other budgets or is of another problem")
    return config


def _added(frames: dict[str, pd.DataFrame], folder: Path) -> dict[str, pd.DataFrame]:
    """Join tables by seed with those of an earlier comparison, but for the methods in them."""
    joined = {}
    for name in (name for name in BY_SEED if (folder / f"{name}.csv.gz").is_file()):
        earlier = pd.read_csv(folder / f"{name}.csv.gz")
        earlier = earlier[~earlier["method"].isin(frames[name]["method"])]
        rows = pd.concat([frames[name], earlier])
        joined[name] = rows.sort_values("method", key=_place, kind="stable", ignore_index=True)
    return joined


def _place(methods: pd.Series) -> pd.Series:
    """Place of each method in `METHODS`; a user's own come last."""
    places = {name: place for place, name in enumerate(METHODS)}
    return methods.map(places).fillna(len(places))


def _write(
    frames: dict[str, pd.DataFrame], rules: Rules, config: dict[str, Any], folder: Path
) -> None:
    """Write tables, figure and, last, the config: if it exists, all is of one comparison."""
    (folder / CONFIG).unlink(missing_ok=True)
    _write_tables(frames, folder)
    with style.paper_style():
        study, primary = rules.study, rules.primary or PRIMARY
        measured = set(frames["target"]["indicator"])
        titles = {name: title for name, title in TITLES.items() if name in measured}
        figure = statistics.ecdf_figure(frames["target"], recorded(study.name), primary, titles)
        style.save(figure, folder, "ecdf", ("svg", "pdf"))
        if not measured & set(FRONT):
            style.save(
                statistics.regret_figure(frames["target"], primary), folder, "regret", ("svg",)
            )
    write(folder / CONFIG, json.dumps(config, indent=2) + "\n")


def _write_tables(frames: dict[str, pd.DataFrame], folder: Path) -> None:
    for name, frame in frames.items():
        if name not in BY_SEED:
            write(folder / f"{name}.csv", to_csv(frame))
            continue
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / f"{name}.csv.gz") as temporary:
            # No time stamp: the same runs give the same file.
            temporary.write_bytes(gzip.compress(to_csv(frame, "%.9g").encode(), mtime=0))


def _show(frames: dict[str, pd.DataFrame], rules: Rules, folder: Path) -> None:
    terminal = console()
    tests = frames["tests"][[*statistics.KEYS, "method", "p_holm", "A12"]]
    joined = frames["summary"].merge(tests, on=[*statistics.KEYS, "method"], how="left")
    values = ["method", "median", "percentile_95", "solved", "p_holm", "A12"]
    heads = ("median", "95 % no worse than", "at the best value", "p (Holm)", "A12")
    measured = [(counted, name) for name in TITLES for counted in (DESIGNS, CHECKS)]
    for counted, indicator in measured:
        rows = select(joined, counted=counted, budget=rules.primary, indicator=indicator)[values]
        table = new_table(
            "method", numbers=heads, title=f"{TITLES[indicator]} at {rules.primary} {counted}"
        )
        for method, *numbers in rows.itertuples(index=False, name=None):
            table.add_row(method, *("" if pd.isna(v) else f"{v:.3g}" for v in numbers))
        if len(rows):
            terminal.print(table)
    terminal.print(f"written: {folder}", soft_wrap=True)


def _show_random(summary: pd.DataFrame, folder: Path) -> None:
    numbers, title = ("runs solved", "95th percentile", "largest"), "Regret on random cases (%)"
    table = new_table("method", "budget", "criterion", numbers=numbers, title=title)
    columns = ["method", "budget", "indicator", "solved", "percentile_95", "largest"]
    summary = summary[~summary["indicator"].isin((*FRONT, USED))]
    rows = select(summary, counted=DESIGNS)[columns]
    for method, budget, criterion, *values in rows.itertuples(index=False, name=None):
        table.add_row(method, f"{budget:,}", criterion, *(f"{100 * v:.4g}" for v in values))
    terminal = console()
    terminal.print(table)
    terminal.print(f"written: {folder}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
