"""The kinds of figures of the full study: the table each is drawn from and what it shows of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from experiments.paper import figures as drawn
from experiments.paper import network_figures
from experiments.paper.network_figures import OVER_JOINT
from experiments.paper.questions import GENERAL, PAPER_SCORE
from experiments.paper.reductions import EXACT
from experiments.paper.tables import Tables
from experiments.publish import Draw
from imcmoo.report.figures import breakdown
from imcmoo.report.labels import networks_in

EARLY = 1000
"""Designs after which searches are drawn: with the published budget most are at the optimum."""


@dataclass(frozen=True)
class FigureSpec:
    """Specify a kind of figure.

    Args:
        table: the table of a study it is drawn from; has a column `study`.
        select: selects the part of the table that is shown.
        draw: draws that part, so many inches wide.
        together: whether one figure shows all studies.
    """

    table: str
    select: Callable[[pd.DataFrame], pd.DataFrame]
    draw: Draw
    together: bool = False


def _reductions(frame: pd.DataFrame) -> pd.DataFrame:
    """EDAP by network and the score of each baseline over those of the joint design."""
    exact = frame[(frame["criterion"] == PAPER_SCORE) & (frame["joint"] == EXACT)]
    scores = [PAPER_SCORE, *(f"edap_{n}" for n in networks_in(frame, "edap_"))]
    ratios = (1 / (1 - exact[scores])).add_suffix(OVER_JOINT)
    table = exact[["study", "baseline", "too_large"]].join(ratios)
    return table.sort_values(PAPER_SCORE + OVER_JOINT, ascending=False, kind="stable")


def _general(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["criterion"] == GENERAL].drop(columns="criterion")


def _scored(frame: pd.DataFrame) -> pd.DataFrame:
    columns = ["study", "method", "median", "percentile_95", "solved"]
    return frame.loc[(frame["criterion"] == PAPER_SCORE) & (frame["budget"] == EARLY), columns]


def _all(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


SPECS = {
    "breakdown": FigureSpec("breakdown", _all, breakdown),
    "reductions": FigureSpec("reductions", _reductions, network_figures.reductions),
    "aggregations": FigureSpec("aggregations", _all, network_figures.aggregations),
    "growing_sets": FigureSpec("growing_sets", _general, drawn.growing_sets),
    "cost_front": FigureSpec("cost_front", _all, drawn.cost_front),
    "paper_search": FigureSpec("paper_search", _scored, drawn.paper_search, together=True),
}
"""Every kind of figure by name; one is drawn of each study that has its table. The captions are in
the template `paper/readme.md`."""


def named_figures(tables: Tables) -> dict[str, tuple[str, list[str]]]:
    """Kind and studies of every figure that can be drawn, by its name."""
    names = {}
    for kind, spec in SPECS.items():
        studies = tables.studies(spec.table)
        if spec.together:
            names[kind] = (kind, studies)
        else:
            names |= {f"{study}_{kind}": (kind, [study]) for study in studies}
    return names


def figures(tables: Tables) -> dict[str, tuple[pd.DataFrame, Draw]]:
    """Data and drawing function of every figure, by its name."""
    return {
        name: (
            SPECS[kind].select(pd.concat([tables.read(s, SPECS[kind].table) for s in studies])),
            SPECS[kind].draw,
        )
        for name, (kind, studies) in named_figures(tables).items()
    }
