"""Rows of the tables of `docs/scenarios.md`, from the published tables.

`python -m experiments.scenarios.page` prints them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.scenarios import optima
from experiments.scenarios.studies import AREA, LOAD, NAMES, POWER, TABLES
from imcmoo.model.physical.parameters import ADC_MODELS

NONE = "none"
"""Cell of a chip that does not exist, by proof or enumeration."""


def number(value: float) -> str:
    """Three significant digits."""
    return f"{value:.3g}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _chips(table: pd.DataFrame, scenario: str, adc_model: str) -> Mapping[str, Any]:
    """Chips of a scenario by what they are chosen for."""
    of = table[(table["scenario"] == scenario) & (table["adc_model"] == adc_model)]
    of = of[of["dram_idle"] & of["area_mm2"].notna()].set_index("chip")
    return {str(chip): row for chip, row in of.to_dict("index").items()}


def by_adc_model(table: pd.DataFrame, scenarios: Sequence[str]) -> list[str]:
    """Proven chips of scenarios with each ADC model."""
    rows = []
    for scenario in scenarios:
        for adc_model in ADC_MODELS:
            name = [f"`{scenario}`", f"`{adc_model}`"]
            chips = _chips(table, scenario, adc_model)
            if POWER not in chips:
                rows.append(_row([*name, NONE, *[""] * 7]))
                continue
            least, small = chips[POWER], chips[AREA]
            shares = (
                100 * least[part] / least["average_power_W"]
                for part in ("leakage_W", "dram_idle_W")
            )
            cells = [number(least["average_power_W"]), *map(number, shares), least["dram"]]
            cells += [number(least["area_mm2"]), number(small["area_mm2"])]
            cells += [number(small["average_power_W"]), number(chips[LOAD]["capacity"])]
            rows.append(_row([*name, *cells]))
    return rows


def across_models(table: pd.DataFrame, scenarios: Sequence[str]) -> list[str]:
    """Least power and least area of scenarios, a column for each ADC model."""
    rows = []
    for scenario in scenarios:
        chips = [_chips(table, scenario, adc_model) for adc_model in ADC_MODELS]
        cells = [
            number(of[chip][column]) if chip in of else NONE
            for chip, column in ((POWER, "average_power_W"), (AREA, "area_mm2"))
            for of in chips
        ]
        rows.append(_row([f"`{scenario}`", *cells]))
    return rows


def published(folder: Path = TABLES) -> dict[str, list[str]]:
    """Rows of all tables of the page, by name of the table."""
    proven = pd.read_csv(folder / optima.FILE)
    return {
        "cameras": by_adc_model(proven, NAMES[:2]),
        "others": across_models(proven, NAMES[2:]),
    }


if __name__ == "__main__":
    for name, rows in published().items():
        sys.stdout.write("\n".join([f"{name}:", *rows, "", ""]))
