"""The page `physical.md`: answers of the physical studies, every number from the stored tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import isfunction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.markdown import groups, render, row
from experiments.physics import summary
from experiments.physics.optima import FITTED_PERIPHERY
from experiments.physics.summary import GEOMEAN
from experiments.physics.variations import DEFAULT
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.constraints import DEFAULT_SNR_ADC_DB, DEFAULT_SNR_DB
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.problem.criteria import MINIMAX
from problems import RRAM_PHYSICAL

DEFAULT_ADC = "zigzag"

LIMIT_MM2 = 800.0

ENDS_SHOWN = 8
"""Extended value lists that are shown."""

ALLOWED_DROP = 0.01
"""Drop of the score from that of 8-bit integers up to which a chip runs a network."""

OF_ACCURACY = ("recommended", "edge_five_executed")
"""Tables of `published/accuracy` that the page shows."""

HBM2_MM2 = Assumptions().hbm2_interface_m2.value * 1e6

Frames = Mapping[str, pd.DataFrame]
Row = Mapping[str, Any]


def stored(folder: Path) -> dict[str, pd.DataFrame]:
    """Read all tables of a folder, by name."""
    return {path.stem: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}


def page(frames: Frames, others: Mapping[str, Frames], published: Path) -> str:
    """Write the page.

    Args:
        frames: tables of the studies with the default ADC model, by name.
        others: tables with other ADC models, whose recommended chips are named.
        published: has the folder `accuracy`, of proven best chips and executed networks.
    """
    files = {n: published / "accuracy" / f"{n}.csv" for n in OF_ACCURACY}
    accuracy = {n: pd.read_csv(path) if path.is_file() else None for n, path in files.items()}
    optima = frames["optima"]
    helpers = (
        *(plain, device_ratios, span, runs_of, other_device, by_adc),
        *(short, ratio, dB, rram_cases, idle_effect),
    )
    return render(
        "physics/physical.md",
        optima=optima,
        ends=frames["ends"],
        area_front=frames.get("area_front"),
        others=others,
        studies=list(dict.fromkeys(optima["study"])),
        proven=accuracy["recommended"],
        executed=accuracy["edge_five_executed"],
        **{function.__name__: function for function in helpers},
        **{n: f for n, f in vars(summary).items() if isfunction(f)},
        **{"MINIMAX": MINIMAX, "GEOMEAN": GEOMEAN},
        **{"DEFAULT_ADC": DEFAULT_ADC, "PERIPHERY": FITTED_PERIPHERY},
        **{"LIMIT_MM2": LIMIT_MM2, "ENDS_SHOWN": ENDS_SHOWN, "HBM2_MM2": HBM2_MM2},
        VOLTAGES=RRAM_PHYSICAL.values_of("voltage_V"),
        snr_adc_dB=DEFAULT_SNR_ADC_DB,
        snr_dB=DEFAULT_SNR_DB["sram"],
    )


def short(value: float) -> str:
    """Format a number with three digits."""
    return f"{value:.3g}"


def ratio(value: float) -> str:
    """Format a ratio with three digits."""
    return f"{value:.3g} ×"


def dB(value: float) -> str:
    """Format a signal-to-noise ratio in dB; infinite without noise."""
    return "∞" if np.isinf(value) else f"{value:.1f}"


def by_adc(proven: pd.DataFrame, networks: str) -> Iterator[tuple[str, Row, Row]]:
    """Best SRAM and RRAM chips for so many networks, with each ADC model."""
    for name in ADC_MODELS:
        variation = DEFAULT if name == DEFAULT_ADC else name
        sram, rram = (
            row(proven, study=f"{networks}_workload_{device}_physical", variation=variation)
            for device in ("sram", "rram")
        )
        yield name, sram, rram


def device_ratios(proven: pd.DataFrame, networks: str) -> dict[str, float]:
    """EDAP of the best RRAM chip over that of the best SRAM chip, by ADC model."""
    chips = by_adc(proven, networks)
    return {
        name: rram["edap_geomean"] / sram["edap_geomean"]
        for name, sram, rram in chips
        if sram["feasible"] and rram["feasible"]
    }


def span(values: Mapping[str, float]) -> str:
    """Format the least and the largest of several ratios."""
    return f"{min(values.values()):.1f} to {max(values.values()):.1f} times"


def rram_cases(
    proven: pd.DataFrame, networks: str, cases: Mapping[str, str]
) -> Iterator[tuple[str, Row, float]]:
    """Best RRAM chips by assumption, and their EDAP over that of the best SRAM chip.

    Args:
        proven: proven best chips.
        networks: number of networks, in letters.
        cases: description of each variation.
    """
    sram = row(proven, study=f"{networks}_workload_sram_physical", variation=DEFAULT)
    for variation, name in cases.items():
        rram = row(proven, study=f"{networks}_workload_rram_physical", variation=variation)
        yield name, rram, rram["edap_geomean"] / sram["edap_geomean"]


def idle_effect(proven: pd.DataFrame) -> float:
    """Largest share by which EDAP falls without idle power of a memory interface."""
    falls = [0.0]
    for _, of_study in groups(proven, "study"):
        score = of_study.set_index("variation")["edap_geomean"]
        falls += [1 - v / score[DEFAULT] for name, v in score.items() if "idle" in str(name)]
    return float(np.nanmax(falls))


def runs_of(executed: pd.DataFrame, chip: str) -> list[bool]:
    """Whether each network keeps the score of 8-bit integers, to one point, on a chip."""
    of_chip = executed[executed["chip"] == chip]
    return list(of_chip["accuracy"] >= of_chip["integer"] - ALLOWED_DROP)


def other_device(optima: pd.DataFrame) -> str:
    """Return the main study of the device that is not recommended; empty if there is none."""
    best = summary.recommended(optima)
    return next((s for s in summary.main_studies(optima) if s != best), "")


def plain(value: object) -> str:
    """Format the value of a parameter."""
    return f"{value:g}" if isinstance(value, float) else str(value)
