"""Designs per second of the evaluator, and where its time goes.

    python benchmarks/throughput.py [STUDY] [--designs 100000] [--repeats 9]

Two batches: designs drawn from the whole space, which mostly do not map, and feasible ones. "first
touch" includes mapping every chip that was never seen; "steady" is what a search or an enumeration
sees once chips are profiled, on designs drawn afresh. Medians over the repeats.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import numpy as np

from imcmoo.evaluate import Evaluator
from imcmoo.space import Levels
from imcmoo.workloads import WorkloadSet
from problems import get

GOAL = 3_000_000
FLOOR = 500_000


def seconds(run: Callable[[], object], repeats: int) -> float:
    """Median wall time of a call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def feasible(evaluator: Evaluator, n: int, area_m2: float, rng: np.random.Generator) -> Levels:
    """Feasible designs, drawn with repetition from those found in a large random sample."""
    drawn = evaluator.space.random(2_000_000, rng)
    quick = evaluator.screen(drawn)
    passing = drawn[(quick.missing_cells <= 0).all(axis=1) & (quick.area_m2 <= area_m2)]
    passing = passing[evaluator.resources(passing).maps.all(axis=1)]
    return passing[rng.integers(0, len(passing), n)]


def stages(evaluator: Evaluator, levels: Levels, repeats: int) -> dict[str, float]:
    """Seconds of the steps of a steady evaluation, on one thread."""
    chips = evaluator.chips
    return {
        "checking levels": seconds(lambda: evaluator.space.validate(levels), repeats),
        "finding profiles": seconds(lambda: chips.body(levels), repeats),
        "area and shortfalls": seconds(lambda: evaluator.screen(levels), repeats),
        "prices": seconds(lambda: chips.term_prices(levels), repeats),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", nargs="?", default="four_workload_rram")
    parser.add_argument("--designs", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=9)
    args = parser.parse_args()
    problem = get(args.study)
    rng = np.random.default_rng(0)
    n = args.designs

    evaluator = Evaluator(problem.space, WorkloadSet.load(problem.workloads))
    print(f"{args.study}: {n} designs x {len(problem.workloads)} workloads, {os.cpu_count()} cores")
    some = feasible(evaluator, n, problem.area_limit_m2, rng)
    fresh = Evaluator(problem.space, WorkloadSet.load(problem.workloads))
    first = {"feasible": seconds(lambda: fresh.evaluate(some), 1)}
    batches = {"feasible": some, "random": problem.space.random(n, rng)}
    first["random"] = seconds(lambda: evaluator.evaluate(batches["random"]), 1)
    evaluator.resources(problem.space.random(4 * n, rng))
    batches["random"] = problem.space.random(n, rng)
    evaluator.resources(batches["random"])
    for name, levels in batches.items():
        steady = seconds(lambda levels=levels: evaluator.evaluate(levels), args.repeats)
        print(
            f"{name:>9}: steady {n / steady:12,.0f} designs/s (floor {FLOOR:,}, goal {GOAL:,}); "
            f"first touch {n / first[name]:10,.0f} designs/s"
        )
    for name, took in stages(evaluator, batches["feasible"], args.repeats).items():
        print(f"{name:>22}: {took / n * 1e9:7.1f} ns per design (one thread)")


if __name__ == "__main__":
    main()
