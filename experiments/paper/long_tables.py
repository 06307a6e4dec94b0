"""The long tables behind `docs/reproduction.md`, each a page of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from experiments.arena.contest import PRIMARY, SEEDS
from experiments.paper.ablation import BUDGETS
from experiments.paper.claims import HEADLINES
from experiments.paper.generality import SAMPLED_SETS
from experiments.paper.markdown import area, number, percent, table, times
from experiments.paper.reductions import BASELINES, EXACT, JOINT, SEARCHED
from experiments.paper.settings import GENERAL, PAPER_SCORE, SEED
from experiments.paper.stored import by, reductions, rows, studies_with
from imcmoo.report.labels import label, networks_in


def baselines(folder: Path) -> str:
    """The joint design against every baseline, in every score."""
    studies = [study for own in HEADLINES.values() for study in own]
    lines = [[study, *line] for study in studies for line in _against(folder, study)]
    return (
        "# The joint design against every baseline\n\n"
        "## Reductions\n\n"
        "Reduction of each score by the exact joint design selected by it; where the design that "
        "our "
        f"search finds in {PRIMARY:,} designs differs in the digits shown, its figure follows in "
        "brackets. Last the largest reduction of one network's EDAP by the design for "
        f"{label(PAPER_SCORE)} (`<study>/reductions.csv`, which has all networks, scores and "
        "designs "
        'for one network). "Does not run": the baseline does not run all networks; the last column '
        "then is about those it runs. The paper's GA as rebuilt here begins with the same feasible "
        "designs as ours, and what fails is infeasible; random designs are feasible ones: one run "
        "each "
        f"of {PRIMARY:,} designs, seed {SEED}. What is theirs is from the outputs of their "
        "notebooks, "
        "energies and latencies as printed there. †: larger than the area limit.\n\n"
        + table(["study", "baseline", *map(label, JOINT), "one network's EDAP"], lines)
        + f"\n## Where sequential optimisation ends\n\n{_sequential(folder)}"
    )


def _against(folder: Path, study: str) -> list[list[str]]:
    """A line per baseline: reductions of each score, and the largest of one network's EDAP."""
    found = reductions(folder, study)
    lines = []
    for baseline in BASELINES:
        if (EXACT, PAPER_SCORE, baseline) not in found:
            continue
        own: list[str] = []
        for criterion in JOINT:
            exact, searched = (found[j, criterion, baseline] for j in (EXACT, SEARCHED))
            shown = percent(exact[criterion])
            if percent(searched[criterion]) != shown:
                shown += f" ({percent(searched[criterion])})"
            own.append(shown + (" †" if exact["too_large"] else ""))
        best = found[EXACT, PAPER_SCORE, baseline]
        networks = [best[f"edap_{n}"] for n in networks_in(best, "edap_")]
        largest = max((v for v in networks if pd.notna(v)), default=np.nan)
        lines.append([baseline, *own, percent(largest)])
    return lines


def _sequential(folder: Path) -> str:
    lines = []
    for study in HEADLINES[0.762]:
        joint = by("design", rows(folder, study, "joint", criterion=PAPER_SCORE))
        for start in ("largest", "middle"):
            figures = []
            for whose in ("", "their "):
                own = joint[f"{whose}sequential from the {start}"]
                figures += [number(own[f"{PAPER_SCORE}_J_s_mm2"]), area(own["area_mm2"])]
            lines.append([study, start, *figures])
    header = ["study", "start", "ours (J·s·mm²)", "our area", "theirs (J·s·mm²)", "their area"]
    return (
        f"By {label(PAPER_SCORE)}: ours with the best choice at "
        "each level, theirs with a small GA (`<study>/joint.csv`). From the largest RRAM chip both "
        "decide the same crossbars, tiles and macros; in their last notebook cell the buffer is "
        "set "
        "back to its largest size by hand. Their SRAM space is that of RRAM without bits per cell, "
        "with more groups, tiles and macros, larger crossbars and smaller buffers than the one "
        "their "
        "searches and ours have, and its middle has 32 tiles.\n\n" + table(header, lines)
    )


def aggregations(folder: Path) -> str:
    """Whom each aggregation sacrifices."""
    lines = []
    for study in studies_with(folder, "aggregations"):
        for row in rows(folder, study, "aggregations"):
            same = "yes" if row["is_best_for_largest"] else "no"
            worst = row["sacrificed_most"]
            sacrificed = label(worst), times(row[f"over_own_best_{worst}"])
            lines.append([study, label(row["criterion"]), *sacrificed, same])
    header = ["study", "criterion", "sacrificed most", "EDAP over its own best"]
    return (
        "# Whom does each aggregation sacrifice?\n\n## All criteria\n\n"
        f"Exact designs (`<study>/aggregations.csv`). {label('ela_product')} is the paper's "
        "product: "
        "it counts area once for all networks, so that area hardly matters to it. Last: whether no "
        "design that runs all networks is better for the largest.\n\n"
        + table([*header, "best for the largest network, too?"], lines)
    )


def searches(folder: Path) -> str:
    """The paper's search part by part."""
    lines = []
    for study in studies_with(folder, "paper_search"):
        found = rows(folder, study, "paper_search", criterion=PAPER_SCORE)
        for method in dict.fromkeys(row["method"] for row in found):
            own = {row["budget"]: row for row in found if row["method"] == method}
            medians = (percent(own[budget]["median"]) for budget in BUDGETS)
            solved = (percent(own[budget]["solved"]) for budget in BUDGETS[1:])
            lines.append([study, method, *medians, *solved])
    header = ["study", "search", *(f"median, {n:,}" for n in BUDGETS)]
    return (
        "# The paper's search, part by part\n\n## Regret over seeds\n\n"
        f"Regret in {label(PAPER_SCORE)}, which the GAs optimise, after so many unique designs "
        f"over {SEEDS} "
        "seeds (`<study>/paper_search.csv`). The plain GA is pymoo's, population 100, from random "
        "feasible designs; with four phases come the paper's population of 70, its initial designs "
        "and its operators. These and ours plan for their budget and run anew for each, the others "
        "once for the largest. Ours optimises all objectives at once.\n\n"
        + table([*header, *(f"at the optimum, {n:,}" for n in BUDGETS[1:])], lines)
    )


def generality(folder: Path) -> str:
    """Networks a design did not know."""
    lines = []
    for study in studies_with(folder, "leave_one_out"):
        for row in rows(folder, study, "leave_one_out", criterion=GENERAL):
            columns = ("unknown_over_own_best", "known_over_own_best", "unknown_over_known")
            lines.append([study, label(row["left_out"]), *(times(row[c]) for c in columns)])
    sizes = []
    for study in studies_with(folder, "growing_sets_by_size"):
        for row in rows(folder, study, "growing_sets_by_size", criterion=GENERAL):
            columns = ("lower_quartile", "median", "upper_quartile")
            figures = (percent(row["runs_share"]), *(times(row[c]) for c in columns))
            sizes.append([study, str(row["size"]), *figures])
    header = ["study", "networks in the set", "share of newcomers that run"]
    return (
        "# Does a design generalise to a network it did not know?\n\n## Network by network\n\n"
        f"Exact designs for all other networks by {label(GENERAL)}: EDAP on the network left out "
        "over "
        "its own best, the same of the design that knew it, and the first over the second "
        "(`<study>/leave_one_out.csv`, which has other criteria, too):\n\n"
        + table(["study", "network", "left out", "known", "left out over known"], lines)
        + "\n## As the set grows\n\n"
        f"As more networks join the set, over all sets (at most {SAMPLED_SETS} of each size) and "
        "all networks not in it (`<study>/growing_sets_by_size.csv`):\n\n"
        + table([*header, "lower quartile of those", "median", "upper quartile"], sizes)
    )


PAGES = {
    "baselines": baselines,
    "aggregations": aggregations,
    "searches": searches,
    "generality": generality,
}
"""What makes each page, by its name."""
