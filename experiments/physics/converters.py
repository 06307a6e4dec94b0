"""What changes when the studies are asked with another converter model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from experiments.paper.markdown import area, number, table, times
from experiments.physics.answers import Frames, study_label
from experiments.physics.optima import CRITERIA
from imcmoo.report.labels import label


def with_others(adc_model: str, frames: Frames, others: Mapping[str, Frames]) -> str:
    """The section of a page.

    Args:
        adc_model: the converter model of the page.
        frames: its tables by name.
        others: tables of each other converter model that was asked.
    """
    seeds = frames["searches"]["seed"].nunique()
    said = [
        "## With another converter model\n\nEverything once more: spaces, enumerations, questions, "
        f"{seeds} searches of each study. EDAP: the geometric mean over the networks of the chip "
        f"selected, over that of the one with `{adc_model}`.\n"
    ]
    for name, other in others.items():
        said.append(f"### `{name}`\n")
        said.append(_chips(adc_model, frames["optima"], name, other["optima"]))
        said.append(_solved(frames["searches"], other["searches"]))
        if "survival" in other:
            said.append(_verdicts(adc_model, frames["survival"], name, other["survival"]))
    return "\n".join(said)


def _chips(adc_model: str, mine: pd.DataFrame, name: str, theirs: pd.DataFrame) -> str:
    lines = []
    both = set(theirs["study"])
    for study in (s for s in dict.fromkeys(mine["study"]) if s in both):
        for criterion in CRITERIA:
            one, two = (
                t[(t["study"] == study) & (t["criterion"] == criterion)] for t in (mine, theirs)
            )
            lines.append(
                [
                    study_label(study),
                    label(criterion),
                    _chip(one.iloc[0]),
                    _chip(two.iloc[0]),
                    times(_edap(two) / _edap(one)),
                    *(f"{number(t['tops_per_W'].min())} to {number(t['tops_per_W'].max())}"
                      for t in (one, two)),
                ]
            )  # fmt: skip
    head = ["study", "by", adc_model, name, "EDAP", f"TOPS/W, {adc_model}", f"TOPS/W, {name}"]
    return table(head, lines)


def _chip(first: Any) -> str:
    """A chip in a few words."""
    bits = first["bits_per_cell"]
    return (
        f"{area(first['area_mm2'])}, {first['rows']:.0f} × {first['cols']:.0f}, "
        f"{bits:.0f} bit{'' if bits == 1 else 's'} a cell, {first['adc_bits']:.0f}-bit ADC for "
        f"{first['columns_per_adc']:.0f}, {first['voltage_V']:g} V"
    )


def _edap(chip: pd.DataFrame) -> float:
    """Geometric mean of EDAP over the networks, J·s·mm²."""
    product = chip["energy_J"] * chip["latency_s"] * chip["area_mm2"]
    return float(np.exp(np.log(product).mean()))


def _solved(mine: pd.DataFrame, theirs: pd.DataFrame) -> str:
    """How the search does on both."""
    lines = []
    for study in dict.fromkeys(mine["study"]):
        own = [t[t["study"] == study] for t in (mine, theirs)]
        solved = [t.groupby("seed")["solved"].all() for t in own]
        lines.append([study_label(study), *(f"{s.sum()} of {len(s)}" for s in solved)])
    return "Seeds on which the search reaches every optimum:\n\n" + table(
        ["study", "with this page's", "with the other"], lines
    )


def _verdicts(adc_model: str, mine: pd.DataFrame, name: str, theirs: pd.DataFrame) -> str:
    """Conclusions of which something else becomes, the reference the same."""
    keys = ["conclusion", "study"]
    both = mine.merge(theirs, on=keys, suffixes=("", "_other"))
    changed = both[both["verdict"] != both["verdict_other"]]
    lines = [
        [r["conclusion"], study_label(r["study"]), r["verdict"], r["verdict_other"]]
        for r in changed.to_dict("records")
    ]
    kept = f"{len(both) - len(changed)} of {len(both)} verdicts on conclusions are the same. "
    if not lines:
        return kept + "\n"
    return (
        kept + "The others, where assumptions are varied beside the one model or the other "
        "(`survival.csv` of both):\n\n"
        + table(["conclusion", "study", f"with {adc_model}", f"with {name}"], lines)
    )
