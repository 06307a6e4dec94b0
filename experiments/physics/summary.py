"""Numbers on top of the page of the physical studies: the better device and the chips to build."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from experiments.physics.variations import CONVERTER, PUBLISHED_PERIPHERY
from imcmoo.problem.criteria import MINIMAX
from imcmoo.problem.scores import MM2_PER_M2, edap
from imcmoo.report.labels import label

GEOMEAN = "edap_geomean"

MAIN = "nine"
"""Part of the names of the studies whose chips are recommended, if there are such studies."""


def study_label(study: str) -> str:
    """Display name of a study, without its model, which is the physical one everywhere."""
    return label(study).removesuffix(", physical")


def device_of(study: str) -> str:
    """Device of a study."""
    return "RRAM" if "rram" in study else "SRAM"


def networks_of(study: str) -> str:
    """Number of networks, with which the name of a study begins."""
    return study.partition("_")[0]


def main_studies(optima: pd.DataFrame) -> list[str]:
    """List the studies whose chips are recommended, one of each device."""
    studies = list(dict.fromkeys(optima["study"]))
    return [s for s in studies if MAIN in s] or studies


def chip_of(optima: pd.DataFrame, study: str, criterion: str = MINIMAX) -> pd.DataFrame:
    """Select the rows of one optimum, by network."""
    return optima[(optima["study"] == study) & (optima["criterion"] == criterion)]


def edap_by_network(chip: pd.DataFrame) -> pd.Series[float]:
    """EDAP of a chip by network, J·s·mm²."""
    columns = (chip[["energy_J"]], chip[["latency_s"]], chip["area_mm2"] / MM2_PER_M2)
    return pd.Series(edap(*(values.to_numpy() for values in columns))[:, 0], index=chip.index)


def geometric_mean(values: pd.Series[float]) -> float:
    """Geometric mean of positive values."""
    return float(np.exp(np.log(values).mean()))


def rram_over_sram(optima: pd.DataFrame, networks: str) -> pd.Series[float] | None:
    """EDAP of the best RRAM chip by geometric mean over that of the best SRAM chip, by network.

    Returns:
        Indexed by network; None if there is only one device.
    """
    edaps = {
        device_of(study): edap_by_network(chip_of(optima, study, GEOMEAN).set_index("workload"))
        for study in dict.fromkeys(optima["study"])
        if networks_of(study) == networks
    }
    return edaps["RRAM"] / edaps["SRAM"] if set(edaps) == {"RRAM", "SRAM"} else None


def recommended(optima: pd.DataFrame) -> str:
    """Return the study of the better device."""
    main = main_studies(optima)
    ratios = rram_over_sram(optima, networks_of(main[0]))
    if ratios is None:
        return main[0]
    better = "RRAM" if geometric_mean(ratios) < 1 else "SRAM"
    return next(s for s in main if device_of(s) == better)


def _by_device(variations: pd.DataFrame, networks: str, **where: str) -> pd.DataFrame | None:
    """Best scores under variations, by variation and device; None if there is only one device."""
    rows = variations[variations["study"].map(networks_of) == networks]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    table = rows.assign(device=rows["study"].map(device_of)).pivot(
        index="variation", columns="device", values="edap_geomean"
    )
    table = table.reindex(list(dict.fromkeys(rows["variation"])))
    return table if set(table) == {"RRAM", "SRAM"} else None


def adc_ratios(variations: pd.DataFrame, networks: str) -> dict[str, float]:
    """RRAM's best score over SRAM's with every other ADC model."""
    table = _by_device(variations, networks, kind=CONVERTER)
    return {} if table is None else dict((table["RRAM"] / table["SRAM"]).dropna())


def periphery_ratio(variations: pd.DataFrame, networks: str) -> tuple[list[str], float] | None:
    """Compare devices with the macro periphery of published chips.

    Returns:
        The devices without a feasible chip, and RRAM's best score over SRAM's; None if there is
        only one device.
    """
    table = _by_device(variations, networks, variation=PUBLISHED_PERIPHERY)
    if table is None:
        return None
    scores = table.iloc[0]
    without = [str(device) for device in scores.index if pd.isna(scores[device])]
    return without, float(scores["RRAM"] / scores["SRAM"])


def spans(
    optima: pd.DataFrame, others: Mapping[str, pd.DataFrame]
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Select the recommended chip, and those that other ADC models recommend for its study.

    Args:
        optima: of the page.
        others: optima by ADC model.

    Returns:
        The chip of the page; and all chips, its own first.
    """
    study = recommended(optima)
    chip = chip_of(optima, study)
    chips = [chip, *(chip_of(o, study) for o in others.values() if study in set(o["study"]))]
    return chip, [c for c in chips if list(c["workload"]) == list(chip["workload"])]


def changed_verdicts(
    one: pd.DataFrame, other: pd.DataFrame
) -> tuple[int, list[dict[Hashable, Any]]]:
    """Compare verdicts on conclusions with two ADC models.

    Returns:
        The number of common conclusions, and the rows that differ.
    """
    both = one.merge(other, on=["conclusion", "study"], suffixes=("", "_other"))
    return len(both), both[both["verdict"] != both["verdict_other"]].to_dict("records")
