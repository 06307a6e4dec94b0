"""`python -m experiments.run physics`: the questions of the paper, asked of the physical model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pandas as pd

from experiments import questions as shared
from experiments.enumerated_study import EnumeratedStudy
from experiments.physics import figures
from experiments.physics.baselines import baselines
from experiments.physics.best_found import best_under
from experiments.physics.boundary_sensitivity import boundary_table
from experiments.physics.optima import contrasts, optimum_table
from experiments.physics.page import DEFAULT_ADC, device_ratios, page, stored
from experiments.physics.proven import proven_answer
from experiments.physics.robustness import robustness
from experiments.physics.searches import optimal_designs, regrets
from experiments.physics.summary import MAIN, recommended, rram_over_sram
from experiments.physics.variations import Key, keys, keys_of_nine
from experiments.physics.violations import with_violations
from experiments.publish import (
    CONFIG,
    Draw,
    Publication,
    Result,
    dependence,
    fingerprints,
    publish,
    to_csv,
    with_study,
)
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.io.locks import folder_lock
from imcmoo.io.machines import Workers
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.study.enumerate_study import enumerate_study
from imcmoo.study.exact_comparison import find_answer
from imcmoo.study.study import Study
from problems import STUDIES

REFERENCES = {
    "four_workload_rram_physical": "four_workload_rram",
    "four_workload_sram_physical": "four_workload_sram",
    "nine_workload_rram_physical": "nine_workload_rram",
    "nine_workload_sram_physical": "nine_workload_sram",
}
"""Studies, and the one of the reference model that each variation is compared with."""

NAMES = tuple(REFERENCES)

VARIED_FULLY: tuple[str, ...] = ()
"""Studies under every variation, which takes hours; others under those that could change the better
device."""

DETAILED = ("four_workload_rram_physical", "four_workload_sram_physical")
"""Studies whose variations also have costs over the single-network optima, and the order of
designs."""

SEEDS = 5

COMPARED = ("optima", "searches")
"""Tables that are published with another ADC model than the default, for the comparison."""

Task = tuple[str, str, int]
"""Kind of a task, study, and seed or variation (-1 without one)."""


class Physics(Publication):
    """The physical studies with one ADC model.

    Args:
        results: has exact answers, and gets those that are missing.
        workers: that find them.
        adc_model: the ADC model of all studies.
        proven: whether optima are proven instead of found by enumeration, which takes minutes
            instead of hours; only the tables of the optima are then made.
    """

    name = "physics"

    def __init__(self, results: Path, workers: Workers, adc_model: str, *, proven: bool) -> None:
        self.adc_model = adc_model
        self.home = results / "published" / self.name
        self.is_default = adc_model == DEFAULT_ADC
        self.proven = proven
        answers = results if self.is_default else results / adc_model
        self.studies = {name: _with_adc(STUDIES[name], adc_model) for name in NAMES}
        self.answers = {
            n: proven_answer(s, answers) if proven else find_exact(s, answers, workers)
            for n, s in self.studies.items()
        }
        self.tasks = list(tasks(self.studies, complete=self.is_default, proven=proven))
        problems = {name: study.problem() for name, study in self.studies.items()}
        self.depends_on = dependence(problems.values())
        optima = "proven" if proven else "enumerated"
        self.config = {
            "adc_model": adc_model, "optima": optima, "fingerprints": fingerprints(problems)
        }  # fmt: skip

    def run_task(self, task: Task) -> Result:
        """Answer questions about a study, examine its optima, vary it, or search it."""
        kind, name, number = task
        study, answer = self.studies[name], self.answers[name]
        if kind == "searches":
            return {"searches": regrets(study, answer, number)}
        if kind == "variations":
            return {"variations": _variation(study, answer, _keys(study)[number])}
        if kind == "looks":
            boundary = {"ends": boundary_table(study, answer)} if self.is_default else {}
            return {"optima": optimum_table(study, answer), **boundary}
        return questions(study)

    def tables(self, results: Sequence[Result]) -> dict[str, str]:
        """Tables of all studies joined; with another ADC model only those of the comparison."""
        names = dict.fromkeys(name for result in results for name in result)
        texts = {n: _joined([str(r[n]) for r in results if n in r]) for n in names}
        if "variations" in texts:
            variations = pd.read_csv(StringIO(texts["variations"]))
            texts["survival"] = to_csv(robustness(variations, self.adc_model))
        kept = texts if self.is_default else set(COMPARED)
        return {f"{name}.csv": text for name, text in texts.items() if name in kept}

    def figures(self, folder: Path) -> dict[str, tuple[pd.DataFrame, Draw]]:
        """The recommended chips, and the better device; no figure with another ADC model."""
        if not self.is_default:
            return {}
        optima = pd.read_csv(folder / "optima.csv")
        study = self.studies[recommended(optima)]
        drawn: dict[str, tuple[pd.DataFrame, Draw]] = {
            "over_own_best": (figures.shown(optima), figures.over_own_best),
            "components": (figures.components(study, optima), figures.component_shares),
        }
        if not self.proven:
            front = figures.area_front(study, self.answers[study.name])
            drawn["area_front"] = (front, figures.area_against_edap)
        chips = self.home.parent / "accuracy" / "recommended.csv"
        if rram_over_sram(optima, MAIN) is not None and chips.is_file():
            paths = {m: self.home / m / "optima.csv" for m in ADC_MODELS}
            others = {m: pd.read_csv(path) for m, path in paths.items() if path.is_file()}
            means = device_ratios(pd.read_csv(chips), MAIN)
            ratios = figures.device_ratios({self.adc_model: optima, **others}, means)
            drawn["device_ratio"] = (ratios, figures.device_ratio)
        return drawn

    def pages(self, tables: Path, folder: Path, docs: Path) -> dict[Path, str]:
        """`physical.md`; with another ADC model only if the default one is published."""
        home = folder if self.is_default else folder.parent
        if not self.is_default and not (home / CONFIG).is_file():
            return {}
        others = {m: home / m for m in ADC_MODELS if (home / m / CONFIG).is_file()}
        if not self.is_default:
            others[self.adc_model] = tables
        frames = stored(tables if self.is_default else home)
        by_model = {m: stored(others[m]) for m in ADC_MODELS if m in others}
        return {docs / "physical.md": page(frames, by_model, home.parent)}


def tasks(studies: Mapping[str, Study], *, complete: bool, proven: bool) -> Iterator[Task]:
    """Yield all tasks, the longest first.

    Args:
        studies: by name.
        complete: whether to answer questions that need all designs, and to vary assumptions.
        proven: whether to examine the optima only.
    """
    for name in reversed(NAMES):
        if complete and not proven:
            yield "questions", name, -1
        yield "looks", name, -1
    if proven:
        return
    if complete:
        for name in (n for n in reversed(NAMES) if n in REFERENCES):
            yield from (("variations", name, i) for i in range(len(_keys(studies[name]))))
    for name in reversed(NAMES):
        yield from (("searches", name, seed) for seed in range(SEEDS))


def questions(study: Study) -> dict[str, pd.DataFrame]:
    """Answer the questions that do not depend on the cost model, by name of the table."""
    enumerated = EnumeratedStudy.of_study(study)
    left_out = pd.concat([shared.leave_one_out(enumerated, c) for c in shared.GENERALITY])
    tables = {
        "aggregations": shared.aggregations(enumerated),
        "sensitivity": shared.sensitivity(enumerated),
        "effects": shared.effects(enumerated),
        "leave_one_out": with_violations(enumerated, left_out),
        "baselines": baselines(enumerated),
        "contrasts": contrasts(study, enumerated),
    }
    return {name: with_study(study, table) for name, table in tables.items()}


def run(
    results: Path,
    docs: Path,
    *,
    quiet: bool,
    workers: Workers,
    adc_model: str = DEFAULT_ADC,
    proven: bool = False,
) -> Path:
    """Answer and publish everything; see `publish`.

    Args:
        results: gets the tables in `published/physics`, of another ADC model than the default in
            `published/physics/NAME`; exact answers in `exact` or `NAME/exact`.
        docs: gets `physical.md`.
        quiet: show no progress.
        workers: processes, or a scheduler of other machines.
        adc_model: the ADC model of all studies.
        proven: as `Physics` takes it.

    Returns:
        The folder of the tables.
    """
    publication = Physics(results, workers, adc_model, proven=proven)
    folder = publication.home if publication.is_default else publication.home / adc_model
    publish(publication, folder, docs, quiet=quiet, workers=workers)
    return folder


def find_exact(study: Study, results: Path, workers: Workers) -> ExactAnswer:
    """Load the exact answer of a study, or enumerate the study."""
    answer = find_answer(study, results)
    if answer is not None:
        return answer
    folder = results / "exact" / study.name
    with folder_lock(folder):
        return enumerate_study(study, folder, workers=workers, on_progress=lambda *_: None)


def _variation(study: Study, answer: ExactAnswer, key: Key) -> pd.DataFrame:
    optimum = study.space.unrank(answer.optima["edap_geomean"].ranks[:1])
    optima = optimal_designs(study.space, answer)
    reference = STUDIES[REFERENCES[study.name]]
    detailed = study.name in DETAILED
    return best_under(study, reference, key, optima, optimum, detailed=detailed)


def _keys(study: Study) -> list[Key]:
    list_keys = keys if study.name in VARIED_FULLY else keys_of_nine
    return list(list_keys(study.space.fixed["device"], study.space.fixed["adc_model"]))


def _with_adc(study: Study, adc_model: str) -> Study:
    fixed = {**study.space.fixed, "adc_model": adc_model}
    return replace(study, space=replace(study.space, fixed=fixed))


def _joined(texts: Sequence[str]) -> str:
    """Join tables of several studies, with the columns of any of them; digits stay as written."""
    frames = [pd.read_csv(StringIO(text), dtype=str, keep_default_na=False) for text in texts]
    return to_csv(pd.concat(frames, ignore_index=True).fillna(""))
