"""`imcmoo calibrate`: fit the physical model to a measured macro."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from pathlib import Path

from rich.table import Table

from imcmoo.cli.arguments import FORCE, QUIET, add, file, option
from imcmoo.cli.terminal import console, show
from imcmoo.display.rich_tables import new_table
from imcmoo.study.calibration import FACTORS, UNDETERMINED, Calibration, Measurement, calibrate

DESCRIPTION = """
Fit factors on energy, time and area of the parts of the physical model to a measured macro: the
settings with use = "fit", each total and share within 10 %, each factor within 3 times of 1. Those
with use = "test" are compared only. A study applies the written file with the key calibration.
"""

INTERRUPTED = "nothing was written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add(
        parser,
        option("macro MACRO.toml", Path, "file of the macro"),
        file("FILE", required=False),
        FORCE,
        QUIET,
    )


def main(args: argparse.Namespace) -> None:
    """Calibrate, write the file, and print factors and measurements."""
    written, calibration, measurements = calibrate(args.macro, out=args.out, force=args.force)
    terminal = console(quiet=args.quiet)
    show(terminal, factor_table(calibration), measurement_table(measurements))
    for note in calibration.notes:
        terminal.print(f"note: {note}", soft_wrap=True)
    terminal.print(f"{calibration.tested}\nwritten: {written}", soft_wrap=True)


def factor_table(calibration: Calibration) -> Table:
    """Factors with a standard deviation to either side."""
    table = new_table("factor", title=calibration.macro, numbers=("value", "one deviation"))
    for name in FACTORS:
        value, deviation = (
            getattr(each, name) for each in (calibration.factors, calibration.deviations)
        )
        low, high = (value * math.exp(sign * deviation) for sign in (-1, 1))
        remark = "undetermined, " if deviation > UNDETERMINED else ""
        table.add_row(name, f"{value:.3g}", f"{remark}{low:.3g} to {high:.3g}")
    return table


def measurement_table(measurements: Iterable[Measurement]) -> Table:
    """Modelled over measured values, without the factors and with them."""
    numbers = ("measured", "blind", "calibrated")
    table = new_table("use", "setting", "quantity", title="model / measured", numbers=numbers)
    for one in measurements:
        setting = f"{one.setting}" if one.setting else "–"
        ratios = f"{one.blind:.3g}", f"{one.calibrated:.3g}"
        table.add_row(one.use, setting, one.quantity, f"{one.stated:.4g}", *ratios)
    return table
