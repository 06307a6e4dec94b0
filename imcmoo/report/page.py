"""A run as one HTML page that needs nothing else: no network, no server, no other file."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import pandas as pd

from imcmoo.io.errors import InputError
from imcmoo.report import terminal_tables
from imcmoo.report.html_table import html_of
from imcmoo.report.labels import distinct_labels, label
from imcmoo.report.page_cards import cards
from imcmoo.report.page_designs import PageDesigns, rounded
from imcmoo.report.results import Results
from imcmoo.report.scenario_tables import scenario_table
from imcmoo.study.explanation import Explanation
from imcmoo.study.searches import JOINT

SCRIPTS = ("axes.js", "brushes.js", "scatters.js", "run.js", "card.js", "main.js")
"""In the order in which they are put into the page."""


def page(results: Results, explanations: Sequence[Explanation]) -> str:
    """The whole page.

    Args:
        results: of the run.
        explanations: of some of its designs, as shown; may be empty.

    Raises:
        InputError: Plotly is not installed, or the run's tables are damaged.
    """
    try:
        parts = _parts(results, explanations)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(
            f"{results.folder}: its files are damaged or do not fit together ({error}): run the "
            "study again"
        ) from None
    return Template(_file("page.html")).substitute(
        parts,
        style=_file("page.css"),
        plotly=_plotly(),
        script="\n".join(_file(name) for name in SCRIPTS),
    )


def _parts(results: Results, explanations: Sequence[Explanation]) -> dict[str, str]:
    """Parts of the page that differ from run to run."""
    return {
        "title": escape(f"{label(results.study)}, seed {results.config['seed']}"),
        "about": _about(results),
        "caution": escape(str(results.design.get("caution", ""))),
        "tables": "".join(f"<section>{t}</section>" for t in _tables(results)),
        "provenance": escape(json.dumps(dict(results.config), indent=1, ensure_ascii=False)),
        "data": _packed(_data(results, explanations)),
    }


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise InputError(
            "a report needs the package plotly: pip install 'imcmoo[report]'"
        ) from None
    return str(get_plotlyjs())


def _data(results: Results, explanations: Sequence[Explanation]) -> dict[str, Any]:
    """Data for the page's script."""
    designs = PageDesigns(results)
    shown = cards(explanations)
    card_of = {name: at for at, e in enumerate(explanations[: len(shown)]) for name in e.names}
    columns = designs.as_columns()
    return {
        **columns,
        "study": results.study,
        "networks": distinct_labels(results.workloads),
        "cards": shown,
        "card": [
            next((card_of[name] for name in names if name in card_of), None)
            for names in columns["names"]
        ],
        "convergence": _convergence(results.convergence),
        "regret": _regret(results),
    }


def _convergence(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The improvements of each search by each criterion, in the order of the table."""
    groups = table.groupby(["search", "criterion"], sort=False)
    return [
        {
            "isJoint": search == JOINT,
            "search": label(str(search)),
            "criterion": label(str(criterion)),
            "evaluations": curve["evaluations"].tolist(),
            "best": rounded(curve["best"]),
        }
        for (search, criterion), curve in groups
    ]


def _regret(results: Results) -> list[tuple[str, str]]:
    """Regret of the selected design against the exact optimum, if that is known."""
    if results.regret is None:
        return []
    rows = results.regret[results.regret["criterion"] == results.criterion]
    return [
        ("regret against the exact optimum", f"{100 * v:.3g} %") for v in rows["regret_selected"]
    ]


def _tables(results: Results) -> list[str]:
    """The tables a run prints at its end."""
    tables = [terminal_tables.selection_table(results)]
    if results.regret is not None and results.indicators is not None:
        tables.insert(0, terminal_tables.regret_table(results.regret, results.indicators))
    if results.scenario is not None:
        tables.insert(0, scenario_table(results.scenario))
    if results.baselines is not None:
        tables.append(terminal_tables.baseline_table(results, results.baselines))
    return [html_of(table) for table in tables]


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


def _file(name: str) -> str:
    return (files("imcmoo.report") / "page_files" / name).read_text(encoding="utf-8")
