"""Properties of problems of the suite, as docs/search has them.

    python benchmarks/properties.py [PROBLEM ...] [--components] [--out DIR]

writes properties.csv and constraints.csv to DIR, a row for each problem and constraint, and keeps
rows of other problems. Without a problem it takes all that ship an exact front. `--components`
counts connected components by evaluating all designs of each problem: minutes for each.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imcmoo import benchmark
from imcmoo.benchmark import properties, truth

FOLDER = Path("docs", "search")
SEED = 1


def rows(name: str, components: bool) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Properties of a problem, and of each of its constraints."""
    problem, rng = benchmark.get(name), np.random.default_rng(SEED)
    problem.prepare()
    constraints = properties.constraint_properties(problem, rng)
    measured = properties.front_properties(problem) | properties.landscape_properties(problem, rng)
    measured |= properties.feasible_components(problem) if components else {}
    digest = truth.digest(problem.answer)[:12] if problem.answer else None
    return {"problem": name, "digest": digest, **measured}, [
        {"problem": name, **row} for row in constraints
    ]


def write(path: Path, new: list[dict[str, Any]]) -> None:
    """Replace the rows of the problems in a table; all others stay."""
    frame = pd.DataFrame(new)
    if path.is_file():
        old = pd.read_csv(path)
        frame = pd.concat([old[~old["problem"].isin(frame["problem"])], frame])
    order = {name: at for at, name in enumerate(benchmark.names())}
    frame = frame.sort_values("problem", key=lambda names: names.map(order), kind="stable")
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, float_format="%.4g", lineterminator="\n")


def page_table(table: pd.DataFrame) -> str:
    """Table of `docs/benchmark_problems.md` from that of all properties, without the series."""
    lines = [
        "| problem | objectives | constant | enough | dimension | connected | local optima | FDC |",
        f"| --- |{' ---: |' * 7}",
    ]
    for row in table[~table["problem"].str.contains("/")].to_dict("records"):
        connected = f"{row['connected']:.0%}".replace("%", " %")
        cells = [row[n] for n in ("objectives", "constant_objectives", "least_objectives")]
        cells += [f"{row['intrinsic_dimension']:.1f}", connected]
        cells += [f"{row['optima_edap_geomean']:.0f} of 20", f"{row['fdc_edap_geomean']:.2f}"]
        lines.append(f"| `{row['problem']}` | {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("problems", nargs="*", metavar="PROBLEM")
    parser.add_argument("--components", action="store_true")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="DIR")
    args = parser.parse_args()
    shipped = [name for name in benchmark.names() if truth.truth_path(name).is_file()]
    for name in args.problems or shipped:
        measured, constraints = rows(name, args.components)
        write(args.out / "properties.csv", [measured])
        write(args.out / "constraints.csv", constraints)
        print(f"{name}: {measured}", flush=True)


if __name__ == "__main__":
    main()
