"""Tables that a run prints at its end, in mJ, µs and mm²."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich.table import Table

from imcmoo.answers.explanation import Explanation
from imcmoo.answers.results import BASELINE, Results
from imcmoo.display.columns import cell, headed, measured
from imcmoo.display.labels import criterion_heading, label
from imcmoo.display.limits import GENERIC, IN_DECIBELS, SNR, missing_resources, violations
from imcmoo.display.rich_tables import natural_width, new_table, transposed
from imcmoo.display.units import number, on_screen, plain, times
from imcmoo.problem.scores import EdapDefinition
from imcmoo.report.scenario_table import ROOMY, scenario_table
from imcmoo.study.study import Study

if TYPE_CHECKING:
    from imcmoo.answers.answers import Answers


def run_tables(
    results: Results, explanations: Sequence[Explanation] = (), *, width: int | None = None
) -> list[Table]:
    """Tables of a run: selection, requests, accuracy, baselines and regret, if it has them.

    Args:
        results: results of the run.
        explanations: explanations of its designs.
        width: width of the terminal. If None, there is room for everything.
    """
    generic = explanations[0].generic_operands if explanations else ()
    tables = [selection_table(results, generic)]
    if results.scenario is not None:
        tables.append(scenario_table(results.scenario, ROOMY if width is None else width))
    if results.generation is not None:
        tables.append(generation_table(results.generation))
    if results.accuracy is not None:
        tables.append(accuracy_table(results.accuracy))
    if results.baselines is not None:
        tables.append(baseline_table(results, explanations, width=width))
    if results.regret is not None and results.indicators is not None:
        tables.append(regret_table(results.regret, results.indicators))
    return tables


def selection_table(results: Results, generic: Collection[str] = ()) -> Table:
    """Selected designs by criterion, that of the study first and in bold.

    Parameters in which they differ come before those that they share. Networks whose SNR is
    `generic` are marked.
    """
    table = new_table(
        "selected by",
        title=f"{results.study}, seed {results.config['seed']}: one design for all networks",
    )
    table.caption = "◀: criterion of the study"
    if results.reference_edap is not None:
        table.caption += f". Regrets are against the {results.regret_reference} of each network."
    # Criteria that agree share a column, so that the table stays narrow.
    selection = results.selection
    columns: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for row, design in enumerate(results.designs_in(selection)):
        columns[design].append(row)
    used = selection["used"].to_numpy()
    groups = sorted(columns.values(), key=lambda same: not used[same].any())
    first = selection.iloc[[same[0] for same in groups]]
    for same in groups:
        rows = selection.iloc[same]
        names = [label(name) for name in rows["criterion"]]
        table.add_column(
            "\n".join(names), justify="right", style="bold" if rows["used"].any() else ""
        )
    for name in sorted(results.parameters, key=lambda name: first[name].nunique(dropna=False) == 1):
        table.add_row(name, *map(plain, first[name]))
    table.add_section()
    if "area_mm2" in first:
        table.add_row("area (mm²)", *_numbers(first["area_mm2"]))
    for name in results.workloads:
        table.add_section()
        _add_costs(table, results, first, name, generic)
    table.add_section()
    _add_scores(table, results, first)
    return table


def _add_scores(table: Table, results: Results, designs: pd.DataFrame) -> None:
    """Add the scores of selected designs by each criterion."""
    row_of = {design: row for row, design in enumerate(results.designs_in(results.front))}
    scored = results.front.iloc[[row_of[design] for design in results.designs_in(designs)]]
    for name in results.selection["criterion"]:
        marked = "\N{NO-BREAK SPACE}◀" if name == results.criterion else ""
        table.add_row(criterion_heading(name) + marked, *_numbers(scored[f"score_{name}"]))


def _add_costs(
    table: Table, results: Results, designs: pd.DataFrame, workload: str, generic: Collection[str]
) -> None:
    """Add rows of the costs of one network."""
    at = results.workloads.index(workload)
    rows = []
    for q in measured([*map(str, designs)], results.workloads):
        if q.unit and q.name != "edap":
            factor, unit = on_screen(q.unit)
            unit += f", {GENERIC}" if q.name == SNR and workload in generic else ""
            rows.append([f"{q.name} ({unit})", *_numbers(factor * designs[q.columns[at]])])
    if results.reference_edap is not None:
        relative = 1 + designs[f"regret_{workload}"]
        rows.append([f"EDAP / {results.regret_reference}", *map(times, relative)])
    if rows:
        table.add_row(label(workload), style="bold")
    for name, *cells in rows:
        table.add_row(f"  {name}", *cells)


def baseline_table(
    results: Results, explanations: Sequence[Explanation] = (), *, width: int | None = None
) -> Table:
    """EDAP of the joint and the single-network designs, relative to the optimum of each network.

    Args:
        results: results of the run.
        explanations: explanations of these designs, with violated limits.
        width: width of the terminal. If the table is wider, networks are rows.
    """
    baselines = results.baselines
    assert baselines is not None
    by_name = {name: e for e in explanations for name in e.names}
    table = new_table(
        "optimised for",
        title=f"EDAP relative to the {results.regret_reference} of each network",
        numbers=map(label, results.workloads),
    )
    relative = results.workload_values(baselines, "relative_edap_{}")
    networks = baselines["optimised_for"].iloc[1:]
    names = [f"all ({label(results.criterion)})", *map(label, networks)]
    for name, values, (_, row) in zip(names, relative, baselines.iterrows(), strict=True):
        cells = [
            _why_not(results, by_name.get(f"{BASELINE}{row['optimised_for']}"), row, workload)
            if np.isnan(v)
            else times(v)
            for workload, v in zip(results.workloads, values, strict=True)
        ]
        table.add_row(name, *cells)
    if np.isnan(relative).any():
        table.caption = "A chip for one network need not run the others: cells say what it lacks."
    if width is not None and natural_width(table) > width:
        narrow = transposed(table, "network")
        narrow.title = f"{table.title}, by the network a design is optimised for"
        narrow.caption = table.caption
        return narrow
    return table


def _why_not(
    results: Results, explanation: Explanation | None, row: pd.Series[Any], workload: str
) -> str:
    """Text of the main reason why a network does not run on a design of `baselines.csv`."""
    if explanation is not None:
        limits = explanation.tables["limits"]
        worst = limits[limits["network"] == workload].nlargest(1, "excess")
        if text := violations(worst):
            of_noise = worst["limit"].isin(IN_DECIBELS).any()
            marked = of_noise and workload in explanation.generic_operands
            return f"{text} ({GENERIC})" if marked else text
    return missing_resources(row, workload, results.workloads)


def generation_table(frame: pd.DataFrame) -> Table:
    """Tokens and requests of language models on the selected design (`generation.csv`)."""
    figures = [str(name) for name in frame.columns[4:]]
    headings = [headed(name) for name in figures]
    table = new_table("network", title="generation on the selected design", numbers=headings)
    for _, row in frame.iterrows():
        table.add_row(label(str(row["network"])), *(cell(name, row[name]) for name in figures))
    return table


def accuracy_table(frame: pd.DataFrame) -> Table:
    """Accuracy of the selected design (`accuracy.csv`): predicted and executed."""
    of_samples = ("float_of_samples", "allowed", "exact", "exact_low", "exact_high")
    columns = ("float", "linear", *of_samples, "samples")
    table = new_table("network", title="accuracy of the selected design", numbers=columns)
    notes = []
    for _, row in frame.iterrows():
        cells = [_score(row.get(name)) for name in columns[:-1]]
        name, note, samples = label(str(row["network"])), row.get("note"), row.get("samples")
        if isinstance(note, str) and note:
            notes.append(f"{name}: {note}")
        table.add_row(name, *cells, f"{samples:.0f}" if pd.notna(samples) else "")
    table.caption = "\n".join(notes) or None
    return table


def _score(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) and not np.isnan(value) else ""


def regret_table(regret: pd.DataFrame, indicators: pd.DataFrame) -> Table:
    """Regret of the run against the exact answer."""
    values = indicators.set_index("indicator")["value"]
    closeness = ", ".join(
        f"{label(str(name))} {value:.4g}"
        if value == value
        else f"no {label(str(name))} (too many objectives)"
        for name, value in values.items()
    )
    table = new_table(
        "criterion",
        title=f"Against the exact answer; the front: {closeness}",
        numbers=("exact optimum", "selected", "regret (%)", "best evaluated", "regret (%)"),
    )
    for _, row in regret.iterrows():
        table.add_row(
            criterion_heading(row["criterion"]),
            f"{row['optimum']:.4g}",
            *(f"{row['selected']:.4g}", f"{100 * row['regret_selected']:.3g}"),
            *(f"{row['best_evaluated']:.4g}", f"{100 * row['regret_best_evaluated']:.3g}"),
        )
    return table


def seeds_table(frame: pd.DataFrame, study: Study) -> Table:
    """Designs of several seeds (`seeds.csv`), and their distance from the best."""
    name, criterion = study.score_name, study.resolved_criterion
    scores = frame[f"score_{name}"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):  # the best may score 0
        over = criterion.regret(scores, scores.min())
    title = (
        f"{study.name}: by {label(name)} over {len(frame)} seeds: best {scores.min():.4g}, "
        f"median {np.median(scores):.4g}, worst {scores.max():.4g}"
    )
    names = [n for n in map(str, frame) if n in ("seed", *study.space.names, "area_mm2")]
    table = new_table(title=title, numbers=map(label, [*names, "score", "over the best (%)"]))
    if criterion.is_regret:
        (reference,) = frame["regret_reference"].unique()
        table.caption = f"Regrets of all seeds are against the {reference} of each network."
    rows = frame[names].itertuples(index=False)
    for row, score, excess in zip(rows, scores, over, strict=True):
        values = (v if isinstance(v, str) else f"{v:.6g}" for v in row)
        shown_excess = f"+{100 * excess:.2f}" if np.isfinite(excess) else ""
        table.add_row(*values, f"{score:.4g}", shown_excess)
    return table


def device_table(compared: Answers) -> Table:
    """Best chip of each device, one column per device."""
    title = f"{compared.name}: best chip of each device by {label(compared.criterion)}"
    table = new_table("", title=title, numbers=compared.table["device"])
    for column in compared.table.columns.drop(["device", "criterion"]):
        cells = compared.table[column].tolist()
        if column == "feasible":
            shown = ["yes" if feasible else "no" for feasible in cells]
        elif column.endswith("_ratio"):
            shown = [cell("", value) for value in cells]
        else:
            shown = [cell(column, value) for value in cells]
        if set(shown) != {"—"}:
            is_score = column == "value"
            heading = label(compared.criterion) if is_score else _heading_of_costs(column)
            table.add_row(heading, *shown)
    table.caption = "Ratios are of EDAPs, geometric means over the networks, to the best device's."
    return table


def _heading_of_costs(column: str) -> str:
    """Heading of a column of `devices.csv`."""
    if column.endswith("_ratio"):
        _, delay, area, _ = column.split("_")
        return f"EDAP ratio: {delay}, {area}"
    return headed(column)


def _numbers(values: Iterable[float]) -> list[str]:
    return [f"{v:.4g}" for v in values]


COSTS_COMPARED = {"energy_J": "energy", "latency_s": "latency", "interval_s": "interval"}
"""Costs of networks that are compared, by field of `design.json`."""


def cost_comparison(runs: Sequence[Results], names: Sequence[str]) -> Table:
    """Costs of the selected designs of several runs, and ratios to those of the first run.

    EDAPs by every definition are geometric means over the networks. Costs that a run does not state
    are left out; networks must be the same.
    """
    ratios = [f"{name} / {names[0]}" for name in names[1:]]
    table = new_table("", title="Costs of the selected designs", numbers=[*names, *ratios])

    def add(heading: str, values: Sequence[float]) -> None:
        shares = [number(value / values[0]) for value in values[1:]]
        table.add_row(heading, *map(number, values), *shares)

    chips = [run.design["chip"] for run in runs]
    if all("area_mm2" in chip for chip in chips):
        add("area of the chip (mm²)", [chip["area_mm2"] for chip in chips])
    if all("dram_mm2" in chip for chip in chips):
        add("area with DRAM (mm²)", [chip["area_mm2"] + chip["dram_mm2"] for chip in chips])
    if all("silicon_mm2" in chip for chip in chips):
        add("area with dies of DRAM (mm²)", [chip["silicon_mm2"] for chip in chips])
    if len({tuple(run.workloads) for run in runs}) > 1:
        table.caption = "The runs have other networks, whose costs cannot be compared."
        return table
    for network in runs[0].workloads:
        table.add_section()
        costs = [run.design["workloads"][network] for run in runs]
        for column, name in COSTS_COMPARED.items():
            if all(column in each for each in costs):
                factor, unit = on_screen(column.rpartition("_")[2])
                heading = f"{label(network)}: {name} ({unit})"
                add(heading, [factor * each[column] for each in costs])
    table.add_section()
    for definition in EdapDefinition.every():
        edaps = [_mean_edap(run, definition) for run in runs]
        if None not in edaps:
            add(f"EDAP: {definition} (J·s·mm²)", [edap for edap in edaps if edap is not None])
    table.caption = "EDAPs are per image and geometric means over the networks."
    return table


def _mean_edap(run: Results, definition: EdapDefinition) -> float | None:
    """Geometric mean of the EDAPs of a selected design; None if the run does not state them."""
    columns = [f"edap_{definition.delay}_{definition.area}_J_s_mm2"]
    if definition == replace(run.edap, images=(1,)):
        columns.append("edap_J_s_mm2")
    for column in columns:
        values = [costs.get(column) for costs in run.design["workloads"].values()]
        if None not in values:
            return float(np.exp(np.mean(np.log(values))))
    return None
