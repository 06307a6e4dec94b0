"""Runs as one self-contained HTML page."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from imcmoo.answers.explanation import Explanation
from imcmoo.answers.outcome import JOINT
from imcmoo.answers.results import Results
from imcmoo.display.labels import MEANINGS, criterion_heading, distinct_labels, label
from imcmoo.display.units import number, on_screen
from imcmoo.io.errors import InputError
from imcmoo.problem.criteria import AREA, MINIMAX, NAMED
from imcmoo.report.answer_card import card_of_run
from imcmoo.report.explanation_tables import explained
from imcmoo.report.page_designs import PageDesigns, rounded
from imcmoo.report.page_tables import (
    comparisons,
    facts,
    generic_networks,
    networks_table,
    parameters,
    run_names,
    speeds_table,
)
from imcmoo.report.palette import COLOURS, HIGHLIGHT, component_style
from imcmoo.report.scenario_table import ROOMY
from imcmoo.report.terminal_tables import run_tables


def environment(package: str, folder: str = "templates", *, autoescape: bool) -> Environment:
    """Templates in a folder of a package; a name that is not given is an error."""
    return Environment(
        loader=PackageLoader(package, folder),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


TEMPLATES = environment("imcmoo.report", "page_files", autoescape=True)
TEMPLATES.globals["zip"] = zip
TEMPLATES.filters["units_kept"] = partial(
    re.sub, r"(?<=\d) (?=[mnµ]?[JVWs]\b|nm\b|mm²|KiB|dB|%|frames/s)", "\N{NO-BREAK SPACE}"
)

SCRIPTS = ("chart.js", "scatter.js", "designs.js", "card.js", "main.js")
"""Scripts, in the order of inclusion."""

PAGE = re.compile(
    rb'<!DOCTYPE html>\s*<html lang="en">\s*<head>\s*<meta charset="utf-8">\s*'
    rb'<meta name="generator" content="imcmoo report">'
)
"""Beginning of a page."""

MAX_EXCESS, MAX_AREA = 0.05, 0.9
"""A smaller chip is named if its score is at most this share above the best, and its area at most
this share of that of the selected design."""

BY_EDAP = ("edap", "regret")
"""Prefixes of criteria whose line of the card is followed by the definition of EDAP."""

FEW_RUNS = 4
"""Largest number of runs named in the title."""

ExplainedRun = tuple[Results, Sequence[Explanation]]
"""A run, and explanations of some of its designs, possibly none."""


def page(runs: Sequence[ExplainedRun]) -> str:
    """Return the page of one or more runs.

    Raises:
        InputError: tables of a run are damaged.
    """
    names = run_names([results for results, _ in runs])
    shown = []
    data: dict[str, Any] = {"runs": [], "columns": {}, "run": []}
    data |= {"line": [], "names": [], "front": [], "card": [], "cards": []}
    for (results, explanations), name in zip(runs, names, strict=True):
        try:
            shown.append(_shown(results, explanations, name if len(runs) > 1 else ""))
            _add_data(data, results, explanations, name)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise InputError(
                f"{results.folder}: its files are damaged or do not fit together ({error}): run "
                "the study again"
            ) from None
    columns = [{**key._asdict(), "values": v} for key, v in data["columns"].items()]
    return TEMPLATES.get_template("page.html").render(
        title=_title([results.study for results, _ in runs], names),
        runs=shown,
        comparisons=comparisons([results for results, _ in runs], names) if len(runs) > 1 else [],
        objectives=_objectives([results for results, _ in runs], names),
        style=_file("page.css"),
        script='"use strict";\n' + "\n".join(_file(name) for name in SCRIPTS),
        hash_of=_hash,
        data=_packed({**data, "columns": columns, "hues": COLOURS, "highlight": HIGHLIGHT}),
    )


def _title(studies: Sequence[str], names: Sequence[str]) -> str:
    listed = ", ".join(names) if len(names) <= FEW_RUNS else f"{len(names)} runs"
    return f"{label(studies[0])}: {listed}" if len(set(studies)) == 1 else listed


def _shown(results: Results, explanations: Sequence[Explanation], name: str) -> dict[str, Any]:
    """Values of one run for the template of the page."""
    return {
        "name": name,
        "card": card_of_run(results, explanations[0]) if explanations else None,
        "edap": results.edap if results.has_edap_columns else None,
        "edap_row": label(results.criterion) if results.criterion.startswith(BY_EDAP) else "",
        "is_regret": results.criterion == MINIMAX,
        "has_dram": "dram_mm2" in results.evaluations,
        "criteria": _criteria(results),
        "facts": {} if explanations else facts(results),
        "design": {} if explanations else parameters(results),
        "caution": "" if explanations else results.design.get("caution", ""),
        "networks": networks_table(results, explanations),
        "speeds": speeds_table(results, explanations),
        "smaller": _smaller_chip(results),
        "about": _about(results),
        "timeline": _timeline(results),
        "tables": run_tables(results, explanations),
        "config": json.dumps(dict(results.config), indent=1, ensure_ascii=False),
    }


def _add_data(
    data: dict[str, Any], results: Results, explanations: Sequence[Explanation], name: str
) -> None:
    """Add one run to the data of the page's script; missing columns are None."""
    designs, shown = PageDesigns(results, generic_networks(explanations)), cards(explanations)
    start, n = len(data["run"]), len(designs.rows["line"])
    for key in {**data["columns"], **designs.columns}:
        values = data["columns"].setdefault(key, [None] * start)
        values += designs.columns.get(key, [None] * n)
    first = len(data["cards"])
    card_of = {n: first + at for at, e in enumerate(explanations[: len(shown)]) for n in e.names}
    names = designs.rows["names"]
    data["card"] += [next((card_of[n] for n in of if n in card_of), None) for of in names]
    data["cards"] += shown
    data["run"] += [len(data["runs"])] * n
    for key, values in designs.rows.items():
        data[key] += values
    data["runs"].append(
        {
            "label": name,
            "networks": distinct_labels(results.workloads),
            "criterion": criterion_heading(results.criterion),
            "selected": start + designs.selected,
            "baselines": [(network, start + row) for network, row in designs.baselines],
            "convergence": [*_convergence(results.convergence)],
        }
    )


def _convergence(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Improvements of each search by criterion, in the order of the table."""
    for (search, criterion), curve in table.groupby(["search", "criterion"], sort=False):
        yield {
            "search": "" if search == JOINT else label(str(search)),
            "criterion": label(str(criterion)),
            "evaluations": curve["evaluations"].astype(int).tolist(),
            "best": rounded(curve["best"]),
        }


def _timeline(results: Results) -> str:
    """Timeline of a scenario (PNG, base64); empty without one."""
    path = results.folder / "figures" / "timeline.png"
    if results.timeline is None or not path.is_file():
        return ""
    return base64.b64encode(path.read_bytes()).decode()


def _criteria(results: Results) -> dict[str, str]:
    """Definitions of the built-in criteria of a run, by label."""
    names = [str(name) for name in results.selection["criterion"]]
    return {label(name): MEANINGS[name] for name in names if name in MEANINGS}


def _smaller_chip(results: Results) -> tuple[str, str]:
    """Name of the smallest chip on the front with nearly the best score, and a sentence on its area
    and score; two empty texts if none is much smaller."""
    name, front = results.criterion, results.front
    criterion, needed = NAMED.get(name), {"area_mm2", f"score_{name}"}
    if criterion is None or name == AREA or criterion.against == "set" or not needed <= {*front}:
        return "", ""
    (score,), (area,) = results.selected["score"], results.selected["area_mm2"]
    over = criterion.regret(front[f"score_{name}"].to_numpy(dtype=float), float(score))
    nearly_best = front[over <= MAX_EXCESS]
    if nearly_best.empty or nearly_best["area_mm2"].min() > MAX_AREA * area:
        return "", ""
    smallest = nearly_best.loc[[nearly_best["area_mm2"].idxmin()]]
    (key,) = results.designs_in(smallest)
    called = next(n for n in PageDesigns(results).names[key] if n.startswith("front_"))
    return called, (
        f"is smaller, {number(smallest['area_mm2'].iloc[0])} mm² instead of "
        f"{number(area)} mm², and nearly as good: {criterion_heading(name)} "
        f"{number(smallest[f'score_{name}'].iloc[0])} instead of {number(score)}."
    )


def _objectives(runs: Sequence[Results], names: Sequence[str]) -> list[str]:
    """Sentences on the objectives of the Pareto fronts, which name the runs if they differ."""
    runs_of: dict[str, list[str]] = {}
    for results, name in zip(runs, names, strict=True):
        runs_of.setdefault(_objectives_of(results), []).append(name)
    return [
        f"The Pareto front{' of ' + ' and '.join(of) if len(runs_of) > 1 else ''} has {text}"
        for text, of in runs_of.items()
    ]


OF_DRAM = {"dram_mm2", "silicon_mm2"}
"""Columns of areas with DRAM, which are shown but no objectives."""


def _objectives_of(results: Results) -> str:
    """Number and names of the objectives of a run."""
    quantities = [q for q in PageDesigns(results).quantities if not OF_DRAM & {*q.columns}]
    n = sum(len(q.columns) for q in quantities)
    parts = [
        f"{', '.join(q.heading for q in quantities if q.per_workload is per_workload)} of {whose}"
        for whose, per_workload in (("each network", True), ("the chip", False))
        if any(q.per_workload is per_workload for q in quantities)
    ]
    text = f"{n} objective{'s' if n > 1 else ''}: {'; '.join(parts)}."
    more = " In a plot of two of them its designs need not lie on one line."
    return text + (more if n > 2 else "")


def _about(results: Results) -> list[str]:
    config = results.config
    facts = [
        f"study {results.study}",
        f"cost model {config['model']}",
        f"{config['budget']:,} designs a search",
        *([f"algorithm {config['algorithm']}"] if "algorithm" in config else []),
        f"imcmoo {config['stamp']['versions']['imcmoo']}",
    ]
    n_feasible, n = int(results.evaluations["feasible"].sum()), len(results.evaluations)
    return [
        *facts,
        f"{n:,} designs evaluated, {'all' if n_feasible == n else f'{n_feasible:,}'} feasible",
        f"{len(results.front):,} on the Pareto front",
    ]


def _packed(data: dict[str, Any]) -> str:
    """JSON that no name in it can break out of; deterministic."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _hash(text: str) -> str:
    """Source of a content security policy that allows only this text."""
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"


def _file(name: str) -> str:
    return (files("imcmoo.report") / "page_files" / name).read_text(encoding="utf-8")


TOLD_LAYERS = 5
"""Layers of each network in the table; all stored layers are drawn."""

MAX_LAYERS = 2000
"""Largest number of drawn layers of a design, those with most energy."""

MAX_CHARACTERS = 3_000_000
"""Largest number of characters of all cards (some 100 kB compressed)."""


def cards(explanations: Iterable[Explanation]) -> list[dict[str, Any]]:
    """Cards of as many designs as fit, the selected one first."""
    contents: list[dict[str, Any]] = []
    left = MAX_CHARACTERS
    for explanation in explanations:
        contents.append(card(explanation))
        left -= len(json.dumps(contents[-1]))
        if left < 0:
            return contents[:-1]
    return contents


def card(explanation: Explanation) -> dict[str, Any]:
    """Card of one design: tables as HTML, and shares of energy, area and time."""
    tables = explanation.tables
    parts = explained(explanation, width=2 * ROOMY, layers=TOLD_LAYERS)
    return {
        "html": TEMPLATES.get_template("card.html").render(parts=list(parts)),
        "components": _energy_and_area(tables["components"], tables["areas"]),
        "layers": _layers(tables["layers"]),
    }


def _energy_and_area(energy: pd.DataFrame, areas: pd.DataFrame) -> dict[str, Any]:
    """Area of each component, and its energy by network."""
    names = areas["component"].tolist()
    by_network = energy.pivot(index="network", columns="component", values="energy_J")
    networks = list(dict.fromkeys(energy["network"]))
    return {
        "labels": [label(name) for name in names],
        "colours": [component_style(name)[0] for name in names],
        "networks": distinct_labels(networks),
        "area": rounded(areas["area_mm2"]),
        "energy": [
            rounded(on_screen("J")[0] * by_network.loc[name].reindex(names)) for name in networks
        ],
    }


def _layers(layers: pd.DataFrame) -> list[dict[str, Any]]:
    """Energy, time and dominant component of layers, by network."""
    heaviest = layers["energy_J"].astype(float).nlargest(MAX_LAYERS).index
    kept = layers.loc[heaviest.sort_values()]
    networks = list(dict.fromkeys(kept["network"]))
    called = dict(zip(networks, distinct_labels(networks), strict=True))
    return [
        {
            "network": called[network],
            "names": rows["layer"].astype(str).tolist(),
            "mostly": [label(name) if name else "" for name in rows["component"]],
            "energy": rounded(on_screen("J")[0] * rows["energy_J"]),
            "latency": rounded(on_screen("s")[0] * rows["latency_s"])
            if "latency_s" in rows
            else None,
        }
        for network, rows in kept.groupby("network", sort=False)
    ]
