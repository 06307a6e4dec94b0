"""`imcmoo reproduce scenarios`: which chips meet the deadlines of several networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments import markdown
from experiments.agreement import agreed, agreement
from experiments.publish import Publication, Result, dependence, read_tables
from experiments.scenarios import chips
from experiments.scenarios.chips import AREA, EDAP, NAMES, POWER
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.scenario.requests import Sharing

SHARINGS: tuple[Sharing, ...] = ("time", "space")

ENUMERATED = ("cameras_rram", "burst_rram", "assistant_rram")
"""Scenarios all of whose chips are evaluated."""

NONE = "none"
"""Table entry for a chip that does not exist, by proof or enumeration."""


class Scenarios(Publication):
    """Proven best chips of the shipped scenarios, enumerated spaces, and searches."""

    name = path = "scenarios"
    tasks = (*(("proven", n) for n in NAMES), *(("enumerated", n) for n in ENUMERATED))
    float_format = "%.12g"

    @property
    def depends_on(self) -> str:
        """The problems."""
        return dependence(chips.scenario_study(name).problem() for name in NAMES)

    def run_task(self, task: tuple[str, str]) -> Result:
        """Prove the best chips of a scenario and search for them, or enumerate its space."""
        kind, name = task
        if kind == "enumerated":
            return {kind: pd.DataFrame(chips.enumerated(name, SHARINGS))}
        optima = list(chips.optima(name))
        searched = pd.DataFrame(chips.searches(name, optima))
        return {"optima": pd.DataFrame(optima)} | ({"search": searched} if len(searched) else {})

    def pages(self, folder: Path, docs: Path, home: Path) -> dict[Path, str]:
        """`scenarios.md`."""
        tables = read_tables(home) | read_tables(folder)
        return {docs / "scenarios.md": page(tables)}


def page(tables: Mapping[str, pd.DataFrame]) -> str:
    """Write the page; the table of the chips for six networks may be absent."""
    proven, listed, searched = (tables[name] for name in ("optima", "enumerated", "search"))
    edge = tables["edge_six"].set_index("chip") if "edge_six" in tables else None

    ratios = searched.groupby(["scenario", "criterion"], sort=False)["ratio"]

    def chip(scenario: str, adc_model: str, name: str, *, dram_idle: bool = True) -> dict[str, Any]:
        where = {"scenario": scenario, "adc_model": adc_model, "chip": name}
        return markdown.row(proven, **where, dram_idle=dram_idle)

    def values(scenario: str, name: str, column: str) -> pd.Series:
        """A cost of the best chips of a scenario by one criterion, by ADC model."""
        return markdown.select(proven, scenario=scenario, chip=name, dram_idle=True)[column]

    return markdown.render(
        "scenarios.md",
        chips=chips,
        **{"DEFAULT": ADC_MODELS[0], "NONE": NONE, "ceil": np.ceil},
        **{"proven": proven, "listed": listed, "edge": edge},
        found=ratios.agg(lambda ratio: (ratio <= 1 + chips.SOLVED).sum()),
        of_rram=markdown.select(listed, scenario=NAMES[1]),
        agreed=agreed(),
        drivers=Assumptions().rram_driver_factor.value,
        edap=least_edap(proven),
        over=ratios.median(),
        of_area=agreement("area"),
        chip=chip,
        values=values,
    )


def least_edap(proven: pd.DataFrame) -> pd.DataFrame:
    """Power and area over the least of the scenario, and capacity, of chips of least EDAP, by
    scenario that a chip serves."""
    usual = proven[proven["dram_idle"] & (proven["adc_model"] == ADC_MODELS[0])]
    power, area, edap = (
        usual[usual["chip"] == chip].set_index("scenario") for chip in (POWER, AREA, EDAP[0])
    )
    over = {
        "power": edap["average_power_W"] / power["average_power_W"],
        "area": edap["area_mm2"] / area["area_mm2"],
        "capacity": edap["capacity"],
    }
    return pd.DataFrame(over).loc[power.index[power["feasible"]]]
