"""Mutate the package at random places, run its tests on each mutant, and write a report.

`python -m tests.mutation` draws 300 mutants with seed 1; with `--again` it asks only about those
that survived, after tests were added. What is found is kept in `results/mutants.jsonl`, a line per
mutant and stage, as soon as it is found; an interrupted run goes on with `--again`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from tests.mutation.operators import Mutant
from tests.mutation.plan import TARGETS, Target
from tests.mutation.report import write_report
from tests.mutation.runner import (
    FACTOR,
    ROOT,
    copy_of_the_repository,
    run_mutant,
    run_tests,
    warm_up,
)

UNLIMITED_S = 3600.0

STAGES = ("first", "then")
"""Tests of a target, the narrow ones first."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--number", type=int, default=300, help="mutants to draw")
    parser.add_argument("--seed", type=int, default=1, help="of the draw")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="ask only about known survivors")
    parser.add_argument("--quick", action="store_true", help="leave out the wider tests")
    parser.add_argument("--state", type=Path, default=ROOT / "results" / "mutants.jsonl")
    parser.add_argument("--report", type=Path, default=ROOT / "docs" / "mutants.md")
    args = parser.parse_args(argv)
    os.nice(5)
    drawn, of_how_many = draw(args.number, args.seed)
    args.state.parent.mkdir(exist_ok=True)
    if not args.again:
        args.state.unlink(missing_ok=True)
    warm_up()
    for stage in STAGES[: 1 if args.quick else 2]:
        failed = _failed(args.state)
        asked = [(target, mutant) for target, mutant in drawn if not failed.get(mutant.key)]
        shares = [asked[i :: args.processes] for i in range(args.processes)]
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(args.processes, mp_context=context) as pool:
            list(pool.map(partial(_judge, stage=stage, state=args.state), shares))
    failed = _failed(args.state)
    write_report(
        args.report,
        [(mutant, failed[mutant.key]) for _, mutant in drawn],
        drawn=f"{args.number} of {of_how_many} possible mutants, drawn with seed {args.seed}",
        factor=FACTOR,
    )


def draw(number: int, seed: int) -> tuple[list[tuple[Target, Mutant]], int]:
    """Some of all mutants of all modules, each as likely; and of how many.

    Raises:
        ValueError: there are not as many.
    """
    faults = [(target, target.faults()) for target in TARGETS]
    every = [(target, own, i) for target, own in faults for i in range(len(own))]
    if not 0 < number <= len(every):
        raise ValueError(f"number must lie in 1..{len(every)}, the mutants there are: {number}")
    chosen = np.random.default_rng(seed).choice(len(every), number, replace=False)
    drawn = [every[i] for i in np.sort(chosen)]
    return [(target, own[i]) for target, own, i in drawn], len(every)


def _failed(state: Path) -> dict[str, str]:
    """By mutant, the test that it fails; empty for those that passed what they were asked."""
    lines = state.read_text().splitlines() if state.exists() else []
    return dict(json.loads(line) for line in lines)


def _judge(share: list[tuple[Target, Mutant]], *, stage: str, state: Path) -> None:
    """Run the tests of one stage on some mutants, and write down at once what fails."""
    baseline: dict[tuple[str, ...], float] = {}
    with copy_of_the_repository() as copy:
        for target, mutant in share:
            tests = getattr(target, stage)
            if tests not in baseline:
                sound = run_tests(copy, tests, UNLIMITED_S)
                if sound.failed:
                    raise RuntimeError(f"without a mutant {sound.failed} fails")
                baseline[tests] = sound.cpu_s
            limit = FACTOR * baseline[tests]
            outcome = run_mutant(copy, mutant.module, mutant.source, tests, limit)
            with state.open("a") as stream:
                stream.write(json.dumps([mutant.key, outcome.failed]) + "\n")


if __name__ == "__main__":
    main()
