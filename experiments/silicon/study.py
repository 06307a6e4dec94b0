"""`python -m experiments.run silicon`: the physical model beside published chips."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.silicon import chips, figures, random_designs
from experiments.silicon.classes import by_class, compared
from experiments.silicon.comparison import (
    FORMAT,
    agreements,
    fitted_periphery,
    joined,
    judged,
    measured,
    modelled,
    with_periphery,
)
from experiments.silicon.coverage import Verdict
from experiments.silicon.page import page
from experiments.silicon.table import read, shipped
from experiments.silicon.words import Inputs
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.files import replacing
from imcmoo.report import style

FIGURES = "figures"
NARROW = "_narrow"
FIGURE_NETWORK = random_designs.NETWORKS[0]

OPERAND_BITS = 8
"""Bits of inputs and weights of the networks that random designs run."""

ROUNDED = FORMAT.replace("6g", "5g")
"""Digits of derived tables: as many as are the same on every machine."""


@dataclass(frozen=True)
class Tables:
    """Everything that is written, by the name of its file.

    Args:
        silicon: the table of macros with what the model says, its own columns as they were.
        derived: tables that follow from it, and of further chips and random designs.
        factor: fitted on area.
    """

    silicon: pd.DataFrame
    derived: dict[str, pd.DataFrame]
    factor: float


def tables(frame: pd.DataFrame, table: PhysicalTable) -> Tables:
    """Compare a table of macros, further chips, and random designs.

    Args:
        frame: as `table.read` gives it.
        table: component numbers.
    """
    verdicts, factor = judged(frame, table), fitted_periphery(table)
    plain = modelled(verdicts, table)
    model = with_periphery(plain, factor)
    random = random_designs.distributions(table)
    random["random_designs"] = pd.concat(
        [random["random_designs"], published(frame, verdicts)], ignore_index=True
    )
    derived = {
        "agreement": agreements(frame, verdicts, table, factor),
        "by_class": by_class(frame, verdicts, table, factor),
        "compared": compared(frame, verdicts, model, table),
        "chips": chips.compare(table),
        **random,
    }
    return Tables(
        silicon=joined(frame, verdicts, model),
        derived={name: rounded(derived) for name, derived in derived.items()},
        factor=factor,
    )


def rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """A table with the digits that are written, so that what is told follows from the files."""
    floats = frame.select_dtypes("float").columns
    return frame.assign(**{name: frame[name].map(lambda v: float(ROUNDED % v)) for name in floats})


def published(frame: pd.DataFrame, verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """Range of the covered macros, in operations of the networks' precision.

    Returns:
        Lines for the table of random designs, "published" as their device.
    """
    covered = np.array([verdict.macro is not None for verdict in verdicts], dtype=bool)
    bits = OPERAND_BITS**2
    efficiency = measured(frame, "tops_per_W_1b") / bits
    density = measured(frame, "tops_per_mm2_1b") / bits
    values = {
        "tops_per_W": efficiency,
        "tops_per_mm2": density,
        "power_W_per_mm2": density / efficiency,
    }
    here = {"device": "published", "designs": "macros", "workload": ""}
    return pd.DataFrame(
        [
            here | {"quantity": name} | random_designs.percentiles(v[covered])
            for name, v in values.items()
        ]
    )


def shown(found: Tables) -> dict[str, pd.DataFrame]:
    """What each figure shows, by its name."""
    spread = found.derived["random_designs"]
    bounds = found.derived["random_bounds"]
    binding = bounds.assign(
        quantity="bound by " + bounds["resource"], workload="", n=0, p50=bounds["share"]
    )
    random = pd.concat(
        [spread[spread["workload"].isin([FIGURE_NETWORK, ""])], binding], ignore_index=True
    )
    return {"silicon": found.derived["compared"], "random_designs": random[list(spread)]}


DRAWN = {"silicon": figures.scatter, "random_designs": figures.random_designs}


def run(data: Path | None, folder: Path, docs: Path) -> None:
    """Compare and write everything.

    Args:
        data: a table of macros; None for the shipped one.
        folder: gets `silicon.csv`, the derived tables, and `figures/`.
        docs: gets `silicon.md`.

    Raises:
        InputError: `data` is no table of macros.
        OSError: a file cannot be read or written.
    """
    frame = shipped() if data is None else read(data)
    found = tables(frame, PhysicalTable.load())
    (folder / FIGURES).mkdir(parents=True, exist_ok=True)
    docs.mkdir(parents=True, exist_ok=True)
    _write(folder / "silicon.csv", found.silicon.to_csv(index=False, lineterminator="\n"))
    for name, derived in found.derived.items():
        _write(folder / f"{name}.csv", csv(derived))
    with style.paper_style():
        for name, values in shown(found).items():
            _write(folder / FIGURES / f"{name}.csv", csv(values))
            for ending, width in (("", style.WIDTH), (NARROW, style.COLUMN)):
                style.save(DRAWN[name](values, width), folder / FIGURES, name + ending)
    relative = Path(os.path.relpath(folder, docs)).as_posix()
    inputs = Inputs(found.silicon, found.derived, found.factor, relative, own=data is None)
    _write(docs / "silicon.md", page(inputs))


def csv(frame: pd.DataFrame) -> str:
    """A derived table as text."""
    return str(frame.to_csv(index=False, lineterminator="\n", float_format=ROUNDED))


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
