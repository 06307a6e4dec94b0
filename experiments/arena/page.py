"""`python -m experiments.arena.page RESULTS`: the tables of `docs/search.md`, from comparisons.

Takes over the summaries of what `experiments.compare` left in RESULTS, and writes every table
between its two marks on the page anew. What the page says around them is written by hand.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from experiments.arena.contest import CHECKS, DESIGNS, PRIMARY, WORST
from experiments.arena.rules import OURS
from experiments.paper.markdown import table
from experiments.recorded import recorded
from imcmoo.io.files import replacing
from imcmoo.report.labels import label

DOCS = Path(__file__).parents[2] / "docs"

STUDIES = ("four_workload_rram", "four_workload_sram", "nine_workload_sram")

EARLY = 1000
"""Designs after which methods are judged beside the primary budget."""

KEPT = ("summary.csv", "tests.csv", "case.csv", "config.json")
"""Files of a comparison the repository keeps, with the medians of `front.csv`."""

FRONT = {"epsilon_multiplicative": "epsilon", "igd_plus": "IGD+"}

MARKED = re.compile(r"(<!-- (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(page: str, folder: Path) -> str:
    """The page with the tables of `folder` between their marks.

    Raises:
        KeyError: a mark of no table.
        OSError: the tables of a comparison are not there.
    """

    def filled(match: re.Match[str]) -> str:
        kind, *names = match["name"].split()
        return f"{match[1]}\n{TABLES[kind](folder, *names)}\n{match[3]}"

    return MARKED.sub(filled, page)


def _compared(folder: Path, study: str, counted: str, kind: str = "compare") -> str:
    """Every method: largest regret at two budgets, and how certain ours is ahead."""
    header = ["method"]
    for budget in (EARLY, PRIMARY):
        header += [f"{budget:,}: median [95 % interval]", "95th pct.", "solved"]
    summary = _rows(folder, kind, study, "summary", counted)
    tests = _rows(folder, kind, study, "tests", counted)
    lines = []
    for method in summary["method"].unique():
        line = [method]
        for budget in (EARLY, PRIMARY):
            own = _one(summary, method=method, budget=budget)
            interval = ", ".join(_pct(own[f"median_{end}"]) for end in ("low", "high"))
            line += [
                f"{_pct(own['median'])} [{interval}]",
                _pct(own["percentile_95"]),
                _pct(own["solved"]),
            ]
        lines.append([*line, *_lead(tests, method)])
    return table([*header, "p (Holm)", "A12"], lines)


def _large(folder: Path, study: str) -> str:
    """Every method on a large space: largest regret at every budget, and how certain ours is
    ahead."""
    summary = _rows(folder, "compare", study, "summary", DESIGNS)
    tests = _rows(folder, "compare", study, "tests", DESIGNS)
    budgets = sorted(summary["budget"].unique())
    header = ["method"]
    for budget in budgets:
        header += [f"{budget:,}: median", "95th pct.", "p (Holm)", "A12", "seeds"]
    lines = []
    for method in summary["method"].unique():
        line = [method]
        for budget in budgets:
            if _has(summary, method=method, budget=budget):
                own = _one(summary, method=method, budget=budget)
                values = [_pct(own[key]) for key in ("median", "percentile_95")]
                line += [*values, *_lead(tests, method, budget), str(own["seeds"])]
            else:
                line += [""] * 5
        lines.append(line)
    return table(header, lines)


def _criteria(folder: Path, study: str) -> str:
    """Ours on a study, by criterion, at every budget."""
    return _by_criterion(pd.read_csv(folder / "compare" / study / "summary.csv"))


def _ablation(folder: Path, study: str) -> str:
    return _compared(folder, study, DESIGNS, "ablation")


def _single(folder: Path, criterion: str) -> str:
    """Every method on every study: regret in one criterion at the primary budget."""
    header: list[str] = ["method"]
    lines: dict[str, list[str]] = {}
    for study in STUDIES:
        header += [f"`{study}`: median", "95th pct.", "solved", "p (Holm)"]
        summary = _rows(folder, "compare", study, "summary", DESIGNS, criterion)
        tests = _rows(folder, "compare", study, "tests", DESIGNS, criterion)
        for method in summary["method"].unique():
            own = _one(summary, method=method, budget=PRIMARY)
            keys = ("median", "percentile_95", "solved")
            values = [_pct(own[key]) for key in keys]
            lines.setdefault(method, [method]).extend([*values, _lead(tests, method)[0]])
    return table(header, lines.values())


def _random(folder: Path, series: str) -> str:
    """Ours on random cases, by criterion."""
    summary = pd.read_csv(folder / "random" / series / "summary.csv")
    return _by_criterion(summary, {"solved": "solved", "percentile_95": "95th pct."})


def _by_criterion(
    summary: pd.DataFrame,
    shown: Mapping[str, str] = MappingProxyType({"median": "median", "percentile_95": "95th pct."}),
) -> str:
    """Ours by criterion and budget: some of the columns of a summary, and the largest regret."""
    summary = summary[(summary["counted"] == DESIGNS) & (summary["method"] == OURS)]
    columns = {**shown, "largest": "largest"}
    header, lines = ["criterion"], []
    for budget in summary["budget"].unique():
        first, *rest = columns.values()
        header += [f"{budget:,}: {first}", *rest]
    for criterion, own in summary.groupby("criterion", sort=False):
        values = own[list(columns)].to_numpy().ravel()
        lines.append([_called(str(criterion)), *map(_pct, values)])
    return table(header, lines)


def _front(folder: Path) -> str:
    """Every method on every study: how close its front comes, medians."""
    header: list[str] = ["method"]
    lines: dict[str, list[str]] = {}
    for study in STUDIES:
        header += [f"`{study}`: {name}" for name in FRONT.values()]
        fronts = pd.read_csv(folder / "compare" / study / "front_medians.csv")
        for method, *medians in fronts[["method", *FRONT]].itertuples(index=False, name=None):
            lines.setdefault(method, [method]).extend(f"{median:.3f}" for median in medians)
    return table(header, lines.values())


def _recorded(folder: Path) -> str:
    """How far the paper's recorded searches were at their end, by criterion."""
    lines, header = [], ["study", "designs"]
    for study in STUDIES:
        ends = recorded(study).drop_duplicates("criterion").set_index("criterion")
        header += [_called(name) for name in ends.index if _called(name) not in header]
        line = [f"`{study}`", f"{ends['budget'].iloc[0]:,}", *map(_pct, ends["regret"])]
        ours = _rows(folder, "compare", study, "summary", DESIGNS)
        lines.append([*line, _pct(_one(ours, method=OURS, budget=PRIMARY)["median"])])
    return table([*header, f"ours after {PRIMARY:,} designs: largest, median"], lines)


TABLES: dict[str, Callable[..., str]] = {
    "compare": lambda folder, study: _compared(folder, study, DESIGNS),
    "checks": lambda folder, study: _compared(folder, study, CHECKS),
    "large": _large,
    "criteria": _criteria,
    "ablation": _ablation,
    "single": _single,
    "random": _random,
    "front": _front,
    "recorded": _recorded,
}
"""By the first word of a mark; its other words are arguments."""


def _rows(
    folder: Path, kind: str, study: str, name: str, counted: str, criterion: str = WORST
) -> pd.DataFrame:
    frame = pd.read_csv(folder / kind / study / f"{name}.csv")
    return frame[(frame["counted"] == counted) & (frame["criterion"] == criterion)]


def _one(frame: pd.DataFrame, **where: object) -> dict[str, Any]:
    """The only row that has these values."""
    (at,) = frame.index[(frame[list(where)] == pd.Series(where)).all(axis=1)]
    return {str(key): value for key, value in frame.loc[at].items()}


def _has(frame: pd.DataFrame, **where: object) -> bool:
    """Whether a row has these values."""
    return bool((frame[list(where)] == pd.Series(where)).all(axis=1).any())


def _lead(tests: pd.DataFrame, method: str, budget: int = PRIMARY) -> list[str]:
    """How certain ours is ahead of a method at a budget, and how often."""
    if method == OURS:
        return ["", ""]
    own = _one(tests, method=method, budget=budget)
    return [format(own["p_holm"], ".2g"), format(own["A12"], ".2f")]


def _called(criterion: str) -> str:
    return "all at once" if criterion == WORST else label(criterion)


def _pct(value: float) -> str:
    return "nothing feasible" if value == float("inf") else f"{100 * value:.3g} %"


def take_over(results: Path, folder: Path) -> None:
    """Copy what the repository keeps of every comparison in `results`."""
    for config in sorted([*results.glob("*/*/config.json"), *results.glob("random/*/case.csv")]):
        source, kept = config.parent, folder / config.parent.relative_to(results)
        kept.mkdir(parents=True, exist_ok=True)
        for name in KEPT:
            if (source / name).is_file():
                shutil.copyfile(source / name, kept / name)
        if (source / "front.csv").is_file():
            fronts = pd.read_csv(source / "front.csv")
            # Of a space too large to enumerate the exact front is not known.
            measured = [name for name in ("coverage", *FRONT) if name in fronts]
            medians = fronts.groupby("method", sort=False)[measured or ["asked"]].median()
            medians.to_csv(kept / "front_medians.csv", lineterminator="\n")
        if (source / "ecdf.png").is_file() and source.parent.name == "compare":
            shutil.copyfile(source / "ecdf.png", DOCS / "figures" / f"ecdf_{source.name}.png")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="experiments.arena.page", description=__doc__)
    parser.add_argument("results", type=Path, metavar="RESULTS")
    results = parser.parse_args(argv).results
    take_over(results, DOCS / "search")
    page = DOCS / "search.md"
    text = fill(page.read_text(encoding="utf-8"), DOCS / "search")
    with replacing(page) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
