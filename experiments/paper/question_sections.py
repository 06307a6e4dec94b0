"""What the paper leaves open or only asserts, answered: the later sections of
`docs/reproduction.md`. Each is a function from tables to Markdown."""

from __future__ import annotations

from pathlib import Path

from experiments.arena.contest import PRIMARY, SEEDS
from experiments.paper.ablation import BUDGETS
from experiments.paper.generality import SAMPLED_SETS
from experiments.paper.markdown import number, percent, table, times
from experiments.paper.parameter_figures import parameter_name
from experiments.paper.settings import GENERAL, PAPER_SCORE, SCORED, TECHNOLOGY
from experiments.paper.stored import read, rows, studies_with
from imcmoo.report.labels import label

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
        "design that runs all networks is better for the largest.\n\n"
        + table([*header, "best for the largest network, too?"], lines)
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
    header = ["study", "data", "largest network", "designs"]
    shares_of = [f"its {kind} is the largest" for kind in ("EDAP", "energy", "latency")]
    ranks_of = [f"rank correlation of its EDAP with {label(s)}" for s in SCORED]
    excess_of = [f"excess of its EDAP on the best by {label(s)}" for s in SCORED]
    return (
        "## Is max aggregation just optimising for the largest network?\n\n"
        "Shares of designs on which the largest network has the largest EDAP, energy and latency; "
        "rank correlation (Spearman) of its EDAP with each score; and the excess of its EDAP on the "
        "design that is best by the score over the least of all these designs: 0 where optimising "
        "the score is optimising for this network. The paper's records are energies and latencies of "
        "its own stack, of searches by products (four networks) and by means (nine) "
        "(`<study>/largest.csv`).\n\n"
        + table([*header, *shares_of, *ranks_of, *excess_of], lines)
        + "\nFor EDAP (max) yes: on recorded and on all designs alike the largest network decides "
        "nearly everywhere. For the paper's score yes with SRAM, where the largest network is nearly "
        "always the slowest, too; with RRAM it never is, and the score trades it against the slowest "
        "one.\n"
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
        "and its operators. These and ours plan for their budget and run anew for each, the others "
        "once for the largest. Ours optimises all objectives at once.\n\n"
        + table([*header, *(f"at the optimum, {n:,}" for n in BUDGETS[1:])], lines)
        + f"\nAfter {PRIMARY:,} designs every search is at the optimum on most seeds, ours on all; "
        "with four phases no more often than without in nine_workload_sram. After "
        f"{BUDGETS[1]:,} the four phases have brought the most: they lower the median in every "
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
    header = ["explains alone (first order)", "left when all others are fixed (total)"]
    return (
        "## Which parameters matter?\n\n"
        f"Over all feasible designs, shares of the variance of log {label(PAPER_SCORE)} "
        "(`<study>/effects.csv`, which has every objective), and the least score with the worst value "
        "with which any chip runs all networks, over the optimum (`<study>/sensitivity.csv`); the "
        f"{MOST} parameters that explain the most. Shares need not add up, as the parameters of "
        "feasible chips depend on each other. In RRAM all feasible chips have 8 bits per cell and 512 "
        "rows, and of columns, groups, tiles and macros none can be changed alone: half as many cells "
        "do not hold the networks, twice as many exceed the area limit. Latency is cycles × cycle "
        "time, so the slowest cycle costs ten times by construction.\n\n"
        + table(["study", "parameter", *header, "with its worst value, over the optimum"], lines)
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
        "## Does a design generalise to a network it did not know?\n\n"
        f"Exact designs for all other networks by {label(GENERAL)}: EDAP on the network left out over "
        "its own best, the same of the design that knew it, and the first over the second "
        "(`<study>/leave_one_out.csv`, which has other criteria, too):\n\n"
        + table(["study", "network", "left out", "known", "left out over known"], lines)
        + "\nWhat does not run lacks cells (VGG16, GPT-2 Medium) or a large enough global buffer "
        "(MobileNetV3).\n"
        + f"\nAs more networks join the set, over all sets (at most {SAMPLED_SETS} of each size) and "
        "all networks not in it (`<study>/growing_sets_by_size.csv`):\n\n"
        + table([*header, "lower quartile of those", "median", "upper quartile"], sizes)
        + f"\nBy {label(GENERAL)}, with nine networks: in SRAM a larger set hardly changes how well a "
        "typical newcomer is served, but cuts the bad cases (the upper quartile); in RRAM more "
        "newcomers find cells and buffer enough to run, and of those that run small ones pay for the "
        "area (the median grows).\n"
    )


def cost(folder: Path) -> str:
    """Technology and cost."""
    lines = [
        [f"{row['technology_nm']} nm", *(number(row[c]) for c in columns), str(row["on_front"])]
        for row in rows(folder, TECHNOLOGY, "cost_nodes")
        for columns in [("least_edap_max_J_s_mm2", "its_cost", "least_cost")]
    ]
    header = ["node", "least EDAP, max (J·s·mm²)", "its cost", "least cost"]
    return (
        "## Technology and cost\n\n"
        "SRAM, four networks, exact; cost = area × cost of a cm² at that node, relative to 100 per "
        f"cm² at 32 nm (`{TECHNOLOGY}/cost_nodes.csv`, from `{TECHNOLOGY}/cost_front.csv`).\n\n"
        + table([*header, "points on the front of all nodes"], lines)
        + "\nEach newer node lowers both the least EDAP and the cost of the chip that has it. The "
        "cheapest chips of all are of 14 nm, and none of 22 nm or more is on the front of all nodes. "
        "The paper's search (`HWC_02`) optimises the energy-latency product times cost instead.\n"
    )
