"""The sections on the exact optima, on the page of the physical studies."""

from __future__ import annotations

import pandas as pd

from experiments.paper.markdown import area, number, percent, table, times
from experiments.physics.answers import Frames, plain, records, study_label
from experiments.physics.in_short import chip_of, decibel
from experiments.physics.optima import CRITERIA
from imcmoo.problem.criteria import MINIMAX
from imcmoo.report.labels import label

HEAD = (
    "", "over own best", "mJ", "ms", "ms between images", "W", "TOPS", "TOPS/W", "TOPS/mm²",
    "dB, conversion", "dB, cells", "dB, both", "ADC share", "bound by",
)  # fmt: skip


def best_chips(frames: Frames) -> str:
    """The exact optima, and what the one by minimax regret costs each network."""
    optima = frames["optima"]
    sections = [
        "## The best chips\n\n*ms* is the latency of one image alone. *W* (on the chip), *TOPS* "
        "and *TOPS/mm²* are at full rate, an image every *ms between images*; *mJ* and *TOPS/W* "
        "include DRAM, which *W* does not. So W is not mJ over ms. TOPS count two operations a "
        "multiply-accumulate. *dB*: signal to noise of conversion, on which the limit is, of "
        "cells, and of both; ∞ where every sum has a level of its own (`optima.csv`).\n"
    ]
    for study in dict.fromkeys(optima["study"]):
        own = optima[optima["study"] == study]
        sections += [f"### {study_label(study)}\n", _designs(own), "By minimax regret:\n"]
        sections.append(table(HEAD, map(_network, records(chip_of(own, str(study), MINIMAX)))))
    return "\n".join(sections)


def _designs(own: pd.DataFrame) -> str:
    """The optima of a study, parameter by parameter."""
    columns = list(own.columns)
    parameters = columns[columns.index("criterion") + 1 : columns.index("workload")]
    first = own.drop_duplicates("criterion").set_index("criterion").loc[list(CRITERIA)]
    shown = [p for p in parameters if first[p].notna().all()]
    lines = [[p, *map(plain, first[p])] for p in shown]
    lines.append(["macros", *(f"{v:,.0f}" for v in first["macros"])])
    lines.append(["area", *map(area, first["area_mm2"])])
    lines.append(["area, periphery 2.5", *map(area, first["area_periphery_mm2"])])
    return table(["", *map(label, CRITERIA)], lines)


def _network(r: object) -> list[str]:
    own = r._asdict()  # type: ignore[attr-defined]
    return [
        label(own["workload"]),
        times(own["over_own_best"]),
        number(1e3 * own["energy_J"]),
        number(1e3 * own["latency_s"]),
        number(1e3 * own["interval_s"]),
        *(number(own[name]) for name in ("power_W", "tops", "tops_per_W", "tops_per_mm2")),
        *(decibel(own[name]) for name in ("snr_adc_dB", "snr_dev_dB", "snr_dB")),
        percent(own["adc_share"]),
        own["bound_by"],
    ]
