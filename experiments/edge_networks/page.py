"""The page `edge_six.md`, every number from the published tables.

`python -m experiments.edge_networks.page` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from experiments import markdown
from experiments.edge_networks.verdict import worst
from experiments.markdown import render, rows

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "results" / "published" / "accuracy"
DEVICES = ROOT / "results" / "published" / "devices" / "ranges.csv"
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

RECOMMENDED = {
    "sram": "analog SRAM",
    "sram_more_noise": "analog SRAM, more ADC noise",
    "rram": "RRAM",
    "dimc": "digital SRAM",
}
"""Display names of the chips that studies recommend; the table may lack some."""

REMEDIES = {
    "voice_any_remedy": "none",
    "voice_more_bits": "more bits at 128 rows",
    "voice_digital_front": "Fourier transform on the digital unit",
}
"""Display names of the remedies for voice activity."""


def page(folder: Path = TABLES) -> str:
    """Fill the page from the tables of a folder."""
    verdicts, remedies, by_level = (
        pd.read_csv(folder / f"{name}.csv")
        for name in ("edge_six_verdicts", "voice_activity_remedies", "cell_errors")
    )
    runs = by_level.set_index(["cell_errors", "network"])
    losses = runs["integer"] - runs["accuracy"]
    first = verdicts[verdicts["chip"] == "sram"].set_index("network")
    samples = first["samples"].groupby(level=0).first()
    changed = (first["standard_error"] > 0).groupby(level=0).any()
    unchanged = set(changed.index[~changed])
    free, front = (
        rows(remedies, chip=f"voice_{name}")[0] for name in ("any_remedy", "digital_front")
    )
    fronts = front["edap_Jsmm2"] / free["edap_Jsmm2"]
    tried = {chip: title for chip, title in RECOMMENDED.items() if chip in set(verdicts["chip"])}
    return render(
        "edge_networks/edge_six.md",
        **{"verdicts": verdicts, "remedies": remedies, "by_level": by_level},
        **{"RECOMMENDED": tried, "REMEDIES": REMEDIES, "NETWORKS": NETWORKS},
        **{"verdict": verdict, "costs": costs, "circuit": circuit},
        works={chip: verdict_by_network(verdicts, chip) for chip in tried},
        chips={chip: of_chip[0] for chip in tried if (of_chip := executed(verdicts, chip))},
        short=lambda value: f"{value:.3g}",
        lost=lambda kind, network: losses[kind, network],
        worst_lost=lambda kind: losses[kind].max(),
        samples=samples,
        unchanged=unchanged,
        unseen=[name for name in NETWORKS if name in unchanged and missed(samples[name]) > 0.01],
        missed=missed,
        text=rows(by_level, cell_errors="wan2022_1s", network="recogniser")[0],
        uniform=runs.loc["uniform"]["accuracy"],
        larger=pd.read_csv(DEVICES).query("device == 'dimc'").set_index("question")["assumed"],
        fronts=fronts,
        packaged=fronts
        * front["package_mm2"]
        / front["area_mm2"]
        * free["area_mm2"]
        / free["package_mm2"],
    )


def executed(verdicts: pd.DataFrame, chip: str) -> list[dict[str, Any]]:
    """Rows of a chip: of each network and noise; none if no chip met the limits of its study."""
    return rows(markdown.select(verdicts, chip=chip).dropna(subset=["network"]))


def verdict_by_network(verdicts: pd.DataFrame, chip: str) -> dict[str, str]:
    """Verdict on each network that a chip was executed with, the worse of two noises."""
    of_chip = verdicts[verdicts["chip"] == chip].groupby("network", sort=False)["verdict"]
    return {str(network): worst(each) for network, each in of_chip}


def missed(samples: float) -> float:
    """Upper 95 % confidence bound on the share of samples that change, 0 to 1, where none of
    `samples` did."""
    return 1 - 0.05 ** (1 / samples)


def verdict(verdicts: pd.DataFrame, chip: str, network: str) -> str:
    """Verdict on a network on a chip, and at the larger noise: mean loss of its simulated chips ±
    standard error, and the worst loss, in points."""
    runs = rows(verdicts, chip=chip, network=network)
    if not runs:
        return "not executed"
    last = runs[-1]
    mean, worst_of_chips = (f"{100 * last[name]:.1f}" for name in ("mean_loss", "worst_loss"))
    error = f"{100 * last['standard_error']:.2f}"
    return f"{worst(run['verdict'] for run in runs)}: {mean} ± {error}, {worst_of_chips}"


def costs(remedies: pd.DataFrame, chip: str) -> tuple[str, str, str]:
    """Circuit of a remedy, EDAP divided by that without a remedy, and verdict."""
    runs = rows(remedies, chip=chip)
    if runs[0]["verdict"] == "no chip":
        return "no chip", "", ""
    last, free = runs[-1], rows(remedies, chip="voice_any_remedy")[0]
    over = f"{last['edap_Jsmm2'] / free['edap_Jsmm2']:.2f}"
    return circuit(last), over, verdict(remedies, chip, "voice_activity")


def circuit(chip: Mapping[str, Any]) -> str:
    """Parameters that decide the errors of a chip, in a few words."""
    rows_at_once = f"{chip['active_rows']:.0f} of {chip['rows']:.0f} rows"
    if chip["device"] == "dimc":
        return rows_at_once
    return (
        f"{rows_at_once}, {chip['weight_coding']}, slices of {chip['input_slice_bits']:.0f}, "
        f"{chip['adc_bits']:.0f} bits"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
