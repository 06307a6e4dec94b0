"""Designs per second of the evaluator, and where its time goes.

    python benchmarks/throughput.py [STUDY ...] [--designs 100000] [--repeats 9]

Two batches: designs drawn from the whole space, which mostly do not map, and feasible ones. "first
touch" includes mapping every chip that was never seen; "steady" is what a search or an enumeration
sees once chips are profiled, on designs drawn afresh. Medians over the repeats; at the end each
study's throughput as a multiple of the first one's.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import numpy as np

from imcmoo.model.reference.evaluator import CHUNK_DESIGNS, Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.design_space import Levels
from problems import STUDIES

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
    passing = drawn[quick.runs.all(axis=1) & (quick.area_m2 <= area_m2)]
    passing = passing[evaluator.resources(passing).runs.all(axis=1)]
    return passing[rng.integers(0, len(passing), n)]


def stages(evaluator: Evaluator, levels: Levels, repeats: int) -> dict[str, float]:
    """Seconds of the steps of a steady evaluation, on one thread."""
    chips, features = evaluator.chips, evaluator.profiles.features
    return {
        "checking levels": seconds(lambda: evaluator.space.validate(levels), repeats),
        "finding profiles": seconds(
            lambda: evaluator.profiles.place(chips.designs(levels)), repeats
        ),
        "area and shortfalls": seconds(lambda: evaluator.resources(levels), repeats),
        "prices": seconds(lambda: chips.feature_prices(chips.designs(levels), features), repeats),
        "all of it": seconds(lambda: evaluator.evaluate(levels[:CHUNK_DESIGNS]), repeats)
        * len(levels)
        / min(len(levels), CHUNK_DESIGNS),
    }


def measure(name: str, n: int, repeats: int) -> float:
    """Print the figures of one study; returns designs per second, steady, feasible ones."""
    study = STUDIES[name]
    rng = np.random.default_rng(0)
    workloads = WorkloadSet.load(study.workloads)
    layers, distinct = len(workloads.shape_index), len(workloads.shapes)
    print(
        f"{name}: {n} designs x {len(workloads)} workloads "
        f"({layers} layers, {distinct} distinct), {os.cpu_count()} cores"
    )
    evaluator = Evaluator(study.space, workloads)
    some = feasible(evaluator, n, study.area_limit_m2, rng)
    fresh = Evaluator(study.space, workloads)
    first = {"feasible": seconds(lambda: fresh.evaluate(some), 1)}
    batches = {"feasible": some, "random": study.space.random(n, rng)}
    first["random"] = seconds(lambda: evaluator.evaluate(batches["random"]), 1)
    evaluator.resources(study.space.random(4 * n, rng))
    batches["random"] = study.space.random(n, rng)
    evaluator.resources(batches["random"])
    steady = {}
    for kind, levels in batches.items():
        took = seconds(lambda levels=levels: evaluator.evaluate(levels), repeats)
        steady[kind] = n / took
        print(
            f"{kind:>9}: steady {n / took:12,.0f} designs/s (floor {FLOOR:,}, goal {GOAL:,}); "
            f"first touch {n / first[kind]:10,.0f} designs/s"
        )
    for step, took in stages(evaluator, batches["feasible"], repeats).items():
        print(f"{step:>22}: {took / n * 1e9:7.1f} ns per design (one thread)")
    return steady["feasible"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", nargs="*", default=["four_workload_rram", "nine_workload_sram"])
    parser.add_argument("--designs", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=9)
    args = parser.parse_args()
    speeds = {name: measure(name, args.designs, args.repeats) for name in args.studies}
    first, *others = speeds
    for name in others:
        print(f"{name}: {speeds[name] / speeds[first]:.2f} times the throughput of {first}")


if __name__ == "__main__":
    main()
