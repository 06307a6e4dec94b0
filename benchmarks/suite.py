"""Facts of every problem of the suite, as `docs/search/problems.csv` has them.

    python benchmarks/suite.py > docs/search/problems.csv

The share of feasible designs is exact where the answer ships, else that of 1,000 random designs.
Evaluations per second of processor time are of 1,000 random designs by a new model, 100 at a time.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

from imcmoo import benchmark
from imcmoo.benchmark import truth
from imcmoo.space.parameters import Categorical, Conditional

SAMPLED, CHUNK_SIZE = 1000, 100

MEASURED = ["feasible_share", "evaluations_per_s"]
"""Columns that only a measurement fills; the first is known where the answer ships."""


def facts(name: str) -> dict[str, object]:
    """Return what is known of a problem before anything is measured."""
    problem, answer = benchmark.get(name), truth.load(name)
    conditional, categorical = (
        sum(isinstance(p, kind) for p in problem.space.parameters)
        for kind in (Conditional, Categorical)
    )
    return {
        "problem": name,
        "kind": next(kind for kind in benchmark.KINDS if name in benchmark.names(kind)),
        "ordered": problem.n_var - conditional - categorical,
        "categorical": categorical,
        "conditional": conditional,
        "designs": problem.space.size,
        "objectives": problem.n_obj,
        "constraints": problem.n_ieq_constr,
        "feasible_share": answer.n_feasible / problem.space.size if answer else None,
        "front_points": len(answer.front) if answer else None,
        "digest": truth.digest(answer)[:12] if answer else None,
    }


def row(name: str) -> dict[str, object]:
    """Return all columns of a problem."""
    problem, stated = benchmark.get(name), facts(name)
    designs = problem.space.random(SAMPLED, np.random.default_rng(1))
    began = time.process_time()
    parts = [problem.evaluate_indices(part) for part in np.split(designs, SAMPLED // CHUNK_SIZE)]
    rate = SAMPLED / (time.process_time() - began)
    if stated["feasible_share"] is None:
        stated["feasible_share"] = np.mean([(G <= 0).all(axis=1).mean() for _, G in parts])
    return stated | {"evaluations_per_s": float(f"{rate:.2g}")}


if __name__ == "__main__":
    table = pd.DataFrame([row(name) for name in benchmark.names()])
    table["front_points"] = table["front_points"].astype("Int64")
    table.to_csv(sys.stdout, index=False, float_format="%.6g", lineterminator="\n")
