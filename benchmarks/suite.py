"""A row of Markdown for each problem of the suite, as `docs/benchmark.md` has them.

    python benchmarks/suite.py [NAME ...]

The share of feasible designs is exact where the answer ships, else that of 1,000 random designs.
Evaluations per second of processor time are of 1,000 random designs by a new model, 100 at a time.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from imcmoo import benchmark
from imcmoo.benchmark import truth
from imcmoo.space.parameters import Categorical, Conditional

SAMPLED, AT_ONCE = 1000, 100


MEASURED = "?"
"""Cell that only a measurement fills: evaluations per second, and the feasible share if no answer
ships."""


def facts(name: str) -> list[str]:
    """The cells of a problem's row before anything is measured."""
    problem, answer = benchmark.get(name), truth.load(name)
    conditional, categorical = (
        sum(isinstance(p, kind) for p in problem.space.parameters)
        for kind in (Conditional, Categorical)
    )
    ordered = problem.n_var - conditional - categorical
    return [
        f"`{name}`",
        f"{ordered} / {categorical} / {conditional}",
        f"{problem.space.size:.2g}",
        str(problem.n_obj),
        str(problem.n_ieq_constr),
        MEASURED if answer is None else f"{100 * answer.n_feasible / problem.space.size:.3g} %",
        "" if answer is None else f"{len(answer.front):,}",
        MEASURED,
        "" if answer is None else f"`{truth.digest(answer)[:12]}`",
    ]


def row(name: str) -> str:
    """The row of a problem."""
    problem = benchmark.get(name)
    designs = problem.space.random(SAMPLED, np.random.default_rng(1))
    began = time.process_time()
    parts = [problem.evaluate_indices(part) for part in np.split(designs, SAMPLED // AT_ONCE)]
    rate = SAMPLED / (time.process_time() - began)
    feasible = np.mean([(G <= 0).all(axis=1).mean() for _, G in parts])
    share = f"{100 * feasible:.2g} % (sampled)" if feasible else f"none of {SAMPLED:,}"
    *cells, digest = facts(name)
    cells[-1] = f"{float(f'{rate:.2g}'):,.0f}"
    cells = [share if cell == MEASURED else cell for cell in cells]
    return f"| {' | '.join([*cells, digest])} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", default=benchmark.names(), metavar="NAME")
    for name in parser.parse_args().names:
        print(row(name), flush=True)
