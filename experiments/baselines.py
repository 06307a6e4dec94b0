"""Baselines by the suite's protocol: each run starts from its own random sample of the space.

    python -m experiments.baselines [--problems NAME ...] [--algorithms NAME ...] [--seeds N]
                                    [--budgets N,N] [--out FILE.csv]

appends a row for each run and budget to the table of `imcmoo.benchmark.baselines`. Rows that are
there stay, so that an interrupted command goes on where it was. At the end it prints processor
hours, and at each budget each algorithm beside ours: medians and two-sided Mann-Whitney tests with
Holm's correction. Without options it is the whole table: 31 seeds and three budgets on `NAMED`, 11
seeds and two budgets on all other problems that ship their front.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.compare.algorithms import METHODS
from experiments.compare.evaluation_counter import POPULATION, Counted, CountingProblem, Start
from imcmoo import benchmark
from imcmoo.analysis.statistics import holm, mann_whitney
from imcmoo.benchmark import truth
from imcmoo.benchmark.benchmark_problem import BenchmarkProblem
from imcmoo.benchmark.published_runs import COLUMNS, INDICATORS, TABLE, baselines
from imcmoo.cli.arguments import budgets, whole
from imcmoo.io.errors import InputError
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.algorithm import run_search

OURS, RANDOM = "ours", "random"
ALGORITHMS = (OURS, "NSGA-II", "NSGA-II, mixed", "NSGA-III", RANDOM)
NAMED = (
    *("four_workload_sram-v1", "nine_workload_sram-v1"),
    *("four_workload_rram-v1", "four_workload_rram_physical-v3"),
)
"""Problems with all seeds and budgets."""

BUDGETS, SEEDS = (1000, 3300, 10_000), 31
OTHER_BUDGETS, OTHER_SEEDS = BUDGETS[:2], 11
CHECKING = frozenset({OURS})
"""Algorithms that ask for constraints without objectives, and begin with feasible designs."""


@dataclass(frozen=True)
class Run:
    """A run of an algorithm on a problem, judged at several budgets."""

    problem: str
    algorithm: str
    seed: int
    budgets: tuple[int, ...]


def runs(
    problems: Sequence[str], algorithms: Sequence[str], seeds: int | None, budgets: tuple[int, ...]
) -> Iterator[Run]:
    """Runs in a fixed order: all algorithms with a seed before the next seed."""
    for name in problems:
        usual = (BUDGETS, SEEDS) if name in NAMED else (OTHER_BUDGETS, OTHER_SEEDS)
        for seed in range(seeds or usual[1]):
            for algorithm in algorithms:
                yield Run(name, algorithm, seed, budgets or usual[0])


def random_search(start: Start) -> Evaluations:
    """Random designs, infeasible ones included."""
    counted, rng = Counted(start), np.random.default_rng(start.seed)
    while not counted.is_spent and counted.proposed < 10 * start.budget:
        counted(start.problem.space.random(POPULATION, rng))
    return counted.archive


def this_work(start: Start) -> Evaluations:
    """Our search, which draws feasible designs to begin with and counts their checks."""
    rng = np.random.default_rng(start.seed)
    return run_search(start.problem, budget=start.budget, rng=rng).archive


def rows(run: Run, problem: BenchmarkProblem) -> Iterator[dict[str, Any]]:
    """Rows of a run, one for each budget."""
    assert problem.answer is not None, "problems of the table ship their front"
    accelerator = CountingProblem(problem.accelerator)
    method = {OURS: this_work, RANDOM: random_search}.get(run.algorithm) or METHODS[run.algorithm]
    initial = problem.space.random(POPULATION, np.random.default_rng((run.seed, 3)))
    began = time.process_time()
    archive = method(Start(accelerator, initial, run.budgets[-1], run.seed))
    cpu_s = time.process_time() - began
    counts = accelerator.counts(archive.levels)
    for budget in run.budgets:
        n = min(budget, len(archive))
        indicators = problem.indicators(archive.F[:n][archive.feasible[:n]])
        checks = int(counts[n - 1]) if run.algorithm in CHECKING else 0
        yield {
            **{"problem": run.problem, "digest": truth.digest(problem.answer)[:12]},
            **{"algorithm": run.algorithm, "seed": run.seed, "budget": budget},
            **{name: indicators[name] for name in INDICATORS},
            **{"evaluations": n, "constraint_evaluations": checks, "cpu_s": round(cpu_s, 2)},
        }


def add(path: Path, todo: Sequence[Run]) -> None:
    """Append the rows of runs that a table lacks.

    Raises:
        InputError: the table has rows of another version of a problem.
    """
    there = baselines(path=path) if path.is_file() else []
    done = {(row["problem"], row["algorithm"], row["seed"], row["budget"]) for row in there}
    problem: BenchmarkProblem | None = None
    for run in todo:
        missing = [b for b in run.budgets if (run.problem, run.algorithm, run.seed, b) not in done]
        if not missing:
            continue
        if problem is None or problem.name() != run.problem:
            problem = benchmark.get(run.problem)
            problem.prepare()
            _check(path, there, problem)
        made = [row for row in rows(run, problem) if row["budget"] in missing]
        _append(path, made)
        print(f"{run.problem}, {run.algorithm}, seed {run.seed}: {made[-1]['cpu_s']} s", flush=True)


def _check(path: Path, there: Sequence[dict[str, Any]], problem: BenchmarkProblem) -> None:
    assert problem.answer is not None, "problems of the table ship their front"
    digests = {row["digest"] for row in there if row["problem"] == problem.name()}
    if digests - {truth.digest(problem.answer)[:12]}:
        raise InputError(
            f"{path}: rows of {problem.name()} are of another exact front: remove them"
        )


def _append(path: Path, made: Sequence[dict[str, Any]]) -> None:
    """Append rows in one write, so that an interrupt leaves whole runs."""
    is_new = not path.is_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerows(
            {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in made
        )


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Medians of each algorithm by problem and budget, and how they differ from ours.

    Returns:
        problem, budget, algorithm, seeds, igd_plus, largest_regret (medians), p_igd_plus and
        p_largest_regret: two-sided Mann-Whitney tests against ours, corrected by Holm over all
        rows of the table; NaN for ours.
    """
    measures = ["igd_plus", "largest_regret"]
    keys = ["problem", "budget", "algorithm"]
    made = table.groupby(keys, sort=False)[measures].median()
    made.insert(0, "seeds", table.groupby(keys, sort=False)["seed"].nunique())
    values = dict(iter(table.groupby(keys, sort=False)))
    others = [key for key in made.index if key[2] != OURS and (*key[:2], OURS) in values]
    tested = [(key, name) for key in others for name in measures]
    p_values = [
        mann_whitney(values[key][name].to_numpy(), values[*key[:2], OURS][name].to_numpy())
        for key, name in tested
    ]
    for (key, name), p in zip(tested, holm(np.array(p_values)) if tested else (), strict=True):
        made.loc[key, f"p_{name}"] = p
    return made.reset_index()


def main(argv: Sequence[str] | None = None) -> None:
    """Add rows and print their summary."""
    shipped = [name for name in benchmark.names() if truth.truth_path(name).is_file()]
    usual = [*NAMED, *(name for name in shipped if name not in NAMED)]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", default=usual, choices=usual, metavar="NAME")
    parser.add_argument("--algorithms", nargs="+", default=ALGORITHMS, choices=ALGORITHMS)
    parser.add_argument("--seeds", type=whole(1), metavar="N", help="seeds from 0 on")
    parser.add_argument("--budgets", type=budgets, default=(), metavar="N,N")
    parser.add_argument("--out", type=Path, default=TABLE, metavar="FILE.csv")
    args = parser.parse_args(argv)
    add(args.out, [*runs(args.problems, args.algorithms, args.seeds, args.budgets)])
    table = pd.DataFrame(baselines(path=args.out))
    print(summary(table).to_string(index=False))
    each = table.groupby(["problem", "algorithm", "seed"])["cpu_s"]
    print(f"{(each.max()).sum() / 3600:.2f} hours of processor time")


if __name__ == "__main__":
    main()
