"""`python -m experiments.run paper`: every question of the paper, answered and drawn."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress

from experiments.arena.contest import SEEDS
from experiments.paper import aggregation, cost, generality, sensitivity
from experiments.paper import documents as pages
from experiments.paper import figure_catalogue as plates
from experiments.paper import reductions as baselines
from experiments.paper.ablation import paper_search, search
from experiments.paper.claims import claims
from experiments.paper.enumerated_study import Landscape
from experiments.paper.settings import GENERALITY, SEED, STUDIES, TECHNOLOGY
from experiments.recorded import DESIGNS, LARGEST
from imcmoo.exact import answer as exact
from imcmoo.io import executor as parallel
from imcmoo.io.files import replacing
from imcmoo.io.fingerprint import code_digest
from imcmoo.io.parts import Parts
from imcmoo.study.study import LIBRARIES
from problems.build import build

COMMAND = "python -m experiments.run paper"

CONFIG = "config.json"
"""Written last: where it stands, all beside it is of one study."""

Arrays = dict[str, Any]


def questions(study: str) -> dict[str, pd.DataFrame]:
    """All tables about a study that follow from the cost of its designs, by name."""
    landscape = Landscape.of_study(study)
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


def costs(study: str) -> dict[str, pd.DataFrame]:
    """All tables about technology and cost, by name."""
    front = cost.cost_front(Landscape.of_study(study))
    return {"cost_front": front, "cost_nodes": cost.by_node(front)}


Task = tuple[Callable[..., Any], tuple[Any, ...]]

TABLES: tuple[Task, ...] = (
    *((questions, (study,)) for study in reversed(STUDIES)),  # the longest first
    (costs, (TECHNOLOGY,)),
)
"""What makes tables of a study, by name."""

SEARCHES: tuple[Task, ...] = tuple(
    (search, (study, seed)) for study in reversed(STUDIES) for seed in range(SEEDS)
)
"""What searches a study with a seed."""


def _do(task: Task) -> Arrays:
    """What comes of a task, to be kept: tables as text."""
    make, arguments = task
    found = make(*arguments)
    return {k: np.array(csv(v)) if isinstance(v, pd.DataFrame) else v for k, v in found.items()}


def _worker() -> Callable[[Task], Arrays]:
    return _do


def csv(frame: pd.DataFrame) -> str:
    """A table as text."""
    return str(frame.to_csv(index=False, lineterminator="\n"))


def run(folder: Path, docs: Path, *, quiet: bool) -> None:
    """Answer all questions into a folder; goes on with what an interrupted run has finished.

    Args:
        folder: gets `<study>/<table>.csv`, the same in Markdown, `figures/` and `config.json`, and
            loses what an earlier run left in their place.
        docs: gets `reproduction.md` and `gallery.md`.
        quiet: show no progress.
    """
    marks = {name: exact.fingerprint(*build(name)) for name in (*STUDIES, TECHNOLOGY)}
    parts = Parts(
        folder, f"{marks} {code_digest('experiments.paper.study', data=(LARGEST, DESIGNS))}"
    )
    tasks = TABLES + SEARCHES
    todo = [i for i in range(len(tasks)) if i not in parts]
    with Progress(console=Console(stderr=True), disable=quiet) as progress:
        bar = progress.add_task("paper", total=len(tasks), completed=len(tasks) - len(todo))
        work = parallel.in_processes(_worker, [tasks[i] for i in todo], parallel.cores())
        for index, found in work:
            parts.save(todo[index], found)
            progress.advance(bar)
    stated = {
        "command": COMMAND,
        "seed": SEED,
        "fingerprints": marks,
        "versions": {name: version(name) for name in ("imcmoo", *LIBRARIES)},
    }
    staged = folder / ".parts" / "files"
    shutil.rmtree(staged, ignore_errors=True)
    _write_tables(staged, parts)
    plates.draw(staged)
    for name, text in pages.tables(staged, stated, folder, docs).items():
        _write(staged / name, text)
    documents = pages.documents(staged, folder, docs)
    (folder / CONFIG).unlink(missing_ok=True)
    _replace(folder, staged)
    for name, text in documents.items():
        _write(docs / name, text)
    _write(folder / CONFIG, json.dumps(stated, indent=2) + "\n")
    parts.remove()


def _write_tables(folder: Path, parts: Parts) -> None:
    """Write every table into a folder, from the parts in the order of the tasks."""
    for index, (_, (study,)) in enumerate(TABLES):
        for name, text in parts.load(index).items():
            _write(folder / study / f"{name}.csv", str(text))
    for study in dict.fromkeys(study for _, (study, _) in SEARCHES):
        own = [i for i, (_, (name, _)) in enumerate(SEARCHES, len(TABLES)) if name == study]
        summary = paper_search([parts.load(i) for i in own])
        _write(folder / study / "paper_search.csv", csv(summary))
    _write(folder / "claims.csv", csv(claims(folder)))


def _replace(folder: Path, staged: Path) -> None:
    """Put what is staged in the place of what stands there under the same names."""
    for new in sorted(staged.iterdir()):
        old = folder / new.name
        if old.is_dir():
            shutil.rmtree(old)
        new.replace(old)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
