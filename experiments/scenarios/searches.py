"""Searches of the shipped scenarios against the proven optima.

`python -m experiments.scenarios.searches` reads `optima.csv` and continues its own table.
A search ends early once its best chips are the proven ones: more designs cannot improve on them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.scenarios.optima import FILE as OPTIMA
from experiments.scenarios.studies import AREA, POWER, TABLES, scenario_study
from imcmoo.io.errors import InputError
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.ask_tell import Search
from imcmoo.search.schedule import PAPER

FILE = "search.csv"
SEEDS = 11
SOLVED = 1e-9
"""Excess over the optimum that counts as 0: the order of summation moves the last digits."""

CRITERIA = (POWER, AREA)


def optima(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Proven values of `CRITERIA` by scenario that a chip serves, with the first ADC model."""
    kept = table[(table["adc_model"] == ADC_MODELS[0]) & table["dram_idle"] & table["feasible"]]
    kept = kept[kept["chip"].isin(CRITERIA)]
    return {
        str(name): dict(zip(group["chip"], group["value"], strict=True))
        for name, group in kept.groupby("scenario", sort=False)
    }


def search(
    problem: AcceleratorProblem, optimum: Mapping[str, float], seed: int
) -> list[dict[str, Any]]:
    """One search: its best chip by each criterion, over the optimum.

    Returns:
        Rows of seed, criterion, ratio (infinite if no chip serves the load), found_after (unique
        designs), evaluated and cpu_s.
    """
    began = time.process_time()
    run = Search(problem, budget=PAPER.budget, rng=np.random.default_rng((seed, 0)))
    best = dict.fromkeys(CRITERIA, (np.inf, 0))
    while len(levels := run.ask()):
        run.tell(problem.model.evaluate(levels))
        serving = np.flatnonzero(run.archive.feasible)
        if not len(serving):
            continue
        costs = problem.costs(run.archive.F[serving])
        for name in CRITERIA:
            at = int(costs[name].argmin())
            best[name] = float(costs[name][at]) / optimum[name], int(serving[at]) + 1
        if all(ratio <= 1 + SOLVED for ratio, _ in best.values()):
            break
    cost = {"evaluated": len(run.archive), "cpu_s": round(time.process_time() - began, 1)}
    return [
        {"seed": seed, "criterion": name, "ratio": ratio, "found_after": after} | cost
        for name, (ratio, after) in best.items()
    ]


def main(argv: Sequence[str] | None = None) -> None:
    """Write the table, seed by seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=TABLES, metavar="DIR")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("scenarios", nargs="*")
    args = parser.parse_args(argv)
    out = args.folder / FILE
    if not (args.folder / OPTIMA).exists():
        raise InputError(f"{args.folder / OPTIMA} is missing: run experiments.scenarios.optima")
    known = optima(pd.read_csv(args.folder / OPTIMA))
    runs: list[Any] = pd.read_csv(out).to_dict("records") if out.exists() else []
    done = {(row["scenario"], row["seed"]) for row in runs}
    for name in args.scenarios or known:
        problem = scenario_study(name).problem()
        for seed in range(1, args.seeds + 1):
            if (name, seed) in done:
                continue
            runs += [{"scenario": name} | row for row in search(problem, known[name], seed)]
            pd.DataFrame(runs).to_csv(out, index=False, float_format="%.12g", lineterminator="\n")


if __name__ == "__main__":
    main()
