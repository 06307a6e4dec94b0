"""`imcmoo reproduce silicon`: the physical model compared with published chips."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from experiments.markdown import render, row, select
from experiments.publish import Draw, Publication, Result, dependence, read_tables
from experiments.silicon import chips, comparison, digital, figures, random_designs
from experiments.silicon.cleaning import CORRECTED, LEFT_OUT
from experiments.silicon.comparison import AS_IS, CLASSES, CLEAN, DEFAULT
from experiments.silicon.digital import DEFAULT_READING
from experiments.silicon.macros import FURTHER, MEASURED, SHIPPED, read
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.study.calibration import PRESETS
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
        """The physical model, the tables of macros and of chips, and the calibrated macros."""
        problems = [STUDIES[name].problem() for name in MODELLED]
        macros = sorted(PRESETS.glob("*.toml"))
        return dependence(problems, data=[self.data, chips.MACROS, *macros])

    def run_task(self, task: Task) -> Result:
        """Compare the macros and the further chips, or draw random designs of a device."""
        table, frame = PhysicalTable.load(), self.frame
        if task != "macros":
            return random_designs.distributions(task, table)
        _, macros = comparison.in_state(comparison.AS_IS, frame, table)
        return {
            "silicon": comparison.joined(frame, table),
            "agreement": comparison.agreements(frame, table),
            "by_class": comparison.by_class(frame, table),
            "calibrated_macros": comparison.calibrated_macros(table),
            "compared": comparison.compared(frame, table),
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
        covered = silicon[silicon["covered"].astype(bool)]
        kept = covered[covered["left_out"] == ""]

        def class_row(key: str, quantity: str, reading: str = DEFAULT) -> dict[str, Any]:
            where = {"class": CLASSES[key], "quantity": quantity, "reading": reading}
            return row(tables["by_class"], state=comparison.CLEAN, **where)

        text = render(
            "silicon.md",
            **{"comparison": comparison, "random": random_designs},
            **tables,
            to_folder=Path(os.path.relpath(home, docs)).as_posix(),
            is_shipped=self.is_shipped,
            adc_models=ADC_MODELS,
            macros=len(silicon),
            covered=len(covered),
            clean=len(kept),
            stand_ins=int((covered["reason"] != "").sum()),
            left_out=Counter(
                silicon.loc[~silicon.index.isin(covered.index), "reason"]
            ).most_common(),
            out=numbered(covered["left_out"], LEFT_OUT),
            corrected=numbered(kept["corrected"], CORRECTED),
            class_row=class_row,
            digital=digital_agreement(self.frame),
            MEASURED=MEASURED,
        )
        return {docs / "silicon.md": text}


def digital_agreement(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Agreement of digital macros by title of their table, as `digital.agreement` counts it: those
    of `frame`, as it is and without processors, and further ones."""
    table = PhysicalTable.load()
    usual = digital.agreement(digital.compared(frame, table))
    further = digital.agreement(digital.compared(read(FURTHER), table))
    states = {"as is": (usual, AS_IS), "clean": (usual, CLEAN), "further macros": (further, AS_IS)}
    return {
        title: select(counts, state=state, reading=DEFAULT_READING)
        for title, (counts, state) in states.items()
        if len(counts)
    }


def numbered(notes: pd.Series[str], rules: Iterable[str]) -> list[tuple[str, list[int]]]:
    """Rules of cleaning with the numbers, from 1, of the rows whose notes name them."""
    return [
        (rule, [int(at) + 1 for at in notes.index[notes.str.contains(rule, regex=False)]])
        for rule in rules
    ]


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
