"""Tables that a run prints at its end, in mJ, µs and mm²."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from imcmoo.problem.criteria import NAMED, Criterion
from imcmoo.problem.score_range import LOG10
from imcmoo.report.explanation_words import measured, missing_resources, violations
from imcmoo.report.labels import label, on_screen
from imcmoo.report.rich_tables import natural_width, transposed
from imcmoo.study.explain import BASELINE
from imcmoo.study.explanation import Explanation
from imcmoo.study.results import Results


def selection_table(results: Results) -> Table:
    """The designs the criteria select, side by side; the study's own in bold."""
    table = Table(
        title=f"{results.study}, seed {results.config['seed']}: one design for all networks",
        title_justify="left",
    )
    if results.has_edap_columns:
        table.caption = f"Regrets are against the {results.regret_reference} of each network."
        table.caption_justify = "left"
    table.add_column("selected by")
    # Criteria that agree share a column, so that the table stays narrow.
    selection = results.selection
    same = selection.groupby(results.parameters, sort=False, dropna=False)
    first = selection.loc[[rows.index[0] for _, rows in same]]
    for _, rows in same:
        names = [label(name) for name in rows["criterion"]]
        table.add_column(
            "\n".join(names), justify="right", style="bold" if rows["used"].any() else ""
        )
    for name in results.parameters:
        table.add_row(name, *(v if isinstance(v, str) else f"{v:g}" for v in first[name]))
    table.add_section()
    if "area_mm2" in first:
        table.add_row("area (mm²)", *_numbers(first["area_mm2"]))
    for name in results.workloads:
        table.add_section()
        _add_costs(table, results, first, name)
    table.add_section()
    front = results.front.set_index(results.parameters)
    for name in selection["criterion"]:
        factor, unit = on_screen(NAMED[name].unit if name in NAMED else "")
        marked = " ◀" if name == results.criterion else ""
        designs = pd.MultiIndex.from_frame(first[results.parameters])
        scores = front[f"score_{name}"].loc[designs]
        shown = _numbers(factor * scores)
        table.add_row(label(name) + (f" ({unit})" if unit else "") + marked, *shown)
    return table


def _add_costs(table: Table, results: Results, designs: pd.DataFrame, workload: str) -> None:
    """Rows of what designs cost one workload."""
    start = f"{label(workload)} "
    at = results.workloads.index(workload)
    for q in measured([*map(str, designs)], results.workloads):
        if q.unit and q.name != "edap":
            factor, unit = on_screen(q.unit)
            table.add_row(f"{start}{q.name} ({unit})", *_numbers(factor * designs[q.columns[at]]))
            start = "  "
    if results.has_edap_columns:
        excess = 100 * designs[f"regret_{workload}"]
        heading = f"  EDAP over {results.regret_reference} (%)"
        table.add_row(heading, *(f"+{v:.1f}" for v in excess))


def baseline_table(
    results: Results,
    baselines: pd.DataFrame,
    explanations: Sequence[Explanation] = (),
    *,
    width: int | None = None,
) -> Table:
    """EDAP of the designs for all and for one workload, relative to each workload's best.

    Args:
        results: of the run.
        baselines: one row for each design.
        explanations: of the same designs, which know by how much they violate limits.
        width: of the terminal; networks are rows where the table is wider.
    """
    limits = {name: e.tables["limits"] for e in explanations for name in e.names}
    table = Table(
        "optimised for",
        title=f"EDAP relative to the {results.regret_reference} of each network",
        title_justify="left",
    )
    for name in results.workloads:
        table.add_column(f"on {label(name)}", justify="right")
    relative = results.of_workloads(baselines, "relative_edap_{}")
    networks = baselines["optimised_for"].iloc[1:]
    names = [f"all ({label(results.criterion)})", *map(label, networks)]
    for name, values, (_, row) in zip(names, relative, baselines.iterrows(), strict=True):
        cells = [
            _why_not(results, limits.get(f"{BASELINE}{row['optimised_for']}"), row, workload)
            if np.isnan(v)
            else f"{v:.3f} ×"
            for workload, v in zip(results.workloads, values, strict=True)
        ]
        table.add_row(name, *cells)
    if width is not None and natural_width(table) > width:
        narrow = transposed(table, "network")
        narrow.title = f"{table.title}, by the network a design is optimised for"
        return narrow
    return table


def _why_not(
    results: Results, limits: pd.DataFrame | None, row: pd.Series[Any], workload: str
) -> str:
    """Text of what keeps a network most from running on a design of `baselines.csv`."""
    if limits is not None:
        of_network = limits[limits["network"] == workload]
        if text := violations(of_network.nlargest(1, "excess")):
            return text
    return missing_resources(row, workload, results.workloads)


def accuracy_table(frame: pd.DataFrame) -> Table:
    """Accuracy of the selected design (`accuracy.csv`): predicted, in one noisy run, and
    executed."""
    columns = ("float", "allowed", "linear", "fast", "exact", "exact_low", "exact_high")
    table = Table("network", title="accuracy of the selected design", title_justify="left")
    for name in columns:
        table.add_column(name, justify="right")
    table.add_column("samples", justify="right")
    notes = []
    for _, row in frame.iterrows():
        cells = [_score(row.get(name)) for name in columns]
        name, note, samples = label(str(row["network"])), row.get("note"), row.get("samples")
        if isinstance(note, str) and note:
            notes.append(f"{name}: {note}")
        table.add_row(name, *cells, f"{samples:.0f}" if pd.notna(samples) else "")
    if notes:
        table.caption, table.caption_justify = "\n".join(notes), "left"
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
    table = Table(
        "criterion",
        title=f"Against the exact answer; the front: {closeness}",
        title_justify="left",
    )
    for name in ("exact optimum", "selected", "regret (%)", "best evaluated", "regret (%)"):
        table.add_column(name, justify="right")
    percent = 100 * regret[["regret_selected", "regret_best_evaluated"]].to_numpy()
    scored = regret[["optimum", "selected", "best_evaluated"]].to_numpy()
    for name, (optimum, selected, best), (off, off_best) in zip(
        regret["criterion"], scored, percent, strict=True
    ):
        shown = f"{selected:.4g}", f"{off:.3g}", f"{best:.4g}", f"{off_best:.3g}"
        unit = NAMED[name].unit if name in NAMED else ""
        table.add_row(label(name) + (f" ({unit})" if unit else ""), f"{optimum:.4g}", *shown)
    return table


def seeds_table(
    frame: pd.DataFrame, *, study: str, name: str, criterion: Criterion, shown: Sequence[str]
) -> Table:
    """The designs of several seeds, and how far each is from the best of them.

    Args:
        frame: one row per seed: design, quantities of the chip and `score_` of each criterion.
        study: its name, for the title.
        name, criterion: of the score by which the designs were selected.
        shown: columns of the frame to show.
    """
    logs = f"{LOG10}{name}"
    name = logs if f"score_{logs}" in frame else name
    scores = frame[f"score_{name}"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):  # the best may score 0
        over = (
            10.0 ** (scores - scores.min()) - 1.0
            if name == logs
            else criterion.regret(scores, scores.min())
        )
    title = (
        f"{study}: by {label(name)} over {len(frame)} seeds: best {scores.min():.4g}, "
        f"median {np.median(scores):.4g}, worst {scores.max():.4g}"
    )
    table = Table(title=title, title_justify="left")
    if criterion.is_regret:
        (reference,) = frame["regret_reference"].unique()
        table.caption = f"Regrets of all seeds are against the {reference} of each network."
        table.caption_justify = "left"
    names = [n for n in map(str, frame) if n in shown]
    for name in [*names, "score", "over the best (%)"]:
        table.add_column(label(name), justify="right")
    rows = frame[names].itertuples(index=False)
    for row, score, excess in zip(rows, scores, over, strict=True):
        values = (v if isinstance(v, str) else f"{v:.6g}" for v in row)
        shown_excess = f"+{100 * excess:.2f}" if np.isfinite(excess) else ""
        table.add_row(*values, f"{score:.4g}", shown_excess)
    return table


def _numbers(values: Iterable[float]) -> list[str]:
    return [f"{v:.4g}" for v in values]
