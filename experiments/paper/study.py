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

import problems
from experiments import EXPERIMENTS_VERSION
from experiments.arena.contest import SEEDS
from experiments.ledger.__main__ import write as write_ledger
from experiments.paper import (
    aggregation,
    cost,
    documents,
    figure_catalogue,
    generality,
    reductions,
    sensitivity,
)
from experiments.paper.ablation import paper_search, search
from experiments.paper.claims import claims
from experiments.paper.enumerated_study import EnumeratedStudy
from experiments.paper.settings import GENERALITY, SEED, STUDIES, TECHNOLOGY
from experiments.recorded import DESIGNS, LARGEST
from imcmoo.cli.progress import counted
from imcmoo.exact.behaviour import behaviour_mark
from imcmoo.io.checksums import sha256
from imcmoo.io.executor import completed
from imcmoo.io.files import replacing
from imcmoo.io.locks import owned
from imcmoo.io.machines import LIBRARIES, Workers, working
from imcmoo.io.parts import FinishedParts
from imcmoo.problem.identity import fingerprint
from imcmoo.study.study import Study

COMMAND = "python -m experiments.run paper"

CONFIG = "config.json"
"""Written last: where it stands, all beside it is of one study."""

Arrays = dict[str, Any]


def questions(study: Study) -> dict[str, pd.DataFrame]:
    """All tables about a study that follow from the cost of its designs, by name."""
    enumerated = EnumeratedStudy.of_study(study)
    joint = reductions.joint(enumerated, study.name, SEED)
    sets = pd.concat([generality.growing_sets(enumerated, c, SEED) for c in GENERALITY])
    tables = {
        "joint": joint,
        "breakdown": reductions.by_component(enumerated),
        "reductions": reductions.reductions(joint),
        "aggregations": aggregation.aggregations(enumerated),
        "largest": aggregation.largest(enumerated, study.name),
        "sensitivity": sensitivity.best_left(enumerated),
        "effects": sensitivity.effects(enumerated),
        "leave_one_out": pd.concat([generality.leave_one_out(enumerated, c) for c in GENERALITY]),
        "growing_sets": sets,
        "growing_sets_by_size": generality.by_size(sets),
    }
    return {name: of_study(study, table) for name, table in tables.items()}


def costs(study: Study) -> dict[str, pd.DataFrame]:
    """All tables about technology and cost, by name."""
    front = cost.cost_front(EnumeratedStudy.of_study(study))
    tables = {"cost_front": front, "cost_nodes": cost.by_node(front)}
    return {name: of_study(study, table) for name, table in tables.items()}


def of_study(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """A table that says in its first column of which study it is, so that tables of several can be
    put together."""
    told = table.copy()
    told.insert(0, "study", study.name)
    return told


Task = tuple[Callable[..., Any], tuple[Any, ...]]

TABLES: tuple[Task, ...] = (
    *((questions, (problems.STUDIES[name],)) for name in reversed(STUDIES)),  # the longest first
    (costs, (problems.STUDIES[TECHNOLOGY],)),
)
"""What makes tables of a study, by name."""

SEARCHES: tuple[Task, ...] = tuple(
    (search, (problems.STUDIES[name], seed)) for name in reversed(STUDIES) for seed in range(SEEDS)
)
"""What searches a study with a seed."""


def _do(task: Task) -> Arrays:
    """What comes of a task, to be kept: tables as text."""
    make, arguments = task
    found = make(*arguments)
    return {k: np.array(csv(v)) if isinstance(v, pd.DataFrame) else v for k, v in found.items()}


def csv(frame: pd.DataFrame) -> str:
    """A table as text."""
    return str(frame.to_csv(index=False, lineterminator="\n"))


def run(folder: Path, docs: Path, *, quiet: bool, workers: Workers) -> None:
    """Answer all questions into a folder; goes on with what an interrupted run has finished.

    Args:
        folder: gets `<study>/<table>.csv`, the same in Markdown, `figures/` and `config.json`, and
            loses what an earlier run left in their place.
        docs: gets `reproduction.md`, `gallery.md` and `ledger.md`.
        quiet: show no progress.
        workers: processes, or who sends work to other machines.
    """
    with owned(folder):
        asked = {name: problems.STUDIES[name].problem() for name in (*STUDIES, TECHNOLOGY)}
        stated = [behaviour_mark(p) for p in asked.values()]
        stated += [sha256(path) for path in (LARGEST, DESIGNS)]
        parts = FinishedParts(folder, f"{EXPERIMENTS_VERSION} {stated}")
        _answer(parts, quiet=quiet, workers=workers)
        config = {
            "command": COMMAND,
            "seed": SEED,
            "fingerprints": {name: fingerprint(p) for name, p in asked.items()},
            "versions": {name: version(name) for name in ("imcmoo", *LIBRARIES)},
        }
        _publish(parts, config, folder, docs)
        write_ledger(folder, docs)
        parts.remove()


def _answer(parts: FinishedParts, *, quiet: bool, workers: Workers) -> None:
    """Do all tasks that are not among the parts yet."""
    tasks = TABLES + SEARCHES
    todo = [i for i in range(len(tasks)) if i not in parts]
    with (
        counted("paper", len(tasks), quiet=quiet, done=len(parts)) as advance,
        working(workers, len(todo)) as executor,
    ):
        for index, found in completed(executor, _do, (tasks[i] for i in todo)):
            parts.save(todo[index], found)
            advance()


def _publish(parts: FinishedParts, stated: dict[str, Any], folder: Path, docs: Path) -> None:
    """Write all tables, figures and pages, and put them in the place of those of an earlier run."""
    staged = folder / ".parts" / "files"
    shutil.rmtree(staged, ignore_errors=True)
    _write_tables(staged, parts)
    figure_catalogue.draw(staged)
    for name, text in documents.tables(staged, stated, folder, docs).items():
        _write(staged / name, text)
    written = documents.documents(staged, folder, docs)
    (folder / CONFIG).unlink(missing_ok=True)
    _replace(folder, staged)
    for name, text in written.items():
        _write(docs / name, text)
    _write(folder / CONFIG, json.dumps(stated, indent=2) + "\n")


def _write_tables(folder: Path, parts: FinishedParts) -> None:
    """Write every table into a folder, from the parts in the order of the tasks."""
    for index, (_, (study,)) in enumerate(TABLES):
        for name, text in parts.load(index).items():
            _write(folder / study.name / f"{name}.csv", str(text))
    for study in dict.fromkeys(study for _, (study, _) in SEARCHES):
        own = [i for i, (_, (other, _)) in enumerate(SEARCHES, len(TABLES)) if other == study]
        summary = paper_search([parts.load(i) for i in own])
        _write(folder / study.name / "paper_search.csv", csv(of_study(study, summary)))
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
