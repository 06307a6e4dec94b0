"""An explanation for the terminal: tables in mJ, µs and mm², made for the width there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pandas as pd
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from imcmoo.problem.criteria import OF_SCENARIOS
from imcmoo.report.explanation_words import (
    ACCURACY_TITLES,
    COLUMN_TITLES,
    PERCENT,
    add_names,
    cell,
    headed,
    new_table,
    percent,
    plain,
    quantity,
    used,
)
from imcmoo.report.labels import label
from imcmoo.report.neighbour_table import neighbour_table, verdict
from imcmoo.report.scenario_tables import ROOMY, scenario_table
from imcmoo.report.violations import limit_name, violation, violations
from imcmoo.study.explanation import Explanation

HIDDEN = ("edap_J_s_mm2", "network_load", "longest_layer")
"""Said otherwise: as what a neighbour changes, and as an excess over the best."""

LESS_NEEDED = (
    *("interval_s", "streamed", "W_per_mm2"),
    *("snr_adc_dB", "snr_dev_dB", "snr_dB"),
)
"""Left out where there is little room."""

MOST_COMPONENTS = 8


def explained(explanation: Explanation, *, width: int, layers: int) -> Iterator[RenderableType]:
    """Everything there is to show, in order.

    Args:
        explanation: as shown.
        width: columns of the terminal.
        layers: of each network, those that take most energy.
    """
    yield _heading(explanation)
    yield _networks(explanation, width)
    if "accuracy_lost_in" in explanation.tables["networks"]:
        yield _accuracy(explanation.tables["networks"])
    tables = explanation.tables
    if "scenario" in tables:
        yield scenario_table(tables["scenario"], width)
    if len(tables["areas"]):
        yield _components(explanation, width)
    if len(tables["layers"]):
        yield _layers(tables["layers"], layers)
    if len(tables["limits"]):
        yield limit_table(tables["limits"])
    if len(tables["neighbours"]):
        yield neighbour_table(explanation, width)
        yield Text(verdict(explanation))


def _heading(explanation: Explanation) -> Text:
    first, *others = explanation.names
    text = Text(first, style="bold")
    if others:
        text.append(f" (also {', '.join(others)})", style="not bold")
    values = (f"{name} {plain(value)}" for name, value in explanation.design.items())
    text.append(f"\n{', '.join(values)}\n", style="not bold")
    chip = [quantity(name, value) for name, value in explanation.chip.items()]
    score = explanation.score
    if np.isfinite(score) and explanation.criterion not in OF_SCENARIOS:
        against = f" against {explanation.against}" if explanation.against else ""
        chip.append(f"{label(explanation.criterion)}{against} {score:.4g}")
    chip.append("feasible" if explanation.feasible else "NOT FEASIBLE")
    return text.append("; ".join(chip), style="not bold")


def _networks(explanation: Explanation, width: int) -> Table:
    """One row per network; limits that one violates instead of its figures."""
    networks, limits = explanation.tables["networks"], explanation.tables["limits"]
    columns = [str(c) for c in networks.columns[2:] if _is_shown(str(c), width)]
    # Quantities of the model first, then what is known by name.
    figures = [
        *(c for c in columns if c not in COLUMN_TITLES),
        *(c for c in COLUMN_TITLES if c in columns),
    ]
    table = new_table(title="Networks, one inference each")
    add_names(table, networks["network"])
    for name in figures:
        heading = headed(name).replace(" ", "\n")
        side: Literal["left", "right"] = "left" if name == "bound_by" else "right"
        # Headings may take lines, figures not.
        table.add_column(heading, justify=side, no_wrap=True)
    for _, row in networks.iterrows():
        table.add_row(label(row["network"]), *(cell(name, row[name]) for name in figures))
    not_run = networks.loc[~networks["runs"].astype(bool), "network"]
    if len(not_run):
        caption = (
            f"{label(n)} does not run: {violations(limits[limits['network'] == n])}"
            for n in not_run
        )
        table.caption = "\n".join(caption)
        table.caption_justify = "left"
    return table


def _accuracy(networks: pd.DataFrame) -> Table:
    """Predicted drop of accuracy, in other circuits as well, and where it is lost."""
    table = new_table(title="Predicted drop of accuracy")
    known = networks[networks["accuracy_drop"].notna()]
    add_names(table, known["network"])
    *drops, worst = ACCURACY_TITLES
    for name in (*drops, worst):
        table.add_column(ACCURACY_TITLES[name], justify="left" if name == worst else "right")
    for _, row in known.iterrows():
        # Rounding of a difference of equal scores is no drop.
        cells = (f"{row[name] + 0.0:.3f}".replace("-0.000", "0.000") for name in drops)
        table.add_row(label(row["network"]), *cells, row[worst])
    return table


def _is_shown(column: str, width: int) -> bool:
    return column not in (*HIDDEN, *ACCURACY_TITLES) and (
        width >= ROOMY or column not in LESS_NEEDED
    )


def _components(explanation: Explanation, width: int) -> Table:
    """Area and share of energy by component; by network where there is room."""
    areas = explanation.tables["areas"].set_index("component")["area_mm2"]
    energy = explanation.tables["components"]
    shares = energy.assign(
        share=energy["energy_J"] / energy.groupby("network")["energy_J"].transform("sum")
    ).pivot(index="component", columns="network", values="share")
    shares = shares[list(dict.fromkeys(energy["network"]))].reindex(areas.index)
    if 30 + 15 * len(shares.columns) > width:
        shares = pd.DataFrame({"networks' mean": shares.mean(axis=1)})
    table = new_table("component", title="Where area and energy go")
    for name in ("area (mm²)", "area (%)", *(f"{label(str(n))} energy (%)" for n in shares)):
        table.add_column(name, justify="right")
    weight = areas / areas.sum() + shares.mean(axis=1).fillna(0)
    order = weight.sort_values(ascending=False, kind="stable").index
    for name in order[:MOST_COMPONENTS]:
        cells = (percent(v) for v in shares.loc[name])
        table.add_row(label(name), f"{areas[name]:.4g}", percent(areas[name] / areas.sum()), *cells)
    if len(order) > MOST_COMPONENTS:
        others = order[MOST_COMPONENTS:]
        cells = (percent(v) for v in shares.loc[others].sum())
        area = areas[others].sum()
        table.add_row(f"{len(others)} others", f"{area:.4g}", percent(area / areas.sum()), *cells)
    return table


def _layers(layers: pd.DataFrame, most: int) -> Table:
    """The layers of each network that take most energy."""
    table = new_table(title="Layers that take most energy")
    add_names(table, layers["network"])
    table.add_column("layer", overflow="fold")
    columns = [name for name in ("energy_J", "latency_s") if name in layers]
    for name in columns:
        table.add_column(headed(name), justify="right")
        table.add_column("%", justify="right")
    beside = [name for name in ("utilization", "bound_by") if name in layers]
    for name in beside:
        table.add_column(COLUMN_TITLES[name], justify="right" if name in PERCENT else "left")
    table.add_column("mostly")
    for network, rows in layers.groupby("network", sort=False):
        largest = rows.sort_values("energy_J", ascending=False, kind="stable").iloc[:most]
        for at, (_, row) in enumerate(largest.iterrows()):
            figures = [
                text for n in columns for text in (cell(n, row[n]), percent(row[n] / rows[n].sum()))
            ]
            table.add_row(
                label(str(network)) if at == 0 else "",
                row["layer"],
                *figures,
                *(cell(name, row[name]) for name in beside),
                label(row["component"]) if row["component"] else "",
                end_section=at == len(largest) - 1,
            )
    return table


def limit_table(limits: pd.DataFrame) -> Table:
    """Each limit, of a resource for the network that is nearest its end."""
    table = new_table("limit", "network", title="Limits: what is active, and what is near")
    table.add_column("used", justify="right")
    table.add_column("neighbours it rules out", justify="right")
    table.add_column("violation")
    nearness = (
        limits["used"].fillna(-1.0) + 1e6 * limits["excess"].fillna(0) + limits["stops"] * 1e-6
    )
    nearest = limits.loc[nearness.groupby(limits["limit"], sort=False).idxmax()]
    nearest = nearest.assign(near=nearness[nearest.index]).sort_values(
        "near", ascending=False, kind="stable"
    )
    for _, row in nearest.iterrows():
        broken = row["excess"] > 0
        over = violation(str(row["limit"]), row["missing"], row["excess"]) if broken else ""
        stops = limits.loc[limits["limit"] == row["limit"], "stops"].max()
        table.add_row(
            limit_name(str(row["limit"])),
            label(row["network"]) if row["network"] else "chip",
            used(str(row["limit"]), row["used"], row["excess"]),
            str(stops) if stops else "",
            over,
            style="bold" if broken or stops else "",
        )
    return table
