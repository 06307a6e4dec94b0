"""`python -m experiments.silicon`: agreement of a table of macros, blind and calibrated."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd
from rich.table import Table

from experiments.markdown import span
from experiments.silicon import comparison, digital
from experiments.silicon.macros import SHIPPED, read
from imcmoo.cli import command_line
from imcmoo.cli.terminal import console, show
from imcmoo.display.rich_tables import new_table
from imcmoo.hardware.physical_table import PhysicalTable

PROG = "experiments.silicon"

DESCRIPTION = """
Compare a table of published macros with the physical model, as it is and cleaned by
experiments/silicon/cleaning.py: blind, with a factor fitted to the shipped macros of other
publications, and with one fitted to the other rows of a macro's own publication. Digital rows are
compared each alone. Nothing is written.
"""

HEADINGS = {
    "t_core_ns": "latency",
    "tops_per_W_1b": "TOPS/W",
    "tops_per_mm2_1b": "TOPS/mm²",
    "area": "area",
}


def table_of(agreement: pd.DataFrame, state: str, title: str) -> Table:
    """Agreement of one state of a table of macros by default, as a table for the terminal."""
    numbers = ("rows", "within 3 ×", "95 % interval", "rank", "median ratio", "least to largest")
    table = new_table("quantity", "calibrated on", title=title, numbers=numbers)
    chosen = agreement[(agreement["state"] == state) & (agreement["reading"] == comparison.DEFAULT)]
    for name, heading in HEADINGS.items():
        for row in chosen[chosen["quantity"] == name].to_dict("records"):
            cells = [f"{row['rows']:.0f}", *["–"] * 5]
            if row["rows"]:
                cells[1:3] = f"{row['within']:.0%}", f"{row['low']:.0%} to {row['high']:.0%}"
                cells[4] = f"{row['median_ratio']:.2f}"
                cells[5] = span((row["least_ratio"], row["largest_ratio"]))
            if not pd.isna(row["rank"]):
                cells[3] = f"{row['rank']:.2f}"
            table.add_row(heading, row["calibration"], *cells)
    return table


def digital_table(frame: pd.DataFrame, table: PhysicalTable) -> Table | None:
    """Agreement of the digital rows of a table of macros, for the terminal; None if it has none."""
    counts = digital.agreement(digital.compared(frame, table))
    if counts.empty:
        return None
    shown = new_table(
        *("state", "reading", "quantity"),
        title="digital macros, each alone",
        numbers=("rows", "within 2 ×", "within 3 ×", "95 % interval"),
    )
    for row in counts.to_dict("records"):
        numbers = [f"{row[name]:.0f}" for name in ("rows", "within_2", "within_3")]
        numbers.append(f"{row['low']:.0%} to {row['high']:.0%}" if row["rows"] else "–")
        shown.add_row(row["state"], row["reading"], HEADINGS[row["quantity"]], *numbers)
    return shown


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    command_line.configure_process()
    parser = command_line.Parser(prog=PROG, description=DESCRIPTION)
    parser.add_argument(
        "--macros", type=Path, default=SHIPPED, metavar="FILE", help="CSV file (default: shipped)"
    )
    return command_line.run(PROG, lambda: _show(parser.parse_args(argv)), interrupted="")


def _show(args: argparse.Namespace) -> None:
    """Print the agreement of a table in each state."""
    frame, table = read(args.macros), PhysicalTable.load()
    agreement = comparison.agreements(frame, table)
    for state in comparison.STATES:
        covered = int(comparison.in_state(state, frame, table)[1]["covered"].sum())
        title = f"{state}: {covered} of {len(frame)} rows are covered"
        show(console(), table_of(agreement, state, title))
    if (shown := digital_table(frame, table)) is not None:
        show(console(), shown)


if __name__ == "__main__":
    sys.exit(main())
