"""Which figures the full study has: what each is drawn from, and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from experiments.arena.contest import SEEDS
from experiments.paper import figures, parameter_figures
from experiments.paper.reductions import EXACT
from experiments.paper.settings import GENERAL, PAPER_SCORE, SCORED
from experiments.paper.stored import FIGURES, read, studies_with
from imcmoo.report import style
from imcmoo.report.labels import label, networks_in

EARLY = 1000
"""Designs after which searches are drawn: at the paper's budget most have arrived."""


@dataclass(frozen=True)
class Plate:
    """A kind of figure.

    Args:
        table: the study's table it is drawn from.
        select: the part of the table it shows.
        draw: the figure of that part.
        caption: what it shows, a sentence or two.
        together: whether one figure shows all studies, told apart by a column `study`.
    """

    table: str
    select: Callable[[pd.DataFrame], pd.DataFrame]
    draw: Callable[[pd.DataFrame], Figure]
    caption: str
    together: bool = False


def _reductions(frame: pd.DataFrame) -> pd.DataFrame:
    own = frame[(frame["criterion"] == PAPER_SCORE) & (frame["joint"] == EXACT)]
    networks = [f"edap_{n}" for n in networks_in(frame, "edap_")]
    return own[["baseline", "too_large", *networks, PAPER_SCORE]]


def _sensitivity(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[["parameter", "value", *(f"{score}_over_best" for score in SCORED)]]


def _general(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["criterion"] == GENERAL].drop(columns="criterion")


def _scored(frame: pd.DataFrame) -> pd.DataFrame:
    columns = ["study", "method", "median", "percentile_95", "solved"]
    return frame.loc[(frame["criterion"] == PAPER_SCORE) & (frame["budget"] == EARLY), columns]


def _all(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


PLATES = {
    "reductions": Plate(
        "reductions",
        _reductions,
        figures.reductions,
        f"By how much the exact joint design by {label(PAPER_SCORE)} reduces EDAP, by network, and "
        "that score over each baseline, in percent; negative where the baseline is better (colours "
        "end at -100). Grey: the baseline does not run that network, or not all of them (last "
        "column). †: larger than the area limit.",
    ),
    "aggregations": Plate(
        "aggregations",
        _all,
        figures.aggregations,
        "EDAP of the exact design each criterion selects, over each network's own best; criteria "
        "that select the same design stand together. Logarithmic, from 1×: no bar is 1×.",
    ),
    "sensitivity": Plate(
        "sensitivity",
        _sensitivity,
        parameter_figures.sensitivity,
        "The least score with one parameter fixed at a value and all others chosen best, over the "
        "optimum: 1× costs nothing. No point: no chip with that value runs all networks.",
    ),
    "effects": Plate(
        "effects",
        _all,
        parameter_figures.effects,
        "Share of the variance of each quantity's logarithm, over all feasible designs, that a "
        "parameter explains alone (left) and that is left when all others are fixed (right). They "
        "need not add up. RRAM, right: sizes show 0 because none can be changed alone.",
    ),
    "left_out": Plate(
        "leave_one_out",
        _general,
        figures.left_out,
        f"EDAP on the network left out, of the exact design for all others by {label(GENERAL)}, "
        "over the network's own best; beside it that of the design that knew all. Logarithmic, "
        "from 1×: no bar is 1×.",
    ),
    "growing_sets": Plate(
        "growing_sets",
        _general,
        figures.growing_sets,
        f"EDAP on networks the exact design by {label(GENERAL)} did not know, over their own best, "
        "as the set it knows grows; below, the share of them that run on it at all. Boxes: "
        "quartiles of those that run; whiskers: 1.5 interquartile ranges; dots: beyond.",
    ),
    "cost_front": Plate(
        "cost_front",
        _all,
        figures.cost_front,
        "EDAP (max) against cost, which is area × cost of a cm² at the node: the non-dominated "
        "designs of each node, and in black the front of all nodes.",
    ),
    "paper_search": Plate(
        "paper_search",
        _scored,
        figures.paper_search,
        f"Regret in {label(PAPER_SCORE)} after {EARLY:,} designs over {SEEDS} seeds, median "
        "and 95th percentile; at the right of each panel the share of seeds at the optimum. The "
        "paper's search, rebuilt, part by part, and ours; each panel has its own scale.",
        together=True,
    ),
}
"""Every kind of figure by name; one is drawn of each study that has its table."""


def names(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """By name of a figure, its kind and the studies it shows, for the tables in a folder."""
    found = {}
    for kind, plate in PLATES.items():
        studies = studies_with(folder, plate.table)
        if plate.together:
            found[kind] = (kind, studies)
        else:
            found |= {f"{study}_{kind}": (kind, [study]) for study in studies}
    return found


def draw(folder: Path) -> None:
    """Draw every figure from the tables in a folder, each as PNG, PDF and the CSV of what it shows.

    Args:
        folder: has `<study>/<table>.csv`; gets `figures/<name>.*`.
    """
    out = folder / FIGURES
    out.mkdir(exist_ok=True)
    with style.paper_style():
        for name, (kind, studies) in names(folder).items():
            plate = PLATES[kind]
            tables = [read(folder, s, plate.table) for s in studies]
            if plate.together:
                tables = [t.assign(study=s) for t, s in zip(tables, studies, strict=True)]
            shown = plate.select(pd.concat(tables))
            shown.to_csv(out / f"{name}.csv", index=False, lineterminator="\n")
            style.save(plate.draw(shown), out, name)
