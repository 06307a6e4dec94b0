"""Rows of the tables of `docs/scenarios.md`, from the published tables.

`python -m experiments.scenarios.page` prints them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.scenarios import enumerated, optima, searches
from experiments.scenarios.studies import AREA, LOAD, NAMES, POWER, TABLES
from imcmoo.model.physical.parameters import ADC_MODELS

NONE = "none"
"""Cell of a chip that does not exist, by proof or enumeration."""

EARLIER = {
    "cameras": (709_632, 262_415, 0.53072, 12.791, 19.703),
    "cameras_rram": (80_137, 2_623, 0.15250, 501.51, 2.4463),
}
"""Designs that run all networks, designs that serve the scenario, least power (W), least area (mm²)
and largest capacity on the metrics of commit 5cc8b0e."""


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


def by_sharing(table: pd.DataFrame) -> list[str]:
    """Enumerated RRAM chips whose networks take turns or run side by side."""
    rows = []
    for name, of in table[table["scenario"] != "cameras"].groupby(
        ["scenario", "adc_model"], sort=False
    ):
        cells = [f"`{part}`" for part in name]
        for column in ("serve", "average_power_W", "area_mm2", "capacity"):
            for sharing in ("time", "space"):
                row = of[of["sharing"] == sharing].iloc[0]
                cells.append(_served(row, column))
        rows.append(_row(cells))
    return rows


def _served(row: pd.Series, column: str) -> str:
    """A value of designs that serve a scenario; the capacity is that of the most capable design."""
    if column == "serve":
        return f"{row['serve']:,}"
    return number(row[column]) if row["serve"] or column == "capacity" else NONE


def beside_earlier(table: pd.DataFrame) -> list[str]:
    """Enumerated cameras, and the figures of an earlier model."""
    rows = []
    for scenario, (run_all, serve, power, area, capacity) in EARLIER.items():
        now = table[(table["scenario"] == scenario) & (table["adc_model"] == ADC_MODELS[0])].iloc[0]
        for label, values in (
            (
                "now",
                (now["run_all"], now["serve"], *now[["average_power_W", "area_mm2", "capacity"]]),
            ),
            ("5cc8b0e", (run_all, serve, power, area, capacity)),
        ):
            counts = (f"{count:,}" for count in values[:2])
            cells = (f"{value:.4g}" for value in values[2:])
            rows.append(_row([f"`{scenario}`", label, *counts, *cells]))
    return rows


def of_edap(table: pd.DataFrame) -> list[str]:
    """Capacity, and power and area over the least, of chips chosen by EDAP."""
    rows = []
    for scenario in NAMES:
        chips = _chips(table, scenario, ADC_MODELS[0])
        if POWER not in chips:
            continue
        cells = [f"`{scenario}`"]
        for criterion in optima.EDAP:
            chip = chips[criterion]
            power = chip["average_power_W"] / chips[POWER]["average_power_W"]
            area = chip["area_mm2"] / chips[AREA]["area_mm2"]
            cells += [number(chip["capacity"]), f"{power:.2f}", f"{area:.2f}"]
        rows.append(_row(cells))
    return rows


def of_searches(table: pd.DataFrame) -> list[str]:
    """Best chips of searches over the proven optimum."""
    rows = []
    for name, of in table.groupby(["scenario", "criterion"], sort=False):
        scenario, criterion = map(str, name)
        ratio = of["ratio"]
        solved = int((ratio <= 1 + searches.SOLVED).sum())
        cells = [f"{ratio.median():.4f}", f"{ratio.max():.4f}", f"{solved} of {len(of)}"]
        rows.append(_row([f"`{scenario}`", criterion.replace("_", " "), *cells]))
    return rows


def published(folder: Path = TABLES) -> dict[str, list[str]]:
    """Rows of all tables of the page, by name of the table."""
    files = (optima.FILE, enumerated.FILE, searches.FILE)
    proven, listed, searched = (pd.read_csv(folder / name) for name in files)
    return {
        "cameras": by_adc_model(proven, NAMES[:2]),
        "others": across_models(proven, NAMES[2:]),
        "sharing": by_sharing(listed),
        "earlier": beside_earlier(listed),
        "edap": of_edap(proven),
        "search": of_searches(searched),
    }


if __name__ == "__main__":
    for name, rows in published().items():
        sys.stdout.write("\n".join([f"{name}:", *rows, "", ""]))
