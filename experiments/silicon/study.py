"""`imcmoo reproduce silicon`: the physical model compared with published chips."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from experiments.markdown import render, row
from experiments.publish import Draw, Publication, Result, dependence, read_tables
from experiments.silicon import chips, comparison, figures, random_designs
from experiments.silicon.comparison import CLASSES, DEFAULT, READINGS, fitted_periphery
from experiments.silicon.macros import SHIPPED, judged, read
from imcmoo.hardware.physical_table import PhysicalTable
from problems import STUDIES

OPERAND_BITS = 8
"""Bits of inputs and weights of the networks that random designs run."""

Task = Literal["rram", "sram", "macros"]
"""Random designs of a device, or the comparison of macros and further chips."""

MODELLED = ("four_workload_rram_physical", "four_workload_sram_physical")
"""Studies that represent the physical model with each device: what is stored depends on it."""


class Silicon(Publication):
    """Comparison of a table of macros, the shipped one by default, further chips, and random
    designs.

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
        models = {name: comparison.modelled(macros, table, **how) for name, how in READINGS.items()}
        model = comparison.with_periphery(models[DEFAULT], factor)
        classes = comparison.members(macros, table)
        return {
            "silicon": comparison.joined(frame, macros, model),
            "agreement": comparison.agreements(frame, models, factor),
            "by_class": comparison.by_class(frame, models, factor, classes),
            "compared": comparison.compared(frame, macros, model, classes),
            "chips": chips.compare(table),
            "random_designs": spread(frame[macros["covered"]]),
        }

    def figures(self, folder: Path) -> dict[str, tuple[pd.DataFrame, Draw]]:
        """Modelled against measured values."""
        return {"silicon": (read_tables(folder)["compared"], figures.scatter)}

    def pages(self, folder: Path, docs: Path, home: Path) -> dict[Path, str]:
        """`silicon.md`; misses of the shipped macros are explained."""
        tables = read_tables(folder)
        silicon = tables.pop("silicon")
        is_covered = silicon["covered"].astype(bool)

        def class_row(key: str, quantity: str, reading: str = DEFAULT) -> dict[str, Any]:
            where = {"class": CLASSES[key], "quantity": quantity, "reading": reading}
            return row(tables["by_class"], **where)

        text = render(
            "silicon.md",
            **{"comparison": comparison, "random": random_designs},
            **tables,
            to_folder=Path(os.path.relpath(home, docs)).as_posix(),
            is_shipped=self.is_shipped,
            covered=int(is_covered.sum()),
            macros=len(silicon),
            stand_ins=int((silicon.loc[is_covered, "reason"] != "").sum()),
            left_out=Counter(silicon.loc[~is_covered, "reason"]).most_common(),
            class_row=class_row,
            factor=fitted_periphery(PhysicalTable.load()),
        )
        return {docs / "silicon.md": text}


def spread(frame: pd.DataFrame) -> pd.DataFrame:
    """Percentiles of the covered macros, in operations of the networks' precision: rows for the
    table of random designs, "published" as their device."""
    values = comparison.published(frame) / OPERAND_BITS**2
    efficiency, density = values["tops_per_W_1b"], values["tops_per_mm2_1b"]
    quantities = {
        "tops_per_W": efficiency,
        "tops_per_mm2": density,
        "power_W_per_mm2": density / efficiency,
    }
    table = random_designs.percentiles(pd.DataFrame(quantities)).rename_axis("quantity")
    keys = {("published", "macros", ""): table}
    return pd.concat(keys, names=["device", "designs", "workload"]).reset_index()
