"""`imcmoo reproduce physical`: the best chips by the physical model, proven."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from experiments.physics import earlier, figures
from experiments.physics.boundary_sensitivity import boundary_table
from experiments.physics.devices import best_chips
from experiments.physics.optima import NAMES, optimum_table, proven_optima
from experiments.physics.page import MAIN, chip_of, page
from experiments.physics.sensitivity import DEVICES, Candidates, sensitivity_table
from experiments.publish import Draw, Publication, Result, dependence, read_tables
from imcmoo.problem.identity import problem_stamp
from imcmoo.report.network_figures import breakdown
from imcmoo.study.study import Study
from problems import STUDIES

CHIPS, DEVICES_OF = "chips", "devices"
"""Kinds of tasks: optima of a study; both devices on so many networks."""


class Physics(Publication):
    """The physical studies: chips, devices, what each assumption changes, and ResNet18 by hand.

    The results have the folder `published`, and keep the certificates of the optima in `proven`.
    """

    name = path = "physics"

    def __init__(self, results: Path) -> None:
        self.results = results
        self.sets = [n for n in ("nine", "four") if {*studies_of(n)} <= {*NAMES}]
        self.tasks = [*((DEVICES_OF, n) for n in self.sets), *((CHIPS, n) for n in reversed(NAMES))]
        marks = {name: problem_stamp(STUDIES[name].problem()).digest() for name in NAMES}
        self.config = {"optima": "proven", "fingerprints": marks}

    @property
    def depends_on(self) -> str:
        """The problems."""
        return dependence(STUDIES[name].problem() for name in NAMES)

    def run_task(self, task: tuple[str, str]) -> Result:
        """Examine the optima of a study and extend its lists, or compare devices."""
        kind, name = task
        if kind == CHIPS:
            study = STUDIES[name]
            optima = proven_optima(study, self.results)
            return {"optima": optimum_table(study, optima), "ends": boundary_table(study, optima)}
        best, competing = zip(*(compared(STUDIES[n]) for n in studies_of(name)), strict=True)
        return {"devices": pd.concat(best), "sensitivity": sensitivity_table(name, competing)}

    def derived(self, folder: Path) -> dict[str, pd.DataFrame]:
        """Both versions of the model side by side, and ResNet18 by part."""
        optima = read_tables(folder)["optima"]
        return {"versions.csv": earlier.versions(optima), "hand.csv": earlier.by_hand()}

    def figures(self, folder: Path) -> dict[str, tuple[pd.DataFrame, Draw]]:
        """The chips for most networks, and what changes the ratio of the devices."""
        tables = read_tables(folder)
        optima = tables["optima"]
        main = [name for name in NAMES if name in studies_of(MAIN)] or list(NAMES)
        chips = pd.concat([chip_of(optima, name) for name in reversed(main)])
        drawn: dict[str, tuple[pd.DataFrame, Draw]] = {
            "over_own_best": (chips[["study", "workload", "over_own_best"]], figures.over_own_best),
            "components": (figures.components(STUDIES[main[-1]], optima), breakdown),
        }
        if "sensitivity" in tables:
            ranges = figures.device_ranges(tables["sensitivity"])
            drawn["device_ratio"] = (ranges, figures.device_ratio)
        return drawn

    def pages(self, folder: Path, docs: Path, home: Path) -> dict[Path, str]:
        """`physical.md`."""
        return {docs / "physical.md": page(read_tables(folder), self.results / "published")}


def compared(study: Study) -> tuple[pd.DataFrame, Candidates]:
    """The best chips of a study, and those that compete when assumptions are varied."""
    chips = best_chips(study)
    proven = chips[chips["feasible"]]  # those under variations are designs of the space, too
    levels = study.space.encode({n: proven[n].to_numpy() for n in study.space.names})
    candidates = Candidates(study, np.unique(levels, axis=0))
    candidates.extend()
    candidates.prune()
    return chips, candidates


def studies_of(networks: str) -> list[str]:
    """Names of the studies of `DEVICES` on a number of networks, in letters."""
    return [f"{networks}_workload_{device}_physical" for device in DEVICES]
