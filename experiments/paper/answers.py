"""What the paper leaves open or only asserts, answered: the later sections of
`docs/reproduction.md`. Each is a function from tables to Markdown."""

from __future__ import annotations

from pathlib import Path

from experiments.arena.contest import PRIMARY, SEEDS
from experiments.labels import label
from experiments.paper.ablation import BUDGETS
from experiments.paper.generality import SAMPLED_SETS
from experiments.paper.markdown import number, percent, table, times
from experiments.paper.parameter_figures import parameter_name
from experiments.paper.settings import GENERAL, PAPER_SCORE, SCORED, TECHNOLOGY
from experiments.paper.stored import read, rows, studies_with

MOST = 3
"""Parameters shown per study."""


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
        "## Whom does each aggregation sacrifice?\n\n"
        f"Exact designs (`<study>/aggregations.csv`). {label('ela_product')} is the paper's product: "
        "it counts area once for all networks, so that area hardly matters to it. Last: whether no "
        "design that runs all networks is better for the largest one.\n\n"
        + table([*header, "the best for the largest?"], lines)
    )


def largest(folder: Path) -> str:
    """Whether `max` is just the largest network."""
    lines = []
    for study in studies_with(folder, "largest"):
        for row in rows(folder, study, "largest"):
            shares = (percent(row[f"largest_{k}_share"]) for k in ("edap", "energy", "latency"))
            ranks = (f"{row[f'{s}_correlation']:.4f}" for s in SCORED)
            excess = (percent(row[f"{s}_excess"]) for s in SCORED)
            named = study, row["data"], label(row["network"]), f"{row['designs']:,.0f}"
            lines.append([*named, *shares, *ranks, *excess])
    header = ["study", "data", "largest", "designs", "its EDAP is the largest", "its energy"]
    scores = [
        f"{what}, {label(s)}"
        for what in ("rank corr.", "excess")
        for s in ("edap_max", PAPER_SCORE)
    ]
    return (
        "## Is max aggregation just optimising for the largest network?\n\n"
        "Shares of designs on which the largest network has the largest EDAP, energy and latency; "
        "rank correlation (Spearman) of each score with that network's own EDAP; and the excess of "
        "its EDAP on the design that is best by the score, over its best of all these designs: 0 "
        "where optimising the score is optimising for this network. The paper's records are energies "
        "and latencies of its own stack (`<study>/largest.csv`).\n\n"
        + table([*header, "its latency", *scores], lines)
        + "\nFor EDAP (max) yes: on recorded and on all designs alike the largest network decides "
        "nearly everywhere. For the paper's score yes with SRAM, where the largest network is also "
        "the slowest; with RRAM it never is, and the score trades it against the slowest one.\n"
    )


def search(folder: Path) -> str:
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
        "## The paper's search, part by part\n\n"
        f"Regret in {label(PAPER_SCORE)}, which the GAs optimise, after so many unique designs over {SEEDS} "
        "seeds (`<study>/paper_search.csv`). The plain GA is pymoo's, population 100, from random "
        "feasible designs; with four phases come the paper's population of 70, its initial designs "
        "and its operators. Ours optimises all objectives at once.\n\n"
        + table([*header, *(f"at the optimum, {n:,}" for n in BUDGETS[1:])], lines)
        + f"\nAfter {PRIMARY:,} designs every search is at the optimum on most seeds, ours on all. "
        f"After {BUDGETS[1]:,} the four phases have brought the most: they lower the median in every "
        "study. Diverse sampling hardly moves the median then, but no 95th percentile is higher with "
        "it (`percentile_95`).\n"
    )


def parameters(folder: Path) -> str:
    """Which parameters matter."""
    lines = []
    for study in studies_with(folder, "effects"):
        left = (
            read(folder, study, "sensitivity")
            .groupby("parameter")[f"{PAPER_SCORE}_over_best"]
            .max()
        )
        own = rows(folder, study, "effects", quantity=PAPER_SCORE)
        for row in sorted(own, key=lambda row: -row["share_alone"])[:MOST]:
            name = row["parameter"]
            shares = percent(row["share_alone"]), percent(row["share_total"])
            lines.append([study, parameter_name(name), *shares, times(left[name])])
    header = ["study", "parameter", "explains alone", "left when all others are fixed"]
    return (
        "## Which parameters matter?\n\n"
        f"Over all feasible designs, shares of the variance of log {label(PAPER_SCORE)} "
        "(`<study>/effects.csv`, which has every objective), and what the worst value with which any "
        "chip runs all networks costs when all others are chosen best (`<study>/sensitivity.csv`); "
        f"the {MOST} parameters that explain the most. Of an RRAM chip no size of crossbar, tile or "
        "group can be changed alone: half as many cells hold the networks no more, and twice as many "
        "exceed the area limit.\n\n" + table([*header, "the worst value costs"], lines)
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
    return (
        "## Does a design generalise to a network it did not know?\n\n"
        f"Exact designs for all other networks by {label(GENERAL)}: EDAP on the network left out over "
        "its own best, the same of the design that knew it, and the first over the second "
        "(`<study>/leave_one_out.csv`, which has other criteria, too):\n\n"
        + table(["study", "network", "left out", "known", "left out over known"], lines)
        + f"\nAs more networks join the set, over all sets (at most {SAMPLED_SETS} of each size) and "
        "all networks not in it (`<study>/growing_sets_by_size.csv`):\n\n"
        + table(["study", "networks", "runs", "lower quartile", "median", "upper quartile"], sizes)
        + f"\nBy {label(GENERAL)}, with nine networks: in SRAM a larger set hardly changes how well a "
        "typical newcomer is served, but cuts the bad cases (the upper quartile); in RRAM it makes "
        "the chip large enough for more newcomers to run at all, and small ones pay for that area "
        "(the median grows).\n"
    )


def cost(folder: Path) -> str:
    """Technology and cost."""
    lines = [
        [f"{row['technology_nm']} nm", *(number(row[c]) for c in columns), str(row["on_front"])]
        for row in rows(folder, TECHNOLOGY, "cost_nodes")
        for columns in [("least_edap_max_J_s_mm2", "its_cost", "least_cost")]
    ]
    header = ["node", "least EDAP, max (J·s·mm²)", "its cost", "least cost", "points on the front"]
    return (
        "## Technology and cost\n\n"
        f"SRAM, four networks, exact (`{TECHNOLOGY}/cost_nodes.csv`, from "
        f"`{TECHNOLOGY}/cost_front.csv`; 1 cm² at 32 nm = 100).\n\n" + table(header, lines)
    )
