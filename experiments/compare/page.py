"""`python -m experiments.compare.page RESULTS`: the tables of `docs/search.md`, from comparisons.

Copies the summaries that `experiments.compare` wrote to RESULTS, and replaces every table between
its two marks on the page. The text around them is written by hand.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from experiments.compare.comparison import CHECKS, DESIGNS, FRONT, OURS, PRIMARY, WORST
from experiments.markdown import macros
from experiments.publish import write
from experiments.recorded import recorded
from imcmoo.report.labels import label

DOCS = Path(__file__).parents[2] / "docs"

STUDIES = ("four_workload_rram", "four_workload_sram", "nine_workload_sram")

EARLY = 1000
"""Second budget after which algorithms are judged."""

KEPT = ("runs.csv.gz", "summary.csv", "tests.csv", "case.csv", "config.json")
"""Files of a comparison that the repository keeps."""

MARKED = re.compile(r"(<!-- (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)

TABLES = {
    "compare": "compared",
    "recorded": "searches",
    **{n: n for n in ("checks", "large", "criteria", "ablation", "single", "random", "fronts")},
}
"""Macros of the template by the first word of a mark; its other words are arguments."""


def fill(page: str, folder: Path) -> str:
    """Replace the tables between the marks of a page by those of a folder.

    Raises:
        KeyError: a mark of no table.
        OSError: the tables of a comparison are missing.
    """

    def read(
        kind: str,
        study: str,
        name: str,
        counted: str | None = DESIGNS,
        indicator: str | None = WORST,
    ) -> pd.DataFrame:
        frame = pd.read_csv(folder / kind / study / f"{name}.csv")
        for column, value in (("counted", counted), ("indicator", indicator)):
            frame = frame if value is None else frame[frame[column] == value]
        return frame

    def measured() -> list[tuple[str, str]]:
        """List kind and study of the comparisons with a measured front."""
        paths = sorted([*folder.glob("compare/*"), *folder.glob("fronts/*")])
        tables = [(path.parent.name, path.name) for path in paths]
        return [t for t in tables if len(read(*t, "summary", DESIGNS, "igd_plus"))]

    def largest_p(kind: str, study: str, method: str, budget: int) -> float:
        """Return the largest p-value over the regret and the front indicators but coverage."""
        frame = read(kind, study, "tests", DESIGNS, None)
        of = (frame["method"] == method) & (frame["budget"] == budget)
        names = [WORST, *(name for name in FRONT if name != "coverage")]
        return float(frame[of & frame["indicator"].isin(names)]["p_holm"].max())

    constants: dict[str, object] = {
        "OURS": OURS,
        "CHECKS": CHECKS,
        "DESIGNS": DESIGNS,
        "STUDIES": STUDIES,
    }
    constants |= {"EARLY": EARLY, "PRIMARY": PRIMARY, "FRONT": FRONT}
    functions: dict[str, object] = {"measured": measured, "largest_p": largest_p}
    functions |= {"read": read, "recorded": recorded, "pct": _pct, "display": _display}
    tables = macros("compare/tables.md", **constants, **functions)

    def filled(match: re.Match[str]) -> str:
        kind, *names = match["name"].split()
        return f"{match[1]}\n{getattr(tables, TABLES[kind])(*names)}\n{match[3]}"

    return MARKED.sub(filled, page)


def _display(criterion: str) -> str:
    return "all at once" if criterion == WORST else label(criterion)


def _pct(value: float) -> str:
    return "nothing feasible" if value == float("inf") else f"{100 * value:.3g} %"


def take_over(results: Path, folder: Path) -> None:
    """Copy the files that the repository keeps of every comparison in `results`."""
    for config in sorted([*results.glob("*/*/config.json"), *results.glob("random/*/case.csv")]):
        source, kept = config.parent, folder / config.parent.relative_to(results)
        kept.mkdir(parents=True, exist_ok=True)
        for name in KEPT:
            if (source / name).is_file():
                shutil.copyfile(source / name, kept / name)
        if (source / "ecdf.png").is_file() and source.parent.name == "compare":
            shutil.copyfile(source / "ecdf.png", DOCS / "figures" / f"ecdf_{source.name}.png")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="experiments.compare.page", description=__doc__)
    parser.add_argument("results", type=Path, metavar="RESULTS")
    results = parser.parse_args(argv).results
    take_over(results, DOCS / "search")
    page = DOCS / "search.md"
    write(page, fill(page.read_text(encoding="utf-8"), DOCS / "search"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
