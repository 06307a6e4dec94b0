"""What the whole study comes to, in three sentences that follow from its tables."""

from __future__ import annotations

from pathlib import Path

from experiments.arena.contest import PRIMARY, SEEDS
from experiments.paper.markdown import percent
from experiments.paper.reductions import BASELINES, EXACT, GA
from experiments.paper.settings import PAPER_SCORE, STUDIES
from experiments.paper.stored import reductions, rows
from imcmoo.networks.workloads import SHIPPED
from imcmoo.problem.criteria import MINIMAX
from imcmoo.report.labels import label, networks_in

FROM_LARGEST = "sequential from the largest"

ONE_FOR_NINE = "nine_workload_sram"


def gains(folder: Path, baselines: tuple[str, ...]) -> list[float]:
    """By how much the exact joint design reduces the score it was selected by, over baselines that
    run all networks; of all studies and scores."""
    return [
        row[criterion]
        for study in STUDIES
        for (joint, criterion, baseline), row in reductions(folder, study).items()
        if joint == EXACT and baseline in baselines and row[criterion] == row[criterion]
    ]


def worst_ratio(folder: Path, criterion: str) -> float:
    """EDAP over its own best of the network that the exact design of a criterion serves worst."""
    (own,) = rows(folder, ONE_FOR_NINE, "aggregations", criterion=criterion)
    return max(own[f"over_own_best_{n}"] for n in networks_in(own, "over_own_best_"))


def tail(folder: Path) -> float:
    """The 95th percentile of regret, over seeds, of the paper's GA after the whole budget: the
    largest of all studies."""
    step = {"method": "with four phases", "budget": PRIMARY}
    return max(
        row["percentile_95"]
        for study in STUDIES
        for row in rows(folder, study, "paper_search", **step)
    )


def _small(folder: Path, least: float) -> str:
    """The designs made for one network over which the reduction is larger than that, if any."""
    names = [f"alone: {n}" for n in SHIPPED]
    best = {name: max(gains(folder, (name,)), default=0.0) for name in names}
    found = [
        f"{label(name.removeprefix('alone: '))} ({percent(share)})"
        for name, share in best.items()
        if share > least
    ]
    return f" and over designs made for one network alone, {', '.join(found)}" if found else ""


def in_short(folder: Path) -> str:
    """The three sentences."""
    largest = tuple(name for name in BASELINES if FROM_LARGEST in name)
    others = tuple(name for name in BASELINES if name not in largest)
    return (
        "## In three sentences\n\n"
        "1. Against our rebuild of the paper's GA, from equal starts, the exact optimum gains at "
        "most "
        f"{percent(max(gains(folder, (GA,))))} in its score (one run for each study and score; "
        "over "
        f"{SEEDS} seeds the 95th percentile of its regret is at most {percent(tail(folder))}), and "
        f"reductions of more than {percent(max(gains(folder, others)))} in the score the design "
        "was "
        "selected by appear only over sequential baselines begun at the largest chip (up to "
        f"{percent(max(gains(folder, largest)))}){_small(folder, max(gains(folder, others)))} "
        "(`<study>/reductions.csv`, `<study>/paper_search.csv`).\n"
        "2. One SRAM chip for nine networks costs each at most "
        f"{worst_ratio(folder, MINIMAX):.2f} times the EDAP of its own best chip if selected by "
        f"minimax regret, {worst_ratio(folder, PAPER_SCORE):.2f} times if by the paper's score, "
        f"{label(PAPER_SCORE)} (`{ONE_FOR_NINE}/aggregations.csv`).\n"
        "3. All of this is relative, and on the paper's cost model; what that model leaves out, "
        "and what "
        "follows, is measured in the [ledger](ledger.md).\n"
    )
