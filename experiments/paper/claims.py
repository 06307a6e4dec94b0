"""Every number that Krestinskaya et al. claim, beside ours."""

from __future__ import annotations

from typing import Any

import pandas as pd

from experiments import markdown
from experiments.paper.questions import PAPER_SCORE, Tables
from experiments.paper.reductions import BASELINES, EXACT, LARGEST_ONLY, SEARCHED
from imcmoo.report.labels import label, networks_in

HEADLINES = {
    0.762: ("four_workload_rram", "four_workload_sram"),
    0.955: ("nine_workload_rram", "nine_workload_sram"),
}
"""Largest reduction of EDAP by the joint design over a baseline [A], and the studies with as many
networks. Their abstract says neither which baseline nor which device."""

FOUR_RRAM = "four_workload_rram"

OVER_LARGEST = {"vgg16": 0.36, "resnet18": 0.36, "alexnet": 0.20, "mobilenet_v3": 0.69}
"""Improvement of the joint design over that for the largest network alone [B]."""

LOSS = (0.17, 0.86)
"""Least and largest loss of the joint design against those made for one network [B]."""


def claims(tables: Tables) -> pd.DataFrame:
    """Compare every claimed number with ours.

    Returns:
        Columns claim, source ([A] arXiv 2603.03880 or [B] arXiv 2410.16759), theirs, study,
        quantity, baseline, exact (of the exact joint design), search (of the one our search finds),
        why, difference (exact - theirs); shares.
    """
    gains: dict[str, Any] = {
        study: frames["reductions"].set_index(["criterion", "joint", "baseline"]).loc[PAPER_SCORE]
        for study, frames in tables.items()
        if "reductions" in frames
    }
    largest = [_headline(gains, theirs, studies) for theirs, studies in HEADLINES.items()]
    over_largest = _over_largest(gains[FOUR_RRAM].xs(LARGEST_ONLY, level="baseline"))
    frame = pd.DataFrame([*largest, *over_largest, *_losses(tables[FOUR_RRAM])])
    frame["difference"] = frame["exact"] - frame["theirs"]
    return frame


def _headline(gains: dict[str, Any], theirs: float, studies: tuple[str, ...]) -> dict[str, Any]:
    """Our largest reduction of their score over a baseline within the area limit."""
    both = pd.concat({study: gains[study] for study in studies}, names=["study"])
    exact, searched = (both.xs(joint, level="joint") for joint in (EXACT, SEARCHED))
    within = exact[exact.index.isin(BASELINES, level="baseline") & ~exact["too_large"]]
    shares = within[PAPER_SCORE].dropna()
    largest: Any = shares.idxmax()
    study, baseline = largest
    return {
        "claim": f"EDAP reduction over baselines, {study.partition('_')[0]} networks, up to",
        "source": "[A]",
        "theirs": theirs,
        "study": study,
        "quantity": label(PAPER_SCORE),
        "baseline": baseline,
        "exact": shares[largest],
        "search": searched.at[largest, PAPER_SCORE],
        "why": f"the largest of {len(shares)}; baseline not stated in the abstract",
    }


def _over_largest(gains: pd.DataFrame) -> list[dict[str, Any]]:
    """Our reductions by network, over the design for the largest one alone."""
    return [
        {
            "claim": f"better than optimising for the largest network, {label(name)}",
            "source": "[B]",
            "theirs": theirs,
            "study": FOUR_RRAM,
            "quantity": f"EDAP, {label(name)}",
            "baseline": LARGEST_ONLY,
            "exact": gains.at[EXACT, f"edap_{name}"],
            "search": gains.at[SEARCHED, f"edap_{name}"],
            "why": "nothing beats the best for VGG16 on VGG16; the others gain or pay",
        }
        for name, theirs in OVER_LARGEST.items()
    ]


def _losses(frames: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Our least and largest loss against the designs for one network alone."""
    loss = by_network(frames["aggregations"], PAPER_SCORE, "loss")
    joint = frames["joint"].set_index(["criterion", "design"]).loc[PAPER_SCORE]
    rows = []
    for kind, theirs, pick in (("least", LOSS[0], min), ("largest", LOSS[1], max)):
        name = pick(loss, key=lambda n: loss[n])
        edap = joint[f"edap_{name}_J_s_mm2"]
        rows.append(
            {
                "claim": f"loss against a design for one network, {kind}",
                "source": "[B]",
                "theirs": theirs,
                "study": FOUR_RRAM,
                "quantity": f"EDAP, {label(name)}",
                "baseline": f"alone: {label(name)}",
                "exact": loss[name],
                "search": 1 - edap[f"alone: {name}"] / edap[SEARCHED],
                "why": "another design space in [B]; our designs for one network are exact",
            }
        )
    return rows


def by_network(aggregations: pd.DataFrame, criterion: str, quantity: str) -> dict[str, float]:
    """Values of a quantity of the exact design that a criterion selects, by network."""
    row = markdown.row(aggregations, criterion=criterion)
    return {n: row[f"{quantity}_{n}"] for n in networks_in(row, f"{quantity}_")}
