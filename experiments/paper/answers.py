"""What the paper leaves open or only asserts, answered: the later sections of
`docs/reproduction.md`, each a function from tables to Markdown."""

from __future__ import annotations

from pathlib import Path

from experiments.labels import label
from experiments.paper.ablation import BUDGETS, SCORE
from experiments.paper.markdown import number, percent, read, rows, table, times
from experiments.paper.parameter_figures import parameter_name
from experiments.paper.plates import GENERAL, studies_with

MOST = 3
"""Parameters shown per study."""


def aggregations(folder: Path) -> str:
    """Section 4: whom each aggregation sacrifices."""
    lines = []
    for study in studies_with(folder, "aggregations"):
        for row in rows(folder, study, "aggregations"):
            same = "yes" if row["is_that_of_largest_network"] else "no"
            worst = row["sacrificed_most"]
            sacrificed = label(worst), times(row[f"over_own_best_{worst}"])
            lines.append([study, label(row["criterion"]), *sacrificed, same])
    header = ["study", "criterion", "sacrificed most", "EDAP over its own best"]
    return (
        "## 4. Whom does each aggregation sacrifice?\n\n"
        f"Exact designs (`<study>/aggregations.csv`). {label('ela_product')} is the paper's product: "
        "it counts area once for all networks, so that area hardly matters to it.\n\n"
        + table([*header, "the design for the largest alone?"], lines)
    )


def largest(folder: Path) -> str:
    """Section 5: whether `max` is just the largest network."""
    lines = []
    for study in studies_with(folder, "largest"):
        for row in rows(folder, study, "largest"):
            shares = (percent(row[f"largest_{k}_share"]) for k in ("edap", "energy", "latency"))
            ranks = (f"{row[f'{s}_correlation']:.4f}" for s in ("edap_max", "ela_max"))
            excess = (percent(row[f"{s}_excess"]) for s in ("edap_max", "ela_max"))
            named = study, row["data"], label(row["network"]), f"{row['designs']:,.0f}"
            lines.append([*named, *shares, *ranks, *excess])
    header = ["study", "data", "largest", "designs", "its EDAP is the largest", "its energy"]
    scores = [
        f"{what}, {label(s)}" for what in ("rank corr.", "excess") for s in ("edap_max", SCORE)
    ]
    return (
        "## 5. Is max aggregation just optimising for the largest network?\n\n"
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
    """Section 6: the paper's search part by part."""
    lines = []
    for study in studies_with(folder, "paper_search"):
        found = rows(folder, study, "paper_search", criterion=SCORE)
        for method in dict.fromkeys(row["method"] for row in found):
            own = {row["budget"]: row for row in found if row["method"] == method}
            medians = (percent(own[budget]["median"]) for budget in BUDGETS)
            solved = (percent(own[budget]["solved"]) for budget in BUDGETS[1:])
            lines.append([study, method, *medians, *solved])
    header = ["study", "search", *(f"median, {n:,}" for n in BUDGETS)]
    return (
        "## 6. The paper's search, part by part\n\n"
        f"Regret in {label(SCORE)}, which the GAs optimise, after so many unique designs over 31 "
        "seeds (`<study>/paper_search.csv`). The plain GA is pymoo's, population 100, from random "
        "feasible designs; with four phases come the paper's population of 70, its initial designs "
        "and its operators. Ours optimises all objectives at once.\n\n"
        + table([*header, *(f"at the optimum, {n:,}" for n in BUDGETS[1:])], lines)
        + "\nAt the paper's budget nearly all runs of all searches have arrived. After a thousand "
        "designs the four phases have brought the most: they lower the median in every study. "
        "Diverse sampling hardly moves it, but shortens the tail (`percentile_95` in the table).\n"
    )


def parameters(folder: Path) -> str:
    """Section 7: which parameters matter."""
    lines = []
    for study in studies_with(folder, "effects"):
        left = read(folder, study, "sensitivity").groupby("parameter")[f"{SCORE}_over_best"].max()
        own = rows(folder, study, "effects", quantity=SCORE)
        for row in sorted(own, key=lambda row: -row["share_alone"])[:MOST]:
            name = row["parameter"]
            shares = percent(row["share_alone"]), percent(row["share_total"])
            lines.append([study, parameter_name(name), *shares, times(left[name])])
    header = ["study", "parameter", "explains alone", "left when all others are fixed"]
    return (
        "## 7. Which parameters matter?\n\n"
        f"Over all feasible designs, shares of the variance of log {label(SCORE)} "
        "(`<study>/effects.csv`, which has every objective), and what the worst value with which any "
        "chip runs all networks costs when all others are chosen best (`<study>/sensitivity.csv`); "
        f"the {MOST} parameters that explain the most. Of an RRAM chip no size of crossbar, tile or "
        "group can be changed alone: half as many cells hold the networks no more, and twice as many "
        "exceed the area limit.\n\n" + table([*header, "the worst value costs"], lines)
    )


def generality(folder: Path) -> str:
    """Section 8: networks a design did not know."""
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
        "## 8. Does a design generalise to a network it did not know?\n\n"
        f"Exact designs for all other networks by {label(GENERAL)}: EDAP on the network left out over "
        "its own best, the same of the design that knew it, and the first over the second "
        "(`<study>/leave_one_out.csv`, which has other criteria, too):\n\n"
        + table(["study", "network", "left out", "known", "left out over known"], lines)
        + "\nAs more networks join the set, over all sets (nine networks: 30 of each size) and all "
        "networks not in it (`<study>/growing_sets_by_size.csv`):\n\n"
        + table(["study", "networks", "runs", "lower quartile", "median", "upper quartile"], sizes)
        + "\nWith SRAM a larger set brings the unknown closer to its own best; what stays far is the "
        "network unlike all others, MobileNetV3. With RRAM a larger set above all makes chips large "
        "enough that the unknown runs at all, and the larger they are, the more area a small network "
        "pays for.\n"
    )


def cost(folder: Path) -> str:
    """Section 9: technology and cost."""
    lines = [
        [f"{row['technology_nm']} nm", *(number(row[c]) for c in columns), str(row["on_front"])]
        for row in rows(folder, "technology_cost_sram", "cost_nodes")
        for columns in [("least_edap_max_J_s_mm2", "its_cost", "least_cost")]
    ]
    header = ["node", "least EDAP, max (J·s·mm²)", "its cost", "least cost", "points on the front"]
    return (
        "## 9. Technology and cost\n\n"
        "SRAM, four networks, exact (`technology_cost_sram/cost_nodes.csv`, from "
        "`technology_cost_sram/cost_front.csv`; 1 cm² at 32 nm = 100).\n\n" + table(header, lines)
    )
