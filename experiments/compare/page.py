"""`python -m experiments.compare.page RESULTS`: the tables of three pages, from comparisons.

Copies the summaries that `experiments.compare` wrote to RESULTS, and replaces every table between
its two marks on `PAGES`. The text around them is written by hand.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from experiments.compare import comparison
from experiments.compare.comparison import DESIGNS, OURS
from experiments.markdown import macros, row, select
from experiments.publish import CONFIG, write

DOCS = Path(__file__).parents[2] / "docs"

PAGES = tuple(DOCS / f"{name}.md" for name in ("search", "benchmark_problems", "benchmark_results"))

KEPT = ("runs.csv.gz", "target.csv.gz", "summary.csv", "tests.csv", "case.csv", "config.json")
"""Files of a comparison that the repository keeps."""

MARKED = re.compile(r"(<!-- (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
"""A table; its name is a macro of the template and arguments."""

MAX_NAMED = 3
"""Most methods of equal median that a table names."""

SIGNIFICANT = 0.01
"""Largest p-value of a significant difference."""


def fill(page: str, folder: Path) -> str:
    """Replace the tables between the marks of a page by those of a folder."""

    def read(kind: str, study: str, name: str, counted: str = DESIGNS) -> pd.DataFrame:
        """Read a table, of the designs evaluated or of evaluations and checks."""
        return select(pd.read_csv(folder / kind / study / f"{name}.csv"), counted=counted)

    tables = macros(
        "compare/tables.md",
        comparison=comparison,
        page=sys.modules[__name__],
        read=read,
        folder=folder,
        suite=lambda: pd.read_csv(folder / "problems.csv"),
    )

    def filled(match: re.Match[str]) -> str:
        kind, *names = match["name"].split()
        arguments = [int(name) if name.isdigit() else name for name in names]
        return f"{match[1]}\n{getattr(tables, kind)(*arguments)}\n{match[3]}"

    return MARKED.sub(filled, page)


def best_other(
    summary: pd.DataFrame, budget: int, indicator: str, column: str = "median"
) -> dict[str, object]:
    """Least median of all methods but ours by an indicator of which less is better, or the largest
    share of runs at its best value (`column` "solved"), and the methods that have it."""
    others = select(summary[summary["method"] != OURS], budget=budget, indicator=indicator)
    best = others[column].max() if column == "solved" else others[column].min()
    return {"value": best, "methods": _named(others, column, best)}


def _named(summary: pd.DataFrame, column: str, value: float) -> str:
    """Names of the methods that have a value; of many the number, and whether random search is
    among them."""
    methods = list(summary.loc[summary[column] == value, "method"])
    if len(methods) <= MAX_NAMED:
        return "; ".join(methods)
    return f"{len(methods)} of {len(summary)} methods" + ("; random, too" * ("random" in methods))


def solved(summary: pd.DataFrame, method: str, budget: int) -> float:
    """Share of the runs of a method that have the best design by every criterion: those whose
    largest regret is 0."""
    at = {"method": method, "budget": budget, "indicator": comparison.LARGEST_REGRET}
    return float(row(summary, **at)["solved"])


def median(summary: pd.DataFrame, method: str, budget: int, indicator: str) -> float:
    """Median of a method."""
    return float(row(summary, method=method, budget=budget, indicator=indicator)["median"])


def sign(tests: pd.DataFrame, method: str, budget: int, indicator: str) -> str:
    """Sign of a method: significantly better (+) or worse (−) than ours, or neither (≈)."""
    if method == OURS:
        return ""
    test = row(tests, method=method, budget=budget, indicator=indicator)
    return " ≈" if test["p_holm"] >= SIGNIFICANT else " −" if test["A12"] > 0.5 else " +"


def compared(folder: Path, kind: str = "compare") -> list[str]:
    """List the studies of the kept comparisons: enumerable ones, "extended", or "random" series."""
    return sorted(path.name for path in (folder / kind).iterdir() if path.is_dir())


def measured(folder: Path) -> list[tuple[str, str]]:
    """List kinds and studies of all kept comparisons."""
    kinds = ("compare", "extended", "random")
    return [(kind, study) for kind in kinds for study in compared(folder, kind)]


def pct(value: float) -> str:
    """Format a regret in percent."""
    if value == float("inf"):
        return "nothing feasible"
    return f"{100 * value:,.0f} %" if value >= 10 else f"{100 * value:.3g} %"


def take_over(results: Path, folder: Path) -> None:
    """Copy the files that the repository keeps of every comparison in `results`."""
    kinds = ("compare", "ablation", "random")
    for config in sorted(path for kind in kinds for path in results.glob(f"{kind}/*/{CONFIG}")):
        source = config.parent
        kind = source.parent.name
        if kind == "compare" and source.name.endswith("_extended"):
            kind = "extended"
        kept = folder / kind / source.name
        kept.mkdir(parents=True, exist_ok=True)
        for name in KEPT:
            if (source / name).is_file():
                shutil.copyfile(source / name, kept / name)
        for figure in source.glob("*.svg") if kind == "compare" else ():
            shown = DOCS / "figures" / f"{figure.stem}_{source.name}.svg"
            if shown.is_file():
                shutil.copyfile(figure, shown)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="experiments.compare.page", description=__doc__)
    parser.add_argument("results", type=Path, metavar="RESULTS")
    results = parser.parse_args(argv).results
    take_over(results, DOCS / "search")
    for page in PAGES:
        write(page, fill(page.read_text(encoding="utf-8"), DOCS / "search"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
