"""What a run says to the person who started it: tables in mJ, µs and mm²."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rich.table import Table

import problems
from imcmoo.exact.enumeration import Exact
from imcmoo.problem.scores import MM2_PER_M2, regret
from imcmoo.problem.selection import CRITERIA
from imcmoo.report.labels import label
from imcmoo.study import exact_comparison as truth
from imcmoo.study.pipeline import Outcome
from imcmoo.study.result_tables import relative_edap


def selection_table(outcome: Outcome) -> Table:
    """The designs the criteria select, side by side; the study's own in bold."""
    c, s = outcome.candidates, outcome.selection
    table = Table(
        title=f"{outcome.study.problem}, seed {outcome.study.seed}: one design for all workloads",
        title_justify="left",
    )
    table.add_column("selected by")
    # Criteria that agree share a column, so that the table stays narrow.
    rows = np.array(list(dict.fromkeys(s.chosen[name] for name in CRITERIA)))
    for row in rows:
        criteria = [label(name) for name in CRITERIA if s.chosen[name] == row]
        used = row == outcome.chosen
        table.add_column("\n".join(criteria), justify="right", style="bold" if used else "")
    for name, values in c.space.decode(c.levels[rows]).items():
        if name not in c.space.fixed:
            table.add_row(name, *(v if isinstance(v, str) else f"{v:g}" for v in values))
    table.add_section()
    table.add_row("area (mm²)", *_numbers(c.area_m2[rows] * MM2_PER_M2))
    excess = 100 * regret(c.edap[rows], c.best_edap)
    for w, name in enumerate(outcome.workloads):
        table.add_section()
        table.add_row(f"{label(name)} energy (mJ)", *_numbers(c.energy_J[rows, w] * 1e3))
        table.add_row("  latency (µs)", *_numbers(c.latency_s[rows, w] * 1e6))
        table.add_row("  EDAP over its best (%)", *(f"+{v:.1f}" for v in excess[:, w]))
    table.add_section()
    units = dict.fromkeys(
        ("edap_max", "edap_mean", "edap_geomean", "ela_max", "ela_mean"), " (J·s·mm²)"
    )
    for name in CRITERIA:
        marked = " ◀" if name == outcome.study.criterion else ""
        table.add_row(label(name) + units.get(name, "") + marked, *_numbers(s.scores[name][rows]))
    return table


def baseline_table(outcome: Outcome) -> Table:
    """EDAP of the designs for all and for one workload, relative to each workload's best."""
    table = Table(
        "optimised for",
        title="EDAP relative to the best known of each workload",
        title_justify="left",
    )
    for name in outcome.workloads:
        table.add_column(f"on {label(name)}", justify="right")
    rows = [f"all ({label(outcome.study.criterion)})", *map(label, outcome.alone)]
    for name, values in zip(rows, relative_edap(outcome), strict=True):
        table.add_row(name, *("does not map" if np.isnan(v) else f"{v:.3f} ×" for v in values))
    return table


def regret_table(outcome: Outcome, answer: Exact) -> Table:
    """How far the run is from the exact answer."""
    found = truth.indicator_table(outcome, answer).set_index("indicator")["value"]
    near = ", ".join(f"{label(str(name))} {value:.4g}" for name, value in found.items())
    table = Table(
        "criterion",
        title=f"Against the exact answer; the front: {near}",
        title_justify="left",
    )
    for name in ("exact optimum", "selected", "regret (%)", "best evaluated", "regret (%)"):
        table.add_column(name, justify="right")
    frame = truth.regret_table(outcome, answer)
    percent = 100 * frame[["regret_selected", "regret_best_evaluated"]].to_numpy()
    scored = frame[["optimum", "selected", "best_evaluated"]].to_numpy()
    for name, (optimum, own, best), (off, off_best) in zip(
        frame["criterion"], scored, percent, strict=True
    ):
        shown = f"{own:.4g}", f"{off:.3g}", f"{best:.4g}", f"{off_best:.3g}"
        table.add_row(label(name), f"{optimum:.4g}", *shown)
    return table


def seeds_table(frame: pd.DataFrame, *, problem: str, criterion: str) -> Table:
    """The designs of several seeds, and how far each is from the best of them.

    Args:
        frame: as `report.seeds` makes it.
    """
    scores = frame[f"score_{criterion}"].to_numpy()
    title = (
        f"{problem}: by {label(criterion)} over {len(frame)} seeds: best {scores.min():.4g}, "
        f"median {np.median(scores):.4g}, worst {scores.max():.4g}"
    )
    table = Table(title=title, title_justify="left")
    fixed = problems.get(problem).space.fixed
    names = [n for n in map(str, frame) if not n.startswith("score_") and n not in fixed]
    for name in [*names, "score", "over the best (%)"]:
        table.add_column(label(name), justify="right")
    for row, score in zip(frame[names].itertuples(index=False), scores, strict=True):
        values = (v if isinstance(v, str) else f"{v:.6g}" for v in row)
        table.add_row(*values, f"{score:.4g}", f"+{100 * (score / scores.min() - 1):.2f}")
    return table


def _numbers(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[str]:
    return [f"{v:.4g}" for v in values]
