"""`python -m tests.structure`: print measures of the structure of `imcmoo` and their ceilings."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from tests import ROOT
from tests.structure.measures import CEILINGS, Structure


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.structure", description=__doc__)
    parser.add_argument("--list", action="store_true", help="also list the places counted")
    args = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    measures = Structure(ROOT / "imcmoo").measures()
    table = Table("measure", "value", "ceiling")
    for name, measure in measures.items():
        table.add_row(name, str(measure.count), str(CEILINGS[name]))
    console.print(table)
    if args.list:
        for name, measure in measures.items():
            console.print("", name, *measure.places, sep="\n", markup=False)


if __name__ == "__main__":
    main()
