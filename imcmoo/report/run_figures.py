"""The figures of a run, from the tables in its folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from imcmoo.problem.scores import edap
from imcmoo.report import figures, front_figures, scenario_figures, style
from imcmoo.report.front_figures import Points
from imcmoo.report.results import Results

M2_PER_MM2 = 1e-6

MOST_NETWORKS = 40
"""Networks up to which figures with a panel, an axis or a row for each are drawn; with more they
could not be read, and drawing hundreds takes gigabytes."""


def draw_figures(results: Results, folder: Path) -> None:
    """Draw every figure of a run into a folder, as PNG and PDF.

    Args:
        results: of the run; figures of tables it does not have are left out, and above
            `MOST_NETWORKS` networks figures of each network.
        folder: exists.
    """
    with style.paper_style():
        for name, figure in _drawn(results).items():
            style.save(figure, folder, name)


def _drawn(results: Results) -> dict[str, Figure]:
    drawn = {"convergence": _convergence(results)}
    if len(results.workloads) > MOST_NETWORKS:
        return drawn
    feasible = results.evaluations[results.evaluations["feasible"]]
    if results.has_edap_columns:
        drawn |= _fronts(results, feasible)
    if results.timeline is not None:
        drawn["timeline"] = scenario_figures.timeline(results.workloads, results.timeline)
        drawn["power_area"] = scenario_figures.power_against_area(
            feasible["average_power_W"].to_numpy(),
            feasible["area_mm2"].to_numpy() * M2_PER_MM2,
            feasible["load"].to_numpy(),
            selected=_selected(results, feasible),
        )
    if results.breakdown is not None:
        drawn["breakdown"] = figures.breakdown(results.breakdown)
    if results.baselines is not None:
        drawn["baselines"] = figures.baseline_matrix(
            results.of_workloads(results.baselines, "relative_edap_{}"),
            np.isfinite(results.of_workloads(results.baselines, "energy_{}_J")),
            rows=results.baselines["optimised_for"].tolist(),
            columns=results.workloads,
        )
    return drawn


def _fronts(results: Results, feasible: pd.DataFrame) -> dict[str, Figure]:
    points = _points(results, feasible)
    none = results.front.iloc[:0]
    baselines = none if results.baselines is None else results.baselines.iloc[1:]
    drawn = {
        "trade_off": front_figures.trade_off(
            results.workloads,
            evaluated=points,
            front=_points(results, results.front),
            selected=_points(results, results.selected),
            baselines=_points(results, baselines),
        )
    }
    if "cost" in feasible:
        drawn["cost"] = front_figures.cost_front(
            feasible["cost"].to_numpy(),
            edap(points.energy_J, points.latency_s, points.area_m2).max(axis=1),
            feasible["technology_nm"].to_numpy(),
            selected=_selected(results, feasible),
        )
    return drawn


def _points(results: Results, frame: pd.DataFrame) -> Points:
    return Points(
        results.of_workloads(frame, "energy_{}_J"),
        results.of_workloads(frame, "latency_{}_s"),
        frame["area_mm2"].to_numpy() * M2_PER_MM2,
    )


def _convergence(results: Results) -> Figure:
    table = results.convergence
    first = str(table["search"].iloc[0]) if len(table) else ""
    joint = table[table["search"] == first]
    baselines = table[table["search"] != first]
    return figures.convergence(
        {str(name): rows for name, rows in joint.groupby("criterion", sort=False)},
        {str(name): rows for name, rows in baselines.groupby("search", sort=False)},
    )


def _selected(results: Results, designs: pd.DataFrame) -> int:
    """Row of the joint design."""
    design = results.selected[results.parameters].iloc[0]
    (selected,) = np.flatnonzero((designs[results.parameters] == design).all(axis=1))
    return int(selected)
