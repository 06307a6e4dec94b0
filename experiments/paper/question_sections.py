"""What the paper leaves open or only asserts, answered: the later sections of
`docs/reproduction.md`. Each is a function from tables to Markdown."""

from __future__ import annotations

from pathlib import Path

from experiments.arena.contest import PRIMARY, SEEDS
from experiments.paper.ablation import BUDGETS
from experiments.paper.markdown import number, percent, table, times
from experiments.paper.parameter_figures import parameter_name
from experiments.paper.settings import GENERAL, PAPER_SCORE, SCORED, TECHNOLOGY
from experiments.paper.stored import by, read, rows, studies_with
from imcmoo.problem.criteria import MINIMAX
from imcmoo.report.labels import label

AGGREGATED = ("edap_max", PAPER_SCORE, GENERAL, MINIMAX)
"""Criteria of the short table."""

MOST = 3
"""Parameters shown per study."""


def aggregations(folder: Path) -> str:
    """Whom each aggregation sacrifices, and how much."""
    lines = []
    for study in studies_with(folder, "aggregations"):
        own = by("criterion", rows(folder, study, "aggregations"))
        worst = ((own[c], own[c]["sacrificed_most"]) for c in AGGREGATED)
        lines.append([study, *(f"{times(r[f'over_own_best_{n}'])} {label(n)}" for r, n in worst)])
    return (
        "## Whom does each aggregation sacrifice?\n\n"
        "EDAP over its own best of the network that the exact design serves worst "
        "(`<study>/aggregations.csv`; [all criteria](reproduction/aggregations.md)).\n\n"
        + table(["study", *map(label, AGGREGATED)], lines)
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
    early = BUDGETS[1]
    lines = []
    for study in studies_with(folder, "paper_search"):
        own = by("method", rows(folder, study, "paper_search", criterion=PAPER_SCORE, budget=early))
        lines.append([study, *(percent(row["solved"]) for row in own.values())])
    return (
        "## The paper's search, part by part\n\n"
        f"Share of {SEEDS} seeds at the exact optimum of {label(PAPER_SCORE)} after {early:,} unique "
        "designs (`<study>/paper_search.csv`; "
        "[regret, and other budgets](reproduction/searches.md)).\n\n"
        + table(["study", *own], lines)
        + f"\nAfter {PRIMARY:,} designs every search is at the optimum on most seeds, ours on all; "
        "with four phases no more often than without in nine_workload_sram. After "
        f"{early:,} the four phases have brought the most: they lower the median in every "
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
    for study in studies_with(folder, "growing_sets_by_size"):
        every = rows(folder, study, "growing_sets_by_size", criterion=GENERAL)
        for row in (every[0], every[-1]):
            columns = ("lower_quartile", "median", "upper_quartile")
            figures = (percent(row["runs_share"]), *(times(row[c]) for c in columns))
            lines.append([study, str(row["size"]), *figures])
    header = ["study", "networks in the set", "share of newcomers that run"]
    return (
        "## Does a design generalise to a network it did not know?\n\n"
        f"EDAP on networks that the exact design by {label(GENERAL)} did not know, over their own "
        "best, for the smallest and the largest sets (`<study>/growing_sets_by_size.csv`; "
        "[all sizes, and network by network](reproduction/generality.md)).\n\n"
        + table([*header, "lower quartile of those", "median", "upper quartile"], lines)
        + f"\nBy {label(GENERAL)}, with nine networks: in SRAM a larger set hardly changes how well a "
        "typical newcomer is served, but cuts the bad cases (the upper quartile); in RRAM more "
        "newcomers find cells and buffer enough to run, and of those that run small ones pay for the "
        "area (the median grows). What does not run lacks cells (VGG16, GPT-2 Medium) or a large "
        "enough global buffer (MobileNetV3).\n"
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
