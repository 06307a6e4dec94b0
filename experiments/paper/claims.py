"""Every number that Krestinskaya et al. claim, beside ours."""

from __future__ import annotations

import pandas as pd

from experiments.paper.questions import PAPER_SCORE
from experiments.paper.reductions import BASELINES, EXACT, LARGEST_ONLY, SEARCHED
from experiments.paper.tables import Row, Tables
from imcmoo.report.labels import label

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
    frame = pd.DataFrame([*_headlines(tables), *_over_largest(tables), *_losses(tables)])
    frame["difference"] = frame["exact"] - frame["theirs"]
    return frame


def _reductions(tables: Tables, study: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reductions by the exact and by the searched joint design for their score, by baseline."""
    frame = tables.read(study, "reductions").set_index("baseline")
    of_score = frame[frame["criterion"] == PAPER_SCORE]
    return of_score[of_score["joint"] == EXACT], of_score[of_score["joint"] == SEARCHED]


def _headlines(tables: Tables) -> list[Row]:
    """Our largest reduction of their score over a baseline within the area limit."""
    rows = []
    for theirs, studies in HEADLINES.items():
        gains: list[Row] = []
        for study in studies:
            exact, searched = _reductions(tables, study)
            within = exact[exact.index.isin(BASELINES) & ~exact["too_large"]]
            shared = {"study": study, "quantity": label(PAPER_SCORE)}
            gains += [
                shared | {"baseline": name, "exact": gain, "search": searched.at[name, PAPER_SCORE]}
                for name, gain in within[PAPER_SCORE].dropna().items()
            ]
        networks = studies[0].partition("_")[0]
        claim = f"EDAP reduction over baselines, {networks} networks, up to"
        why = f"the largest of {len(gains)}; baseline not stated in the abstract"
        largest = max(gains, key=lambda row: row["exact"])
        rows.append({"claim": claim, "source": "[A]", "theirs": theirs, **largest, "why": why})
    return rows


def _over_largest(tables: Tables) -> list[Row]:
    exact, searched = (f.loc[LARGEST_ONLY] for f in _reductions(tables, FOUR_RRAM))
    return [
        {
            "claim": f"better than optimising for the largest network, {label(name)}",
            "source": "[B]",
            "theirs": theirs,
            "study": FOUR_RRAM,
            "quantity": f"EDAP, {label(name)}",
            "baseline": LARGEST_ONLY,
            "exact": exact[f"edap_{name}"],
            "search": searched[f"edap_{name}"],
            "why": "nothing beats the best for VGG16 on VGG16; the others gain or pay",
        }
        for name, theirs in OVER_LARGEST.items()
    ]


def _losses(tables: Tables) -> list[Row]:
    loss = tables.by_network(FOUR_RRAM, PAPER_SCORE, "loss")
    joint = {r["design"]: r for r in tables.rows(FOUR_RRAM, "joint", criterion=PAPER_SCORE)}
    rows = []
    for kind, theirs, pick in (("least", LOSS[0], min), ("largest", LOSS[1], max)):
        name = pick(loss, key=lambda n: loss[n])
        edap = f"edap_{name}_J_s_mm2"
        rows.append(
            {
                "claim": f"loss against a design for one network, {kind}",
                "source": "[B]",
                "theirs": theirs,
                "study": FOUR_RRAM,
                "quantity": f"EDAP, {label(name)}",
                "baseline": f"alone: {label(name)}",
                "exact": loss[name],
                "search": 1 - joint[f"alone: {name}"][edap] / joint[SEARCHED][edap],
                "why": "another design space in [B]; our designs for one network are exact",
            }
        )
    return rows
