"""Robustness: conclusions from the reference model, tested on the physical one and varied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.physics.variations import CONVERTER, DEFAULT, ENDS, REFERENCE
from imcmoo.model.physical.parameters import ADC_MODELS

EXCLUDED = "excluded by the limit on levels, not searched"
"""Verdict on more bits per cell than the physical spaces have."""

FOUR = ("four_workload_rram", "four_workload_sram")
"""Beginnings of the names of studies that are varied in every respect."""


@dataclass(frozen=True)
class Conclusion:
    """A conclusion of a study.

    Args:
        text: the conclusion in a sentence.
        figure: column of the number it rests on.
        holds: tests that number.
        percent: whether the number is a share.
        studies: beginnings of the names of the studies it is about.
        verdict: fixed verdict if the physical model cannot answer.
    """

    text: str
    figure: str
    holds: Callable[[float], bool]
    percent: bool = False
    studies: tuple[str, ...] = FOUR
    verdict: str = ""


CONCLUSIONS = (
    Conclusion(
        "Optimising EDAP, max is optimising for the largest network: its excess EDAP over the best "
        "chip that also runs the others",
        "max_excess_for_largest", lambda v: v < 1e-9, percent=True,
    ),
    Conclusion(
        "EDAP, max sacrifices a network: its EDAP over its single-network optimum, above 1.5",
        "max_over_own_best", lambda v: v > 1.5,
    ),
    Conclusion(
        "The chip best for the largest network is not the joint design: geometric-mean EDAP over "
        "the joint design's, above 1.05",
        "largest_only_over_joint", lambda v: v > 1.05,
    ),
    Conclusion(
        "One chip is within 20 % of each single-network optimum: minimax regret",
        "minimax_regret", lambda v: v < 0.2, percent=True,
    ),
    Conclusion(
        "An unseen network pays: EDAP on the chip for the others over that on the chip for all, "
        "above 1.1",
        "left_out_over_known", lambda v: v > 1.1,
    ),
    Conclusion(
        "The lowest supply voltage is best: V", "voltage_V", lambda v: v < 0.65,
    ),
    Conclusion(
        "ADCs take most of the chip: share of its area", "adc_area_share",
        lambda v: v > 0.5, percent=True,
    ),
    Conclusion(
        "The best chip draws more than can be cooled: W/mm²", "W_per_mm2", lambda v: v > 1 + 1e-9,
    ),
    Conclusion(
        "More than four bits per cell are best: bits", "bits_per_cell", lambda v: v > 4,
        studies=("four_workload_rram",), verdict=EXCLUDED,
    ),
    Conclusion(
        "RRAM is better for four networks: its best geometric-mean EDAP over SRAM's, below 1",
        "rram_over_sram", lambda v: v < 1, studies=("four_workload_rram",),
    ),
    Conclusion(
        "RRAM is better for nine networks: its best geometric-mean EDAP over SRAM's, below 1",
        "rram_over_sram", lambda v: v < 1, studies=("nine_workload_rram",),
    ),
)  # fmt: skip


def robustness(variations: pd.DataFrame, adc_model: str) -> pd.DataFrame:
    """Test every conclusion on both models, with each ADC model, and at the ends of assumptions.

    Args:
        variations: rows of `best_under` of all devices.
        adc_model: unchanged ADC model.

    Returns:
        Columns conclusion, study, percent, then by ADC model and `reference` the number and
        `NAME_holds`; ends (how many), ends_held, lowest, highest, exceptions (variations that
        differ from the unchanged model), no_chip (variations without a feasible chip, where no
        conclusion holds) and verdict.
    """
    searched = variations[variations["feasible"].notna()]
    searched = _with_ratio(searched.assign(feasible=searched["feasible"].astype(bool)))
    rows = []
    for conclusion in CONCLUSIONS:
        for study, rows_of_study in searched.groupby("study", sort=False):
            if str(study).startswith(conclusion.studies):
                rows.append(_row(conclusion, str(study), rows_of_study, adc_model))
    return pd.DataFrame(rows)


def _with_ratio(variations: pd.DataFrame) -> pd.DataFrame:
    """Add RRAM's best score over that of SRAM under the same variation.

    SRAM's score is of the unchanged model if the variation does not concern SRAM. The ratio is 0 if
    only RRAM has a chip.
    """
    is_rram = variations["study"].str.contains("_rram_")
    score = variations["edap_geomean"].where(variations["feasible"], np.inf)
    columns = (*(variations[name] for name in ("study", "kind", "variation")), score)
    scores = {(study, kind, name): v for study, kind, name, v in zip(*columns, strict=True)}
    ratios = []
    for study, kind, name, value in zip(*columns, strict=True):
        other = str(study).replace("_rram_", "_sram_")
        unchanged = scores.get((other, DEFAULT, DEFAULT), np.nan)
        sram = scores.get((other, kind, name), unchanged)
        ratios.append(value / sram if np.isfinite(value) else np.nan)
    return variations.assign(rram_over_sram=pd.Series(ratios, variations.index).where(is_rram))


def _row(
    conclusion: Conclusion, study: str, variations: pd.DataFrame, adc_model: str
) -> dict[str, object]:
    has_figure = variations[conclusion.figure].notna() | ~variations["feasible"]
    rows = variations[has_figure].set_index("variation")
    figures, kinds, feasible = rows[conclusion.figure], rows["kind"], rows["feasible"]
    held = figures.map(conclusion.holds) & feasible
    models = {"reference": REFERENCE, adc_model: DEFAULT}
    models |= {name: name for name in ADC_MODELS if name != adc_model}
    row: dict[str, object] = {
        "conclusion": conclusion.text, "study": study, "percent": conclusion.percent
    }  # fmt: skip
    for column, name in models.items():
        row |= {column: figures.get(name, np.nan), f"{column}_holds": _holds(held, name)}
    ends, varied = kinds.isin(ENDS), kinds.isin((CONVERTER, *ENDS))
    stands, reference = (_holds(held, n) for n in (DEFAULT, REFERENCE))
    exceptions = held.index[(held != stands) & varied & feasible]
    no_chip = rows.index[varied & ~feasible]
    return row | {
        "ends": int(ends.sum()),
        "ends_held": int(held[ends].sum()),
        "lowest": figures[ends].min(),
        "highest": figures[ends].max(),
        "exceptions": " ".join(exceptions),
        "no_chip": " ".join(no_chip),
        "verdict": conclusion.verdict or _verdict(reference, stands),
    }


def _holds(held: pd.Series, variation: str) -> bool:
    """Look up whether a conclusion holds; it does not if no chip is feasible."""
    return bool(held.get(variation, default=False))


def _verdict(reference: bool, physical: bool) -> str:
    """Verdict on a conclusion, given whether it holds on each model."""
    return {
        (True, True): "holds on both",
        (True, False): "holds on the reference model only",
        (False, True): "holds on the physical model only",
        (False, False): "holds on neither",
    }[reference, physical]
