"""Runs as one HTML page that needs nothing else: no network, no server, no other file."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import pandas as pd

from imcmoo.io.errors import InputError
from imcmoo.report import terminal_tables
from imcmoo.report.labels import distinct_labels, label
from imcmoo.report.page_designs import Column, PageDesigns, rounded
from imcmoo.report.page_parts import answer, cards, comparison
from imcmoo.report.rich_tables import html_of
from imcmoo.report.style import COLOURS, HIGHLIGHT
from imcmoo.report.terminal_tables import scenario_table
from imcmoo.study.explanation import Explanation
from imcmoo.study.results import Results
from imcmoo.study.searches import JOINT

SCRIPTS = ("chart.js", "scatter.js", "designs.js", "card.js", "main.js")
"""In the order in which they are put into the page."""

FEW_RUNS = 4
"""Runs that are named in the title."""

Run = tuple[Results, Sequence[Explanation]]
"""A run, and explanations of some of its designs, as shown; there may be none."""


def page(runs: Sequence[Run]) -> str:
    """The whole page of at least one run.

    Raises:
        InputError: the tables of a run are damaged.
    """
    names = _names([results for results, _ in runs])
    parts, data = [], []
    for (results, explanations), name in zip(runs, names, strict=True):
        try:
            parts.append(_parts(results, explanations, name if len(runs) > 1 else ""))
            data.append(_data(results, explanations, name))
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise InputError(
                f"{results.folder}: its files are damaged or do not fit together ({error}): run "
                "the study again"
            ) from None
    beside = comparison([results for results, _ in runs], names) if len(runs) > 1 else ""
    script = '"use strict";\n' + "\n".join(_file(name) for name in SCRIPTS)
    style = _file("page.css")
    return Template(_file("page.html")).substitute(
        {key: "".join(part[key] for part in parts) for key in parts[0]},
        title=escape(_title([results.study for results, _ in runs], names)),
        comparison=beside,
        hashes=f"script-src '{_hash(script)}'; style-src '{_hash(style)}'",
        style=style,
        script=script,
        data=_packed(_merged(data)),
    )


def _names(runs: Sequence[Results]) -> list[str]:
    """A distinct name for each run: its seed where all are of one study."""
    seeds = [f"seed {run.config.get('seed')}" for run in runs]
    names = [f"{label(run.study)}, {seed}" for run, seed in zip(runs, seeds, strict=True)]
    if len({run.study for run in runs}) == 1 and len(set(seeds)) == len(runs):
        return seeds
    return [
        name if names.count(name) == 1 else f"{name} ({run.folder})"
        for name, run in zip(names, runs, strict=True)
    ]


def _title(studies: Sequence[str], names: Sequence[str]) -> str:
    """Studies, and the names of the runs if these are few."""
    listed = ", ".join(names) if len(names) <= FEW_RUNS else f"{len(names)} runs"
    return f"{label(studies[0])}: {listed}" if len(set(studies)) == 1 else listed


def _parts(results: Results, explanations: Sequence[Explanation], name: str) -> dict[str, str]:
    """HTML of one run; that of several runs follows one another."""
    heading = escape(name)
    caution = escape(str(results.design.get("caution", "")))
    config = escape(json.dumps(dict(results.config), indent=1, ensure_ascii=False))
    return {
        "answers": (
            f"<section><h2>Selected design{': ' if name else ''}{heading}</h2>"
            f"{answer(results, explanations)}<p class='said'>{_about(results)}</p>"
            f"<p class='caution'>{caution}</p></section>"
        ),
        "tables": _timeline(results)
        + "".join(f"<section>{html_of(table)}</section>" for table in _tables(results)),
        "provenance": f"<h4>{heading}</h4><pre tabindex='0'>{config}</pre>",
    }


def _data(results: Results, explanations: Sequence[Explanation], name: str) -> dict[str, Any]:
    """Data of one run for the page's script."""
    designs = PageDesigns(results)
    shown = cards(explanations)
    card_of = {name: at for at, e in enumerate(explanations[: len(shown)]) for name in e.names}
    return {
        "columns": designs.columns,
        "rows": {
            **designs.rows,
            "card": [
                next((card_of[name] for name in names if name in card_of), None)
                for names in designs.rows["names"]
            ],
        },
        "cards": shown,
        "run": {
            "label": name,
            "networks": distinct_labels(results.workloads),
            "criterion": label(results.criterion),
            "selected": designs.selected,
            "baselines": designs.baselines,
            "convergence": [*_convergence(results.convergence)],
        },
    }


def _merged(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Data of several runs, one below the other; None where a run lacks a column."""
    keys = dict.fromkeys(key for run in runs for key in run["columns"])
    columns: dict[Column, list[Any]] = {key: [] for key in keys}
    rows: dict[str, list[Any]] = {name: [] for name in ("run", *runs[0]["rows"])}
    shown: list[Any] = []
    for at, data in enumerate(runs):
        start, n = len(rows["run"]), len(data["rows"]["line"])
        for key, values in columns.items():
            values += data["columns"].get(key, [None] * n)
        rows["run"] += [at] * n
        cards_at = [None if c is None else c + len(shown) for c in data["rows"]["card"]]
        for name, values in {**data["rows"], "card": cards_at}.items():
            rows[name] += values
        shown += data["cards"]
        data["run"]["selected"] += start
        data["run"]["baselines"] = [(name, row + start) for name, row in data["run"]["baselines"]]
    return {
        "runs": [data["run"] for data in runs],
        "columns": [{**key._asdict(), "values": values} for key, values in columns.items()],
        **rows,
        "cards": shown,
        "hues": COLOURS,
        "highlight": HIGHLIGHT,
    }


def _convergence(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Improvements of each search by each criterion, in the order of the table."""
    for (search, criterion), curve in table.groupby(["search", "criterion"], sort=False):
        yield {
            "search": "" if search == JOINT else label(str(search)),
            "criterion": label(str(criterion)),
            "evaluations": curve["evaluations"].tolist(),
            "best": rounded(curve["best"]),
        }


def _tables(results: Results) -> list[Any]:
    """The tables a run prints at its end."""
    tables = [terminal_tables.selection_table(results)]
    if results.regret is not None and results.indicators is not None:
        tables.insert(0, terminal_tables.regret_table(results.regret, results.indicators))
    if results.scenario is not None:
        tables.insert(0, scenario_table(results.scenario))
    if results.baselines is not None:
        tables.append(terminal_tables.baseline_table(results, results.baselines))
    return tables


def _timeline(results: Results) -> str:
    """The timeline of a scenario as the run has drawn it; empty without one."""
    path = results.folder / "figures" / "timeline.png"
    if results.timeline is None or not path.is_file():
        return ""
    image = base64.b64encode(path.read_bytes()).decode()
    what = "From the worst moment for the network of least capacity: which request the chip serves."
    return (
        f"<figure class='wide'><img alt='{what}' src='data:image/png;base64,{image}'>"
        f"<figcaption>{what} Numbers: timeline.csv</figcaption></figure>"
    )


def _about(results: Results) -> str:
    """The run in a line."""
    config = results.config
    facts = [
        f"study {results.study}",
        f"cost model {config['model']}",
        f"{config['budget']:,} designs a search",
        f"imcmoo {config['versions']['imcmoo']}",
    ]
    if config["area_limit_mm2"] is not None:
        facts.insert(2, f"up to {config['area_limit_mm2']:g} mm²")
    return escape(" · ".join(facts))


def _packed(data: dict[str, Any]) -> str:
    """JSON that no name in it can break out of, and the same bytes for the same data."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _hash(text: str) -> str:
    """The source of a content security policy that allows this text only."""
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"


def _file(name: str) -> str:
    return (files("imcmoo.report") / "page_files" / name).read_text(encoding="utf-8")
