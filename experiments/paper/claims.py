"""Every number the paper claims, and what comes out here."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from experiments.labels import label, networks_in
from experiments.paper.baselines import BASELINES, EXACT, LARGEST_ONLY, SEARCHED
from experiments.paper.markdown import Row, by, percent, rows, table

A, B = "[A]", "[B]"
"""arXiv 2603.03880 and arXiv 2410.16759, as cited in the document."""

HEADLINES = {
    0.762: ("four_workload_rram", "four_workload_sram"),
    0.955: ("nine_workload_rram", "nine_workload_sram"),
}
"""Largest reduction of EDAP by the joint design over a baseline [A], and the studies of as many
networks. The paper says neither which baseline nor which device."""

FOUR_RRAM = "four_workload_rram"

OVER_LARGEST = {"vgg16": 0.36, "resnet18": 0.36, "alexnet": 0.20, "mobilenet_v3": 0.69}
"""Improvement of the joint design over that for the largest network alone [B]."""

LOSS = (0.17, 0.86)
"""Least and largest loss of the joint design against those made for one network [B]."""

OURS = "ela_max"
"""The criterion whose joint design is compared with theirs: it is their own score."""


def claims(folder: Path) -> pd.DataFrame:
    """Every number the paper claims beside ours, for the exact joint design and the one our search
    finds; shares, and the difference of the exact one from theirs."""
    frame = pd.DataFrame([*_headlines(folder), *_over_largest(folder), *_losses(folder)])
    frame["difference"] = frame["exact"] - frame["theirs"]
    return frame


def _headlines(folder: Path) -> list[Row]:
    """Per headline our closest reduction, in the score the joint design was selected by."""
    found: list[Row] = []
    for theirs, studies in HEADLINES.items():
        own = [row for study in studies for row in _reductions(folder, study)]
        closest = min(own, key=lambda row: abs(row["exact"] - theirs))
        count = "four" if studies[0].startswith("four") else "nine"
        claim = f"EDAP reduction over baselines, {count} networks: up to"
        found.append({"claim": claim, "source": A, "theirs": theirs, **closest, "among": len(own)})
    return found


def _reductions(folder: Path, study: str) -> list[Row]:
    """By how much the joint design of each criterion reduces it over each baseline."""
    found = {
        (row["joint"], row["criterion"], row["baseline"]): row
        for row in rows(folder, study, "reductions")
    }
    return [
        {
            "study": study,
            "quantity": label(criterion),
            "baseline": baseline,
            "too_large": row["too_large"],
            "exact": row[criterion],
            "search": found[SEARCHED, criterion, baseline][criterion],
        }
        for (joint, criterion, baseline), row in found.items()
        if joint == EXACT and baseline in BASELINES and pd.notna(row[criterion])
    ]


def _over_largest(folder: Path) -> list[Row]:
    where = {"criterion": OURS, "baseline": LARGEST_ONLY}
    own = by("joint", rows(folder, FOUR_RRAM, "reductions", **where))
    return [
        {
            "claim": f"better than optimising for the largest network: {label(name)}",
            "source": B,
            "theirs": theirs,
            "study": FOUR_RRAM,
            "quantity": f"EDAP, {label(name)}",
            "baseline": LARGEST_ONLY,
            "exact": own[EXACT][f"edap_{name}"],
            "search": own[SEARCHED][f"edap_{name}"],
        }
        for name, theirs in OVER_LARGEST.items()
    ]


def _losses(folder: Path) -> list[Row]:
    (own,) = rows(folder, FOUR_RRAM, "aggregations", criterion=OURS)
    loss = {n: own[f"loss_{n}"] for n in networks_in(own, "loss_")}
    joint = by("design", rows(folder, FOUR_RRAM, "joint", criterion=OURS))
    found = []
    for kind, theirs, pick in (("least", LOSS[0], min), ("largest", LOSS[1], max)):
        name = pick(loss, key=lambda n: loss[n])
        edap = f"edap_{name}_J_s_mm2"
        searched = 1 - joint[f"alone: {name}"][edap] / joint[SEARCHED][edap]
        found.append(
            {
                "claim": f"loss against a design for one network: {kind}",
                "source": B,
                "theirs": theirs,
                "study": FOUR_RRAM,
                "quantity": f"EDAP, {label(name)}",
                "baseline": f"alone: {label(name)}",
                "exact": loss[name],
                "search": searched,
            }
        )
    return found


REASONS = {
    "EDAP": "they name no baseline; the closest of ours (section 1)",
    "better": "nothing beats the best for VGG16 on VGG16; the others gain or pay (section 2)",
    "loss": "another space in [B]; our single-network designs are exact (section 3)",
}
"""By the first word of a claim, why we differ."""


def glance(folder: Path) -> str:
    """All claims with numbers, at a glance."""
    lines = []
    for row in rows(folder, ".", "claims"):
        what = f'{row["quantity"]}, {row["study"]}, over "{row["baseline"]}"'
        own = percent(row["exact"]), percent(row["search"])
        points = f"{100 * row['difference']:+.1f}"
        reason = REASONS[row["claim"].split()[0]]
        theirs = f"{100 * row['theirs']:g} % {row['source']}"
        lines.append([row["claim"], theirs, *own, points, what, reason])
    header = ("claim", "theirs", "ours, exact", "ours, search", "difference (points)", "of what")
    return "## At a glance\n\nNumbers of ours are in `claims.csv`.\n\n" + table(
        [*header, "why"], lines
    )
