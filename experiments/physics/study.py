"""`imcmoo reproduce physical`: the best chips by the physical model, proven."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from experiments.physics import figures
from experiments.physics.boundary_sensitivity import boundary_table
from experiments.physics.optima import NAMES, area_front, optimum_table, proven_optima
from experiments.physics.page import (
    DEFAULT_ADC,
    MAIN,
    chip_of,
    device_ratios,
    main_studies,
    page,
    recommended,
    rram_over_sram,
)
from experiments.publish import Draw, Publication, Result, dependence, read_tables
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.problem.identity import stamp_of
from imcmoo.report.figures import breakdown
from problems import STUDIES

FRONT_OF = "nine_workload_sram_physical"
"""Study all of whose designs are evaluated for the front of area and EDAP; the others' are not."""


class Physics(Publication):
    """The physical studies with one ADC model.

    The results have the folder `published`, and keep the certificates of the optima in `proven`,
    with another ADC model than the default in `NAME/proven`.
    """

    name = "physics"

    def __init__(self, results: Path, adc_model: str) -> None:
        self.is_default = adc_model == DEFAULT_ADC
        self.adc_model, self.home = adc_model, results / "published" / self.name
        self.path = self.name if self.is_default else f"{self.name}/{adc_model}"
        self.proofs = results if self.is_default else results / adc_model
        self.studies = {}
        for name in NAMES:
            study = STUDIES[name]
            fixed = {**study.space.fixed, "adc_model": adc_model}
            self.studies[name] = study.replace(space=replace(study.space, fixed=fixed))
        self.tasks = list(reversed(NAMES))
        self.config = {"adc_model": adc_model, "optima": "proven"}
        marks = {name: stamp_of(study.problem()).digest() for name, study in self.studies.items()}
        self.config |= {"fingerprints": marks}

    @property
    def depends_on(self) -> str:
        """The problems."""
        return dependence(study.problem() for study in self.studies.values())

    def run_task(self, task: str) -> Result:
        """Examine the optima of a study; with the default ADC model also extend its lists."""
        study = self.studies[task]
        optima = proven_optima(study, self.proofs)
        tables: Result = {"optima": optimum_table(study, optima)}
        if self.is_default:
            tables["ends"] = boundary_table(study, optima)
        if self.is_default and task == FRONT_OF:
            tables["area_front"] = area_front(study, optima)
        return tables

    def figures(self, folder: Path) -> dict[str, tuple[pd.DataFrame, Draw]]:
        """The recommended chips, and the better device; no figure with another ADC model."""
        if not self.is_default:
            return {}
        published = self._published(folder)
        tables = published[DEFAULT_ADC]
        optima = tables["optima"]
        study = self.studies[recommended(optima)]
        chips = pd.concat([chip_of(optima, name) for name in main_studies(optima)])
        drawn: dict[str, tuple[pd.DataFrame, Draw]] = {
            "over_own_best": (chips[["study", "workload", "over_own_best"]], figures.over_own_best),
            "components": (figures.components(study, optima), breakdown),
        }
        if "area_front" in tables:
            drawn["area_front"] = (tables["area_front"], figures.area_against_edap)
        proven = read_tables(self.home.parent / "accuracy").get("recommended")
        if len(rram_over_sram(optima, MAIN)) and proven is not None:
            by_model = {m: frames["optima"] for m, frames in published.items()}
            ratios = figures.ratio_table(by_model, device_ratios(proven, MAIN))
            drawn["device_ratio"] = (ratios, figures.device_ratio)
        return drawn

    def pages(self, folder: Path, docs: Path, home: Path) -> dict[Path, str]:
        """`physical.md`, if there are tables of the default ADC model."""
        others = self._published(folder)
        default = others.pop(DEFAULT_ADC, None)
        if default is None:
            return {}
        return {docs / "physical.md": page(default, others, self.home.parent)}

    def _published(self, folder: Path) -> dict[str, dict[str, pd.DataFrame]]:
        """Tables by ADC model: those of this one in `folder`, all others as published."""
        folders = {m: self.home if m == DEFAULT_ADC else self.home / m for m in ADC_MODELS}
        folders[self.adc_model] = folder
        exist = {m: f for m, f in folders.items() if (f / "optima.csv").is_file()}
        return {m: read_tables(f) for m, f in exist.items()}
