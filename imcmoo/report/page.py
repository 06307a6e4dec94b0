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

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.table import Table

from imcmoo.answers.explanation import Explanation
from imcmoo.answers.outcome import JOINT
from imcmoo.answers.results import Results
from imcmoo.answers.served_design import SCENARIO
from imcmoo.arrays import Floats
from imcmoo.io.errors import InputError
from imcmoo.problem.criteria import AREA, MINIMAX, NAMED
from imcmoo.report.answer_card import at_full_speed, card_of_run
from imcmoo.report.explanation_tables import explained
from imcmoo.report.labels import (
    MEANINGS,
    SNR,
    TOKENS,
    cell,
    criterion_heading,
    distinct_labels,
    generic_note,
    headed,
    label,
    number,
    on_screen,
    plain,
    times,
)
from imcmoo.report.page_designs import PageDesigns, rounded
from imcmoo.report.palette import COLOURS, HIGHLIGHT, component_style
from imcmoo.report.rich_tables import add_numbers, new_table
from imcmoo.report.terminal_tables import ROOMY, cost_comparison, run_tables


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
    names = _names([results for results, _ in runs])
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


def _names(runs: Sequence[Results]) -> list[str]:
    """Distinct names of runs: seeds if all are of one study."""
    seeds = [f"seed {run.config.get('seed')}" for run in runs]
    names = [f"{label(run.study)}, {seed}" for run, seed in zip(runs, seeds, strict=True)]
    if len({run.study for run in runs}) == 1 and len(set(seeds)) == len(runs):
        return seeds
    return [
        name if names.count(name) == 1 else f"{name} ({run.folder})"
        for name, run in zip(names, runs, strict=True)
    ]


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
        "facts": {} if explanations else _facts(results),
        "design": {} if explanations else _design(results),
        "caution": "" if explanations else results.design.get("caution", ""),
        "networks": _networks(results, explanations),
        "speeds": _speeds(results, explanations),
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
    designs, shown = PageDesigns(results, _generic(explanations)), cards(explanations)
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


def _objectives_of(results: Results) -> str:
    """Number and names of the objectives of a run."""
    quantities = PageDesigns(results).quantities
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


def costs_side_by_side(runs: Sequence[Results]) -> Table:
    """Costs of the selected designs, see `cost_comparison`.

    Raises:
        InputError: the design of a run is damaged.
    """
    try:
        return cost_comparison(runs, _names(runs))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        folders = ", ".join(str(run.folder) for run in runs)
        raise InputError(
            f"{folders}: a design is damaged ({error}): run the studies again"
        ) from None


def comparisons(runs: Sequence[Results], names: Sequence[str]) -> list[Table]:
    """Tables of several runs, one column per run."""
    return [costs_side_by_side(runs), design_comparison(runs, names)]


def design_comparison(runs: Sequence[Results], names: Sequence[str]) -> Table:
    """Facts and parameters of the selected designs, one column per run."""
    table = new_table("", title="Selected designs side by side", numbers=names)
    designs = [_design(run) for run in runs]
    for columns in ([_facts(run) for run in runs], designs):
        for name in dict.fromkeys(name for column in columns for name in column):
            cells = [column.get(name, "") for column in columns]
            differs = columns is designs and len(set(cells)) > 1
            table.add_row(name, *cells, style="bold" if differs else "")
        table.add_section()
    table.caption = (
        "Parameters in bold differ. Best found means by the same run, so that regrets of two runs "
        "differ in their reference as well."
    )
    return table


def _design(results: Results) -> dict[str, str]:
    """Parameters of the selected design."""
    return {name: plain(results.selected[name].iloc[0]) for name in results.parameters}


def _facts(results: Results) -> dict[str, str]:
    """Area, score, regret, and size of the search."""
    selected = results.selected.iloc[0]
    facts = {
        q.heading: number(q.factor * float(selected[q.columns[0]]))
        for q in PageDesigns(results).quantities
        if not q.per_workload
    }
    facts[criterion_heading(results.criterion)] = f"{float(selected['score']):.4g}"
    if results.has_edap_columns:
        facts["EDAP by"] = str(results.edap)
    if results.reference_edap is not None:
        facts["regret against"] = results.regret_reference
    if results.regret is not None:
        rows = results.regret[results.regret["criterion"] == results.criterion]
        for value in rows["regret_selected"]:
            facts["above the exact optimum"] = f"{100 * value:.3g} %"
    facts["feasible / evaluated"] = (
        f"{int(results.evaluations['feasible'].sum()):,} / {len(results.evaluations):,}"
    )
    facts["on the Pareto front"] = f"{len(results.front):,}"
    return facts


def _networks(results: Results, explanations: Sequence[Explanation]) -> Table:
    """One row per network: normalised EDAP, quantities that no card has, bottleneck."""
    table = new_table("network", title="Cost of the selected design for each network")
    quantities = [q for q in PageDesigns(results).quantities if q.per_workload]
    on_card = {"energy", "latency"}
    if explanations and on_card <= {q.name for q in quantities}:
        quantities = [q for q in quantities if q.name not in on_card]
    ratios = _ratios(results)
    selected = results.selected.iloc[0]
    details = _details(explanations)
    if ratios is not None:
        add_numbers(table, f"EDAP / {results.regret_reference}")
    add_numbers(table, *(q.heading for q in quantities))
    for name in details:
        table.add_column(name)
    worst = -1 if ratios is None else int(np.nanargmax(ratios))
    for at, network in enumerate(results.workloads):
        cells = []
        if ratios is not None:
            cells.append(times(ratios[at]))
        cells += [number(q.factor * float(selected[q.columns[at]])) for q in quantities]
        cells += [texts.get(network, "") for texts in details.values()]
        table.add_row(label(network), *cells, style="bold" if at == worst else "")
    notes = _notes_on_weights(results, explanations)
    if ratios is not None:
        notes.append(f"{label(results.workloads[worst])} pays most for sharing the chip.")
    if any(q.name == SNR for q in quantities) and (generic := _generic(explanations)):
        notes.append(generic_note(generic))
    table.caption = "\n".join(notes) or None
    return table


SHOWN_COSTS = ("latency_s", "energy_J")
"""Columns of an explanation in the table of speeds."""


def _speeds(results: Results, explanations: Sequence[Explanation]) -> Table | None:
    """Speed, energy and power of each network of the selected design; None if the lines of its
    card say more, such as margins to limits."""
    tables, config = explanations[0].tables if explanations else {}, results.config
    networks = tables.get("networks", pd.DataFrame())
    more = {TOKENS, "request_s", "time_to_first_token_s", "accuracy_drop", "images"} & {*networks}
    if config["limits"] or SCENARIO in tables or more or not {*SHOWN_COSTS} <= {*networks}:
        return None
    table = new_table("network", title="")
    add_numbers(table, "frames/s", *(headed(column) for column in SHOWN_COSTS), "power (W)")
    for name, (_, row) in zip(distinct_labels(results.workloads), networks.iterrows(), strict=True):
        rate, power = map(number, at_full_speed(row))
        costs = [cell(column, row[column]) for column in SHOWN_COSTS]
        table.add_row(name, rate, *costs, power)
    return table


def _notes_on_weights(results: Results, explanations: Sequence[Explanation]) -> list[str]:
    """Note that names the networks whose weights stream from DRAM; empty if there are none."""
    networks = explanations[0].tables["networks"] if explanations else pd.DataFrame()
    if "streamed" not in networks or not (loaded := networks["streamed"] == "yes").any():
        return []
    names = ", ".join(map(label, networks["network"][loaded]))
    whose = "all networks" if loaded.all() else names
    return [f"Weights of {whose} stream from DRAM."]


def _generic(explanations: Sequence[Explanation]) -> tuple[str, ...]:
    """Networks of a run whose SNR rests on operands of other networks."""
    return explanations[0].generic_operands if explanations else ()


def _ratios(results: Results) -> Floats | None:
    if results.baselines is not None:
        return results.workload_values(results.baselines.iloc[:1], "relative_edap_{}")[0]
    if results.reference_edap is None:
        return None
    return 1 + results.workload_values(results.selected, "regret_{}")[0]


def _details(explanations: Sequence[Explanation]) -> dict[str, dict[str, str]]:
    """Bottleneck and largest share of energy of each explained network."""
    if not explanations:
        return {}
    tables = explanations[0].tables
    networks, energy = tables["networks"], tables["components"]
    details = {}
    if "bound_by" in networks:
        bounded = networks.dropna(subset=["bound_by"])
        details["bottleneck"] = dict(
            zip(bounded["network"], map(label, bounded["bound_by"]), strict=True)
        )
    if len(energy):
        total = energy.groupby("network")["energy_J"].sum()
        most = energy.loc[energy.groupby("network")["energy_J"].idxmax()].set_index("network")
        shares = (100 * most["energy_J"] / total).loc[most.index]
        details["most energy in"] = {
            str(name): f"{label(str(component))} ({share:.0f} %)"
            for name, component, share in zip(most.index, most["component"], shares, strict=True)
        }
    return details


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
