"""The chips for six and for nine networks, executed exactly on the networks of `data`.

`python -m experiments.edge_networks.executed CHIP NETWORK --data DIR --samples N` replaces the row
of this chip and network in the published table. The chips are those of the published tables. With
one simulated chip (`--chips 1`) the row is called CHIP_more: it has more samples.
A drop counts from the lower of two scores: in float, and with inputs and weights rounded to 8 bits.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.edge_networks.page import NETWORKS, TABLES
from experiments.edge_networks.prediction import RRAM, SRAM, assessment, circuit_of
from experiments.markdown import row, rows
from experiments.physics.earlier import CHIPS as EARLIER
from imcmoo.accuracy.assess import Assessment
from imcmoo.model.physical.circuit import Circuit

ALLOWED = 0.01
"""Drop with which a chip counts in the column `yield`."""
OF_CHIP = ("rows", "active_rows", "bits_per_cell", "input_slice_bits", "adc_bits", "differential")
TABLE = TABLES / "edge_six_executed.csv"


def circuits() -> dict[str, Circuit]:
    """Published chips by name: without and with a drop on six networks, and for nine those that
    version 3 of the physical model recommended."""
    six, nine = pd.read_csv(TABLES / "edge_six_sram.csv"), pd.read_csv(EARLIER)
    (lossless,), (one_point,) = (rows(six, allowed_drop=drop) for drop in (0.0, 0.01))
    nine_sram, nine_rram = (
        row(nine, study=f"nine_workload_{device}_physical", criterion="edap_geomean")
        for device in ("sram", "rram")
    )
    chips = {"edge_sram0": lossless, "edge_sram": one_point, "nine_sram": nine_sram}
    return {
        **{name: circuit_of(each, SRAM) for name, each in chips.items()},
        "nine_rram": circuit_of(nine_rram, RRAM),
    }


def executed(assessed: Assessment, circuit: Circuit, chips: int) -> dict[str, Any]:
    """Scores of several simulated chips, and how they compare with those on integers."""
    rounded, _ = assessed.on_chips(circuit.without_errors(), 1, how="fast")
    rounding = max(0.0, rounded.in_float - rounded.on_integers)
    result, _ = assessed.on_chips(circuit, chips, allowed_drop=rounding + ALLOWED)
    return {name: getattr(circuit, name) for name in (*OF_CHIP, "sigma")} | result.to_row()


def main(argv: Sequence[str] | None = None) -> None:
    """Execute one network on one design."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chip", choices=list(circuits()))
    parser.add_argument("network", choices=list(NETWORKS))
    parser.add_argument("--data", required=True, type=Path, metavar="DIR")
    parser.add_argument("--samples", type=int, metavar="N")
    parser.add_argument("--chips", type=int, default=10, metavar="N")
    args = parser.parse_args(argv)
    assessed = assessment(args.network, args.data, args.samples)
    name = f"{args.chip}_more" if args.chips == 1 else args.chip
    start = {"chip": name, "network": args.network}
    sizes = {"samples": assessed.samples, "chips": args.chips}
    made = start | sizes | executed(assessed, circuits()[args.chip], args.chips)
    table = pd.read_csv(TABLE)
    replaced = (table["chip"] == name) & (table["network"] == args.network)
    joined = pd.concat([table[~replaced], pd.DataFrame([made])]).sort_values(["chip", "network"])
    joined[table.columns].to_csv(TABLE, index=False, float_format="%.5g", lineterminator="\n")


if __name__ == "__main__":
    main()
