"""Which conclusions drawn on the paper's model survive on the physical one, and how firmly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.physics.variations import CONVERTER, DEFAULT, ENDS, REFERENCE
from imcmoo.model.physical.parameters import ADC_MODELS

EXCLUDED = "excluded by the limit on levels, not searched"
"""What becomes of more bits in a cell than the physical spaces have."""

FOUR = ("four_workload_rram", "four_workload_sram")
"""Studies that are varied in every respect."""


@dataclass(frozen=True)
class Conclusion:
    """Something a study of chips concludes.

    Args:
        text: in a sentence.
        figure: the column it rests on.
        holds: whether it does, given that figure.
        percent: whether the figure is a share.
        studies: beginnings of the names of those of which it is asked.
        verdict: what becomes of it, where the physical model is not asked.
    """

    text: str
    figure: str
    holds: Callable[[float], bool]
    percent: bool = False
    studies: tuple[str, ...] = FOUR
    verdict: str = ""


CONCLUSIONS = (
    Conclusion(
        "Optimising EDAP (max) is optimising for the largest network: excess on it over the best "
        "chip that also runs the others",
        "max_excess_for_largest", lambda v: v < 1e-9, percent=True,
    ),
    Conclusion(
        "EDAP (max) sacrifices a network: its EDAP over its own best, above 1.5",
        "max_over_own_best", lambda v: v > 1.5,
    ),
    Conclusion(
        "The chip best for the largest network, of those that also run the others, is not the one "
        "for all: geometric mean over the joint chip's, above 1.05",
        "largest_only_over_joint", lambda v: v > 1.05,
    ),
    Conclusion(
        "One chip is within 20 % of every network's own best: minimax regret",
        "minimax_regret", lambda v: v < 0.2, percent=True,
    ),
    Conclusion(
        "A network the chip was not made for pays: EDAP, on a chip that also runs it, over that on "
        "the chip for all, above 1.1",
        "left_out_over_known", lambda v: v > 1.1,
    ),
    Conclusion(
        "The lowest supply is best: V", "voltage_V", lambda v: v < 0.65,
    ),
    Conclusion(
        "Converters take most of the chip: share of its area", "adc_area_share",
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
        "RRAM is the better device for four networks: its best geometric-mean EDAP over SRAM's, "
        "below 1", "rram_over_sram", lambda v: v < 1, studies=("four_workload_rram",),
    ),
    Conclusion(
        "RRAM is the better device for nine networks: the same", "rram_over_sram",
        lambda v: v < 1, studies=("nine_workload_rram",),
    ),
)  # fmt: skip


def survival(variations: pd.DataFrame, adc_model: str) -> pd.DataFrame:
    """By conclusion and device: the figure and whether it holds on the paper's model, as the
    physical model stands, with each further converter model, and at how many ends of assumptions.

    Args:
        variations: as `findings` makes them, of all devices.
        adc_model: the converter model as it stands.

    Returns:
        Columns conclusion, study, percent, then by converter model and `reference` the figure and
        `NAME_holds`; ends (how many), ends_held, lowest, highest, exceptions (what says otherwise
        than the model as it stands), no_chip (variations under which no chip is feasible, where
        nothing holds) and verdict.
    """
    asked = variations[variations["feasible"].notna()]
    asked = _with_ratio(asked.assign(feasible=asked["feasible"].astype(bool)))
    rows = []
    for conclusion in CONCLUSIONS:
        for study, own in asked.groupby("study", sort=False):
            if str(study).startswith(conclusion.studies):
                rows.append(_row(conclusion, str(study), own, adc_model))
    return pd.DataFrame(rows)


def _with_ratio(asked: pd.DataFrame) -> pd.DataFrame:
    """With RRAM's best score over that of SRAM for as many networks under the same variation, as
    the model stands where a variation means nothing to SRAM; 0 where only RRAM has a chip."""
    is_rram = asked["study"].str.contains("_rram_")
    score = asked["edap_geomean"].where(asked["feasible"], np.inf)
    columns = (asked["study"], asked["kind"], asked["variation"], score)
    known = {(study, kind, name): v for study, kind, name, v in zip(*columns, strict=True)}
    ratios = []
    for study, kind, name, value in zip(*columns, strict=True):
        other = str(study).replace("_rram_", "_sram_")
        beside = known.get((other, kind, name), known.get((other, DEFAULT, DEFAULT), np.nan))
        ratios.append(value / beside if np.isfinite(value) else np.nan)
    return asked.assign(rram_over_sram=pd.Series(ratios, asked.index).where(is_rram))


def _row(
    conclusion: Conclusion, study: str, own: pd.DataFrame, adc_model: str
) -> dict[str, object]:
    own = own[own[conclusion.figure].notna() | ~own["feasible"]].set_index("variation")
    figures, kinds, feasible = own[conclusion.figure], own["kind"], own["feasible"]
    held = figures.map(conclusion.holds) & feasible
    models = {"reference": REFERENCE, adc_model: DEFAULT}
    models |= {name: name for name in ADC_MODELS if name != adc_model}
    row: dict[str, object] = {
        "conclusion": conclusion.text, "study": study, "percent": conclusion.percent
    }  # fmt: skip
    for shown, name in models.items():
        row |= {shown: figures.get(name, np.nan), f"{shown}_holds": _holds(held, name)}
    ends, varied = kinds.isin(ENDS), kinds.isin((CONVERTER, *ENDS))
    stands, reference = (_holds(held, n) for n in (DEFAULT, REFERENCE))
    exceptions = held.index[(held != stands) & varied & feasible]
    no_chip = own.index[varied & ~feasible]
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
    """Whether a conclusion holds; it does not where no chip is feasible."""
    return bool(held.get(variation, default=False))


def _verdict(reference: bool, physical: bool) -> str:
    """In a word."""
    return {
        (True, True): "survives",
        (True, False): "disappears",
        (False, True): "appears",
        (False, False): "holds on neither",
    }[reference, physical]
