"""`python -m experiments.compare.page RESULTS`: the tables of `docs/search.md`, from comparisons.

Copies the summaries that `experiments.compare` wrote to RESULTS, and replaces every table between
its two marks on the page. The text around them is written by hand.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.compare.comparison import CHECKS, DESIGNS, OURS, PRIMARY, WORST
from experiments.markdown import row, rows, table
from experiments.publish import write
from experiments.recorded import recorded
from imcmoo.report.labels import label

DOCS = Path(__file__).parents[2] / "docs"

STUDIES = ("four_workload_rram", "four_workload_sram", "nine_workload_sram")

EARLY = 1000
"""Second budget after which algorithms are judged."""

KEPT = ("summary.csv", "tests.csv", "case.csv", "config.json")
"""Files of a comparison that the repository keeps, with the medians of `front.csv`."""

FRONT = {"epsilon_multiplicative": "epsilon", "igd_plus": "IGD+"}

MARKED = re.compile(r"(<!-- (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(page: str, folder: Path) -> str:
    """Replace the tables between the marks of a page by those of a folder.

    Raises:
        KeyError: a mark of no table.
        OSError: the tables of a comparison are missing.
    """

    def filled(match: re.Match[str]) -> str:
        kind, *names = match["name"].split()
        return f"{match[1]}\n{TABLES[kind](folder, *names)}\n{match[3]}"

    return MARKED.sub(filled, page)


def _compared(folder: Path, study: str, counted: str, kind: str = "compare") -> str:
    """Every algorithm: largest regret at two budgets, and certainty that ours is ahead."""
    header = ["method"]
    for budget in (EARLY, PRIMARY):
        header += [f"{budget:,}: median [95 % interval]", "95th pct.", "solved"]
    summary, tests = (_read(folder, kind, study, name, counted) for name in ("summary", "tests"))
    lines = []
    for method in summary["method"].unique():
        line = [method]
        for budget in (EARLY, PRIMARY):
            r = row(summary, method=method, budget=budget)
            interval = f"[{_pct(r['median_low'])}, {_pct(r['median_high'])}]"
            line += [f"{_pct(r['median'])} {interval}", _pct(r["percentile_95"]), _pct(r["solved"])]
        lines.append([*line, *_lead(tests, method)])
    return table([*header, "p (Holm)", "A12"], lines)


def _large(folder: Path, study: str) -> str:
    """Every algorithm on a large space: largest regret at every budget, and certainty of ours."""
    summary, tests = (_read(folder, "compare", study, name) for name in ("summary", "tests"))
    budgets = sorted(summary["budget"].unique())
    header = ["method"]
    for budget in budgets:
        header += [f"{budget:,}: median", "95th pct.", "p (Holm)", "A12", "seeds"]
    lines = []
    for method in summary["method"].unique():
        line = [method]
        for budget in budgets:
            line += [""] * 5
            for r in rows(summary, method=method, budget=budget):
                values = [_pct(r["median"]), _pct(r["percentile_95"])]
                line[-5:] = [*values, *_lead(tests, method, budget), str(r["seeds"])]
        lines.append(line)
    return table(header, lines)


def _single(folder: Path, criterion: str) -> str:
    """Every algorithm on every study: regret in one criterion at the primary budget."""
    header: list[str] = ["method"]
    lines: dict[str, list[str]] = {}
    for study in STUDIES:
        header += [f"`{study}`: median", "95th pct.", "solved", "p (Holm)"]
        summary, tests = (
            _read(folder, "compare", study, name, criterion=criterion)
            for name in ("summary", "tests")
        )
        for method in summary["method"].unique():
            r = row(summary, method=method, budget=PRIMARY)
            values = [_pct(r[key]) for key in ("median", "percentile_95", "solved")]
            lines.setdefault(method, [method]).extend([*values, _lead(tests, method)[0]])
    return table(header, lines.values())


def _criteria(folder: Path, study: str) -> str:
    """Ours on a study, by criterion, at every budget."""
    shown = {"median": "median", "percentile_95": "95th pct."}
    return _by_criterion(folder / "compare" / study, shown)


def _random(folder: Path, series: str) -> str:
    """Ours on random cases, by criterion."""
    shown = {"solved": "solved", "percentile_95": "95th pct."}
    return _by_criterion(folder / "random" / series, shown)


def _by_criterion(folder: Path, shown: Mapping[str, str]) -> str:
    """Ours by criterion and budget: some columns of a summary, and the largest regret."""
    summary = pd.read_csv(folder / "summary.csv")
    summary = summary[(summary["counted"] == DESIGNS) & (summary["method"] == OURS)]
    columns = {**shown, "largest": "largest"}
    header, lines = ["criterion"], []
    for budget in summary["budget"].unique():
        first, *others = columns.values()
        header += [f"{budget:,}: {first}", *others]
    for criterion, of_criterion in summary.groupby("criterion", sort=False):
        values = of_criterion[list(columns)].to_numpy().ravel()
        lines.append([_display(str(criterion)), *map(_pct, values)])
    return table(header, lines)


def _front(folder: Path) -> str:
    """Every algorithm on every study: distance of its front, medians."""
    header: list[str] = ["method"]
    lines: dict[str, list[str]] = {}
    for study in STUDIES:
        header += [f"`{study}`: {name}" for name in FRONT.values()]
        fronts = pd.read_csv(folder / "compare" / study / "front_medians.csv")
        for method, *medians in fronts[["method", *FRONT]].itertuples(index=False, name=None):
            lines.setdefault(method, [method]).extend(f"{median:.3f}" for median in medians)
    return table(header, lines.values())


def _recorded(folder: Path) -> str:
    """Final regret of the published searches, by criterion."""
    lines, header = [], ["study", "designs"]
    for study in STUDIES:
        final = recorded(study).drop_duplicates("criterion").set_index("criterion")
        header += [_display(name) for name in final.index if _display(name) not in header]
        line = [f"`{study}`", f"{final['budget'].iloc[0]:,}", *map(_pct, final["regret"])]
        summary = _read(folder, "compare", study, "summary")
        lines.append([*line, _pct(row(summary, method=OURS, budget=PRIMARY)["median"])])
    return table([*header, f"ours after {PRIMARY:,} designs: largest, median"], lines)


TABLES: dict[str, Callable[..., str]] = {
    "compare": lambda folder, study: _compared(folder, study, DESIGNS),
    "checks": lambda folder, study: _compared(folder, study, CHECKS),
    "large": _large,
    "criteria": _criteria,
    "ablation": lambda folder, study: _compared(folder, study, DESIGNS, "ablation"),
    "single": _single,
    "random": _random,
    "front": _front,
    "recorded": _recorded,
}
"""Tables by the first word of a mark; its other words are arguments."""


def _read(
    folder: Path,
    kind: str,
    study: str,
    name: str,
    counted: str = DESIGNS,
    criterion: str = WORST,
) -> pd.DataFrame:
    frame = pd.read_csv(folder / kind / study / f"{name}.csv")
    return frame[(frame["counted"] == counted) & (frame["criterion"] == criterion)]


def _lead(tests: pd.DataFrame, method: str, budget: int = PRIMARY) -> list[str]:
    """Format how certainly ours is ahead of an algorithm at a budget, and how often."""
    if method == OURS:
        return ["", ""]
    r: dict[str, Any] = row(tests, method=method, budget=budget)
    return [format(r["p_holm"], ".2g"), format(r["A12"], ".2f")]


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
        if (source / "front.csv").is_file():
            fronts = pd.read_csv(source / "front.csv")
            # The exact front of a space too large to enumerate is not known.
            measured = [name for name in ("coverage", *FRONT) if name in fronts]
            medians = fronts.groupby("method", sort=False)[measured or ["asked"]].median()
            medians.to_csv(kept / "front_medians.csv", lineterminator="\n")
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
