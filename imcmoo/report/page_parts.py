"""Parts of the page: the selected design of each run, and the cards of explained designs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from imcmoo.model.metrics import Floats
from imcmoo.report.explanation_tables import explained
from imcmoo.report.labels import distinct_labels, label, number, on_screen, plain
from imcmoo.report.page_designs import PageDesigns, heading, rounded
from imcmoo.report.rich_tables import add_numbers, html_of, new_table
from imcmoo.report.style import component_style
from imcmoo.report.terminal_tables import ROOMY
from imcmoo.study.explanation import Explanation
from imcmoo.study.results import Results


def answer(results: Results, explanations: Sequence[Explanation]) -> str:
    """The selected design of one run as HTML."""
    shown = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in _facts(results).items()
    )
    design = ", ".join(
        f"{escape(heading(name))} <b>{escape(plain(results.selected[name].iloc[0]))}</b>"
        for name in results.parameters
    )
    networks = html_of(_networks(results, explanations))
    return f"<dl class='facts'>{shown}</dl>{networks}<p>{design}</p>"


def comparison(runs: Sequence[Results], names: Sequence[str]) -> str:
    """Facts and parameters of the selected designs of several runs as HTML, a column per run."""
    table = new_table("", title="Selected designs side by side", numbers=names)
    designs = [{heading(n): plain(run.selected[n].iloc[0]) for n in run.parameters} for run in runs]
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
    return html_of(table)


def _facts(results: Results) -> dict[str, str]:
    """Area, score, distance from the exact optimum, and size of the search."""
    selected = results.selected.iloc[0]
    facts = {
        q.heading: number(q.factor * float(selected[q.columns[0]]))
        for q in PageDesigns(results).quantities
        if not q.per_workload
    }
    facts[label(results.criterion)] = f"{float(selected['score']):.4g}"
    if results.has_edap_columns:
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
    """One row per network: EDAP relative to its optimum, quantities, bottleneck."""
    table = new_table("network", title="Cost of the selected design for each network")
    quantities = [q for q in PageDesigns(results).quantities if q.per_workload]
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
            ratio = ratios[at]
            cells.append(f"{ratio:.2f} ×" if ratio < 100 else f"{ratio:,.0f} ×")
        cells += [number(q.factor * float(selected[q.columns[at]])) for q in quantities]
        cells += [texts.get(network, "") for texts in details.values()]
        table.add_row(label(network), *cells, style="bold" if at == worst else "")
    if ratios is not None:
        table.caption = f"{label(results.workloads[worst])} pays most for sharing the chip."
    return table


def _ratios(results: Results) -> Floats | None:
    """EDAP of each network relative to its reference, shape (W,); None without EDAP."""
    if results.baselines is not None:
        return results.of_workloads(results.baselines.iloc[:1], "relative_edap_{}")[0]
    if results.has_edap_columns:
        return 1 + results.of_workloads(results.selected, "regret_{}")[0]
    return None


def _details(explanations: Sequence[Explanation]) -> dict[str, dict[str, str]]:
    """Bottleneck in time and largest share of energy of each network, as far as explained."""
    if not explanations:
        return {}
    tables = explanations[0].tables
    networks, energy = tables["networks"], tables["components"]
    details = {}
    if "bound_by" in networks:
        known = networks.dropna(subset=["bound_by"])
        details["bottleneck"] = dict(
            zip(known["network"], map(label, known["bound_by"]), strict=True)
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
"""Layers of each network in the table; all that are stored are drawn."""

MOST_LAYERS = 2000
"""Layers of a design that are drawn: those that take most energy."""

MOST_CHARACTERS = 3_000_000
"""Of all cards together: some hundred kilobytes when packed."""


def cards(explanations: Iterable[Explanation]) -> list[dict[str, Any]]:
    """The cards of the first designs, the selected one first, as many as there is room for."""
    contents: list[dict[str, Any]] = []
    left = MOST_CHARACTERS
    for explanation in explanations:
        contents.append(card(explanation))
        left -= len(json.dumps(contents[-1]))
        if left < 0:
            return contents[:-1]
    return contents


def card(explanation: Explanation) -> dict[str, Any]:
    """One design: its tables as HTML, and where energy, area and time go."""
    tables = explanation.tables
    heading, *parts = explained(explanation, width=2 * ROOMY, layers=TOLD_LAYERS)
    return {
        "html": html_of(heading) + "".join(f"<section>{html_of(p)}</section>" for p in parts),
        "components": _components(tables["components"], tables["areas"]),
        "layers": _layers(tables["layers"]),
    }


def _components(energy: pd.DataFrame, areas: pd.DataFrame) -> dict[str, Any]:
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
    """By network: energy and time of its layers, and which component takes most."""
    heaviest = layers["energy_J"].astype(float).nlargest(MOST_LAYERS).index
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
