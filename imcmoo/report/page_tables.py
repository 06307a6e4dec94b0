"""Tables of a page: costs of each network, facts of a run, and runs side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from rich.table import Table

from imcmoo.answers.explanation import Explanation
from imcmoo.answers.results import Results
from imcmoo.answers.served_design import SCENARIO
from imcmoo.arrays import Floats
from imcmoo.display.columns import cell, headed
from imcmoo.display.labels import criterion_heading, distinct_labels, label
from imcmoo.display.limits import SNR, generic_note
from imcmoo.display.rich_tables import add_numbers, new_table
from imcmoo.display.units import TOKENS, number, plain, times
from imcmoo.io.errors import InputError
from imcmoo.report.card_lines import at_full_speed
from imcmoo.report.page_designs import PageDesigns
from imcmoo.report.terminal_tables import cost_comparison


def run_names(runs: Sequence[Results]) -> list[str]:
    """Distinct names of runs: seeds if all are of one study."""
    seeds = [f"seed {run.config.get('seed')}" for run in runs]
    names = [f"{label(run.study)}, {seed}" for run, seed in zip(runs, seeds, strict=True)]
    if len({run.study for run in runs}) == 1 and len(set(seeds)) == len(runs):
        return seeds
    return [
        name if names.count(name) == 1 else f"{name} ({run.folder})"
        for name, run in zip(names, runs, strict=True)
    ]


def costs_side_by_side(runs: Sequence[Results]) -> Table:
    """Costs of the selected designs, see `cost_comparison`.

    Raises:
        InputError: the design of a run is damaged.
    """
    try:
        return cost_comparison(runs, run_names(runs))
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
    designs = [parameters(run) for run in runs]
    for columns in ([facts(run) for run in runs], designs):
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


def parameters(results: Results) -> dict[str, str]:
    """Parameters of the selected design."""
    return {name: plain(results.selected[name].iloc[0]) for name in results.parameters}


def facts(results: Results) -> dict[str, str]:
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


def networks_table(results: Results, explanations: Sequence[Explanation]) -> Table:
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
    if any(q.name == SNR for q in quantities) and (generic := generic_networks(explanations)):
        notes.append(generic_note(generic))
    table.caption = "\n".join(notes) or None
    return table


SHOWN_COSTS = ("latency_s", "energy_J")
"""Columns of an explanation in the table of speeds."""


def speeds_table(results: Results, explanations: Sequence[Explanation]) -> Table | None:
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


def generic_networks(explanations: Sequence[Explanation]) -> tuple[str, ...]:
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
