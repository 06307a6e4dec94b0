"""`python -m experiments.run paper`: every question of the paper, answered and drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress

from experiments import arena, paper_figures, questions, standings, style
from experiments.arena import PRIMARY, SEEDS, Rules
from experiments.captions import gallery
from experiments.claims import reproduction
from experiments.landscape import Landscape
from experiments.studies import LIBRARIES
from experiments.variants import PAPER_STEPS
from imcmoo import exact, exhaustive, parallel
from imcmoo.files import replacing
from imcmoo.parts import Parts
from problems.build import build

STUDIES = (
    "four_workload_rram",
    "four_workload_sram",
    "nine_workload_rram",
    "nine_workload_sram",
)
TECHNOLOGY = "technology_cost_sram"
SEED = 1
GENERALITY = ("edap_geomean", "regret_minimax")
"""Criteria by which a design is to generalise: the largest network does not decide these alone."""

SEARCHED = ("four_workload_rram", "four_workload_sram")

Tables = dict[str, pd.DataFrame]


def _questions(name: str) -> Tables:
    """All tables about one study."""
    landscape = Landscape.of(build(name)[0])
    return {
        f"{name}/joint": questions.joint_against_baselines(landscape, SEED),
        f"{name}/aggregations": questions.aggregations(landscape),
        f"{name}/sensitivity": questions.sensitivity(landscape),
        f"{name}/leave_one_out": pd.concat(
            [questions.leave_one_out(landscape, criterion) for criterion in GENERALITY]
        ),
        f"{name}/growing_sets": pd.concat(
            [questions.growing_sets(landscape, criterion, SEED) for criterion in GENERALITY]
        ),
    }


def _cost(name: str) -> Tables:
    return {f"{name}/cost_front": questions.cost_front(Landscape.of(build(name)[0]))}


def _searches(name: str) -> Tables:
    """The paper's search part by part, and ours: regret after the paper's budget."""
    problem, _ = build(name)
    parts = [exhaustive.survey(problem, b) for b in exhaustive.stretches(problem)]
    answer = exhaustive.conclude(problem, parts)
    steps = frozenset(PAPER_STEPS)
    rules = Rules(name, answer, (PRIMARY,), PRIMARY, PAPER_STEPS, steps)
    search = arena.searcher(rules)
    regret = arena.tables([search(seed) for seed in range(SEEDS)])["regret"]
    return {f"{name}/paper_search": standings.summary(regret)}


TASKS: tuple[tuple[Callable[[str], Tables], str], ...] = (
    *((_questions, name) for name in reversed(STUDIES)),  # the longest first
    (_cost, TECHNOLOGY),
    *((_searches, name) for name in SEARCHED),
)


def _do(index: int) -> dict[str, Any]:
    """The tables of a task, as text."""
    make, name = TASKS[index]
    return {
        table: np.array(frame.to_csv(index=False, lineterminator="\n"))
        for table, frame in make(name).items()
    }


def _worker() -> Callable[[int], dict[str, Any]]:
    return _do


def run(folder: Path, docs: Path, *, quiet: bool) -> None:
    """Answer all questions into a folder; goes on with what an interrupted run has finished.

    Args:
        folder: gets `<study>/<table>.csv`, `figures/` and `config.json`.
        docs: gets `reproduction.md` and `gallery.md`.
        quiet: show no progress.
    """
    marks = [exact.fingerprint(*build(name)) for name in (*STUDIES, TECHNOLOGY)]
    parts = Parts(folder, f"{marks} {arena.fingerprint()}")
    todo = [i for i in range(len(TASKS)) if i not in parts]
    with Progress(console=Console(stderr=True), disable=quiet) as progress:
        bar = progress.add_task("paper", total=len(TASKS), completed=len(TASKS) - len(todo))
        for index, tables in parallel.in_processes(_worker, todo, parallel.cores()):
            parts.save(todo[index], tables)
            progress.advance(bar)
    _write(folder, docs, parts)
    config = {
        "command": "python -m experiments.run paper",
        "seed": SEED,
        "fingerprints": marks,
        "versions": {name: version(name) for name in ("imcmoo", *LIBRARIES)},
    }
    with replacing(folder / "config.json") as temporary:
        temporary.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    parts.remove()


def _write(folder: Path, docs: Path, parts: Parts) -> None:
    """Write tables, figures and documents; without the config, which says that all is there."""
    (folder / "config.json").unlink(missing_ok=True)
    for index in range(len(TASKS)):
        for name, text in parts.load(index).items():
            path = folder / f"{name}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_text(str(text), encoding="utf-8")
    draw(folder)
    write_documents(folder, docs)


def write_documents(folder: Path, docs: Path) -> None:
    """Write `reproduction.md` and `gallery.md` from the tables and figures in a folder."""
    docs.mkdir(parents=True, exist_ok=True)
    for name, text in (("reproduction", reproduction(folder)), ("gallery", gallery(folder))):
        with replacing(docs / f"{name}.md") as temporary:
            temporary.write_text(text, encoding="utf-8")


def draw(folder: Path) -> None:
    """Draw every figure from the tables in a folder."""
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    with style.paper_style():
        for name in STUDIES:
            table = {path.stem: pd.read_csv(path) for path in (folder / name).glob("*.csv")}
            drawn = {
                "joint": paper_figures.reductions(table["joint"]),
                "aggregations": paper_figures.aggregations(table["aggregations"]),
                "sensitivity": paper_figures.sensitivity(table["sensitivity"]),
                "generality": paper_figures.generality(
                    table["leave_one_out"], table["growing_sets"], GENERALITY[0]
                ),
            }
            for kind, figure in drawn.items():
                style.save(figure, figures, f"{name}_{kind}")
        front = pd.read_csv(folder / TECHNOLOGY / "cost_front.csv")
        style.save(paper_figures.cost_front(front), figures, f"{TECHNOLOGY}_cost_front")
