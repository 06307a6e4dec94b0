"""The section on what becomes of conclusions, on the page of the physical studies."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import pandas as pd

from experiments.paper.markdown import number, percent, table
from experiments.physics.answers import Frames, device_of
from experiments.physics.findings import OWN_BUDGET
from experiments.physics.survival import EXCLUDED
from imcmoo.model.physical.parameters import ADC_MODELS

MODELS = ("reference", *ADC_MODELS)
NAMED = 6
"""Exceptions that are named in a cell; further ones are counted."""

NOT_ASKED = """Conclusions of [the paper's claims](reproduction.md) that are not asked here:

- *how many percent the joint design gains over a sequential baseline*: baselines are asked, below;
  figures of the paper are of another cost model, so they are not compared.
- *E·L·A, max*: the score is asked in `aggregations.csv`, not on this page, which has EDAP.
- *the paper's search, part by part*: a matter of searches, not of chips; how often our search ends
  at the optima stands below.
- *sets of networks that grow*: only one network left out is asked.
- *newer nodes lower EDAP and cost*: all chips are of 32 nm; one step to 22 nm is asked, below.
- *the networks are not what they are called*, *attention lacks a dimension*: these studies have the
  true networks.
"""


def survives(frames: Frames) -> str:
    """What becomes of conclusions."""
    lines = []
    for row in frames["survival"].to_dict("records"):
        written = percent if row["percent"] else number
        cells = [_held(row, m, written) for m in MODELS]
        held = f"{row['ends_held']} of {row['ends']}"
        between = f"{written(row['lowest'])} to {written(row['highest'])}"
        lines.append(
            [
                row["conclusion"],
                device_of(row["study"]),
                *cells,
                "not asked" if row["verdict"] == EXCLUDED else held,
                "—" if row["verdict"] == EXCLUDED else between,
                _verdict(row),
            ]
        )
    head = ["conclusion", "device", "paper's model", *MODELS[1:]]
    return (
        "## What survives\n\n✓ it holds, – it does not. The paper's model with the paper's "
        "networks; the physical one with the true ones, by converter model and, with that of this "
        "page, at the ends of assumptions and of limits, one at a time: of four networks at both "
        "ends of the band of every assumption, with the macro periphery of published chips (2.5) "
        "and at every stricter limit (25 dB, half the loss along wires, half the area), of nine at "
        "those that make one device dearer. At an end where no chip is found within the limits "
        "nothing holds. The paper's model allows RRAM 1,600 mm² for nine networks. Every figure is "
        "found by searches, not proven best: 3,300 designs, begun at the exact optima of this "
        f"page, and {OWN_BUDGET} for each network's own best chip. The physical model throttles "
        "what cannot be cooled, so its W/mm² end at the limit "
        "(`survival.csv`, `variations.csv`).\n\n"
        + table([*head, "ends at which it holds", "least to most", "verdict"], lines)
        + "\n"
        + NOT_ASKED
    )


def _held(row: Mapping[Hashable, Any], model: str, written: Callable[[float], str]) -> str:
    """A figure and whether a conclusion holds with it."""
    if model in _names(row["no_chip"]):
        return "no chip within the limits –"
    value = row[model]
    return "—" if pd.isna(value) else f"{written(value)} {'✓' if row[f'{model}_holds'] else '–'}"


def _verdict(row: Mapping[Hashable, Any]) -> str:
    """The verdict and what says otherwise."""
    said = [str(row["verdict"])]
    if said == [EXCLUDED]:
        return EXCLUDED
    exceptions, no_chip = _names(row["exceptions"]), _names(row["no_chip"])
    if exceptions:
        named = ", ".join(f"`{name}`" for name in exceptions[:NAMED])
        more = f" and {len(exceptions) - NAMED} more" if len(exceptions) > NAMED else ""
        said.append(f"otherwise with {named}{more}")
    if no_chip:
        named = ", ".join(f"`{name}`" for name in no_chip)
        said.append(f"no chip within the limits with {named}")
    return "; ".join(said)


def _names(joined: Any) -> list[str]:
    return [] if pd.isna(joined) else str(joined).split()
