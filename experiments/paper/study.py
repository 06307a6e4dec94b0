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

from experiments.arena import contest
from experiments.paper import aggregation, baselines, cost, generality, pages, plates, sensitivity
from experiments.paper.ablation import paper_search
from experiments.paper.claims import claims
from experiments.paper.landscape import Landscape
from experiments.studies import LIBRARIES
from imcmoo import exact, parallel
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
COMMAND = "python -m experiments.run paper"
SEED = 1
GENERALITY = ("edap_geomean", "ela_max", "regret_minimax")
"""Criteria by which a design is to generalise."""

MADE_BY = (
    "recorded.py",
    *(f"data/recorded_{name}.csv" for name in ("largest", "searches", "sequential")),
    *(
        f"paper/{name}.py"
        for name in (
            "ablation",
            "aggregation",
            "baselines",
            "cost",
            "generality",
            "landscape",
            "sensitivity",
            "study",
        )
    ),
)
"""What the tables depend on; pages and figures are written anew each time."""

Tables = dict[str, pd.DataFrame]


def _questions(study: str) -> Tables:
    """All tables about one study that follow from the cost of its designs."""
    landscape = Landscape.of(build(study)[0])
    joint = baselines.joint(landscape, study, SEED)
    sets = pd.concat([generality.growing_sets(landscape, c, SEED) for c in GENERALITY])
    return {
        "joint": joint,
        "reductions": baselines.reductions(joint),
        "aggregations": aggregation.aggregations(landscape),
        "largest": aggregation.largest(landscape, study),
        "sensitivity": sensitivity.best_left(landscape),
        "effects": sensitivity.effects(landscape),
        "leave_one_out": pd.concat([generality.leave_one_out(landscape, c) for c in GENERALITY]),
        "growing_sets": sets,
        "growing_sets_by_size": generality.by_size(sets),
    }


def _cost(study: str) -> Tables:
    front = cost.cost_front(Landscape.of(build(study)[0]))
    return {"cost_front": front, "cost_nodes": cost.by_node(front)}


def _search(study: str) -> Tables:
    return {"paper_search": paper_search(study)}


TASKS: tuple[tuple[Callable[[str], Tables], str], ...] = (
    *((_questions, study) for study in reversed(STUDIES)),  # the longest first
    *((_search, study) for study in reversed(STUDIES)),
    (_cost, TECHNOLOGY),
)


def _do(index: int) -> dict[str, Any]:
    """The tables of a task, as text, by path."""
    make, study = TASKS[index]
    return {f"{study}/{table}.csv": np.array(_csv(frame)) for table, frame in make(study).items()}


def _csv(frame: pd.DataFrame) -> str:
    return str(frame.to_csv(index=False, lineterminator="\n"))


def _worker() -> Callable[[int], dict[str, Any]]:
    return _do


def run(folder: Path, docs: Path, *, quiet: bool) -> None:
    """Answer all questions into a folder; goes on with what an interrupted run has finished.

    Args:
        folder: gets `<study>/<table>.csv`, the same in Markdown, `figures/` and `config.json`.
        docs: gets `reproduction.md` and `gallery.md`.
        quiet: show no progress.
    """
    marks = [exact.fingerprint(*build(name)) for name in (*STUDIES, TECHNOLOGY)]
    parts = Parts(folder, f"{marks} {contest.fingerprint(*MADE_BY)}")
    todo = [i for i in range(len(TASKS)) if i not in parts]
    with Progress(console=Console(stderr=True), disable=quiet) as progress:
        bar = progress.add_task("paper", total=len(TASKS), completed=len(TASKS) - len(todo))
        for index, tables in parallel.in_processes(_worker, todo, parallel.cores()):
            parts.save(todo[index], tables)
            progress.advance(bar)
    config = folder / "config.json"
    config.unlink(missing_ok=True)  # where it stands, all is of one study
    for index in range(len(TASKS)):
        for path, text in parts.load(index).items():
            _write(folder / path, str(text))
    _write(folder / "claims.csv", _csv(claims(folder)))
    plates.draw(folder)
    stated = {
        "command": COMMAND,
        "seed": SEED,
        "fingerprints": dict(zip((*STUDIES, TECHNOLOGY), marks, strict=True)),
        "versions": {name: version(name) for name in ("imcmoo", *LIBRARIES)},
    }
    for name, text in pages.tables(folder, stated).items():
        _write(folder / name, text)
    for name, text in pages.documents(folder).items():
        _write(docs / name, text)
    _write(config, json.dumps(stated, indent=2) + "\n")
    parts.remove()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
