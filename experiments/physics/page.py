"""The page `physical.md`: answers of the physical studies, every number from the stored tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from inspect import isfunction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.markdown import groups, number, percent, render, row, rows
from experiments.physics import baselines, summary
from experiments.physics.optima import FITTED_PERIPHERY
from experiments.physics.robustness import EXCLUDED
from experiments.physics.summary import GEOMEAN
from experiments.physics.variations import DEFAULT
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.constraints import DEFAULT_SNR_ADC_DB, DEFAULT_SNR_DB
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.problem.criteria import MINIMAX
from imcmoo.report.labels import label
from problems import RRAM_PHYSICAL

DEFAULT_ADC = "zigzag"

TABLES = (
    *("optima", "ends", "searches", "baselines", "sensitivity", "effects", "leave_one_out"),
    *("contrasts", "variations", "survival"),
)
"""Tables of the page; it has no section on those that are not published."""

LIMIT_MM2 = 800.0

MOST = 3
"""Parameters that are shown of each study."""

ENDS_SHOWN = 8
"""Extended value lists that are shown."""

ALLOWED_DROP = 0.01
"""Drop of the score from that of 8-bit integers up to which a chip runs a network."""

OF_ACCURACY = ("recommended", "earlier_recommendations", "edge_five_executed")
"""Tables of `published/accuracy` that the page shows."""

NETWORKS = {
    "digits": "digits",
    "line_direction": "line direction",
    "magika": "file type",
    "recogniser": "text recognition",
    "minilm": "sentence retrieval",
}
"""Display names of executed networks."""

RRAM_CASES = {
    DEFAULT: "cell error 4.3 %, ADC SQNR at least 15 dB",
    "rram_sigma=0.011": "cell error 1.1 %",
    "cell_errors=wan2022_1s": "cell error by level, after 1 s",
    "cell_errors=wan2022_1d": "cell error by level, after a day",
    "redundancy=1 2 4": "cell error 4.3 %, up to 4 cells in parallel",
    "redundancy=1 2 4; snr_dB=15": "the same, compute SNR at least 15 dB",
    "cell_errors=wan2022_1s; redundancy=1 2 4; snr_dB=15": (
        "cell error by level, after 1 s, up to 4 cells in parallel, compute SNR at least 15 dB"
    ),
    "adc_window=sigma range least_error": "cell error 4.3 %, choice of the ADC window",
    "snr_adc_dB=-100": "no limit on ADC SQNR",
}
"""Descriptions of assumptions about RRAM by variation."""

CHIP_ROWS = {
    "area, macros": "{area_mm2:.0f} mm², {macros:,.0f}",
    "array": "{rows:.0f} × {cols:.0f}",
    "rows read at once": "{active_rows:.0f}",
    "bits per cell": "{bits_per_cell:.0f}, {weight_coding}",
    "bits per input slice": "{input_slice_bits:.0f}, {input_coding}",
    "ADC": "{adc_bits:.0f} bits per {columns_per_adc:.0f} columns",
    "global buffer, memory": "{glb_KiB:.0f} KiB, {dram}",
    "supply voltage, schedule": "{voltage_V:g} V, {schedule}",
}
"""Rows of the table of chips and the format of their cells."""

HBM2_MM2 = Assumptions().hbm2_interface_m2.value * 1e6

PRODUCT = "edap_product"

SAME_MODEL = 1e-3
"""Relative difference of scores up to which two tables are of one model."""

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
        *(plain, held, searched, device_ratios, span, runs_of, chip_table, other_device, by_adc),
        *(short, ratio, dB, rram_cases, idle_effect, worst_unseen, unseen_misses, contrast),
        robust,
    )
    return render(
        "physics/physical.md",
        **{name: frames.get(name) for name in TABLES},
        others=others,
        studies=list(dict.fromkeys(optima["study"])),
        proven=accuracy["recommended"],
        earlier=accuracy["earlier_recommendations"],
        executed=accuracy["edge_five_executed"],
        **{function.__name__: function for function in helpers},
        **{n: f for n, f in vars(summary).items() if isfunction(f)},
        **{"MINIMAX": MINIMAX, "GEOMEAN": GEOMEAN, "NETWORKS": NETWORKS},
        **{"DEFAULT_ADC": DEFAULT_ADC, "PERIPHERY": FITTED_PERIPHERY, "MOST": MOST},
        **{"LIMIT_MM2": LIMIT_MM2, "ENDS_SHOWN": ENDS_SHOWN, "HBM2_MM2": HBM2_MM2},
        BASELINES=(baselines.LARGEST, baselines.FROM_LARGEST, baselines.FROM_MIDDLE),
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


def rram_cases(proven: pd.DataFrame, networks: str) -> Iterator[tuple[str, Row, float]]:
    """Best RRAM chips by assumption, and their EDAP over that of the best SRAM chip."""
    sram = row(proven, study=f"{networks}_workload_sram_physical", variation=DEFAULT)
    for variation, name in RRAM_CASES.items():
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


def chip_table(optima: pd.DataFrame, studies: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Rows of the table of chips by minimax regret: a name, and a cell for each study."""
    chips = [summary.chip_of(optima, study) for study in studies]
    firsts = [rows(chip)[0] for chip in chips]
    for name, form in CHIP_ROWS.items():
        yield name, [form.format(**first) for first in firsts]
    for name, column in (
        ("least SNR of ADCs, dB", "snr_adc_dB"),
        ("least SNR of cells, dB", "snr_dev_dB"),
    ):
        yield name, [dB(chip[column].min()) for chip in chips]
    for name, column, unit in (
        ("EDAP over single-network optimum", "over_own_best", " ×"),
        ("TOPS/W", "tops_per_W", ""),
    ):
        ends = ((chip[column].min(), chip[column].max()) for chip in chips)
        yield name, [f"{low:.3g} to {high:.3g}{unit}" for low, high in ends]


def worst_unseen(left_out: pd.DataFrame) -> str:
    """Name the network with the largest EDAP on the chip for the others, over the chip for all."""
    for r in rows(left_out.dropna(subset="unknown_over_known").nlargest(1, "unknown_over_known")):
        return f"{ratio(r['unknown_over_known'])} {label(r['left_out'])}"
    return "—"


def unseen_misses(left_out: pd.DataFrame) -> str:
    """Name the networks that do not run on the chip for the others."""
    missed = left_out[left_out["unknown_over_own_best"].isna()]["left_out"]
    return ", ".join(label(name) for name in missed) or "—"


def contrast(contrasts: pd.DataFrame, study: str, name: str) -> str:
    """Format a ratio of `contrasts`."""
    ratios = contrasts[(contrasts["study"] == study) & (contrasts["contrast"] == name)]["ratio"]
    if not len(ratios):
        return "—"
    return "no such chip found" if pd.isna(ratios.iloc[0]) else ratio(ratios.iloc[0])


def robust(survival: pd.DataFrame) -> Iterator[tuple[str, list[str]]]:
    """Rows of the table of conclusions: text, and for SRAM and RRAM what both models say and in how
    many variations it holds.
    """
    others = [name for name in ADC_MODELS if name != DEFAULT_ADC]
    for text, of_text in groups(survival[survival["verdict"] != EXCLUDED], "conclusion"):
        cells = []
        for device in ("SRAM", "RRAM"):
            found = rows(of_text[of_text["study"].map(summary.device_of) == device])
            for r in found:
                held_by = sum(bool(r[f"{name}_holds"]) for name in others) + r["ends_held"]
                share = f"{held_by} of {r['ends'] + len(others)}"
                cells += [f"{held(r, 'reference')}, {held(r, DEFAULT_ADC)}", share]
            cells += ["—", "—"] * (not found)
        yield text, cells


def plain(value: object) -> str:
    """Format the value of a parameter."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def held(row: Row, model: str) -> str:
    """Format a number and whether a conclusion holds with it."""
    if model in _names(row["no_chip"]):
        return "no chip within the limits –"
    value = row[model]
    if pd.isna(value):
        return "—"
    text = percent(value) if row["percent"] else number(value)
    return f"{text} {'✓' if row[f'{model}_holds'] else '–'}"


def _names(joined: Any) -> list[str]:
    return [] if pd.isna(joined) else str(joined).split()


def searched(searches: pd.DataFrame, optima: pd.DataFrame) -> Iterator[Row]:
    """Rows of the table of searches: success rates, largest regret, designs until then."""
    networks = optima.groupby("study")["workload"].nunique()
    for study, of_study in groups(searches, "study"):
        seeds = of_study.groupby("seed")
        recommended = of_study.loc[of_study["criterion"] == MINIMAX, "solved"]
        is_product = of_study["criterion"] == PRODUCT
        # The regret of a product grows with the power of the number of networks.
        by_network = (1 + of_study["regret"]) ** (1 / networks[study]) - 1
        regret = of_study["regret"].mask(is_product, by_network)
        criterion = of_study.assign(regret=regret).nlargest(1, "regret").iloc[0]["criterion"]
        yield {
            "study": study,
            "recommended": recommended.sum(),
            "solved": seeds["solved"].all().sum(),
            "seeds": seeds.ngroups,
            "regret": regret.max(),
            "criterion": criterion,
            "note": ", by network" if criterion == PRODUCT else "",
            "found_after": seeds["found_after"].max().median(),
        }
