"""The paper's questions on `docs/physical.md`: each a function from tables to Markdown."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from experiments.paper.markdown import area, percent, table, times
from experiments.physics.baselines import FROM_LARGEST, FROM_MIDDLE, LARGEST
from imcmoo.report.labels import label

Frames = Mapping[str, pd.DataFrame]
GEOMEAN = "edap_geomean"
MOST = 4
"""Parameters and assumptions that are shown of each study."""


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
            + [_extreme(alone["reduction"].min()), _extreme(alone["reduction"].max())]
        )
    head = ["study", "by", LARGEST, FROM_LARGEST, FROM_MIDDLE, "chips for one that run all"]
    return (
        "## The joint design against baselines\n\nBy how much the exact joint design lowers the "
        "score. Chips for one network are the best for it alone; the least and the most of those "
        "that are feasible for all networks. *misses*: for some network the chip lacks cells or "
        "buffer (it does not run), or misses a limit. *worse*: the joint design's score over the "
        "baseline's. †: larger than the limit (`baselines.csv`).\n\n"
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
            cells = _left_out(r), times(r["known_over_own_best"])
            lines.append([study_label(study), label(r["left_out"]), *cells])
    head = ["study", "left out", "over its own best, chip for the others", "chip for all"]
    return (
        "## A network the chip was not made for\n\nBy geometric mean (`leave_one_out.csv`, which "
        "has other criteria).\n\n" + table(head, lines)
    )


def contrasts(frames: Frames) -> str:
    """Devices, numbers of networks, deployment, schedule."""
    lines = []
    for r in frames["contrasts"].to_dict("records"):
        searched = r["contrast"] == "together"
        ratio = _ratio(r["ratio"]) if searched else times(r["ratio"])
        size = "—" if pd.isna(r["area_mm2"]) else area(r["area_mm2"])
        lines.append([study_label(r["study"]), r["contrast"], ratio, size])
    schedules = frames["sensitivity"].query("parameter == 'schedule'")
    lines += [
        [study_label(study), f"{value}, EDAP (max)", times(over), "—"]
        for study, value, over in schedules[["study", "value", "edap_max_over_best"]].itertuples(
            index=False
        )
    ]
    return (
        "## More networks, all at once, layer by layer\n\n*together*: the best chip found that "
        "holds all networks at once over the best that holds each; one search of 3,300 designs, "
        "begun at the optima, so there may be better ones. *four networks of nine*: on the four, "
        "the chip best for nine over the chip best for the four, in the same space. Schedules: the "
        "best with each over the best (`contrasts.csv`, `sensitivity.csv`).\n\n"
        + table(["study", "what", "over the best", "area of that chip"], lines)
    )


def study_label(study: object) -> str:
    """A study for people; that it is on the physical model goes without saying here."""
    return label(str(study)).removesuffix(", physical")


def device_of(study: object) -> str:
    """The device of a study."""
    return "RRAM" if "rram" in str(study) else "SRAM"


def plain(value: object) -> str:
    """A value of a parameter."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def records(frame: pd.DataFrame) -> Iterator[Any]:
    """Rows whose columns are attributes."""
    yield from frame.itertuples()


def _extreme(value: float) -> str:
    return "—" if pd.isna(value) else percent(value)


def _left_out(row: Mapping[Hashable, Any]) -> str:
    value = row["unknown_over_own_best"]
    return times(value) if pd.notna(value) else f"misses {row['missed']}"


def _ratio(value: float) -> str:
    return "no such chip found" if pd.isna(value) else f"at most {times(value)}"


def _reduction(row: Mapping[Hashable, Any]) -> str:
    if not row["runs_all"]:
        return f"misses {row['missed']}"
    value = row["reduction"]
    told = percent(value) if value >= 0 else f"{1 - value:.2f} × worse"
    return told + (" †" if row["too_large"] else "")
