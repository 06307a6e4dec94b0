"""The paper's questions on `docs/physical.md`: each a function from tables to Markdown."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import pandas as pd

from experiments.paper.markdown import area, number, percent, table, times
from experiments.physics.baselines import FROM_LARGEST, FROM_MIDDLE, LARGEST
from experiments.physics.variations import ALONE, ASSUMPTION, CONVERTER, WITHOUT
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.report.labels import label

Frames = Mapping[str, pd.DataFrame]
GEOMEAN = "edap_geomean"
MODELS = ("reference", *ADC_MODELS)
MOST = 4
"""Parameters and assumptions that are shown of each study."""


def survives(frames: Frames) -> str:
    """What becomes of conclusions."""
    lines = []
    for row in frames["survival"].to_dict("records"):
        written = percent if row["percent"] else number
        cells = [_held(row[m], row[f"{m}_holds"], written) for m in MODELS]
        band = f"{row['ends_held']} of {row['ends']}"
        between = f"{written(row['lowest'])} to {written(row['highest'])}"
        lines.append(
            [row["conclusion"], _device(row["study"]), *cells, band, between, row["verdict"]]
        )
    head = ["conclusion", "device", "paper's model", *MODELS[1:]]
    return (
        "## What survives\n\n✓ it holds, – it does not. The paper's model with the paper's "
        "networks; the physical one with the true ones, by converter model "
        "and, with that of this page, at both ends of the band of every assumption, one at a time. "
        "Each figure is of one search of 3,300 designs (`survival.csv`, `variations.csv`; every "
        "exception is there).\n\n"
        + table([*head, "ends at which it holds", "least to most", "verdict"], lines)
    )


def baselines(frames: Frames) -> str:
    """The joint design against others."""
    own = frames["baselines"]
    lines = []
    for (study, criterion), rows in own.groupby(["study", "criterion"], sort=False):
        by = {str(row["design"]): row for row in rows.to_dict("records")}
        alone = rows[rows["design"].str.startswith("alone: ")]
        lines.append(
            [study_label(study), label(str(criterion))]
            + [_reduction(by[name]) for name in (LARGEST, FROM_LARGEST, FROM_MIDDLE)]
            + [f"{int(alone['runs_all'].sum())} of {len(alone)}"]
            + [percent(alone["reduction"].min()), percent(alone["reduction"].max())]
        )
    head = ["study", "by", LARGEST, FROM_LARGEST, FROM_MIDDLE, "chips for one that run all"]
    return (
        "## The joint design against baselines\n\nBy how much the exact joint design lowers the "
        "score. Chips for one network are the best for it alone; the least and the most of those "
        "that run all networks. †: larger than the limit (`baselines.csv`).\n\n"
        + table([*head, "least", "most"], lines)
    )


def sacrifices(frames: Frames) -> str:
    """Whom each aggregation sacrifices."""
    own = frames["aggregations"]
    shown = ("edap_max", "edap_mean", GEOMEAN, "regret_minimax")
    lines = []
    for study, rows in own.groupby("study", sort=False):
        by = rows.set_index("criterion").to_dict("index")
        worst = [(by[name], by[name]["sacrificed_most"]) for name in shown]
        cells = [f"{times(row[f'over_own_best_{n}'])} {label(n)}" for row, n in worst]
        lines.append([study_label(study), *cells])
    return (
        "## Whom does each aggregation sacrifice?\n\nEDAP over its own best chip's of the network "
        "that the exact design serves worst (`aggregations.csv`).\n\n"
        + table(["study", *map(label, shown)], lines)
    )


def parameters(frames: Frames) -> str:
    """Which parameters matter."""
    lines = []
    left = frames["sensitivity"].groupby(["study", "parameter"])["edap_max_over_best"].max()
    own = frames["effects"]
    for study, rows in own[own["quantity"] == "edap_max"].groupby("study", sort=False):
        for r in rows.nlargest(MOST, "share_total").to_dict("records"):
            name = r["parameter"]
            cells = percent(r["share_alone"]), percent(r["share_total"])
            lines.append([study_label(study), f"`{name}`", *cells, times(left[study, name])])
    head = ["study", "parameter", "explains alone", "left when all others are fixed"]
    return (
        "## Which parameters matter?\n\nShares of the variance of log EDAP (max) over all feasible "
        "designs (`effects.csv`; they need not add up), and the best score with the parameter's "
        "worst value over the optimum (`sensitivity.csv`).\n\n"
        + table([*head, "with its worst value"], lines)
    )


def generality(frames: Frames) -> str:
    """Networks a design did not know."""
    own = frames["leave_one_out"]
    lines = []
    for study, rows in own[own["criterion"] == GEOMEAN].groupby("study", sort=False):
        for r in rows.to_dict("records"):
            cells = times(r["unknown_over_own_best"]), times(r["known_over_own_best"])
            lines.append([study_label(study), label(r["left_out"]), *cells])
    head = ["study", "left out", "over its own best, chip for the others", "chip for all"]
    return (
        "## A network the chip was not made for\n\nBy geometric mean (`leave_one_out.csv`, which "
        "has other criteria).\n\n" + table(head, lines)
    )


def contrasts(frames: Frames) -> str:
    """Devices, numbers of networks, deployment, schedule."""
    best = frames["optima"].query("criterion == @GEOMEAN").drop_duplicates("study")
    areas = best.set_index("study")["area_mm2"]
    lines = [
        [study_label(r["study"]), r["contrast"], _ratio(r["ratio"]), area(areas[r["study"]])]
        for r in frames["contrasts"].to_dict("records")
    ]
    schedules = frames["sensitivity"].query("parameter == 'schedule'")
    lines += [
        [study_label(study), f"{value}, EDAP (max)", times(over), area(areas[study])]
        for study, value, over in schedules[["study", "value", "edap_max_over_best"]].itertuples(
            index=False
        )
    ]
    return (
        "## More networks, all at once, layer by layer\n\n*together*: the best chip that holds all "
        "networks at once over the best that holds each. *four networks of nine*: on the four, the "
        "chip best for nine over the chip best for the four, in the same space. Schedules: the "
        "best with each over the best (`contrasts.csv`, `sensitivity.csv`).\n\n"
        + table(["study", "what", "over the best", "area of the best chip"], lines)
    )


def rules(frames: Frames) -> str:
    """The ledger's rules, converters and assumptions: how the order of designs depends on them."""
    own = frames["variations"]
    lines = []
    for what, rows in own[own["kind"].isin((WITHOUT, ALONE))].groupby("variation", sort=False):
        cells = [
            _tau(rows[(rows["kind"] == kind) & rows["study"].str.contains(f"_{device}_")])
            for device in ("rram", "sram")
            for kind in (WITHOUT, ALONE)
        ]
        regrets = rows[rows["kind"] == WITHOUT]["regret_by_default"]
        lines.append([f"`{what}`", *cells, "—" if regrets.empty else percent(regrets.max())])
    head = ["rule", "RRAM, all but this", "RRAM, this alone", "SRAM, all but this"]
    return (
        "## Which rules decide\n\nKendall's τ of the geometric mean over random feasible designs "
        "against the model as it stands, and the excess, as the model stands, of the chip that is "
        "best without the rule, the larger of both devices (`variations.csv`).\n\n"
        + table([*head, "SRAM, this alone", "cost of leaving it out"], lines)
        + "\n"
        + _assumptions(own)
    )


def _assumptions(variations: pd.DataFrame) -> str:
    """Which converters and assumptions move the order most."""
    lines = []
    for study, rows in variations.groupby("study", sort=False):
        some = rows[rows["kind"] == ASSUMPTION].nsmallest(MOST, "tau")
        for r in [*rows[rows["kind"] == CONVERTER].to_dict("records"), *some.to_dict("records")]:
            cells = f"{r['tau']:.2f}", percent(r["default_regret"])
            lines.append([_device(str(study)), f"`{r['variation']}`", *cells])
    head = ["device", "variation", "τ", "excess of our optimum on the best then"]
    return "The converter models, and the assumptions that move the order most:\n\n" + table(
        head, lines
    )


def study_label(study: object) -> str:
    """A study for people; that it is on the physical model goes without saying here."""
    return label(str(study)).removesuffix(", physical")


def _held(value: float, holds: bool, written: Callable[[float], str]) -> str:
    """A figure and whether a conclusion holds with it; nothing where no chip is feasible."""
    return "—" if pd.isna(value) else f"{written(value)} {'✓' if holds else '–'}"


def _tau(rows: pd.DataFrame) -> str:
    return "—" if rows.empty else f"{rows['tau'].iloc[0]:.2f}"


def _ratio(value: float) -> str:
    return "no such chip" if pd.isna(value) else times(value)


def _reduction(row: Mapping[Hashable, Any]) -> str:
    if not row["runs_all"]:
        return "does not run all"
    return percent(row["reduction"]) + (" †" if row["too_large"] else "")


def _device(study: str) -> str:
    return "RRAM" if "_rram_" in study else "SRAM"
