"""Which figures the full study has: what each is drawn from, and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from experiments.arena.contest import SEEDS
from experiments.paper import figures, network_figures, parameter_figures
from experiments.paper.network_figures import OVER_JOINT, QUANTITIES
from experiments.paper.parameter_figures import CHEAP, MOST
from experiments.paper.reductions import EXACT
from experiments.paper.settings import GENERAL, PAPER_SCORE, SCORED
from experiments.paper.stored import FIGURES, read, studies_with
from imcmoo.report import style
from imcmoo.report.figures import breakdown
from imcmoo.report.labels import label, networks_in

EARLY = 1000
"""Designs after which searches are drawn: at the paper's budget most have arrived."""

NARROW = "_narrow"
"""Ends the names of figures for one column."""


@dataclass(frozen=True)
class Plate:
    """A kind of figure.

    Args:
        table: the study's table it is drawn from; it has a column `study`.
        select: the part of the table it shows.
        draw: the figure of that part, so many inches wide.
        caption: what it shows, a sentence or two.
        together: whether one figure shows all studies.
    """

    table: str
    select: Callable[[pd.DataFrame], pd.DataFrame]
    draw: Callable[[pd.DataFrame, float], Figure]
    caption: str
    together: bool = False


def _joint(frame: pd.DataFrame) -> pd.DataFrame:
    """What each network costs on the exact joint design, and on the one made for it alone."""
    own = frame[frame["criterion"] == PAPER_SCORE].set_index("design")
    found = []
    for network in (n.removesuffix("_J") for n in networks_in(frame, "energy_")):
        columns = {c: c.replace("_", f"_{network}_", 1) for c in QUANTITIES if c != "area_mm2"}
        for kind, name in (("joint", EXACT), ("alone", f"alone: {network}")):
            costs = {c: own.loc[name, columns.get(c, c)] for c in QUANTITIES}
            named = {"study": own.loc[name, "study"], "network": network, "design": kind}
            found.append(named | costs)
    return pd.DataFrame(found)


def _reductions(frame: pd.DataFrame) -> pd.DataFrame:
    """EDAP by network and the score of each baseline over those of the joint design."""
    own = frame[(frame["criterion"] == PAPER_SCORE) & (frame["joint"] == EXACT)]
    scores = [PAPER_SCORE, *(f"edap_{n}" for n in networks_in(frame, "edap_"))]
    ratios = (1 / (1 - own[scores])).add_suffix(OVER_JOINT)
    table = own[["study", "baseline", "too_large"]].join(ratios)
    return table.sort_values(PAPER_SCORE + OVER_JOINT, ascending=False, kind="stable")


def _sensitivity(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[["study", "parameter", "value", *(f"{score}_over_best" for score in SCORED)]]


def _general(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["criterion"] == GENERAL].drop(columns="criterion")


def _scored(frame: pd.DataFrame) -> pd.DataFrame:
    columns = ["study", "method", "median", "percentile_95", "solved"]
    return frame.loc[(frame["criterion"] == PAPER_SCORE) & (frame["budget"] == EARLY), columns]


def _all(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def _breakdown(frame: pd.DataFrame, width: float) -> Figure:
    columns = [c for c in map(str, frame) if c.startswith("energy_")]
    return breakdown(
        [c.removeprefix("energy_").removesuffix("_J") for c in columns],
        frame["component"].tolist(),
        energy_J=frame[columns].to_numpy().T,
        area_m2=frame["area_mm2"].to_numpy() * 1e-6,
        width=width,
    )


PLATES = {
    "absolute": Plate(
        "joint",
        _joint,
        network_figures.absolute,
        f"What each network costs on the exact joint design by {label(PAPER_SCORE)} (star), and on "
        "the chip with its least EDAP (circle): energy, latency, the chip's area and EDAP, by the "
        "paper's cost model, whose latencies and energies no chip has. Logarithmic.",
    ),
    "breakdown": Plate(
        "breakdown",
        _all,
        _breakdown,
        f"Where energy and area of the exact joint design by {label(PAPER_SCORE)} go, by network "
        "and component.",
    ),
    "reductions": Plate(
        "reductions",
        _reductions,
        network_figures.reductions,
        f"Each baseline over the exact joint design by {label(PAPER_SCORE)}: that score, by which "
        "rows are sorted, and EDAP by network; below 1× the baseline is better (colours end at a "
        "tenth and tenfold). Dash on grey: the baseline does not run that network, or not all of "
        "them (score). †: larger than the area limit. In one column: the score, and the range of "
        "EDAP over the networks that run.",
    ),
    "aggregations": Plate(
        "aggregations",
        _all,
        network_figures.aggregations,
        "EDAP of the exact design each criterion selects, over each network's own best; criteria "
        "that select the same design stand together. Logarithmic.",
    ),
    "sensitivity": Plate(
        "sensitivity",
        _sensitivity,
        parameter_figures.sensitivity,
        "The least score with one parameter fixed at a value and all others chosen best, over the "
        "optimum: 1× costs nothing. No point: no chip with that value runs all networks. "
        "Parameters "
        f"whose worst value costs less than {CHEAP:g}×, or that have one value that runs, have no "
        "panel and are named on top.",
    ),
    "effects": Plate(
        "effects",
        parameter_figures.asked,
        parameter_figures.effects,
        "Share of the variance of each quantity's logarithm, over all feasible designs, that a "
        "parameter explains alone (left) and that is left when all others are fixed (right): the "
        f"{MOST} parameters with the largest share in any column; energy and latency are means of "
        "the shares over the networks. They need not add up. RRAM, right: sizes show 0 because "
        "none "
        "can be changed alone.",
    ),
    "left_out": Plate(
        "leave_one_out",
        _general,
        network_figures.left_out,
        f"EDAP on the network left out, of the exact design for all others by {label(GENERAL)}, "
        "over that of the design that knew it: what not knowing costs. Logarithmic.",
        together=True,
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
    """Draw every figure from the tables in a folder: for two columns of a page and for one, each as
    PNG and PDF, and the CSV of what they show.

    Args:
        folder: has `<study>/<table>.csv`; gets `figures/<name>.*` and `figures/<name>_narrow.*`.
    """
    out = folder / FIGURES
    out.mkdir(exist_ok=True)
    with style.paper_style():
        for name, (kind, studies) in names(folder).items():
            plate = PLATES[kind]
            shown = plate.select(pd.concat([read(folder, s, plate.table) for s in studies]))
            shown.to_csv(out / f"{name}.csv", index=False, lineterminator="\n")
            for ending, width in (("", style.WIDTH), (NARROW, style.COLUMN)):
                style.save(plate.draw(shown, width), out, name + ending)
