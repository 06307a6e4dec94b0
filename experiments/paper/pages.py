"""The pages of the full study: the paper's claims, joint design, all tables and figures."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.compare.comparison import PRIMARY, SEEDS
from experiments.markdown import percent, render
from experiments.paper.claims import FOUR_RRAM, HEADLINES, by_network
from experiments.paper.figures import EARLY, named_figures
from experiments.paper.questions import (
    GENERAL,
    PAPER_SCORE,
    RECORDED,
    SAMPLED_SETS,
    STUDIES,
    TECHNOLOGY,
    Tables,
)
from experiments.paper.reductions import BASELINES, EXACT, GA
from experiments.publish import FIGURES, NARROW
from imcmoo.networks.workloads import SHIPPED
from imcmoo.problem.criteria import MINIMAX
from imcmoo.report.labels import label

PAGES = ("reproduction", "joint_design")
"""Pages of the documentation."""

SHOWN = (
    GA,
    "their search, by means",
    "random feasible designs",
    "sequential from the middle",
    "sequential from the largest",
)
"""Baselines of the short table."""

FROM_LARGEST = "sequential from the largest"

PARAMETERS = {
    "voltage_V": "voltage",
    "cycle_s": "cycle time",
    "cols": "columns",
    "glb_depth": "global buffer",
}
"""Names of parameters that differ from their labels."""

LONG = 40
"""Rows from which a table is not repeated in Markdown."""

CONSTANTS = {
    **{"SHOWN": SHOWN, "EXACT": EXACT, "GENERAL": GENERAL, "PAPER_SCORE": PAPER_SCORE},
    **{"MINIMAX": MINIMAX, "FOUR_RRAM": FOUR_RRAM, "RECORDED": RECORDED},
    **{"TECHNOLOGY": TECHNOLOGY, "HEADLINES": HEADLINES, "SAMPLED_SETS": SAMPLED_SETS},
    **{"SEEDS": SEEDS, "PRIMARY": PRIMARY, "EARLY": EARLY, "LONG": LONG, "NARROW": NARROW},
    **{"STUDIES": STUDIES, "PARAMETERS": PARAMETERS},
}


def pages(
    tables: Tables, claims: pd.DataFrame, config: Mapping[str, Any], docs: Path, home: Path
) -> dict[Path, str]:
    """Write all pages.

    Args:
        tables: of all studies.
        claims: as `claims` returns them.
        config: command, seed and versions.
        docs: folder of the pages.
        home: folder where the tables will be.

    Returns:
        The pages of the documentation, and a `README.md` beside the tables of each study and of
        all, by path.
    """

    def values_by_network(study: str, criterion: str, quantity: str) -> dict[str, float]:
        return by_network(tables[study]["aggregations"], criterion, quantity)

    values = {
        **CONSTANTS,
        "tables": tables,
        "claims": claims,
        "config": config,
        "summary": summary(tables),
        "by_network": values_by_network,
        "stem": f"{os.path.relpath(home, docs)}/{FIGURES}",
        "to_docs": os.path.relpath(docs, home),
        "figures": [(name, *what) for name, what in named_figures(tables).items()],
        "markdown": _markdown,
    }
    texts = {docs / f"{name}.md": render(f"paper/{name}.md", **values) for name in PAGES}
    for study in tables:
        texts[home / study / "README.md"] = render("paper/study.md", study=study, **values)
    return texts | {home / "README.md": render("paper/readme.md", **values)}


def _markdown(frame: pd.DataFrame) -> str:
    """Format all of a table, numbers with four digits."""
    lines = (
        ["" if pd.isna(v) else f"{v:.4g}" if isinstance(v, float) else str(v) for v in row]
        for row in frame.itertuples(index=False)
    )
    rows = [[*map(str, frame)], ["---"] * frame.shape[1], *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def summary(tables: Tables) -> dict[str, Any]:
    """Numbers of the three sentences on top.

    Returns:
        from_largest: largest reduction of a score over sequential searches from the largest chip;
        others: over all other baselines; over_ga: over the rebuilt GA; single_networks: names of
        the designs for one network over which the reduction exceeds `others`; tail: largest 95th
        percentile of regret, over seeds, of the rebuilt GA after all its budget.
    """
    frame = pd.concat([tables[study]["reductions"] for study in STUDIES])
    exact = frame[frame["joint"] == EXACT]
    own_score = exact.apply(lambda row: row[row["criterion"]], axis=1)
    # Over baselines that run all networks, of all studies and scores.
    gains = own_score.groupby(exact["baseline"]).max()
    from_largest = [name for name in BASELINES if FROM_LARGEST in name]
    others = gains.reindex([*{*BASELINES} - {*from_largest}]).max()
    single = {name: gains.get(f"alone: {name}", 0.0) for name in SHIPPED}
    searches = pd.concat([tables[study]["paper_search"] for study in STUDIES])
    is_ga = (searches["method"] == "with four phases") & (searches["budget"] == PRIMARY)
    return {
        "from_largest": gains.reindex(from_largest).max(),
        "others": others,
        "over_ga": gains[GA],
        "single_networks": ", ".join(
            f"{label(n)} ({percent(gain)})" for n, gain in single.items() if gain > others
        ),
        "tail": searches.loc[is_ga, "percentile_95"].max(),
    }
