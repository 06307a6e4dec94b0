"""`imcmoo reproduce paper`: all questions of Krestinskaya et al., answered and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

import problems
from experiments.compare.comparison import SEEDS
from experiments.enumerated_study import EnumeratedStudy
from experiments.paper import discrepancies, figures, pages, questions, reductions
from experiments.paper.claims import claims
from experiments.paper.questions import SEED, STUDIES, TECHNOLOGY, read_studies
from experiments.publish import (
    Draw,
    Publication,
    Result,
    dependence,
    fingerprints,
    to_csv,
    with_study,
)
from experiments.recorded import DESIGNS, LARGEST
from imcmoo.io.machines import LIBRARIES
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.study.study import Study

COMMAND = "imcmoo reproduce paper"

Task = tuple[str, str, int]
"""Kind of a task, study, and seed (-1 without one)."""

TASKS: tuple[Task, ...] = (
    *(("answers", name, -1) for name in reversed(STUDIES)),
    ("costs", TECHNOLOGY, -1),
    *(("search", name, seed) for name in reversed(STUDIES) for seed in range(SEEDS)),
)
"""The longest tasks first."""


def answers(study: Study) -> dict[str, pd.DataFrame]:
    """Compute all tables of a study that follow from the costs of its designs, by name."""
    enumerated = EnumeratedStudy.of_study(study)
    joint = reductions.joint(enumerated, study.name)
    sets = questions.growing_sets(enumerated)
    tables = {
        "joint": joint,
        "breakdown": reductions.by_component(enumerated),
        "reductions": reductions.reductions(joint),
        "aggregations": questions.aggregations(enumerated),
        "largest": questions.largest(enumerated, study.name),
        "sensitivity": questions.sensitivity(enumerated),
        "effects": questions.effects(enumerated),
        "leave_one_out": questions.leave_one_out(enumerated),
        "growing_sets": sets,
        "growing_sets_by_size": questions.by_size(sets),
    }
    return {name: with_study(study, table) for name, table in tables.items()}


def costs(study: Study) -> dict[str, pd.DataFrame]:
    """Compute all tables about technology and cost, by name."""
    front = questions.cost_front(EnumeratedStudy.of_study(study))
    tables = {"cost_front": front, "cost_nodes": questions.by_node(front)}
    return {name: with_study(study, table) for name, table in tables.items()}


def study_problems() -> dict[str, AcceleratorProblem]:
    """Problems of all studies by name."""
    return {name: problems.STUDIES[name].problem() for name in (*STUDIES, TECHNOLOGY)}


class Paper(Publication):
    """The full study of the reference model."""

    name = "paper"
    tasks = TASKS

    def __init__(self) -> None:
        versions = {name: version(name) for name in ("imcmoo", *LIBRARIES)}
        self.config: dict[str, Any] = {"command": COMMAND, "seed": SEED}
        self.config |= {"fingerprints": fingerprints(study_problems()), "versions": versions}

    @property
    def depends_on(self) -> str:
        """The problems and the records of the published searches."""
        return dependence(study_problems().values(), data=(LARGEST, DESIGNS))

    def run_task(self, task: Task) -> Result:
        """Answer questions about a study, or search it with a seed."""
        kind, name, seed = task
        study = problems.STUDIES[name]
        if kind == "search":
            return questions.search(study, seed)
        return answers(study) if kind == "answers" else costs(study)

    def tables(self, results: Sequence[Result]) -> dict[str, str]:
        """Tables of all studies; searches are summarised over seeds."""
        texts: dict[str, str] = {}
        searches: dict[str, list[Result]] = {}
        for (kind, study, _), result in zip(self.tasks, results, strict=True):
            if kind == "search":
                searches.setdefault(study, []).append(result)
            else:
                texts |= {f"{study}/{name}.csv": str(text) for name, text in result.items()}
        for study, of_seeds in searches.items():
            summary = questions.paper_search(of_seeds)
            named = with_study(problems.STUDIES[study], summary)
            texts[f"{study}/paper_search.csv"] = to_csv(named)
        return texts

    def derived(self, folder: Path) -> dict[str, pd.DataFrame]:
        """Claims, and discrepancies of the reference model at the optima."""
        tables = read_studies(folder)
        ledger = discrepancies.measure(discrepancies.optima(tables))
        return {"claims.csv": claims(tables), "ledger.csv": ledger}

    def figures(self, folder: Path) -> dict[str, tuple[pd.DataFrame, Draw]]:
        """All figures of which there are tables."""
        return figures.figures(read_studies(folder))

    def pages(self, folder: Path, docs: Path, home: Path) -> dict[Path, str]:
        """`reproduction.md`, `joint_design.md`, `ledger.md`, and the READMEs."""
        tables, claimed = read_studies(folder), pd.read_csv(folder / "claims.csv")
        frame = pd.read_csv(folder / "ledger.csv", dtype={"unit": str})
        ledger = discrepancies.page(frame, discrepancies.optima(tables))
        texts = pages.pages(tables, claimed, self.config, docs, home)
        return texts | {docs / "ledger.md": ledger}
