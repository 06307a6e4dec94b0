"""Which conclusions drawn on the paper's model survive on the physical one, and how firmly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.physics.variations import ASSUMPTION, CONVERTER, DEFAULT, REFERENCE
from imcmoo.model.physical.parameters import ADC_MODELS


@dataclass(frozen=True)
class Conclusion:
    """Something a study of chips concludes.

    Args:
        text: in a sentence.
        figure: the column it rests on.
        holds: whether it does, given that figure.
        percent: whether the figure is a share.
        devices: of which it can be said.
    """

    text: str
    figure: str
    holds: Callable[[float], bool]
    percent: bool = False
    devices: tuple[str, ...] = ("rram", "sram")


CONCLUSIONS = (
    Conclusion(
        "Optimising EDAP (max) is optimising for the largest network: excess on it",
        "max_excess_for_largest", lambda v: v < 1e-9, percent=True,
    ),
    Conclusion(
        "EDAP (max) sacrifices another network: its EDAP over its own best, above 1.5",
        "max_over_own_best", lambda v: v > 1.5,
    ),
    Conclusion(
        "The chip for the largest network alone is not the one for all: geometric mean over the "
        "joint chip's, above 1.05",
        "largest_only_over_joint", lambda v: v > 1.05,
    ),
    Conclusion(
        "One chip is within 20 % of the best for every network: minimax regret",
        "minimax_regret", lambda v: v < 0.2, percent=True,
    ),
    Conclusion(
        "A network the chip was not made for pays: EDAP over that on the chip for all, above 1.1",
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
        devices=("rram",),
    ),
    Conclusion(
        "RRAM is the better device: its best geometric-mean EDAP over SRAM's, below 1",
        "rram_over_sram", lambda v: v < 1, devices=("rram",),
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
        `NAME_holds`; ends (how many), ends_held, lowest, highest, exceptions and verdict.
    """
    known = _with_ratio(variations[variations["feasible"].fillna(value=False).astype(bool)])
    rows = []
    for conclusion in CONCLUSIONS:
        for study, own in known.groupby("study", sort=False):
            if any(f"_{device}_" in str(study) for device in conclusion.devices):
                rows.append(_row(conclusion, str(study), own, adc_model))
    return pd.DataFrame(rows)


def _with_ratio(known: pd.DataFrame) -> pd.DataFrame:
    """With RRAM's best score over SRAM's under the same variation, as the model stands where a
    variation means nothing to SRAM."""
    is_rram = known["study"].str.contains("_rram_")
    sram = known[~is_rram].set_index(["kind", "variation"])["edap_geomean"]
    as_it_stands = sram.get((DEFAULT, DEFAULT))
    keys = zip(known["kind"], known["variation"], strict=True)
    ratios = [
        score / sram.get(key, as_it_stands)
        for score, key in zip(known["edap_geomean"], keys, strict=True)
    ]
    return known.assign(rram_over_sram=pd.Series(ratios, known.index).where(is_rram))


def _row(
    conclusion: Conclusion, study: str, own: pd.DataFrame, adc_model: str
) -> dict[str, object]:
    figures = own.set_index("variation")[conclusion.figure].dropna()
    kinds = own.set_index("variation")["kind"].loc[figures.index]
    held = figures.map(conclusion.holds)
    models = {"reference": REFERENCE, adc_model: DEFAULT}
    models |= {name: name for name in ADC_MODELS if name != adc_model}
    row: dict[str, object] = {
        "conclusion": conclusion.text, "study": study, "percent": conclusion.percent
    }  # fmt: skip
    for shown, name in models.items():
        row |= {shown: figures.get(name, np.nan), f"{shown}_holds": _holds(held, name)}
    ends = kinds == ASSUMPTION
    stands, reference = (_holds(held, n) for n in (DEFAULT, REFERENCE))
    exceptions = held.index[(held != stands) & (kinds.isin((CONVERTER, ASSUMPTION)))]
    return row | {
        "ends": int(ends.sum()),
        "ends_held": int(held[ends].sum()),
        "lowest": figures[ends].min(),
        "highest": figures[ends].max(),
        "exceptions": " ".join(exceptions),
        "verdict": _verdict(reference, stands, firm=not len(exceptions)),
    }


def _holds(held: pd.Series, variation: str) -> bool:
    """Whether a conclusion holds; it does not where no chip is feasible."""
    return bool(held.get(variation, default=False))


def _verdict(reference: bool, physical: bool, *, firm: bool) -> str:
    """In a word, and whether all converter models and assumptions agree."""
    word = {
        (True, True): "survives",
        (True, False): "disappears",
        (False, True): "appears",
        (False, False): "holds on neither",
    }[reference, physical]
    return word if firm else f"{word}, with exceptions"
