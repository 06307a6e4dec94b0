"""Proven best chips of six networks with limits on their accuracy, under requests.

`python -m experiments.edge_networks.study --data DIR --beside-rounding --rates` writes the study.
`python -m experiments.scenarios.edge_six --data DIR` then proves the best chips with the circuit
of the recommended SRAM chip (`results/published/accuracy/edge_six_verdicts.csv`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from experiments.edge_networks.page import executed
from experiments.edge_networks.recommended import PARAMETERS
from experiments.scenarios.chips import AREA, LOAD, POWER, proven
from imcmoo.study.catalogue import find_study

PUBLISHED = Path("results", "published")
VERDICTS = PUBLISHED / "accuracy" / "edge_six_verdicts.csv"
TABLE = PUBLISHED / "scenarios" / "edge_six.csv"


def with_circuit(text: str) -> str:
    """A study whose chips have the circuit of the recommended SRAM chip."""
    runs = executed(pd.read_csv(VERDICTS), "sram")
    if not runs:
        raise SystemExit(f"{VERDICTS} has no SRAM chip")
    chip = min(runs, key=lambda run: float(run["adc_noise"]))
    values = {n: chip[n] if n == "weight_coding" else round(chip[n]) for n in PARAMETERS}
    lines = (f"{name} = {json.dumps(value)}" for name, value in values.items())
    return text.replace("[space]\n", "[space]\n" + "\n".join(lines) + "\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, default=TABLE, metavar="F.csv")
    args = parser.parse_args(argv)
    path = args.data / "edge_six_circuit.toml"
    text = (args.data / "edge_six.toml").read_text(encoding="utf-8")
    path.write_text(with_circuit(text), encoding="utf-8")
    chips = [proven(find_study(str(path)).problem(), chip) for chip in (POWER, AREA, LOAD)]
    pd.DataFrame(chips).to_csv(args.out, index=False, float_format="%.12g", lineterminator="\n")


if __name__ == "__main__":
    main()
