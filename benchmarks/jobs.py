"""Processor time of usual jobs, compared with stored times.

    python benchmarks/jobs.py [JOB ...] [--rounds 3]
    python benchmarks/jobs.py [JOB ...] --store

Each time is divided by that of a fixed calculation of about a second, which runs before and after
each job, so that the ratio depends little on the machine and on its other work. The first form
ends with 1 if the median ratio of a job is more than 15 % above the one in ratios.csv; the second
writes ratios.csv, after a change that makes jobs slower on purpose or faster.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

RATIOS = Path(__file__).with_name("ratios.csv")
ALLOWED = 1.15
"""Largest ratio that passes, over the stored one."""

STUDY = "four_workload_rram"
STARTS = 10
"""Starts of Python in one measurement of the two jobs that take a fraction of a second."""

SEARCH = f"""
import numpy as np
from imcmoo import Study
from imcmoo.search.algorithm import run_search
from imcmoo.solve.searches import search_models
study = Study.load("{STUDY}")
for stream, model in enumerate(search_models(study).values()):
    rng = np.random.default_rng((study.seed, stream))
    run_search(study.problem(model), budget=study.budget, rng=rng)
"""
"""The searches of the study: no folder, checkpoint or figure."""

IMCMOO = ["-m", "imcmoo"]
PHYSICAL = "four_workload_sram_physical"

JOBS: dict[str, list[list[str]]] = {
    "run": [["-m", "experiments.run", STUDY, "--quiet", "--out", "run"]],
    "search": [["-c", SEARCH]],
    "certificate": [[*IMCMOO, "certify", PHYSICAL, "--criterion", "edap_geomean", "--quiet"]],
    "enumeration": [[*IMCMOO, "enumerate", STUDY, "--quiet"]],
    "what_if": [[*IMCMOO, "what-if", PHYSICAL, "--set", "technology_nm=22", "--quiet"]],
    "import": [["-c", "import imcmoo; imcmoo.Study"]] * STARTS,
    "help": [[*IMCMOO, "--help"]] * STARTS,
}
"""Arguments of Python for the processes of each job."""


def fixed_calculation() -> float:
    """Processor time of arithmetic on small and large arrays and of plain Python, s."""
    rng, began, total = np.random.default_rng(0), time.process_time(), 0
    small, large = rng.random((40, 7)), rng.random(200_000)
    for _ in range(25_000):
        small = np.minimum(small * 1.0001, 1.0)
        total += int(small.sum(axis=1).argmax())
    for _ in range(60):
        total += int(np.sort(large * rng.random())[1000] > 0.5)
    sizes: dict[int, int] = {}
    for i in range(1_500_000):
        sizes[i & 1023] = total + i * i % 7
    return time.process_time() - began


def processor_time(processes: Sequence[Sequence[str]]) -> float:
    """Processor time of processes and all that they start, in a new folder, s.

    Raises:
        SystemExit: a process fails.
    """
    began = _children()
    with tempfile.TemporaryDirectory() as folder:
        for arguments in processes:
            command = [sys.executable, *arguments]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return _children() - began


def _children() -> float:
    """Processor time of all ended processes that this one started, s."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(
    jobs: Sequence[str],
    rounds: int,
    time_of: Callable[[str], float] = lambda job: processor_time(JOBS[job]),
) -> pd.DataFrame:
    """Median processor time, s, and ratio to the fixed calculation, by job; rounds interleave."""
    rows = []
    for _ in range(rounds):
        fixed = [fixed_calculation()]
        for job in jobs:
            seconds = time_of(job)
            fixed.append(fixed_calculation())
            rows.append((job, seconds, seconds / np.mean(fixed[-2:])))
    table = pd.DataFrame(rows, columns=["job", "seconds", "ratio"])
    return table.groupby("job", sort=False).median()


def compared(table: pd.DataFrame, stored: pd.Series) -> pd.DataFrame:
    """The table with stored ratios, and True in `slower` above `ALLOWED` times the stored one."""
    table = table.assign(stored=stored)
    return table.assign(slower=~(table["ratio"] <= ALLOWED * table["stored"]))


def store(table: pd.DataFrame, path: Path = RATIOS) -> None:
    """Replace the ratios of the measured jobs in a file."""
    ratios = table["ratio"]
    if path.is_file():
        ratios = ratios.combine_first(stored_ratios(path))
    ratios = ratios.reindex([job for job in JOBS if job in ratios.index])
    ratios.to_csv(path, float_format="%.3g", lineterminator="\n")


def stored_ratios(path: Path = RATIOS) -> pd.Series:
    """Stored ratio of each job."""
    return pd.read_csv(path, index_col="job")["ratio"]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and compare or store; returns the exit code."""
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"of {', '.join(JOBS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store", action="store_true", help=f"write {RATIOS.name}")
    args = parser.parse_args(argv)
    if unknown := {*args.jobs} - {*JOBS}:
        parser.error(f"unknown job {min(unknown)}; choose from {', '.join(JOBS)}")
    if args.rounds < 1:
        parser.error("--rounds must be at least 1")
    table = measured(args.jobs or [*JOBS], args.rounds)
    if args.store:
        store(table)
        print(table.round(3))
        return 0
    table = compared(table, stored_ratios())
    print(table.round(3))
    return int(table["slower"].any())


if __name__ == "__main__":
    sys.exit(main())
