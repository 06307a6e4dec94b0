"""The section on the rules of the model, on the page of the physical studies."""

from __future__ import annotations

import pandas as pd

from experiments.paper.markdown import percent, table
from experiments.physics.answers import Frames, device_of
from experiments.physics.findings import SAMPLED
from experiments.physics.variations import ALONE, ASSUMPTION, CONVERTER, LIMIT, WITHOUT

LEDGER = {
    "placement": 1, "pulses": 2, "voltage_slows": 3, "bandwidth": 4, "shared_converters": 5,
    "few_levels": 6, "unsigned_inputs": 7, "strides": 8, "wide_sums": 9, "wires": 10,
    "idle_leakage": 11, "activation_dram": 12, "diagonal_groups": 15,
}  # fmt: skip
"""Row of the ledger of what the paper's model lets happen, by the rule that mends it."""

FEW_BITS = 2
MOST = 4
"""Assumptions that are shown of each study."""


def rules(frames: Frames) -> str:
    """The ledger's rules, converters and assumptions: how the order of designs depends on them."""
    own = frames["variations"]
    own = own[own["study"].str.startswith("four_")]
    bits = frames["optima"]["bits_per_cell"].max()
    lines = []
    for what, rows in own[own["kind"].isin((WITHOUT, ALONE))].groupby("variation", sort=False):
        name = str(what)
        noted = " (changes nothing by construction)" if _idle(name, bits) else ""
        cells = [
            cell
            for device in ("rram", "sram")
            for kind in (WITHOUT, ALONE)
            for cell in _cells(rows, device, kind)
        ]
        lines.append([str(LEDGER.get(name, "")), f"`{name}`{noted}", *cells])
    head = ["row", "rule"]
    for device in ("RRAM", "SRAM"):
        for kind in ("all but this", "this alone"):
            head += [f"{device}, {kind}: τ", "cost"]
    return (
        "## Which rules decide\n\nThe rows of the [ledger](ledger.md) that the physical model "
        "mends, one left out or one alone, four networks. τ is Kendall's of the geometric mean "
        f"against the model as it stands, over the same {SAMPLED} random designs, which are "
        "feasible as the model stands. *cost* is what it costs to trust the changed model: the "
        "excess, as the model stands, of the chip chosen by it. With one rule left out that is the "
        "best chip found, over the optimum; *infeasible* where as the model stands it misses a "
        "limit. With one rule alone hardly a chip keeps the limits, so it is the best of the "
        "sample by the one over the best by the other. `few_levels` changes no cost where spaces "
        "have at most two bits a cell (`variations.csv`).\n\n"
        + table(head, lines)
        + "\n"
        + _assumptions(own)
    )


def _cells(rows: pd.DataFrame, device: str, kind: str) -> tuple[str, str]:
    """τ and the cost of a rule on a device."""
    own = rows[(rows["kind"] == kind) & rows["study"].str.contains(f"_{device}_")]
    if own.empty:
        return "—", "—"
    row = own.iloc[0]
    tau = f"{row['tau']:.2f}"
    if kind == ALONE:
        return tau, percent(row["sample_regret"])
    if not bool(row["feasible"]):
        return tau, "no chip"
    cost = row["regret_by_default"]
    return tau, "infeasible" if pd.isna(cost) else percent(cost)


def _idle(rule: str, bits: float) -> bool:
    """Whether a rule can change nothing: levels are few anyway."""
    return rule == "few_levels" and bits <= FEW_BITS


def _assumptions(variations: pd.DataFrame) -> str:
    """Which converters and assumptions move the order most."""
    lines = []
    for study, rows in variations.groupby("study", sort=False):
        some = rows[rows["kind"] == ASSUMPTION].nsmallest(MOST, "tau")
        shown = pd.concat([rows[rows["kind"] == CONVERTER], some, rows[rows["kind"] == LIMIT]])
        for r in shown.to_dict("records"):
            cells = f"{r['tau']:.2f}", _excess(r["default_regret"], feasible=bool(r["feasible"]))
            lines.append([device_of(study), f"`{r['variation']}`", *cells])
    head = ["device", "variation", "τ", "excess of our optimum, at least"]
    return (
        "The converter models, the assumptions that move the order most, and the limits; the "
        "excess is of the optimum of this page over the best that a search then found:\n\n"
        + table(head, lines)
    )


def _excess(value: float, *, feasible: bool) -> str:
    if not feasible:
        return "no chip within the limits"
    return "infeasible" if pd.isna(value) else percent(value)
