"""The chips of version 3 of the physical model beside those of this version.

`data/earlier_chips.csv` and the column `version_3` of `data/hand.csv` are copied from the tables
published with version 3 (`results/published/physics`: optima.csv, figures/components.csv), packages
with the DRAM of this version. The column `by_hand` of the latter is a calculation by hand for
ResNet18 on the chip `BEFORE`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.physics.devices import DEFINITIONS
from imcmoo.io.units import to_display
from imcmoo.model.physical import MODEL_VERSION
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.scores import EdapDefinition

DATA = Path(__file__).parent / "data"
CHIPS, HAND = DATA / "earlier_chips.csv", DATA / "hand.csv"

GEOMEAN = "edap_geomean"

COLUMNS_OF: Mapping[EdapDefinition, tuple[str, str]] = {
    by: (f"{by.delay}_s", {"chip": "area_mm2", "package": "package_mm2"}[by.area])
    for by in DEFINITIONS
}
"""Columns of the delay and of the area that an EDAP multiplies."""

NETWORK = "resnet18_onnx"

BEFORE: Mapping[str, Any] = {
    "technology_nm": 32, "voltage_V": 1.0, "rows": 128, "cols": 128, "active_rows": 128,
    "bits_per_cell": 1, "weight_coding": "differential", "input_slice_bits": 1,
    "input_coding": "pulses", "adc_bits": 6, "columns_per_adc": 2, "adc_model": ADC_MODELS[0],
    "sample_and_hold": 1, "ping_pong": 0, "macros_per_tile": 4, "tiles_per_group": 4,
    "router_groups": 64, "glb_KiB": 256, "glb_banks": 4, "link_bits": 128, "mac_units": 4096,
    "dram": "hbm2", "schedule": "layer",
}  # fmt: skip
"""SRAM chip recommended for nine networks by version 3 (its optima.csv), with today's ADC model."""


def versions(optima: pd.DataFrame) -> pd.DataFrame:
    """Chips by geometric-mean EDAP and minimax regret, of version 3 and of this one.

    Returns:
        Columns of `data/earlier_chips.csv`; energy, latency and interval are geometric means.
    """
    before = pd.read_csv(CHIPS)
    means = ["energy_J", "latency_s", "interval_s"]
    rows = []
    for (study, criterion), chip in optima.groupby(["study", "criterion"], sort=False):
        row = {"version": MODEL_VERSION, "study": study, "criterion": criterion}
        row |= {name: chip[name].iloc[0] for name in before.columns if name in chip}
        rows.append(row | {name: float(np.exp(np.log(chip[name]).mean())) for name in means})
    now = pd.DataFrame(rows)
    now = now[now["study"].isin(before["study"]) & now["criterion"].isin(before["criterion"])]
    return pd.concat([before, now.reindex(columns=before.columns)], ignore_index=True)


def ratio(chips: pd.DataFrame, networks: str, by: EdapDefinition) -> float:
    """EDAP of the RRAM chip of least EDAP (latency, chip) over SRAM's, by any definition; NaN if
    one of them is missing. Chips are rows of `versions` of one version."""
    best = chips[chips["criterion"] == GEOMEAN].set_index("study")
    factors = ["energy_J", *COLUMNS_OF[by]]
    names = [f"{networks}_workload_{device}_physical" for device in ("rram", "sram")]
    rram, sram = (best.reindex([name])[factors].prod(axis=1, skipna=False) for name in names)
    return float(rram.iloc[0] / sram.iloc[0])


def by_hand() -> pd.DataFrame:
    """ResNet18 on the chip `BEFORE`: energy by part, and totals.

    Returns:
        Columns quantity, unit, version_3, model (of this version) and by_hand, empty where the
        calculation by hand states no part.
    """
    model = PhysicalEvaluator("sram", WorkloadSet.load([NETWORK]))
    columns = {name: np.array([value]) for name, value in BEFORE.items()}
    full, parts = model.in_full(columns), model.breakdown(columns)
    of_parts = dict(zip(parts.components, np.nansum(parts.energy_J[0], axis=0), strict=True))
    values = {name: 1e6 * energy for name, energy in of_parts.items()}
    values |= {
        "energy": 1e6 * float(full.energy_J[0, 0]),
        "area": float(to_display("m2", full.area_m2)[0]),
        "latency": 1e6 * float(full.latency_s[0, 0]),
    }
    table = pd.read_csv(HAND)
    table.insert(3, "model", [round(values[name], 2) for name in table["quantity"]])
    return table
