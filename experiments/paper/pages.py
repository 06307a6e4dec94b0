"""The pages of the full study: the paper's claims, joint design, all tables and figures."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.compare.comparison import PRIMARY, SEEDS
from experiments.markdown import percent, render
from experiments.paper.claims import FOUR_RRAM, HEADLINES
from experiments.paper.figures import EARLY, named_figures
from experiments.paper.questions import GENERAL, PAPER_SCORE, RECORDED, SAMPLED_SETS
from experiments.paper.reductions import BASELINES, EXACT, GA
from experiments.paper.tables import STUDIES, TECHNOLOGY, Tables
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
    **{"SEEDS": SEEDS, "PRIMARY": PRIMARY, "EARLY": EARLY},
}


def pages(tables: Tables, config: Mapping[str, Any], docs: Path, home: Path) -> dict[Path, str]:
    """Write all pages.

    Args:
        tables: of all studies.
        config: command, seed and versions.
        docs: folder of the pages.
        home: folder where the tables will be.

    Returns:
        The pages of the documentation, and a `README.md` beside the tables of each study and of
        all, by path.
    """
    values = {**CONSTANTS, "tables": tables, "PARAMETERS": PARAMETERS}
    values["summary"] = Summary(tables)
    values["losses"] = losses
    values["stem"] = f"{os.path.relpath(home, docs)}/{FIGURES}"
    texts = {docs / f"{name}.md": render(f"paper/{name}.md", **values) for name in PAGES}
    figures = [(name, kind, s) for name, (kind, s) in named_figures(tables).items()]
    for study in tables.studies():
        frames = [(name, tables.read(study, name)) for name in _table_names(tables, study)]
        texts[home / study / "README.md"] = render(
            "paper/study.md", study=study, frames=frames, LONG=LONG, markdown=_markdown
        )
    listed = {study: ", ".join(_table_names(tables, study)) for study in tables.studies()}
    claims = _markdown(tables.read(".", "claims"))
    to_docs = os.path.relpath(docs, home)
    texts[home / "README.md"] = render(
        "paper/readme.md",
        **{"config": config, "to_docs": to_docs, "listed": listed, "claims": claims},
        **{"figures": figures, "NARROW": NARROW},
        **CONSTANTS,
    )
    return texts


def _table_names(tables: Tables, study: str) -> list[str]:
    return sorted(path.stem for path in (tables.folder / study).glob("*.csv"))


def _markdown(frame: pd.DataFrame) -> str:
    """Format all of a table, numbers with four digits."""
    lines = (
        ["" if pd.isna(v) else f"{v:.4g}" if isinstance(v, float) else str(v) for v in row]
        for row in frame.itertuples(index=False)
    )
    rows = [[*map(str, frame)], ["---"] * frame.shape[1], *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


class Summary:
    """Numbers of the three sentences on top.

    Args:
        tables: of all studies.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        rows = [r for s in STUDIES for r in tables.rows(s, "reductions", joint=EXACT)]
        own_score = pd.Series([r[r["criterion"]] for r in rows], [r["baseline"] for r in rows])
        # Over baselines that run all networks, of all studies and scores.
        self._gains = own_score.dropna().groupby(level=0).max()
        from_largest = [name for name in BASELINES if FROM_LARGEST in name]
        self.from_largest = self._gains.reindex(from_largest).max()
        self.others = self._gains.reindex([*{*BASELINES} - {*from_largest}]).max()
        self.over_ga = self._gains[GA]

    @property
    def single_networks(self) -> str:
        """Name the designs for one network over which the reduction exceeds `others`."""
        gains = {n: self._gains.get(f"alone: {n}", 0.0) for n in SHIPPED}
        return ", ".join(
            f"{label(n)} ({percent(gain)})" for n, gain in gains.items() if gain > self.others
        )

    @property
    def tail(self) -> float:
        """Largest 95th percentile of regret, over seeds, of the rebuilt GA after all its budget."""
        where = {"method": "with four phases", "budget": PRIMARY}
        rows = [r for s in STUDIES for r in self.tables.rows(s, "paper_search", **where)]
        return max(row["percentile_95"] for row in rows)

    def worst_ratio(self, study: str, criterion: str) -> float:
        """EDAP normalised to the single-network optimum, of the network served worst."""
        return max(self.tables.by_network(study, criterion, "over_own_best").values())


def losses(tables: Tables, study: str, criterion: str) -> tuple[float, float, str]:
    """Return the least and the largest loss of a network, and the network of the latter."""
    loss = tables.by_network(study, criterion, "loss")
    worst = max(loss, key=lambda n: loss[n])
    return min(loss.values()), loss[worst], worst
