"""`imcmoo reproduce physical`: the best chips by the physical model, proven."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from experiments.physics import figures
from experiments.physics.boundary_sensitivity import boundary_table
from experiments.physics.optima import area_front, optimum_table
from experiments.physics.page import DEFAULT_ADC, device_ratios, page, stored
from experiments.physics.proven import proven_answer
from experiments.physics.summary import MAIN, recommended, rram_over_sram
from experiments.publish import (
    CONFIG,
    Draw,
    Publication,
    Result,
    dependence,
    fingerprints,
)
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.report.figures import breakdown
from imcmoo.study.study import Study
from problems import STUDIES

NAMES = (
    "four_workload_rram_physical",
    "four_workload_sram_physical",
    "nine_workload_rram_physical",
    "nine_workload_sram_physical",
)

FRONT_OF = "nine_workload_sram_physical"
"""Study all of whose designs are evaluated for the front of area and EDAP; the others' are not."""


class Physics(Publication):
    """The physical studies with one ADC model.

    Args:
        results: has the folder `published`, and keeps the certificates of the optima in `proven`,
            with another ADC model than the default in `NAME/proven`.
        adc_model: the ADC model of all studies.
    """

    name = "physics"

    def __init__(self, results: Path, adc_model: str) -> None:
        self.adc_model = adc_model
        self.is_default = adc_model == DEFAULT_ADC
        self.home = results / "published" / self.name
        self.path = self.name if self.is_default else f"{self.name}/{adc_model}"
        answers = results if self.is_default else results / adc_model
        self.studies = {name: _with_adc(STUDIES[name], adc_model) for name in NAMES}
        self.answers = {n: proven_answer(s, answers) for n, s in self.studies.items()}
        self.tasks = list(reversed(NAMES))
        problems = {name: study.problem() for name, study in self.studies.items()}
        self.depends_on = dependence(problems.values())
        self.config = {
            "adc_model": adc_model, "optima": "proven", "fingerprints": fingerprints(problems)
        }  # fmt: skip

    def run_task(self, task: str) -> Result:
        """Examine the optima of a study; with the default ADC model also extend its lists."""
        study, answer = self.studies[task], self.answers[task]
        tables: Result = {"optima": optimum_table(study, answer)}
        if self.is_default:
            tables["ends"] = boundary_table(study, answer)
        if self.is_default and task == FRONT_OF:
            tables["area_front"] = area_front(study, answer)
        return tables

    def figures(self, folder: Path) -> dict[str, tuple[pd.DataFrame, Draw]]:
        """The recommended chips, and the better device; no figure with another ADC model."""
        if not self.is_default:
            return {}
        optima = pd.read_csv(folder / "optima.csv")
        study = self.studies[recommended(optima)]
        drawn: dict[str, tuple[pd.DataFrame, Draw]] = {
            "over_own_best": (figures.shown(optima), figures.over_own_best),
            "components": (figures.components(study, optima), breakdown),
        }
        front = folder / "area_front.csv"
        if front.is_file():
            drawn["area_front"] = (pd.read_csv(front), figures.area_against_edap)
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


def _with_adc(study: Study, adc_model: str) -> Study:
    fixed = {**study.space.fixed, "adc_model": adc_model}
    return replace(study, space=replace(study.space, fixed=fixed))
