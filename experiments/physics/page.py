"""The page `physical.md`: answers of the physical studies, every number from the stored tables."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import gmean

from experiments.markdown import render, select
from experiments.physics.recommended import DEFAULT
from experiments.publish import read_tables
from imcmoo.model.physical.constraints import DEFAULT_SNR_ADC_DB
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.problem.criteria import MINIMAX
from imcmoo.report.labels import label
from problems import RRAM_PHYSICAL, STUDIES

GEOMEAN = "edap_geomean"

MAIN = "nine"
"""Number of networks of the studies whose chips are recommended, if there are such studies."""

DEFAULT_ADC = ADC_MODELS[0]

ALLOWED_DROP = 0.01
"""Drop of the score from that of 8-bit integers up to which a chip runs a network."""

Frames = Mapping[str, pd.DataFrame]


def page(frames: Frames, others: Mapping[str, Frames], published: Path) -> str:
    """Write the page.

    Args:
        frames: tables of the studies with the default ADC model, by name.
        others: tables with other ADC models, whose recommended chips are named.
        published: has the folder `accuracy`, of proven best chips and executed networks.
    """
    accuracy, optima = read_tables(published / "accuracy"), frames["optima"]
    return render(
        "physics/physical.md",
        physics=sys.modules[__name__],
        optima=optima,
        ends=frames["ends"],
        area_front=frames.get("area_front"),
        others=others,
        studies=list(dict.fromkeys(optima["study"])),
        proven=accuracy.get("recommended"),
        earlier=accuracy.get("earlier_recommendations"),
        executed=accuracy.get("edge_five_executed"),
        predicted=accuracy.get("prediction"),
        VOLTAGES=RRAM_PHYSICAL.values_of("voltage_V"),
        snr_adc_dB=DEFAULT_SNR_ADC_DB,
        snr_dB=memory_cell("sram").snr_limit_dB,
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


def main_studies(optima: pd.DataFrame) -> list[str]:
    """List the studies whose chips are recommended, one of each device."""
    studies = list(dict.fromkeys(optima["study"]))
    return [s for s in studies if networks_of(s) == MAIN] or studies


def chip_of(optima: pd.DataFrame, study: str, criterion: str = MINIMAX) -> pd.DataFrame:
    """Select the rows of one optimum, by network."""
    return select(optima, study=study, criterion=criterion)


def edap_by_network(chip: pd.DataFrame) -> pd.Series[float]:
    """EDAP of a chip by network, J·s·mm²."""
    return chip.set_index("workload")[["energy_J", "latency_s", "area_mm2"]].prod(axis=1)


def rram_over_sram(optima: pd.DataFrame, networks: str) -> pd.Series[float]:
    """EDAP of the best RRAM chip by geometric mean over that of the best SRAM chip, by network;
    empty if there is only one device."""
    rram, sram = (
        edap_by_network(chip_of(optima, f"{networks}_workload_{device}_physical", GEOMEAN))
        for device in ("rram", "sram")
    )
    return (rram / sram).dropna()


def recommended(optima: pd.DataFrame) -> str:
    """Return the study of the better device."""
    main = main_studies(optima)
    ratios = rram_over_sram(optima, networks_of(main[0]))
    better = "RRAM" if len(ratios) and gmean(ratios) < 1 else "SRAM"
    return next((s for s in main if device_of(s) == better), main[0])


def other_device(optima: pd.DataFrame) -> str:
    """Return the main study of the device that is not recommended; empty if there is none."""
    best = recommended(optima)
    return next((s for s in main_studies(optima) if s != best), "")


def device_ratio(
    proven: pd.DataFrame, networks: str, variation: str, of_sram: str = DEFAULT
) -> float:
    """EDAP of the best RRAM chip by a variation over the best SRAM chip's; NaN without one."""
    chips = proven[proven["feasible"]].set_index(["study", "variation"])["edap_geomean"]
    rram, sram = (
        chips.get((f"{networks}_workload_{device}_physical", name), np.nan)
        for device, name in (("rram", variation), ("sram", of_sram))
    )
    return float(rram / sram)


def device_ratios(proven: pd.DataFrame, networks: str) -> dict[str, float]:
    """EDAP of the best RRAM chip over that of the best SRAM chip, by ADC model."""
    variations = {model: DEFAULT if model == DEFAULT_ADC else model for model in ADC_MODELS}
    ratios = {m: device_ratio(proven, networks, v, v) for m, v in variations.items()}
    return {model: ratio for model, ratio in ratios.items() if ratio > 0}


def idle_effect(proven: pd.DataFrame) -> float:
    """Largest share by which EDAP falls without idle power of a memory interface."""
    default = proven[proven["variation"] == DEFAULT].set_index("study")["edap_geomean"]
    idle = proven[proven["variation"].str.contains("idle")]
    return max(0.0, (1 - idle["edap_geomean"] / idle["study"].map(default)).max())


def runs_of(executed: pd.DataFrame, chip: str) -> list[bool]:
    """Check which networks keep the score of 8-bit integers, to one point, on a chip."""
    of_chip = executed[executed["chip"] == chip]
    return list(of_chip["accuracy"] >= of_chip["integer"] - ALLOWED_DROP)


def bottlenecks(chip: pd.DataFrame) -> dict[Hashable, list[str]]:
    """Networks of a chip by what bounds their time, the most frequent first."""
    names = chip.groupby("bound_by", sort=False)["workload"].agg(list)
    return dict(sorted(names.items(), key=lambda item: -len(item[1])))
