"""The sections on ends of lists and on the search, on the page of the physical studies."""

from __future__ import annotations

import pandas as pd

from experiments.paper.markdown import number, percent, table
from experiments.physics.answers import Frames, plain, records, study_label
from imcmoo.problem.criteria import MINIMAX
from imcmoo.report.labels import label

PRODUCT = "edap_product"
GROUPS = ("better", "worse", "no chip")


def ends(frames: Frames) -> str:
    """What lies beyond the ends of the lists."""
    every = frames["ends"]
    group = pd.Series("worse", every.index).mask(every["gain"] > 0, "better")
    group = group.mask(every["gain"].isna(), "no chip")
    said = [
        "## Beyond the ends of the lists\n\nWhere an optimum is at the end of a list, and for what "
        "the spaces hold fixed: one value more, the rest fitted again in up to two parameters, so "
        "a gain is at least what is said and a loss at most. By minimax regret it is of the "
        "largest EDAP over a network's own best as the lists are (`ends.csv`).\n"
    ]
    for name in GROUPS:
        own = every[group == name]
        if len(own):
            said.append(f"### {TITLES[name]}\n")
            said.append(_table(own, name))
    return "\n".join(said)


TITLES = {
    "better": "The list ends too early",
    "worse": "One value more is no better",
    "no chip": "No such chip, or none that keeps the limits",
}


def _table(own: pd.DataFrame, name: str) -> str:
    last = {"better": "gain", "worse": "loss", "no chip": "missed"}[name]
    lines = [
        [
            study_label(r.study),
            label(str(r.criterion)),
            f"`{r.parameter}`",
            f"{plain(r.value)} → {plain(r.extended)}",
            str(r.missed) if name == "no chip" else percent(abs(r.gain)),
            str(r.reason),
        ]
        for r in records(own)
    ]
    return table(["study", "by", "parameter", "one further", last, "what is weighed"], lines)


def searches(frames: Frames) -> str:
    """How the search does."""
    lines = []
    networks = frames["optima"].groupby("study")["workload"].nunique()
    for study, own in frames["searches"].groupby("study", sort=False):
        solved = own.groupby("seed")["solved"].all()
        recommended = own.loc[own["criterion"] == MINIMAX, "solved"]
        each = own["criterion"] == PRODUCT
        # A product of nine networks is nine times as far off, so it is told by network.
        by_network = (1 + own["regret"]) ** (1 / networks[study]) - 1
        regret = own["regret"].mask(each, by_network)
        worst = own.assign(regret=regret).nlargest(1, "regret").iloc[0]
        named = label(str(worst["criterion"]))
        told = f"{named}, by network" if worst["criterion"] == PRODUCT else named
        lines.append(
            [
                study_label(study),
                f"{recommended.sum()} of {len(recommended)}",
                f"{solved.sum()} of {len(solved)}",
                f"{percent(regret.max())} ({told})",
                number(own.groupby("seed")["found_after"].max().median()),
            ]
        )
    head = [
        "study",
        "seeds at the chip recommended",
        "seeds at every optimum",
        "largest regret",
        "designs until then, median",
    ]
    return (
        "## The search\n\n3,300 designs a search, begun at random designs: on how many seeds it "
        "finds the chip that this page recommends, that of least minimax regret (against the best "
        "chips of single networks), and on how many the optimum by every criterion "
        "(`searches.csv`).\n\n" + table(head, lines)
    )
