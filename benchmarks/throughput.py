"""Designs per second of a study's cost model, and of problems of the suite.

    python benchmarks/throughput.py [STUDY ...] [--designs 100000] [--repeats 9]
    python benchmarks/throughput.py --problems NAME ... [--designs 1000]

The second form evaluates new random designs of problems of the suite, per second of processor time:
one at a time by a new problem, the first 100 and all; one at a time again, all chips known; and 100
at a time by a new problem in a new process.

Two batches: designs drawn from the whole space, many of which do not run all networks, and designs
that do. "first touch" is a new model on designs it has not seen; "steady" is what a search or an
enumeration has once chips are known. Medians over the repeats, wall time, and processor time per
design. `python -m cProfile -s tottime` before the script shows where the time goes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time

import numpy as np

from imcmoo import benchmark
from imcmoo.model.cost_model import CostModel
from imcmoo.space.design_space import Levels
from problems import STUDIES

DRAWN = 200_000

FIRST = 100
"""Designs at once, and first designs that are timed alone."""


def seconds(model: CostModel, levels: Levels, repeats: int = 1) -> tuple[float, float]:
    """Median wall time and processor time of evaluating designs."""
    times = [(time.perf_counter(), time.process_time())]
    for _ in range(repeats):
        model.evaluate(levels)
        times.append((time.perf_counter(), time.process_time()))
    wall, processor = np.median(np.diff(times, axis=0), axis=0)
    return float(wall), float(processor)


def feasible(model: CostModel, n: int, area_m2: float, rng: np.random.Generator) -> Levels:
    """Designs on which all networks run, with repetition, from large random samples."""
    batches: list[Levels] = []
    while sum(map(len, batches)) < min(n, 1_000):
        levels = model.space.random(DRAWN, rng)
        resources = model.resources(levels)
        batches.append(levels[resources.runs.all(axis=1) & (resources.area_m2 <= area_m2)])
    passing = np.concatenate(batches)
    return passing[rng.integers(0, len(passing), n)]


def measure(name: str, n: int, repeats: int) -> None:
    """Print the rates of one study."""
    study, rng = STUDIES[name], np.random.default_rng(0)
    model = study.cost_model()
    print(f"{name}: {n} designs x {len(study.names)} networks, {os.cpu_count()} cores")
    batches = {
        "feasible": feasible(model, n, study.area_limit_m2 or np.inf, rng),
        "random": study.space.random(n, rng),
    }
    for kind, levels in batches.items():
        first, _ = seconds(study.cost_model(), levels)
        model.evaluate(levels)
        wall, processor = seconds(model, levels, repeats)
        print(
            f"{kind:>9}: steady {n / wall:12,.0f} designs/s, {processor / n * 1e6:6.2f} µs of "
            f"processor each; first touch {n / first:10,.0f} designs/s"
        )


def single(name: str, n: int) -> None:
    """Print the rates of designs of a problem one at a time: cold and again."""
    problem = benchmark.get(name)
    designs = problem.space.random(n, np.random.default_rng(1))
    began = [time.process_time()]
    for again in range(2):
        for at, design in enumerate(designs, start=1):
            problem.evaluate_indices(design)
            if at == FIRST and not again:
                began.append(time.process_time())
        began.append(time.process_time())
    start, first, cold, warm = began
    print(
        f"{name}: one at a time, first {FIRST} {FIRST / (first - start):,.0f}/s, all {n} "
        f"{n / (cold - start):,.0f}/s, again {n / (warm - cold):,.0f}/s",
        flush=True,
    )


def batches(name: str, n: int) -> None:
    """Print the rate of designs of a problem, `FIRST` at a time."""
    problem = benchmark.get(name)
    designs = problem.space.random(n, np.random.default_rng(1))
    began = time.process_time()
    for part in np.split(designs, n // FIRST):
        problem.evaluate_indices(part)
    rate = n / (time.process_time() - began)
    print(f"{name}: {FIRST} at a time {rate:,.0f}/s", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", nargs="*", default=["four_workload_rram", "nine_workload_sram"])
    parser.add_argument("--designs", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--problems", nargs="+", default=[], metavar="NAME")
    args = parser.parse_args()
    for name in args.problems:
        # Problems of one process share layer tables, so each measurement has its own process.
        for how in (single, batches):
            worker = multiprocessing.get_context("spawn").Process(
                target=how, args=(name, args.designs)
            )
            worker.start()
            worker.join()
    for study in () if args.problems else args.studies:
        measure(study, args.designs, args.repeats)


if __name__ == "__main__":
    main()
