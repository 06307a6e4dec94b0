"""The page `physical.md`: answers of the physical studies, every number from the stored tables."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.agreement import agreement, of_a_model
from experiments.edge_networks.page import verdict_by_network
from experiments.markdown import render, rows, select
from experiments.physics import earlier
from experiments.physics.devices import CRITERION, DEFAULT, DEFINITIONS, EXTREMES
from experiments.publish import read_tables
from imcmoo.display.labels import label
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.constraints import DEFAULT_SNR_ADC_DB
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.problem.criteria import MINIMAX
from imcmoo.problem.scores import EdapDefinition
from problems import STUDIES

MAIN = "nine"
"""Number of networks of the studies whose chips come first."""


LARGE = 1.1
"""EDAP over the best above which a chip is said to lose much."""

VARIATION_LABELS = {
    DEFAULT: "default",
    "snr_adc_dB=-100": "no limit on ADC SQNR",
    "adc_window=sigma range least_error": "ADC window chosen per design",
    "rram_driver_factor=1": "drivers of RRAM take the tabulated area",
    "current_hold_m2=5e-12": "sample-and-hold of a current 5 µm²",
    "cell_errors=wan2022_1s": "cell errors by conductance level, after 1 s",
    "redundancy=1 2 4; snr_dB=15": "up to 4 RRAM cells in parallel, compute SNR as on SRAM",
    "cell_errors=wan2022_1s; redundancy=1 2 4; snr_dB=15": "both rows above together",
}
"""Names of variations other than ADC models."""

Frames = Mapping[str, pd.DataFrame]


def page(frames: Frames, published: Path) -> str:
    """Write the page.

    Args:
        frames: tables of the studies, by name.
        published: has the folder `accuracy`, of executed networks.
    """
    accuracy, optima = read_tables(published / "accuracy"), frames["optima"]
    verdicts = accuracy.get("edge_six_verdicts")
    usual = Assumptions()
    return render(
        "physics/physical.md",
        physics=sys.modules[__name__],
        earlier=earlier,
        EXTREMES=EXTREMES,
        **{name: frames.get(name) for name in ("optima", "ends", "devices", "sensitivity")},
        **{name: frames.get(name) for name in ("versions", "hand")},
        studies=list(dict.fromkeys(optima["study"])),
        model=of_a_model(),
        of_area=agreement("area"),
        changed=accuracy.get("earlier_recommendations"),
        works=None if verdicts is None else verdict_by_network(verdicts, "sram"),
        snr_adc_dB=DEFAULT_SNR_ADC_DB,
        snr_dB=memory_cell("sram").snr_limit_dB,
        drivers=usual.rram_driver_factor,
        hold=usual.current_hold_m2,
    )


def study_label(study: str) -> str:
    """Display name of a study, without its model, which is the physical one everywhere."""
    return label(study).removesuffix(", physical")


def device_of(study: str) -> str:
    """Device of a study."""
    return str(STUDIES[study].space.fixed["device"]).upper()


def networks_of(study: str) -> str:
    """Number of networks of a study, in letters."""
    return study.partition("_")[0]


def area_limit(networks: str, device: str) -> float:
    """Area limit of a study, mm²."""
    return STUDIES[study_of(networks, device)].area_limit_mm2


def study_of(networks: str, device: str) -> str:
    """Name of a study."""
    return f"{networks}_workload_{device}_physical"


def chip_of(optima: pd.DataFrame, study: str, criterion: str = MINIMAX) -> pd.DataFrame:
    """Select the rows of one optimum, by network."""
    return select(optima, study=study, criterion=criterion)


def best_of(
    devices: pd.DataFrame,
    networks: str,
    device: str,
    by: EdapDefinition,
    variation: str = DEFAULT,
) -> dict[str, Any]:
    """The chip of least EDAP under a variation; empty if there is none."""
    where = {"study": study_of(networks, device), "delay": by.delay, "area": by.area}
    chips = rows(devices, **where, variation=variation, feasible=True)
    return chips[0] if chips else {}


def device_ratio(
    devices: pd.DataFrame, networks: str, by: EdapDefinition, variation: str = DEFAULT
) -> float:
    """EDAP of the best RRAM chip under a variation over the best SRAM chip's, which is the usual
    one if the variation is of RRAM alone; NaN without an RRAM chip."""
    sram = select(devices, study=study_of(networks, "sram"))
    shared = variation if (sram["variation"] == variation).any() else DEFAULT
    rram, sram = (
        best_of(devices, networks, device, by, name).get(CRITERION, np.nan)
        for device, name in (("rram", variation), ("sram", shared))
    )
    return float(rram / sram)


def in_words(by: EdapDefinition) -> str:
    """Delay and area of an EDAP, for people."""
    return f"{by.delay}, {'chip' if by.area == 'chip' else 'chip and DRAM'}"


def ratio_text(value: float) -> str:
    """Format a ratio of devices."""
    if not value < np.inf:
        return "no RRAM chip"
    return (f"{value:#.3g}".rstrip(".") if value < 999.5 else f"{value:,.0f}") + " ×"


def changing(sensitivity: pd.DataFrame) -> list[dict[str, Any]]:
    """Assumptions that alone change a chip or the better device.

    Returns:
        Each with factor, value, low, high; by number of networks `devices` (values at which the
        better device changes, by EDAP) and `losses` (largest EDAP of the default chips over the
        best at an end of the band, by device); `is_large` if a device changes or a loss exceeds
        `LARGE`.
    """
    changes = []
    for factor, varied in sensitivity.groupby("factor", sort=False):
        if not varied["at"].notna().any():
            continue
        first = varied.iloc[0]
        item: dict[str, Any] = {"factor": factor, "devices": {}, "losses": {}}
        item |= {name: first[name] for name in ("value", "low", "high")}
        for networks, of_set in varied.groupby("networks"):
            of_devices = of_set[(of_set["changes"] == "device") & of_set["at"].notna()]
            at = of_devices.set_index(["delay", "area"])["at"]
            item["devices"][networks] = {
                by: at[by.delay, by.area] for by in DEFINITIONS if (by.delay, by.area) in at.index
            }
            chips = of_set[of_set["changes"] != "device"].set_index("changes")
            ends = chips[["ratio_low", "ratio_high"]].fillna(np.inf).max(axis=1)
            item["losses"][networks] = dict(ends)
        losses = [loss for each in item["losses"].values() for loss in each.values()]
        item["is_large"] = any(item["devices"].values()) or max(losses) > LARGE
        changes.append(item)
    return changes


def reversing(sensitivity: pd.DataFrame, by: EdapDefinition) -> pd.DataFrame:
    """Rows of assumptions that, varied alone, change which device has the smaller EDAP; column `at`
    is the value at which, in the unit of the assumption."""
    of_devices = select(sensitivity, changes="device", delay=by.delay, area=by.area)
    return of_devices.dropna(subset="at").sort_values(["factor", "networks"])


def smallest_reversing(sensitivity: pd.DataFrame, factor: str) -> float:
    """Smallest value of an assumption, in its unit, at which the better device changes."""
    return float(select(sensitivity, factor=factor, changes="device")["at"].min())


def bottlenecks(chip: pd.DataFrame) -> dict[Hashable, list[str]]:
    """Networks of a chip by what bounds their time, the most frequent first."""
    names = chip.groupby("bound_by", sort=False)["workload"].agg(list)
    return dict(sorted(names.items(), key=lambda item: -len(item[1])))
