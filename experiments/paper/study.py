"""`imcmoo reproduce paper`: all questions of Krestinskaya et al., answered and drawn; its pages."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

import problems
from experiments import publish
from experiments.compare.comparison import PRIMARY, SEEDS
from experiments.enumerated_study import EnumeratedStudy
from experiments.markdown import render
from experiments.paper import discrepancies, figures, questions, reductions
from experiments.paper.questions import SEED, STUDIES, TECHNOLOGY, Tables
from experiments.paper.reductions import BASELINES, EXACT, GA
from experiments.publish import FIGURES, Draw, Publication, Result, dependence, to_csv, with_study
from experiments.recorded import DESIGNS, LARGEST
from imcmoo.io.machines import LIBRARIES
from imcmoo.networks.workloads import SHIPPED
from imcmoo.problem.identity import problem_stamp
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

PAGES = ("reproduction", "joint_design")
"""Pages of the documentation."""


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
    models = ("reference",)
    tasks = TASKS

    def __init__(self) -> None:
        versions = {name: version(name) for name in ("imcmoo", *LIBRARIES)}
        self.config: dict[str, Any] = {"command": COMMAND, "seed": SEED}
        marks = {
            name: problem_stamp(problem).digest() for name, problem in study_problems().items()
        }
        self.config |= {"fingerprints": marks, "versions": versions}

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
        tables = questions.read_studies(folder)
        ledger = discrepancies.measure(discrepancies.optima(tables))
        return {"claims.csv": reductions.claims(tables), "ledger.csv": ledger}

    def figures(self, folder: Path) -> dict[str, tuple[pd.DataFrame, Draw]]:
        """All figures of which there are tables."""
        return figures.figures(questions.read_studies(folder))

    def pages(self, folder: Path, docs: Path, home: Path) -> dict[Path, str]:
        """`reproduction.md`, `joint_design.md`, `ledger.md`, and the READMEs."""
        tables = questions.read_studies(folder)
        ledger = pd.read_csv(folder / "ledger.csv", dtype={"unit": str})
        values = {
            **{"questions": questions, "reductions": reductions, "publish": publish},
            "tables": tables,
            "claims": pd.read_csv(folder / "claims.csv"),
            "config": self.config,
            "EARLY": figures.EARLY,
            "SEEDS": SEEDS,
            "summary": summary(tables),
            "by_network": lambda study, *what: reductions.by_network(
                tables[study]["aggregations"], *what
            ),
            "stem": f"{os.path.relpath(home, docs)}/{FIGURES}",
            "to_docs": os.path.relpath(docs, home),
            "figures": [(name, *what) for name, what in figures.named_figures(tables).items()],
        }

        def page(name: str, **more: Any) -> str:
            return render(f"paper/{name}.md", **values, **more)

        return {
            **{docs / f"{name}.md": page(name) for name in PAGES},
            docs / "ledger.md": discrepancies.page(ledger, discrepancies.optima(tables)),
            home / "README.md": page("readme"),
            **{home / study / "README.md": page("study", study=study) for study in tables},
        }


def summary(tables: Tables) -> dict[str, Any]:
    """Numbers of the three sentences on top.

    Returns:
        from_largest: largest reduction of a score over sequential searches from the largest chip;
        others: over all other baselines; over_ga: over the rebuilt GA; single_networks: those over
        designs for one network, by network, that exceed `others`; solved: least share of
        seeds at the optimum, over studies and searches, after the whole budget.
    """
    frame = pd.concat([tables[study]["reductions"] for study in STUDIES])
    exact = frame[frame["joint"] == EXACT]
    own_score = exact.apply(lambda row: row[row["criterion"]], axis=1)
    # Over baselines that run all networks, of all studies and scores.
    gains = own_score.groupby(exact["baseline"]).max()
    from_largest = [name for name in BASELINES if "sequential from the largest" in name]
    others = gains.reindex([*{*BASELINES} - {*from_largest}]).max()
    single = {name: gains.get(f"alone: {name}", 0.0) for name in SHIPPED}
    searches = pd.concat([tables[study]["paper_search"] for study in STUDIES])
    return {
        "from_largest": gains.reindex(from_largest).max(),
        "others": others,
        "over_ga": gains[GA],
        "single_networks": {name: gain for name, gain in single.items() if gain > others},
        "solved": searches.loc[searches["budget"] == PRIMARY, "solved"].min(),
    }
