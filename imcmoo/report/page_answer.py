"""The first screen of the page: the selected design of each run, and what each network pays."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from rich.table import Table

from imcmoo.model.metrics import Floats
from imcmoo.report.explanation_words import number, plain
from imcmoo.report.html_table import html_of
from imcmoo.report.labels import label
from imcmoo.report.page_designs import PageDesigns, heading
from imcmoo.report.results import Results
from imcmoo.study.explanation import Explanation


def answer(results: Results, explanations: Sequence[Explanation]) -> str:
    """The selected design of one run as HTML.

    Args:
        results: of the run.
        explanations: as shown; may be empty.
    """
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
    """Facts and parameters of the selected designs of several runs as HTML, a column per run.

    Args:
        runs: at least two.
        names: distinct name of each.
    """
    table = Table("", title="Selected designs side by side")
    for name in names:
        table.add_column(name, justify="right")
    designs = [{heading(n): plain(run.selected[n].iloc[0]) for n in run.parameters} for run in runs]
    for columns in ([_facts(run) for run in runs], designs):
        for name in dict.fromkeys(name for column in columns for name in column):
            cells = [column.get(name, "") for column in columns]
            differs = columns is designs and len(set(cells)) > 1
            table.add_row(name, *cells, style="bold" if differs else "")
        table.add_section()
    table.caption = (
        "Parameters in bold differ. EDAP and regret are relative to the single-network optima "
        "that the same run found."
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
    table = Table("network", title="Cost of the selected design for each network")
    quantities = [q for q in PageDesigns(results).quantities if q.per_workload]
    ratios = _ratios(results)
    selected = results.selected.iloc[0]
    told = _told(explanations)
    if ratios is not None:
        table.add_column("EDAP / single-network optimum", justify="right")
    for q in quantities:
        table.add_column(q.heading, justify="right")
    for name in told:
        table.add_column(name)
    worst = -1 if ratios is None else int(np.nanargmax(ratios))
    for at, network in enumerate(results.workloads):
        cells = []
        if ratios is not None:
            ratio = ratios[at]
            cells.append(f"{ratio:.2f} ×" if ratio < 100 else f"{ratio:,.0f} ×")
        cells += [number(q.factor * float(selected[q.columns[at]])) for q in quantities]
        cells += [texts.get(network, "") for texts in told.values()]
        table.add_row(label(network), *cells, style="bold" if at == worst else "")
    if ratios is not None:
        table.caption = f"{label(results.workloads[worst])} pays most for sharing the chip."
    return table


def _ratios(results: Results) -> Floats | None:
    """EDAP of each network relative to the best known of it, shape (W,); None without EDAP."""
    if results.baselines is not None:
        return results.of_workloads(results.baselines.iloc[:1], "relative_edap_{}")[0]
    if results.has_edap_columns:
        return 1 + results.of_workloads(results.selected, "regret_{}")[0]
    return None


def _told(explanations: Sequence[Explanation]) -> dict[str, dict[str, str]]:
    """Bottleneck in time and largest share of energy of each network, as far as explained."""
    if not explanations:
        return {}
    tables = explanations[0].tables
    networks, energy = tables["networks"], tables["components"]
    told = {}
    if "bound_by" in networks:
        known = networks.dropna(subset=["bound_by"])
        told["bottleneck"] = dict(zip(known["network"], map(label, known["bound_by"]), strict=True))
    if len(energy):
        total = energy.groupby("network")["energy_J"].sum()
        most = energy.loc[energy.groupby("network")["energy_J"].idxmax()].set_index("network")
        shares = (100 * most["energy_J"] / total).loc[most.index]
        told["most energy in"] = {
            str(name): f"{label(str(component))} ({share:.0f} %)"
            for name, component, share in zip(most.index, most["component"], shares, strict=True)
        }
    return told
