"""The page `edge_six.md`, every number from the published tables.

`python -m experiments.edge_networks.page` writes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.edge_networks.verdict import worst
from experiments.markdown import render, row, rows
from imcmoo.model.physical.assumptions import Assumptions

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "results" / "published" / "accuracy"
PAGE = ROOT / "docs" / "edge_six.md"

NETWORKS = {
    "digits": "digits",
    "line_direction": "line direction",
    "magika": "file type",
    "minilm": "sentences",
    "recogniser": "text",
    "voice_activity": "voice activity",
}
"""Display names of the networks."""

CHIPS = {
    "edge_sram0": "SRAM, lossless",
    "edge_sram": "SRAM, drop of 1 point",
    "nine_sram": "SRAM, for nine networks (version 3)",
    "nine_rram": "RRAM, for nine networks (version 3)",
}
"""Display names of the executed chips."""

RECOMMENDED = {
    "sram": "SRAM",
    "sram_digital_front": "SRAM, Fourier transform on the digital unit",
    "rram": "RRAM",
    "rram_any_accuracy": "RRAM, without a limit on accuracy",
    "dimc": "digital SRAM",
}
"""Display names of the chips that studies recommend."""

REMEDIES = {
    "voice_any_accuracy": "none, without a limit on accuracy",
    "voice_any_remedy": "what the study picks",
    "voice_more_bits": "more bits at 128 rows",
    "voice_fewer_rows": "at most 64 rows and 6 bits",
    "voice_digital_front": "Fourier transform on the digital unit",
}
"""Display names of the remedies for voice activity."""

COUNTS = {5: "five", 6: "six"}

REMEDIED = "voice_activity_remedies"

NINE_SRAM = 2
"""Design of the table of predictions that is the SRAM circuit of version 3 for nine networks."""

DESTROYED = 0.9
"""Score below which a layer alone destroys a network that scores 1."""


def page(folder: Path = TABLES) -> str:
    """Fill the page from the tables of a folder."""
    names = ("edge_six_sram", "edge_six_rram", "cell_errors", "line_direction_by_layer")
    sram, rram, by_level, by_layer = (pd.read_csv(folder / f"{name}.csv") for name in names)
    executed = pd.read_csv(folder / "edge_six_executed.csv")
    shown = {name: title for name, title in NETWORKS.items() if f"drop_{name}" in sram}
    alone = by_layer["accuracy_alone"]
    runs = by_level.set_index(["cell_errors", "network"])
    losses = runs["integer"] - runs["accuracy"]
    predicted = pd.read_csv(folder / "prediction.csv")
    return render(
        "edge_networks/edge_six.md",
        **{"sram": rows(sram), "rram": rram, "by_level": by_level, "executed": executed},
        **{"NETWORKS": shown, "CHIPS": CHIPS, "destroyed": alone[alone < DESTROYED]},
        **{"points": points, "more": more, "share": share, "largest_drop": largest_drop},
        **{name: _if_there(folder / f"{name}.csv") for name in ("edge_six_verdicts", REMEDIED)},
        **{"RECOMMENDED": RECOMMENDED, "REMEDIES": REMEDIES, "TITLES": NETWORKS},
        **{"count": COUNTS[len(shown)], "verdict": verdict, "costs": costs},
        fronts=pd.read_csv(folder / "figures" / "fronts.csv"),
        text_lines=row(predicted, network="recogniser", design=NINE_SRAM),
        short=lambda value: f"{value:.3g}",
        score=lambda chip, network: score(executed, chip, network),
        kept=10 * executed[executed["chip"] == "edge_sram0"]["yield"].min(),
        samples=lambda chip: {run["network"]: run["samples"] for run in rows(executed, chip=chip)},
        lost=lambda kind, network: losses[kind, network],
        drivers=Assumptions().rram_driver_factor,
        hold=Assumptions().current_hold_m2,
    )


def _if_there(path: Path) -> pd.DataFrame | None:
    """A table; None before it was made."""
    return pd.read_csv(path) if path.is_file() else None


def verdict(verdicts: pd.DataFrame, chip: str, network: str) -> str:
    """Verdict on a network on a chip: the loss of the mean and the worst of its simulated chips
    and the standard error, in points, at the larger noise."""
    runs = rows(verdicts, chip=chip, network=network)
    if not runs:
        return "no chip"
    last = runs[-1]
    losses = (f"{100 * last[name]:.1f}" for name in ("mean_loss", "worst_loss", "standard_error"))
    mean, worst_of_chips, error = losses
    return f"{worst(run['verdict'] for run in runs)}: {mean} ± {error}, {worst_of_chips}"


def costs(remedies: pd.DataFrame, chip: str) -> tuple[str, str, str]:
    """Circuit, EDAP over the chip without a limit on accuracy, and verdict of a remedy."""
    runs = rows(remedies, chip=chip)
    if runs[0]["verdict"] == "no chip":
        return "no chip", "", ""
    last, free = runs[-1], rows(remedies, chip="voice_any_accuracy")[0]
    circuit = (
        f"{last['active_rows']:.0f} of {last['rows']:.0f} rows, {last['weight_coding']}, "
        f"slices of {last['input_slice_bits']:.0f}, {last['adc_bits']:.0f} bits"
    )
    over = f"{last['edap_Jsmm2'] / free['edap_Jsmm2']:.2f}"
    return circuit, over, verdict(remedies, chip, "voice_activity")


def points(share_of_one: float) -> str:
    """Format a difference of scores, as a share of 1, in points."""
    return f"{100 * share_of_one:.0f}"


def more(chip: Mapping[str, Any], other: Mapping[str, Any], column: str) -> str:
    """By how much a quantity of a chip is above that of another."""
    return f"{100 * (chip[column] / other[column] - 1):.0f} %"


def share(lost_in: str) -> str:
    """Share of the layer with the most noise, from a text such as `Conv@13 41%; Conv@16 10%`."""
    (first,) = re.findall(r"^[^;]* (\d+)%", lost_in)
    return f"{first} %"


def largest_drop(chip: Mapping[str, Any]) -> float:
    """Largest predicted drop of any network, as a share of 1; at least 0."""
    return max(0.0, *(value for name, value in chip.items() if name.startswith("drop_")))


def score(executed: pd.DataFrame, chip: str, network: str) -> str:
    """Mean score, the score with integers, the worst of several chips, and what was executed."""
    runs = [run for name in (chip, f"{chip}_more") for run in rows(executed, chip=name)]
    entries = []
    for run in (run for run in runs if run["network"] == network):
        worst = f", {run['chip_min']:.2f}" if run["chips"] > 1 else ""
        mean = f"{run['accuracy']:.2f} of {run['integer']:.2f}"
        entries.append(f"{mean}{worst} ({run['chips']} × {run['samples']})")
    return "; ".join(entries) or "not executed"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
