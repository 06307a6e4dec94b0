"""The ledger as a CSV and as a page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from experiments.ledger.optimum import CRITERION, Optimum
from experiments.ledger.rows import ROWS
from experiments.paper.markdown import table
from imcmoo.report.labels import label

PREFIXES = {
    -5: "f",
    -4: "p",
    -3: "n",
    -2: "µ",
    -1: "m",
    0: "",
    1: "k",
    2: "M",
    3: "G",
    4: "T",
    5: "P",
}
"""By power of a thousand."""

PREFIXED = ("s", "W", "B/s", "J/bit")
"""Units that take a prefix; all values in them are positive."""

PAGE = """# What the reference model lets happen

Written by `python -m experiments.ledger`, which also writes `results/published/ledger.csv`. For the
published optimum of each study ({criterion}), what the paper's cost model says, and what it would
take. Results that rest on that model are relative: they say which of its chips is better by its own
rules, not what a chip would do.

{designs}
Ranges go from the least to the most of the study's networks. Rows:

{rows}
{numbers}
Not measured here, since the model has nothing to measure it with: no link between voltage and cycle
time, eight error-free bits per cell, inputs that are never negative coded with an offset (their
histograms would tell), partial sums of 8 bits added for nothing, idle parts that do not leak,
activations beyond the buffer. Figures of physics the model lacks are on top of
`experiments/ledger/rows.py`, each with its source or called an assumption. No cycle time of the
global buffer is known at nodes other than 32 nm.
"""


def measure(o: Optimum) -> pd.DataFrame:
    """All rows of one design: columns study, row, quantity, value, unit."""
    lines = [
        {
            "study": o.study,
            "row": name,
            "quantity": f"{e.quantity}: {e.network}" if e.network else e.quantity,
            "value": e.value,
            "unit": e.unit,
        }
        for name, row in ROWS.items()
        for e in row(o)
    ]
    return pd.DataFrame(lines)


def page(frame: pd.DataFrame, optima: Sequence[Optimum]) -> str:
    """The ledger in Markdown.

    Args:
        frame: what `measure` gave for all optima, one after the other.
        optima: the designs measured.
    """
    studies = [o.study for o in optima]
    rows = "".join(f"- **{name}**: {_first_line(name)}\n" for name in ROWS)
    return PAGE.format(
        criterion=label(CRITERION),
        designs=_designs(optima),
        rows=rows,
        numbers=_numbers(frame, studies),
    )


def _first_line(row: str) -> str:
    """What a row is about: the first line of its function's text."""
    return (ROWS[row].__doc__ or "").partition("\n")[0]


def _designs(optima: Sequence[Optimum]) -> str:
    """The designs, one line each."""
    names = list(
        dict.fromkeys(n for o in optima for n in ("technology_nm", *o.problem.space.names))
    )
    lines = [
        [o.study, *(f"{o.value(n):g}" for n in names), f"{o.area_m2 * 1e6:.1f}"] for o in optima
    ]
    return table(["study", *names, "area_mm2"], lines)


def _numbers(frame: pd.DataFrame, studies: Sequence[str]) -> str:
    """One line per quantity, one column per study; networks as a range."""
    named = frame.assign(name=frame["quantity"].str.partition(": ")[0])
    lines = []
    for row in ROWS:
        of_row = named[named["row"] == row]
        for (name, unit), own in of_row.groupby(["name", "unit"], sort=False):
            values = {study: part["value"].to_numpy() for study, part in own.groupby("study")}
            cells = [_range(values[s], str(unit)) if s in values else "" for s in studies]
            lines.append([row, str(name), *cells])
    return table(["row", "quantity", *studies], lines)


def _range(values: np.ndarray, unit: str) -> str:
    """The least and the most of some values."""
    shown = list(dict.fromkeys(_shown(v, unit) for v in (values.min(), values.max())))
    return " to ".join(shown)


def _shown(value: float, unit: str) -> str:
    """Three digits, and a prefix where the unit takes one; thousands are written out."""
    if unit not in PREFIXED:
        plain = f"{value:,.0f}" if 1e3 <= value < 1e6 else f"{value:.3g}"
        return plain if unit == "1" else f"{plain} {unit}"
    power = int(np.floor(np.log10(abs(value)) / 3))
    return f"{value / 1000.0**power:.3g} {PREFIXES[power]}{unit}"
