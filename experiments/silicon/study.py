"""`imcmoo reproduce silicon`: the physical model compared with published chips."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import pandas as pd

from experiments.publish import Draw, Publication, Result, dependence, read_tables
from experiments.silicon import chips, figures, random_designs
from experiments.silicon.agreement import agreements, by_class, compared, members
from experiments.silicon.comparison import (
    DEFAULT,
    READINGS,
    fitted_periphery,
    joined,
    measured,
    modelled,
    with_periphery,
)
from experiments.silicon.macros import SHIPPED, judged, read
from experiments.silicon.page import page
from imcmoo.hardware.physical_table import PhysicalTable
from problems import STUDIES

OPERAND_BITS = 8
"""Bits of inputs and weights of the networks that random designs run."""

Task = Literal["rram", "sram", "macros"]
"""Random designs of a device, or the comparison of macros and further chips."""

MODELLED = ("four_workload_rram_physical", "four_workload_sram_physical")
"""Studies that represent the physical model with each device: what is stored depends on it."""


class Silicon(Publication):
    """Comparison of a table of macros, further chips, and random designs.

    Args:
        data: a table of macros; None for the shipped one.

    Raises:
        InputError: `data` is no table of macros.
        OSError: it cannot be read.
    """

    name = path = "silicon"
    tasks: tuple[Task, ...] = (*random_designs.DEVICES, "macros")
    float_format = "%.5g"  # digits that are the same on every machine

    def __init__(self, data: Path | None = None) -> None:
        self.is_shipped = data is None
        self.data = data or SHIPPED
        self.frame = read(self.data)

    @property
    def depends_on(self) -> str:
        """The physical model, the tables of macros and of chips."""
        problems = [STUDIES[name].problem() for name in MODELLED]
        return dependence(problems, data=[self.data, chips.MACROS])

    def run_task(self, task: Task) -> Result:
        """Compare the macros and the further chips, or draw random designs of a device."""
        table, frame = PhysicalTable.load(), self.frame
        if task != "macros":
            return random_designs.distributions(task, table)
        macros, factor = judged(frame, table), fitted_periphery(table)
        models = {name: modelled(macros, table, **how) for name, how in READINGS.items()}
        model, classes = with_periphery(models[DEFAULT], factor), members(macros, table)
        return {
            "silicon": joined(frame, macros, model),
            "agreement": agreements(frame, models, factor),
            "by_class": by_class(frame, models, factor, classes),
            "compared": compared(frame, macros, model, classes),
            "chips": chips.compare(table),
            "random_designs": published(frame[macros["covered"]]),
        }

    def figures(self, folder: Path) -> dict[str, tuple[pd.DataFrame, Draw]]:
        """Modelled against measured values."""
        return {"silicon": (read_tables(folder)["compared"], figures.scatter)}

    def pages(self, folder: Path, docs: Path, home: Path) -> dict[Path, str]:
        """`silicon.md`."""
        to_home = Path(os.path.relpath(home, docs)).as_posix()
        text = page(read_tables(folder), to_home, is_shipped=self.is_shipped)
        return {docs / "silicon.md": text}


def published(frame: pd.DataFrame) -> pd.DataFrame:
    """Percentiles of the covered macros, in operations of the networks' precision.

    Returns:
        Rows for the table of random designs, "published" as their device.
    """
    efficiency = measured(frame, "tops_per_W_1b") / OPERAND_BITS**2
    density = measured(frame, "tops_per_mm2_1b") / OPERAND_BITS**2
    values = {
        "tops_per_W": efficiency,
        "tops_per_mm2": density,
        "power_W_per_mm2": density / efficiency,
    }
    spread = random_designs.percentiles(pd.DataFrame(values))
    return random_designs.keyed(spread, device="published", designs="macros", workload="")
