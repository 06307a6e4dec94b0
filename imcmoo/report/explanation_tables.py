"""Explanation of a design for the terminal: tables in mJ, µs and mm² that fit its width."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Literal

import numpy as np
import pandas as pd
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from imcmoo.answers.explanation import OPERANDS, Explanation
from imcmoo.display.columns import (
    ACCURACY_TITLES,
    COLUMN_TITLES,
    ON_CHIP,
    ON_DIGITAL,
    cell,
    headed,
    power_text,
    quantity,
)
from imcmoo.display.labels import criterion_unit, label
from imcmoo.display.limits import (
    ends_text,
    generic_note,
    limit_name,
    limited_network,
    said_once,
    used,
    violation,
    violations,
)
from imcmoo.display.rich_tables import add_numbers, open_table
from imcmoo.display.units import SMALLEST_SHOWN, percent, plain
from imcmoo.model.metrics import DRAM_DETAILS
from imcmoo.networks.work_shares import UNITS
from imcmoo.problem.criteria import SCENARIO_CRITERIA
from imcmoo.report.scenario_table import ROOMY, scenario_table

HIDDEN = ("edap_J_s_mm2", "network_load", "network_power", "longest_layer", *DRAM_DETAILS)
"""Columns that are shown otherwise, or not."""

LESS_NEEDED = (
    "interval_s",
    "streamed",
    "W_per_mm2",
    "snr_adc_dB",
    "snr_dev_dB",
    "snr_dB",
    "snr_source",
)
"""Columns omitted on narrow terminals."""

MAX_COMPONENTS = 8


def explained(explanation: Explanation, *, width: int, layers: int) -> Iterator[RenderableType]:
    """All tables and texts, in order, for a width in columns and `layers` layers per network."""
    yield _heading(explanation)
    yield _networks(explanation, width)
    if "accuracy_lost_in" in explanation.tables["networks"]:
        yield _accuracy(explanation.tables["networks"])
    if (table := _work_shares(explanation.tables["networks"])) is not None:
        yield table
    tables = explanation.tables
    if "scenario" in tables:
        yield scenario_table(tables["scenario"], width)
    if parts := power_text(tables.get("power")):
        yield Text(f"Average power: {parts}.")
    if len(tables["areas"]):
        yield _components(explanation, width)
    if len(tables["layers"]):
        yield _layers(tables["layers"], tables["networks"].set_index("network"), layers)
    if len(tables["limits"]):
        yield limit_table(tables["limits"], explanation.generic_operands)
    if len(tables["neighbours"]):
        yield neighbour_table(explanation, width)
        yield Text(verdict(explanation))
    if ends := ends_text(explanation.tables.get("ends")):
        yield Text(f"Ends of lists: {ends}.")


def _heading(explanation: Explanation) -> Text:
    first, *others = explanation.names
    text = Text(first, style="bold")
    if others:
        text.append(f" (also {', '.join(others)})", style="not bold")
    values = (f"{name} {plain(value)}" for name, value in explanation.design.items())
    text.append(f"\n{', '.join(values)}\n", style="not bold")
    chip = [quantity(name, value) for name, value in explanation.chip.items()]
    score = explanation.score
    if np.isfinite(score) and explanation.criterion not in SCENARIO_CRITERIA:
        against = f" against {explanation.against}" if explanation.against else ""
        unit = criterion_unit(explanation.criterion)
        chip.append(f"{label(explanation.criterion)}{against} {score:.4g} {unit}".rstrip())
    chip.append("feasible" if explanation.feasible else "NOT FEASIBLE")
    return text.append("; ".join(chip), style="not bold")


def _networks(explanation: Explanation, width: int) -> Table:
    """One row per network; violated limits instead of figures."""
    networks, limits = explanation.tables["networks"], explanation.tables["limits"]
    elsewhere = (OPERANDS, *ACCURACY_TITLES, *ON_CHIP, *ON_DIGITAL)
    hidden = (*HIDDEN, *elsewhere, *(() if width >= ROOMY else LESS_NEEDED))
    columns = [str(c) for c in networks.columns[2:] if c not in hidden]
    # Quantities of the model first, then known names.
    figures = [
        *(c for c in columns if c not in COLUMN_TITLES),
        *(c for c in COLUMN_TITLES if c in columns),
    ]
    table = open_table(title="Networks, one inference each", networks=networks["network"])
    for name in figures:
        heading = _heading_of(name, networks).replace("{}", explanation.reference or "best")
        heading = heading.replace(" ", "\n")
        side: Literal["left", "right"] = "left" if name in ("bound_by", "snr_source") else "right"
        # Headings may wrap, figures must not.
        table.add_column(heading, justify=side, no_wrap=True)
    for _, row in networks.iterrows():
        table.add_row(label(row["network"]), *(cell(name, row[name]) for name in figures))
    not_run = networks.loc[~networks["runs"].astype(bool), "network"]
    reasons = (violations(limits[limits["network"] == n]) for n in not_run)
    lines = (f"{label(n)} does not run: {why}" for n, why in zip(not_run, reasons, strict=True))
    bound = map(_dram_note, (row for _, row in networks.iterrows()))
    notes = filter(None, [*lines, *bound, generic_note(explanation.generic_operands)])
    table.caption = "\n".join(notes) or None
    return table


def _dram_note(network: pd.Series[Any]) -> str:
    """DRAM traffic of a network with a cache whose bottleneck is DRAM; empty for others."""
    if network.get("bound_by") != "dram" or not network.get(DRAM_DETAILS[-1], 0) > 0:
        return ""
    weights, cache, floor = (network[name] for name in DRAM_DETAILS)
    unit = "a step" if network.get("time_per_token_s", 0) > 0 else "an inference"
    moved = f"{weights:.1f} MB of weights, {cache:.1f} MB of cache {unit}"
    name = label(network["network"])
    return f"{name} is bound by DRAM: {moved}; at least {1e3 * floor:.4g} ms"


def _heading_of(column: str, networks: pd.DataFrame) -> str:
    """Heading of a column of figures, adapted to the physical model."""
    if column == "utilization" and "streamed" in networks:
        return "macros in use (%)"
    if column == "power_W" and "energy_over_latency_W" in networks:
        return "power on chip (W)"
    return headed(column)


def _accuracy(networks: pd.DataFrame) -> Table:
    """Predicted accuracy drop, also with other circuits, and its causes."""
    predicted = networks[networks["accuracy_drop"].notna()]
    table = open_table(title="Predicted drop of accuracy", networks=predicted["network"])
    *drops, worst = [name for name in ACCURACY_TITLES if name in networks]
    add_numbers(table, *(ACCURACY_TITLES[name] for name in drops))
    table.add_column(ACCURACY_TITLES[worst])
    for _, row in predicted.iterrows():
        # A rounding error of equal scores is no drop.
        cells = (f"{row[name] + 0.0:.3f}".replace("-0.000", "0.000") for name in drops)
        table.add_row(label(row["network"]), *cells, row[worst])
    return table


def _work_shares(networks: pd.DataFrame) -> Table | None:
    """Table of the units of weights and products; None if all are on arrays, or unknown."""
    if not {*ON_CHIP, *ON_DIGITAL} <= {*networks.columns}:
        return None
    on_chip, digital = (networks[list(names)].to_numpy(float) for names in (ON_CHIP, ON_DIGITAL))
    if (on_chip - digital).min() >= 1:
        return None
    title = "Where weights and multiply-accumulates run, % of each"
    table = open_table(title=title, networks=networks["network"])
    parts = (on_chip - digital, digital, 1 - on_chip)
    columns = {
        f"{what}, {unit}": part[:, at]
        for unit, part in zip(UNITS, parts, strict=True)
        for at, what in enumerate(("weights", "products"))
    }
    streams = (networks.get("streamed", pd.Series("", networks.index)) == "yes").to_numpy()
    if streams.any():
        held = columns.pop(f"weights, {UNITS[0]}")
        split = {"resident on arrays": ~streams, "streamed to arrays": streams}
        columns = {f"weights, {where}": held * of for where, of in split.items()} | columns
    add_numbers(table, *columns)
    for name, *row in zip(networks["network"], *columns.values(), strict=True):
        table.add_row(label(name), *(percent(abs(part)) for part in row))
    return table


def _components(explanation: Explanation, width: int) -> Table:
    """Area and share of energy by component; by network on wide terminals."""
    areas = explanation.tables["areas"].set_index("component")["area_mm2"]
    energy = explanation.tables["components"]
    shares = energy.assign(
        share=energy["energy_J"] / energy.groupby("network")["energy_J"].transform("sum")
    ).pivot(index="component", columns="network", values="share")
    shares = shares[list(dict.fromkeys(energy["network"]))].reindex(areas.index)
    if 30 + 15 * len(shares.columns) > width:
        shares = pd.DataFrame({"networks' mean": shares.mean(axis=1)})
    table = open_table("component", title="Where area and energy go")
    add_numbers(table, "area (mm²)", "area (%)", *(f"{label(str(n))} energy (%)" for n in shares))
    weight = areas / areas.sum() + shares.mean(axis=1).fillna(0)
    order = weight.sort_values(ascending=False, kind="stable").index
    for name in order[:MAX_COMPONENTS]:
        cells = (percent(v) for v in shares.loc[name])
        table.add_row(label(name), f"{areas[name]:.4g}", percent(areas[name] / areas.sum()), *cells)
    if len(order) > MAX_COMPONENTS:
        others = order[MAX_COMPONENTS:]
        cells = (percent(v) for v in shares.loc[others].sum())
        area = areas[others].sum()
        table.add_row(f"{len(others)} others", f"{area:.4g}", percent(area / areas.sum()), *cells)
    return table


def _layers(layers: pd.DataFrame, networks: pd.DataFrame, most: int) -> Table:
    """Layers of each network with most energy; shares only of figures that add up."""
    table = open_table(title="Layers that take most energy", networks=layers["network"])
    table.add_column("layer", overflow="fold")
    columns = [name for name in ("energy_J", "latency_s") if name in layers]
    for name in columns:
        add_numbers(table, headed(name), "%")
    beside = [name for name in ("utilization", "bound_by") if name in layers]
    add_numbers(table, *(_heading_of(n, networks) for n in beside), texts=[headed("bound_by")])
    table.add_column("mostly")
    for network, rows in layers.groupby("network", sort=False):
        largest = rows.sort_values("energy_J", ascending=False, kind="stable").iloc[:most]
        wholes = {name: rows[name].sum() for name in columns}
        for name in columns:
            if name in networks and not np.isclose(wholes[name], networks[name][network]):
                wholes[name] = np.nan
        for at, (_, row) in enumerate(largest.iterrows()):
            figures = [
                text for n in columns for text in (cell(n, row[n]), percent(row[n] / wholes[n]))
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


def limit_table(limits: pd.DataFrame, generic: Collection[str] = ()) -> Table:
    """Table of the limits that are evaluated; networks whose SNR is `generic` are marked."""
    limits = limits[limits["excess"].notna()]
    table = open_table("limit", "network", title="Limits: what is active, and what is near")
    add_numbers(table, "used", "neighbours that violate it")
    table.add_column("violation")
    nearness = limits["used"].fillna(-1.0) + 1e6 * limits["excess"] + limits["stops"] * 1e-6
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
            limited_network(str(row["limit"]), row["network"], generic) or "chip",
            used(str(row["limit"]), row["used"], row["excess"]),
            str(stops) if stops else "",
            over,
            style="bold" if broken or stops else "",
        )
    return table


def neighbour_table(explanation: Explanation, width: int) -> Table:
    """Table of neighbours, the best first: score, and networks that gain or lose."""
    tables = explanation.tables
    neighbours, names = tables["neighbours"], list(tables["networks"]["network"])
    by_network = 68 + 9 * len(names) <= width
    figures = _figures(explanation)
    by = f": what networks gain (+) and pay (−), % of {explanation.judged_by}"
    table = open_table(title="One step away" + (by if explanation.judged_by else ""))
    table.add_column("step", no_wrap=not by_network)
    add_numbers(table, *figures, *(label(name) for name in names if by_network))
    table.add_column("why infeasible" if by_network else "gains and pays most, or why infeasible")
    room = width - 24 - max(len(_step(row)) for _, row in neighbours.iterrows())
    gains = tables["changes"].pivot(index="step", columns="network", values="gain")
    # Feasible ones first, by score.
    ordered = neighbours.assign(infeasible=~neighbours["feasible"].astype(bool))
    for _, row in ordered.sort_values(["infeasible", "score"], kind="stable").iterrows():
        row_gains = gains.loc[row["step"], names]
        rows = tables["lacking"][tables["lacking"]["step"] == row["step"]]
        lacking = _lacked(rows, explanation.generic_operands)
        note = (
            lacking
            if by_network
            else "\n".join(filter(None, (_extremes(row_gains, room), lacking)))
        )
        better = row["feasible"] and row["score"] < explanation.score
        table.add_row(
            _step(row),
            *(column[int(row["step"])] for column in figures.values()),
            *(_signed(gain) for gain in row_gains if by_network),
            note,
            style="bold" if better else "",
        )
    return table


def _figures(explanation: Explanation) -> dict[str, list[str]]:
    """Score and change of area of each neighbour, by heading."""
    neighbours = explanation.tables["neighbours"]
    figures = {}
    if neighbours["score"].notna().any():
        figures["score"] = ["—" if pd.isna(v) else f"{v:.4g}" for v in neighbours["score"]]
    if "area_mm2" in neighbours:
        area_mm2 = explanation.chip["area_mm2"]
        figures["area"] = [_signed(area / area_mm2 - 1) for area in neighbours["area_mm2"]]
    return figures


def verdict(explanation: Explanation) -> str:
    """State in one sentence if the design is the best of its neighbourhood."""
    neighbours = explanation.tables["neighbours"]
    feasible = neighbours[neighbours["feasible"].astype(bool)]
    if not len(feasible):
        return f"All {len(neighbours)} neighbours are infeasible."
    infeasible = f"{len(neighbours) - len(feasible)} of {len(neighbours)} neighbours are infeasible"
    if np.isnan(explanation.score) or feasible["score"].isna().all():
        return f"{infeasible}; there is no score by {label(explanation.criterion)} to compare."
    better = int((feasible["score"] < explanation.score).sum())
    equal = int((feasible["score"] == explanation.score).sum())
    few = {0: "no feasible one is better", 1: "1 is better"}
    judgement = few.get(better, f"{better} are better")
    ties = f", {equal} as good" if equal else ""
    return f"By {label(explanation.criterion)} {judgement}{ties}; {infeasible}."


def _step(row: pd.Series[float]) -> str:
    beside = f", {row['beside']}" if row["beside"] else ""
    return f"{row['parameter']} {plain(row['before'])} → {plain(row['after'])}{beside}"


def _signed(share: float) -> str:
    return "—" if np.isnan(share) else f"{100 * share:+.1f}".replace("-", "−")


def _extremes(gains: pd.Series[float], room: int) -> str:
    """Networks that gain and lose most, if any, in `room` columns."""
    if gains.isna().all():
        return ""
    if len(gains) > 1 and np.ptp(gains) < SMALLEST_SHOWN and abs(gains.iloc[0]) > SMALLEST_SHOWN:
        return f"all {_signed(gains.mean())}"
    ends = {str(gains.idxmax()): gains.max(), str(gains.idxmin()): gains.min()}
    texts = [f"{label(n)} {_signed(g)}" for n, g in ends.items() if abs(g) > SMALLEST_SHOWN]
    line = ", ".join(texts) or "no change"
    return line if len(line) <= room else ",\n".join(texts)


def _lacked(lacking: pd.DataFrame, generic: Collection[str]) -> str:
    """Largest missing resource, and its network."""
    if not len(lacking):
        return ""
    lacking = said_once(lacking)
    worst = lacking.loc[lacking["excess"].groupby(lacking["limit"], sort=False).idxmax()]
    return ", ".join(
        violation(str(r["limit"]), r["missing"], r["excess"])
        + (f" ({limited_network(r['limit'], r['network'], generic)})" if r["network"] else "")
        for _, r in worst.iterrows()
    )
