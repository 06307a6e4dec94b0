"""Numbers on top of the page of the physical studies: the better device and the chips to build."""

from __future__ import annotations

import numpy as np
import pandas as pd

from imcmoo.problem.criteria import MINIMAX
from imcmoo.problem.scores import MM2_PER_M2, edap
from imcmoo.report.labels import label
from problems import STUDIES

GEOMEAN = "edap_geomean"

MAIN = "nine"
"""Number of networks of the studies whose chips are recommended, if there are such studies."""


def study_label(study: str) -> str:
    """Display name of a study, without its model, which is the physical one everywhere."""
    return label(study).removesuffix(", physical")


def device_of(study: str) -> str:
    """Device of a study."""
    return str(STUDIES[study].space.fixed["device"]).upper()


def networks_of(study: str) -> str:
    """Number of networks of a study, in letters."""
    return {4: "four", 9: "nine"}.get(len(STUDIES[study].names), "few")


def main_studies(optima: pd.DataFrame) -> list[str]:
    """List the studies whose chips are recommended, one of each device."""
    studies = list(dict.fromkeys(optima["study"]))
    return [s for s in studies if networks_of(s) == MAIN] or studies


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
