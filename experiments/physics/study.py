"""`python -m experiments.run physics`: the paper's questions, asked of the physical model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments import EXPERIMENTS_VERSION
from experiments.paper import aggregation, generality, sensitivity
from experiments.paper.enumerated_study import EnumeratedStudy
from experiments.paper.settings import GENERALITY
from experiments.paper.study import of_study
from experiments.physics.baselines import baselines
from experiments.physics.contrasts import contrasts
from experiments.physics.ends import ends_table
from experiments.physics.figures import draw
from experiments.physics.findings import findings
from experiments.physics.missed import with_missed
from experiments.physics.optima import optimum_table
from experiments.physics.page import CONFIG, DEFAULT_ADC, asked, folder_of, name_of, page
from experiments.physics.searches import optimal_designs, regrets
from experiments.physics.survival import survival
from experiments.physics.variations import Key, keys, keys_of_nine
from imcmoo.cli.progress import counted
from imcmoo.exact.behaviour import behaviour_mark
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.io.executor import completed
from imcmoo.io.files import replacing
from imcmoo.io.locks import owned
from imcmoo.io.machines import Workers, working
from imcmoo.io.parts import FinishedParts
from imcmoo.problem.identity import fingerprint
from imcmoo.study.enumerate_study import enumerate_study
from imcmoo.study.exact_comparison import find_answer
from imcmoo.study.study import Study
from problems import STUDIES

NAMES = (
    "four_workload_rram_physical",
    "four_workload_sram_physical",
    "nine_workload_rram_physical",
    "nine_workload_sram_physical",
)
SEEDS = 31
Task = tuple[str, str, int]
"""What is made, of which study, and with which seed or variation (−1 where there is neither)."""

BESIDE = {
    "four_workload_rram_physical": "four_workload_rram",
    "four_workload_sram_physical": "four_workload_sram",
    "nine_workload_rram_physical": "nine_workload_rram",
    "nine_workload_sram_physical": "nine_workload_sram",
}
"""Studies that are varied, and the paper's that each stands beside."""

VARIED_FULLY = ("four_workload_rram_physical", "four_workload_sram_physical")
"""Under every change; the others under those that could turn which device is better."""


def tasks(studies: Mapping[str, Study]) -> Iterator[Task]:
    """All there is to do, the longest first.

    Args:
        studies: those of `NAMES`, by name.
    """
    for name in reversed(NAMES):
        yield "questions", name, -1
        yield "looks", name, -1
    for name in reversed(NAMES):
        if name in BESIDE:
            yield from (("variations", name, i) for i in range(len(_keys(studies[name]))))
    for name in reversed(NAMES):
        yield from (("searches", name, seed) for seed in range(SEEDS))


def questions(study: Study) -> dict[str, pd.DataFrame]:
    """The paper's questions that do not depend on how a model computes, by name of the table."""
    enumerated = EnumeratedStudy.of_study(study)
    tables = {
        "aggregations": aggregation.aggregations(enumerated),
        "sensitivity": sensitivity.best_left(enumerated),
        "effects": sensitivity.effects(enumerated),
        "leave_one_out": with_missed(
            enumerated,
            pd.concat([generality.leave_one_out(enumerated, c) for c in GENERALITY]),
        ),
        "baselines": baselines(enumerated),
        "contrasts": contrasts(study, enumerated),
    }
    return {name: of_study(study, table) for name, table in tables.items()}


def run(
    results: Path, docs: Path, *, quiet: bool, workers: Workers, adc_model: str = DEFAULT_ADC
) -> None:
    """Answer and publish everything; goes on with what was interrupted.

    Args:
        results: gets the tables in `published`, exact answers in `exact` or, of another converter
            model than the default, in `NAME/exact`.
        docs: gets the pages.
        workers: processes, or who sends work to other machines.
        adc_model: the converter model that all studies are asked with.
    """
    folder = results / "published" / folder_of(adc_model)
    known = results if adc_model == DEFAULT_ADC else results / adc_model
    studies = {name: _with_converter(STUDIES[name], adc_model) for name in NAMES}
    answers = {name: _answer(study, known, workers) for name, study in studies.items()}
    problems = {name: study.problem() for name, study in studies.items()}
    stated = [behaviour_mark(problem) for problem in problems.values()]
    every = list(tasks(studies))
    with owned(folder):
        parts = FinishedParts(folder, f"{EXPERIMENTS_VERSION} {stated}")
        todo = [i for i in range(len(every)) if i not in parts]
        with (
            counted("physics", len(every), quiet=quiet, done=len(parts)) as advance,
            working(workers, len(todo)) as executor,
        ):
            do = partial(_do, studies, answers)
            for index, found in completed(executor, do, (every[i] for i in todo)):
                parts.save(todo[index], found)
                advance()
        marks = {name: fingerprint(problem) for name, problem in problems.items()}
        config = {"adc_model": adc_model, "fingerprints": marks}
        _publish([parts.load(i) for i in range(len(every))], config, folder)
        write_pages(results / "published", docs)
        parts.remove()


def _answer(study: Study, results: Path, workers: Workers) -> ExactAnswer:
    """The exact answer of a study, found where it is not known."""
    known = find_answer(study, results)
    if known is not None:
        return known
    folder = results / "exact" / study.name
    with owned(folder):
        return enumerate_study(study, folder, workers=workers, on_progress=lambda *_: None)


def _do(
    studies: Mapping[str, Study], answers: Mapping[str, ExactAnswer], task: Task
) -> dict[str, Any]:
    """Tables of a task, as text."""
    what, name, seed = task
    study = studies[name]
    if what == "searches":
        found = {"searches": regrets(study, answers[name], seed)}
    elif what == "looks":
        found = {
            "optima": optimum_table(study, answers[name]),
            "ends": ends_table(study, answers[name]),
        }
    elif what == "variations":
        found = {"variations": _variation(study, answers[name], _keys(study)[seed])}
    else:
        found = questions(study)
    return {k: np.array(_csv(table)) for k, table in found.items()}


def _publish(found: list[dict[str, Any]], stated: dict[str, Any], folder: Path) -> None:
    """Write the tables and, last, the config."""
    (folder / CONFIG).unlink(missing_ok=True)
    for old in folder.glob("*.csv"):  # which may be of tables that are made no longer
        old.unlink()
    names = dict.fromkeys(name for part in found for name in part)
    for name in names:
        texts = [str(part[name]) for part in found if name in part]
        _write(folder / f"{name}.csv", _joined(texts))
    if "variations" in names:
        table = survival(pd.read_csv(folder / "variations.csv"), stated["adc_model"])
        _write(folder / "survival.csv", _csv(table))
    draw(pd.read_csv(folder / "optima.csv"), folder)
    _write(folder / CONFIG, json.dumps(stated, indent=2) + "\n")


def write_pages(published: Path, docs: Path) -> None:
    """Write a page for each converter model that was asked.

    Args:
        published: has the folders of tables.
        docs: gets the pages.
    """
    docs.mkdir(parents=True, exist_ok=True)
    for adc_model in asked(published):
        _write(docs / name_of(adc_model), page(published, adc_model))


def _variation(study: Study, answer: ExactAnswer, key: Key) -> pd.DataFrame:
    optimum = study.space.unrank(answer.optima["edap_geomean"].ranks[:1])
    known = optimal_designs(study.space, answer)
    beside = STUDIES[BESIDE[study.name]]
    return findings(study, beside, key, known, optimum, figures=study.name in VARIED_FULLY)


def _keys(study: Study) -> list[Key]:
    every = keys if study.name in VARIED_FULLY else keys_of_nine
    return list(every(study.space.fixed["device"], study.space.fixed["adc_model"]))


def _with_converter(study: Study, adc_model: str) -> Study:
    fixed = {**study.space.fixed, "adc_model": adc_model}
    return replace(study, space=replace(study.space, fixed=fixed))


def _joined(texts: list[str]) -> str:
    """Tables of several studies as one, columns of any of them; digits as they were written."""
    frames = [pd.read_csv(StringIO(text), dtype=str, keep_default_na=False) for text in texts]
    return _csv(pd.concat(frames, ignore_index=True).fillna(""))


def _csv(frame: pd.DataFrame) -> str:
    return str(frame.to_csv(index=False, lineterminator="\n"))


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
