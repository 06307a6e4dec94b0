"""`python -m experiments.compare.page RESULTS`: the tables of two pages, from comparisons.

Copies the summaries that `experiments.compare` wrote to RESULTS, and replaces every table between
its two marks on `PAGES`. The text around them is written by hand.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from experiments.compare.comparison import CHECKS, DESIGNS, FRONT, OURS, PRIMARY, WORST
from experiments.compare.statistics import HIDDEN
from experiments.markdown import macros, rows
from experiments.publish import to_csv, write

DOCS = Path(__file__).parents[2] / "docs"

PAGES = (DOCS / "search.md", DOCS / "benchmark.md")

EARLY = 1000
"""Second budget after which algorithms are judged."""

KEPT = ("runs.csv.gz", "target.csv.gz", "summary.csv", "tests.csv", "case.csv", "config.json")
"""Files of a comparison that the repository keeps."""

MARKED = re.compile(r"(<!-- (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)

TABLES = ("front", "leaders", "ablation", "problems")
"""Macros of the template, by the first word of a mark; its other words are arguments."""

NOT_AHEAD = "not_ahead.csv"

SIGNIFICANT = 0.01
"""Largest p-value of a significant difference."""


def fill(page: str, folder: Path) -> str:
    """Replace the tables between the marks of a page by those of a folder.

    Raises:
        AttributeError: a mark of no table.
        OSError: the tables of a comparison are missing.
    """

    def read(kind: str, study: str, name: str, counted: str = DESIGNS) -> pd.DataFrame:
        """Read a table, of the designs evaluated or of evaluations and checks."""
        frame = pd.read_csv(folder / kind / study / f"{name}.csv")
        return frame[frame["counted"] == counted]

    def best_other(
        study: str, budget: int, indicator: str, counted: str = DESIGNS
    ) -> dict[str, object]:
        """Row of the method, not ours, with the least median; of several the first.

        Args:
            study: its name.
            budget: designs, or designs and checks.
            indicator: one of which less is better.
            counted: what the budget counts.
        """
        summary = read("compare", study, "summary", counted)
        where = (summary["budget"] == budget) & (summary["indicator"] == indicator)
        others = rows(summary[where & (summary["method"] != OURS)])
        return min(others, key=lambda row: row["median"])

    def ours(study: str, budget: int, indicator: str, counted: str = DESIGNS) -> float:
        return _median(read("compare", study, "summary", counted), OURS, budget, indicator)

    def budgets(study: str) -> list[int]:
        return sorted(set(read("compare", study, "summary")["budget"]))

    constants: dict[str, object] = {"OURS": OURS, "WORST": WORST, "CHECKS": CHECKS}
    constants |= {"EARLY": EARLY, "PRIMARY": PRIMARY, "FRONT": FRONT}
    constants["TESTED"] = [name for name in FRONT if name != "coverage"]
    functions: dict[str, object] = {"median": _median, "largest_p": _largest_p, "shown": _shown}
    functions |= {"compared": lambda: compared(folder), "best_other": best_other, "ours": ours}
    functions |= {"read": read, "pct": _pct, "budgets": budgets}
    functions["suite"] = lambda: pd.read_csv(folder / "problems.csv")
    tables = macros("compare/tables.md", **constants, **functions)

    def filled(match: re.Match[str]) -> str:
        kind, *names = match["name"].split()
        arguments = [int(name) if name.isdigit() else name for name in names]
        return f"{match[1]}\n{getattr(tables, kind)(*arguments)}\n{match[3]}"

    return MARKED.sub(filled, page)


def _shown(summary: pd.DataFrame) -> list[str]:
    return [method for method in summary["method"].unique() if method not in HIDDEN]


def _of(frame: pd.DataFrame, method: str, budget: int, indicators: Collection[str]) -> pd.DataFrame:
    where = (frame["method"] == method) & (frame["budget"] == budget)
    return frame[where & frame["indicator"].isin(indicators)]


def _median(summary: pd.DataFrame, method: str, budget: int, indicator: str) -> float:
    return float(_of(summary, method, budget, [indicator])["median"].iloc[0])


def _largest_p(tests: pd.DataFrame, method: str, budget: int, indicators: Collection[str]) -> float:
    return float(_of(tests, method, budget, indicators)["p_holm"].max())


def compared(folder: Path) -> list[str]:
    """List the studies of the kept comparisons."""
    return sorted(path.name for path in (folder / "compare").iterdir() if path.is_dir())


def not_ahead(folder: Path) -> pd.DataFrame:
    """Comparisons with p ≥ 0.01 and at least one pair of runs in which the search is not better.

    Returns:
        Columns study, budget, indicator, method, ours and theirs (medians), p_holm and A12 (share
        of pairs of runs in which ours is better); a comparison in which every run of the search is
        better is left out, even if its runs are too few for a test.
    """
    parts = []
    for study in compared(folder):
        summary, tests = (
            pd.read_csv(folder / "compare" / study / f"{name}.csv") for name in ("summary", "tests")
        )
        where = (tests["counted"] == DESIGNS) & tests["indicator"].isin([WORST, *FRONT])
        keys = ["counted", "budget", "indicator"]
        medians = summary[[*keys, "method", "median"]]
        mine = medians[medians["method"] == OURS].drop(columns="method")
        joined = tests[where & (tests["p_holm"] >= SIGNIFICANT) & (tests["A12"] < 1)].merge(
            mine.rename(columns={"median": "ours"}), on=keys
        )
        joined = joined.merge(medians.rename(columns={"median": "theirs"}), on=[*keys, "method"])
        parts.append(joined.assign(study=study))
    columns = ["study", "budget", "indicator", "method", "ours", "theirs", "p_holm", "A12"]
    return pd.concat(parts, ignore_index=True)[columns]


def _pct(value: float) -> str:
    if value == float("inf"):
        return "nothing feasible"
    return f"{100 * value:,.0f} %" if value >= 10 else f"{100 * value:.3g} %"


def take_over(results: Path, folder: Path) -> None:
    """Copy the files that the repository keeps of every comparison in `results`."""
    patterns = ("compare/*/config.json", "ablation/*/config.json", "random/*/case.csv")
    for config in sorted(path for pattern in patterns for path in results.glob(pattern)):
        source, kept = config.parent, folder / config.parent.relative_to(results)
        kept.mkdir(parents=True, exist_ok=True)
        for name in KEPT:
            if (source / name).is_file():
                shutil.copyfile(source / name, kept / name)
        for figure in source.glob("*.svg"):
            shown = DOCS / "figures" / f"{figure.stem}_{source.name}.svg"
            if shown.is_file():
                shutil.copyfile(figure, shown)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="experiments.compare.page", description=__doc__)
    parser.add_argument("results", type=Path, metavar="RESULTS")
    results = parser.parse_args(argv).results
    take_over(results, DOCS / "search")
    write(DOCS / "search" / NOT_AHEAD, to_csv(not_ahead(DOCS / "search")))
    for page in PAGES:
        write(page, fill(page.read_text(encoding="utf-8"), DOCS / "search"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
